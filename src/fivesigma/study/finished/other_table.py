"""Another table in the columns of a fitted model: read, joined and made as training did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import checks, expressions
from fivesigma._core import columns as kinds
from fivesigma._core.collection import Collection
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.kinematics import wrapped
from fivesigma._core.units import with_expressions
from fivesigma.data import join, readers, shape, tables
from fivesigma.data.dataset import Dataset
from fivesigma.data.objects.declared import Declared, field_units, halves
from fivesigma.data.objects.making import objects_of
from fivesigma.data.roles import Roles
from fivesigma.data.tables import Columns
from fivesigma.study.finished.fitted_model import FittedModel
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.objects import rules_of


def format_like(spec: Spec, file: str | Path) -> str | None:
    """Return the format that the study says of its own table, where ``file`` is of the same."""
    return tables.format_of(file, spec.data.format, spec.data.first or file)


@dataclass(frozen=True, eq=False)
class OtherTable:
    """The columns and objects of another file than the study's.

    Parameters
    ----------
    model : whose columns it is asked for
    spec : the study that trained it
    file : the path, for messages
    columns : those that the model needs, as training read them, each (n_rows,)
    objects : of each event by name
    names : every column of the file
    """

    model: FittedModel
    spec: Spec
    file: str
    columns: Columns
    objects: Mapping[str, Collection]
    names: Sequence[str] = ()

    @classmethod
    def read(cls, model: FittedModel, spec: Spec, file: str | Path, as_written: Sequence[str] = ()) -> Self:
        """Read what the model needs of ``file``, and the columns ``as_written``: text, as they stand there."""
        columns, names = _columns(model, spec, file, as_written)
        return cls(model, spec, str(file), columns, _objects(spec, file), names)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of the file that was read; an absent one is an `InputError`."""
        if name not in self.columns:
            raise InputError(f"{self.file}: has no column '{name}' to keep.{did_you_mean(name, self.names)}")
        return self.columns[name]

    @cached_property
    def features(self) -> tuple[NDArray[np.float64], dict[str, int]]:
        """The model's columns (n_rows, n_features), or the images, sequences or sets that it is asked about, and how
        many values of each text column it has never seen.
        """
        if self.model.events != "table":
            return _arrays(self.model, self.spec, self.columns, self.file), {}
        table, _ = self._made(())
        made, unknown = [], {}
        for name in self.model.names:
            column = table[_known(name, table, self.file)]
            with _of(self.file):
                made.append(self.model.feature(name, column))
            if (count := int((np.isnan(made[-1]) & ~kinds.missing(column)).sum())) > 0:
                unknown[name] = count
        X = np.column_stack(made)
        checks.refuse_infinite(X, self.model.names)
        return X, unknown

    def passed(self) -> NDArray[np.bool_]:
        """Return which rows pass the study's cuts and its selection (n_rows,)."""
        found, conditions = np.ones(len(self.features[0]), dtype=np.bool_), _conditions(self.spec)
        table, known = self._made(conditions) if conditions else ({}, None)
        for text in conditions:
            every = {**self.columns, **table}
            passed = expressions.evaluate(text, every, known or {}, units=self._units)
            found &= np.asarray(passed, dtype=np.bool_)
        return found

    def _made(self, also: Sequence[str]) -> tuple[Columns, Declared]:
        """Return the columns that the model needs and those of the texts ``also``, with what is made of them."""
        table = self._needed(also)
        for name, half in halves(self._roles, self._said).items():
            if name in table:
                table[name] = wrapped(kinds.numbers(table[name]), half)
        known = Declared(self.objects, self._roles, table, self._said)
        self._add_expressions(table, known)
        return table, known

    @cached_property
    def _roles(self) -> Roles:
        """What the study declares of a table beside its columns."""
        angles = self.spec.features.angles or ()
        return Roles(objects=rules_of(self.spec.objects), fourvectors=self._vectors, angles=angles)

    @cached_property
    def _read_in(self) -> dict[str, str]:
        """The units in which training read its columns."""
        return {name: how["unit"] for name, how in self.model.read.items() if "unit" in how}

    @cached_property
    def _said(self) -> dict[str, str]:
        """The units of columns and lists where what is declared asks for them, as training, study and file say."""
        if not (self._roles.declared or self._roles.angles):
            return {}
        own = tables.read_units(self.file, format_like(self.spec, self.file))
        return own | dict(self.spec.data.units) | self._read_in

    @cached_property
    def _units(self) -> dict[str, str]:
        """The units of columns, of fields of objects, and those that expressions have."""
        fields = field_units(self._roles, self._said)
        return with_expressions(self._read_in | fields, self.spec.features.expressions)

    @property
    def _vectors(self) -> Mapping[str, Sequence[str]]:
        return self.spec.features.fourvectors or {}

    def _needed(self, also: Sequence[str]) -> Columns:
        needed = _needs(self.model, self.spec, self.columns, also)
        table = {name: self._as_read(name) for name in self.columns if name in needed}
        if not self.model.read:  # a model of an older version does not know
            table = {name: kinds.blanked(column, self.spec.data.missing) for name, column in table.items()}
        return table

    def _as_read(self, name: str) -> NDArray[Any]:
        with _of(self.file):
            return _as_read(self.model, name, self.columns[name])

    def _add_expressions(self, table: Columns, known: Declared) -> None:
        """Add the study's expressions, then its observables, to the table."""
        own = self.spec.features.expressions
        declared = (*self.objects, *self._vectors)
        observables = [name for name in self.model.names if name not in self.columns] if declared else []
        made = {**own, **{text: text for text in observables if text not in own}}
        for name, text in made.items():
            for needs in expressions.names(text, table, declared):
                if needs not in known:
                    _known(needs, table, self.file)
            with _of(self.file):
                table[name] = expressions.evaluate(text, table, known, units=self._units)


@contextmanager
def _of(file: str | Path) -> Iterator[None]:
    """Say in a refusal which file it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(str(file)) else f"{file}: {error}") from None


def _known(name: str, columns: Mapping[str, Any], file: str) -> str:
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise InputError(f"{file}: has no column '{name}'; this model needs it.{hint}")
    return name


def _conditions(spec: Spec) -> list[str]:
    """Return the cuts of a study and its selection."""
    return [*(spec.cuts or {}).values(), *filter(None, [spec.data.select])]


def _needs(model: FittedModel, spec: Spec, columns: Mapping[str, Any], also: Sequence[str]) -> set[str]:
    """Return the names of what the model is made of and the texts ``also``, whether or not ``columns`` has them."""
    vectors = spec.features.fourvectors or {}
    needed = {*model.read, *model.names, *(name for each in vectors.values() for name in each)}
    for text in (*spec.features.expressions.values(), *also):
        needed |= set(expressions.names(text, columns, (*(spec.objects or {}), *vectors)))
    return needed


def _as_read(model: FittedModel, name: str, column: NDArray[Any]) -> NDArray[Any]:
    return model.as_read(name, column if name in model.read else kinds.typed(column))


def _options(spec: Spec, file: str | Path) -> dict[str, Any]:
    """Return the options of the study that the reader of ``file`` has, or of the first of a folder or glob."""
    first = tables.paths(file)[0]
    return readers.taken(readers.reader_for(first, format_like(spec, file)), spec.data.options)


def _columns(
    model: FittedModel, spec: Spec, file: str | Path, as_written: Sequence[str]
) -> tuple[Columns, tuple[str, ...]]:
    """Return what is needed of ``file``, read as training read its table, with the names of all its columns."""
    words = tuple(code for code in spec.data.missing if isinstance(code, str))
    text = [name for name, how in model.read.items() if how["read"] == "text"]
    format, options = format_like(spec, file), _options(spec, file)
    with tables.opened(file, format=format, missing=words, as_text=(*text, *as_written), **options) as table:
        names, needed = table.names, {*as_written}
        every = (
            spec.data.join is not None or model.events != "table"
        )  # what is needed shows only once it is joined
        with _of(file):
            needed |= set(names) if every else _needs(model, spec, dict.fromkeys(names), _conditions(spec))
        columns = table.columns([name for name in names if name in needed])
    return (columns if spec.data.join is None else _joined(model, spec, file, columns, text)), names


def _joined(
    model: FittedModel, spec: Spec, file: str | Path, columns: Columns, text: Sequence[str]
) -> Columns:
    """Return the columns with those of the study's second table."""
    assert spec.data.join is not None
    on = spec.data.join.on
    right = {"path": spec.absolute(spec.data.join.path), "on": on, **spec.data.join.options}
    if on in columns:
        with _of(file):
            columns[on] = _as_read(model, on, columns[on])
    both, _ = join.joined(columns, right, as_text=text)
    return columns | both


def _objects(spec: Spec, file: str | Path) -> Mapping[str, Collection]:
    """Return the objects of ``file`` by the rules of the study; {} where it has none."""
    rules = rules_of(spec.objects)
    if not rules:
        return {}
    with _of(file), tables.opened(file, format=format_like(spec, file), **_options(spec, file)) as table:
        return objects_of(table, list(rules.values()), spec.data.missing)


def _channels(name: str, array: NDArray[Any]) -> tuple[str, ...]:
    """Return the names that the channels of an array, or its features, may have."""
    return (*shape.names_of(name, array.shape[1]), *shape.names_of(name, array.shape[-1]))


def _holds(name: str, channels: Sequence[str]) -> bool:
    """Whether the array called ``name`` holds one of some channels.

    >>> _holds("map", ["map0", "map1"]), _holds("map", ["maps"])
    (True, False)
    """
    return any(each == name or each.rstrip("0123456789") == name for each in channels)


def _arrays(model: FittedModel, spec: Spec, columns: Columns, file: str) -> NDArray[np.float64]:
    """Return the images, sequences or sets of a table, as (n_rows, \\*shape) of the model's."""
    arrays = {name: column for name, column in columns.items() if column.ndim > 1}
    if not arrays:
        raise InputError(
            f"{file}: has no column of arrays; this model takes events of kind '{model.events}'."
        )
    if lacking := [name for name in model.read if name not in arrays and _holds(name, model.channels)]:
        told = f"its arrays: {', '.join(arrays)}.{did_you_mean(lacking[0], arrays)}"
        raise InputError(f"{file}: has no array '{lacking[0]}', on which this model was trained; {told}")
    known = [name for name in arrays if name in model.read]
    own = [name for name in known if set(model.channels) & {*_channels(name, arrays[name])}] or known[:1]
    roles = Roles(features=tuple(own) or None, missing=spec.data.missing or None)
    with _of(file):
        return model.arrays(Dataset.from_columns(arrays, roles, source=file))
