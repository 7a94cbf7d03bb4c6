"""From named columns and their roles to the parts of a `Dataset`: the one way in for files and frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import checks, expressions, units
from fivesigma._core import columns as kinds
from fivesigma._core.collection import NOTHING
from fivesigma._core.collection import Declared as Objects
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.kinematics import like_degrees, wrapped
from fivesigma.data import choice, join, shape, targets
from fivesigma.data.cuts import SELECT, Passed, cut_flow, of_classes, refuse_taken
from fivesigma.data.filling import Filling, float_type, read_once
from fivesigma.data.held import Held
from fivesigma.data.objects.declared import computed, declared, field_units, halves
from fivesigma.data.places import places
from fivesigma.data.readers.npz import MASK
from fivesigma.data.readers.table import Table, numbers
from fivesigma.data.roles import Roles
from fivesigma.data.stack import INTERNAL
from fivesigma.data.targets import group_codes
from fivesigma.risk.row_hashes import Hashes, mixed

_DRAWN = np.uint64(0x5DEECE66D1CE4E5B)  # so that the rows drawn are no part of a split by the same hashes
_FIRST = 8_192  # rows in which a column of missing values alone shows itself


@dataclass
class _Work:
    """The table on its way to a Dataset: which rows are left, and what was said on the way."""

    columns: Held
    roles: Roles
    source: str
    rows: NDArray[np.int64]
    units: dict[str, str] = field(default_factory=dict)
    notes: list[targets.Note] = field(default_factory=list)
    objects: Objects = field(default_factory=lambda: NOTHING)
    flow: tuple[Passed, ...] = ()
    flow_of_classes: Mapping[str, tuple[Passed, ...]] = field(default_factory=dict)

    @cached_property
    def places(self) -> Hashes | None:
        """Hash of where each row stands, by which it is known where it holds lists; None where its columns tell it."""
        return places(self.columns.table) if self.columns.table.jagged else None

    @property
    def all_units(self) -> dict[str, str]:
        """The units of the columns as they were read, and those that expressions have."""
        fields = field_units(self.roles, self.said_units)
        return units.with_expressions(self.units | fields, self.roles.expressions or {})

    @property
    def said_units(self) -> dict[str, str]:
        """The units of columns and lists, where objects and four-vectors are declared of them."""
        return {**self.roles.read_units, **(self.roles.units or {})} if self.roles.declared else {}

    def take(self, column: NDArray[Any]) -> NDArray[Any]:
        return column if len(self.rows) == len(column) else column[self.rows]

    def keep(self, mask: NDArray[np.bool_], check: str, status: str, message: str) -> None:
        """Keep the rows of ``mask`` (over the rows left); say how many went if any did."""
        gone = int(len(mask) - mask.sum())
        if gone == len(mask):
            raise InputError(f"{self.source}: no row is left: {gone} of {len(mask)} {message}.")
        if gone:
            self.rows = self.rows[mask]
            self.notes.append((check, status, f"{gone} of {len(mask)} {message}, and were dropped"))


def _target_and_weights(work: _Work) -> tuple[Any, Any]:
    """Return the target as it is learnt and the weights, None where there are none."""
    y = _target(work)
    w = _weights(work)
    if y is not None and y.task == "classification" and y.classes is not None and w is not None:
        targets.refuse_weightless_classes(y.y, w, y.classes)
    return y, w


def assemble(table: Table, roles: Roles, *, source: str) -> dict[str, Any]:
    """Return the arguments of a `Dataset` of an open table.

    Only the columns that have a part are held in memory; each other one is read once, for the rows' identity, a few
    columns at a time.

    Raises
    ------
    InputError
        In one sentence, for whatever does not fit: an unknown column, a constant target, text or infinite
        values in a feature, weights that are negative.
    """
    _refuse_empty(table, source)
    if roles.join is None:
        return _assembled(table, roles, source)
    with join.opened(table, roles.join) as both:
        return _assembled(both, roles, source)


def _assembled(table: Table, roles: Roles, source: str) -> dict[str, Any]:
    work = _begun(table, roles, source)
    expressed, angles = _add_expressions(work), _wrap(work)
    chosen = _chosen(work, expressed)
    known = _Known.of(work, expressed)
    _draw(work, known)
    _select(work)
    parts = _of_target(work) | _of_groups(work) | _beside(work)
    _check_units(work)
    columns = work.columns
    read = {name: kinds.kind_of(columns.look(name)) for name in _needed(chosen, work.roles, expressed)}
    filled, hashes = _filled(work, chosen, known)
    identity, as_read = hashes if work.places is None else (work.places, work.places)
    return {
        **parts,
        **_of_features(work, filled, chosen),
        "columns": read,
        "rows": numbers(table, work.rows),
        "identity": None if identity is None else work.take(identity),
        "as_read": work.take(as_read),
        "notes": tuple(work.notes),
        "flow": work.flow,
        "flow_of_classes": work.flow_of_classes,
        "angles": {name: half for name, half in angles.items() if name in filled.names},
    }


def _begun(table: Table, roles: Roles, source: str) -> _Work:
    """Return the table with the rows that have a partner, the units of its columns, and its objects."""
    columns = Held(table, _seen_as(roles))
    work = _Work(columns, roles, source, np.arange(table.n_rows))
    if isinstance(table, join.Joined):
        path = roles.join and roles.join["path"]
        work.keep(table.found, "join", "warning", f"rows have no partner in {path}")
    work.units = _known_units(work)
    work.objects = declared(table, columns, roles, work.units | work.said_units)
    return work


def _chosen(work: _Work, expressed: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the features, and hold what else is carried along."""
    _look_around(work)
    found = choice.choose(work.columns.looks(), work.roles, expressed, work.source)
    work.notes += found.notes
    work.columns.hold([*work.roles.spectators, *work.roles.extra_columns, *work.roles.carried])
    return found.names


def _of_target(work: _Work) -> dict[str, Any]:
    """Return what the target and the weights are, on the rows that have one."""
    roles, (y, w) = work.roles, _target_and_weights(work)
    return {
        "y": None if y is None else y.y,
        "w": w,
        "classes": None if y is None else y.classes,
        "target": ", ".join(roles.targets) or None,
        "target_unit": _unit(roles.targets[0], work) if len(roles.targets) == 1 else None,
        "targets": roles.targets,
        "target_units": tuple(_unit(target, work) for target in roles.targets),
        "weight": roles.weight,
        "task": "clustering" if y is None else y.task,
    }


def _of_groups(work: _Work) -> dict[str, Any]:
    name = work.roles.group
    if name is None:
        return {"group": None, "groups": None, "group_identity": None}
    groups, identity = group_codes(work.take(work.columns[name]), name)
    return {"group": name.removeprefix(INTERNAL), "groups": groups, "group_identity": identity}


def _beside(work: _Work) -> dict[str, Any]:
    """Return the columns that no model sees."""
    roles = work.roles
    sides = (roles.spectators, (*roles.extra_columns, *roles.carried))
    spectators, extras = ({name: work.take(work.columns[name]) for name in names} for names in sides)
    return {"spectators": spectators, "extras": extras}


def _of_features(work: _Work, filled: Any, chosen: tuple[str, ...]) -> dict[str, Any]:
    return {
        "X": filled.X,
        "mask": filled.mask,
        "names": filled.names,
        "units": tuple(
            _unit(name, work) or (_unit(column, work) if column else None)
            for name, column in zip(filled.names, filled.of or (None,) * len(filled.names), strict=True)
        ),
        "column_units": work.units,
        "kind": filled.kind,
        "categories": filled.categories,
    }


def _refuse_empty(table: Table, source: str) -> None:
    if not (table.names or table.jagged) or not table.n_rows:
        raise InputError(f"{source}: the table is empty; expected columns and at least one row.")


def _seen_as(roles: Roles) -> Callable[[str, NDArray[Any]], NDArray[Any]]:
    """Return how roles see a column: codes of missing values are NaN and None, and angles are wrapped.

    They stay in weights, groups and what is only carried along.
    """
    untouched = {roles.weight, roles.group, *roles.spectators, *roles.extra_columns}
    said = {**roles.read_units, **(roles.units or {})}
    codes, angles = roles.codes, halves(roles, said)

    def seen(name: str, column: NDArray[Any]) -> NDArray[Any]:
        if name in untouched:
            return column
        found = kinds.blanked(column, codes) if codes else column
        return _wrapped(name, found, angles[name], said.get(name)) if name in angles else found

    return seen


def _wrapped(name: str, column: NDArray[Any], half: float, unit: str | None) -> NDArray[Any]:
    """Return an angle wrapped; one that goes around in degrees and says no unit would be wrapped as if in rad."""
    if (
        unit is None
        and not kinds.is_text(column)
        and column.ndim == 1
        and like_degrees(kinds.numbers(column))
    ):
        raise InputError(
            f"angles: {name!r} goes around in degrees and has no unit; say units = {{{name!r}: 'deg'}}, or 'rad'."
        )
    if column.ndim > 1 or kinds.is_text(column):
        raise InputError(f"angles: {name!r} does not hold single numbers; leave it out of the angles.")
    return wrapped(np.asarray(column) if column.dtype.kind == "f" else kinds.numbers(column), half)


def _look_around(work: _Work) -> None:
    """Look together at the columns whose kind matters to the choice of features: those named, or all."""
    named = work.roles.features
    work.columns.look_at(
        list(work.columns) if named is None else [name for name in named if isinstance(name, str)]
    )


def _add_expressions(work: _Work) -> dict[str, tuple[str, ...]]:
    """Add the columns of ``expressions``, which may use each other in order; return what each is made of."""
    made_of: dict[str, tuple[str, ...]] = {}
    for name, text in (work.roles.expressions or {}).items():
        if name in work.columns:
            raise InputError(f"expressions: {name!r} is a column already; give the new column another name.")
        work.columns.add(name, _evaluated(work, f"expressions.{name}", text))
        made_of[name] = expressions.names(text, work.columns, work.roles.declared)
    return made_of | _add_computed(work)


def _add_computed(work: _Work) -> dict[str, tuple[str, ...]]:
    """Add the columns computed of objects and four-vectors, features unless they have another role."""
    roles, made_of = work.roles, {name: tuple(each) for name, each in work.roles.fourvectors.items()}
    made_of |= dict.fromkeys(roles.objects, ())
    for text in computed(roles, work.columns):
        if text in work.columns:
            raise InputError(f"observables: {text!r} is a column already; name it with data.features.")
        work.columns.add(text, _evaluated(work, "observables", text))
        made_of[text] = expressions.names(text, None, roles.declared)
    if roles.features is not None:
        busy = {*roles.features, *roles.spectators, *roles.targets}
        more = [text for text in dict.fromkeys(roles.observables) if text not in busy]
        work.roles = replace(roles, features=(*roles.features, *more))
    return made_of


def _wrap(work: _Work) -> dict[str, float]:
    """Return half the period of each column that is an angle; those of the table are wrapped as they are read."""
    found = halves(work.roles, work.units)
    for name, half in found.items():
        if name not in work.columns and name in work.roles.angles:
            raise InputError(f"angles: {name!r} is not a column.{did_you_mean(name, work.columns)}")
        if work.columns.made(name):
            work.columns.add(name, wrapped(kinds.numbers(work.columns[name]), half))
    return found


def _evaluated(work: _Work, key: str, text: str) -> NDArray[Any]:
    """Evaluate the expression under ``key`` of the study; a refusal says which it was."""
    try:
        return expressions.evaluate(text, work.columns, work.objects, units=work.all_units)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


@dataclass(frozen=True)
class _Known:
    """By which columns of the table a row is known, and those among them that hold the answer or its weight."""

    names: tuple[str, ...]
    answer: frozenset[str]

    @classmethod
    def of(cls, work: _Work, made_of: Mapping[str, Sequence[str]]) -> _Known:
        """All that were read: no choice of features moves a row's identity."""
        answer = choice.ingredients_of(work.roles.targets, work.columns, made_of, work.roles.declared)
        answer |= choice.ingredients_of(work.roles.weight, work.columns, made_of, work.roles.declared)
        names = tuple(name for name in work.columns.table.names if not name.startswith(INTERNAL))
        return cls(names, frozenset(answer))

    def identity(self, hashes: tuple[Hashes, Hashes]) -> tuple[Hashes | None, Hashes]:
        """Return the hash of a row less target and weight, None where it holds nothing else; and that with these."""
        return (hashes[0] if set(self.names) - self.answer else None), hashes[1]


def _draw(work: _Work, known: _Known) -> None:
    """Keep a fraction of the rows by the hash of all that is read of each: the same ones for every study."""
    fraction = work.roles.fraction
    if fraction is None:
        return
    every = work.places
    if every is None:
        every = read_once(work.columns, known.names, apart=known.answer)[1]
    hashes = mixed(every ^ _DRAWN)
    drawn = hashes < np.uint64(min(int(fraction * 2**64), 2**64 - 1))
    work.keep(work.take(drawn), "fraction", "ok", f"rows are beyond the fraction {fraction:g} that is drawn")


def _select(work: _Work) -> None:
    """Keep the rows that pass the cuts, which are counted in order, and ``select``."""
    roles = work.roles
    refuse_taken(roles.cuts)
    masks = {name: _condition(work, f"cuts.{name}", text) for name, text in roles.cuts.items()}
    if masks:
        last = {} if roles.select is None else {SELECT: _condition(work, "select", roles.select)}
        counted, w = masks | last, _weights(work)
        work.flow = cut_flow(counted, w)
        if (classes := _classes_read(work)) is not None:
            work.flow_of_classes = of_classes(counted, w, *classes)
        passed = np.logical_and.reduce(list(masks.values()))
        work.keep(passed, "cuts", "ok", f"rows fail a cut ({', '.join(masks)})")
    if roles.select is not None:
        mask = _condition(work, "select", roles.select)
        work.keep(mask, "select", "ok", f"rows do not fulfil select = {roles.select!r}")


def _classes_read(work: _Work) -> tuple[NDArray[np.int64], tuple[str, ...]] | None:
    """Return the class of each row that was read, before any cut, with the names; None where none are learnt."""
    roles = work.roles
    if len(roles.targets) != 1 or roles.task not in (None, "classification"):
        return None
    return targets.labels_of(
        work.take(_evaluated(work, "target", roles.targets[0])), roles.task, roles.classes
    )


def _condition(work: _Work, key: str, text: str) -> NDArray[np.bool_]:
    """Return which of the rows left fulfil the condition under ``key`` of the study."""
    mask = _evaluated(work, key, text)
    if mask.dtype.kind != "b":
        raise InputError(f"{key} = {text!r} is not a condition; compare it with something.")
    return work.take(mask)


def _target(work: _Work) -> targets.Target | None:
    """Evaluate and encode the target, and keep the rows that have one."""
    roles = work.roles
    if roles.target is None:
        if roles.task not in (None, "clustering"):
            raise InputError(
                f"task = '{roles.task}' needs a target; name the column, or say task = 'clustering'."
            )
        if roles.classes is not None:
            raise InputError("classes are given, but no target; name the column that holds them.")
        return None
    if len(roles.targets) > 1 and roles.classes is not None:
        raise InputError("classes are given, and several targets, which are numbers; drop one of the two.")
    for target in roles.targets:
        if target not in work.columns:
            _drop_undefined(work, target)
    values = [work.take(_evaluated(work, "target", target)) for target in roles.targets]
    if len(values) == 1:
        encoded = targets.encode(values[0], task=roles.task, classes=roles.classes, name=roles.targets[0])
    else:
        encoded = targets.encode_several(values, roles.targets, task=roles.task)
    work.notes += encoded.notes
    work.rows = work.rows[encoded.keep]
    return encoded


def _drop_undefined(work: _Work, target: str) -> None:
    """Drop the rows where an expression has no finite value although its columns are there; say so."""
    values = work.take(_evaluated(work, "target", target))
    if values.dtype.kind != "f":
        return
    absent = np.zeros(len(values), dtype=bool)
    for name in expressions.names(target, work.columns, work.roles.declared):
        if name in work.columns:
            absent |= kinds.missing(work.take(work.columns[name]))
    message = f"rows have no finite value of the target {target!r} (a logarithm of a negative number?)"
    work.keep(np.isfinite(values) | absent, "target", "warning", message)


def _weights(work: _Work) -> NDArray[np.float64] | None:
    if work.roles.weight is None:
        return None
    values = work.take(_evaluated(work, "weight", work.roles.weight))
    return checks.as_weights(values, len(work.rows), what=f"weight '{work.roles.weight}'", rows=work.rows)


@dataclass(frozen=True)
class _Filled:
    """``X`` with what its shape means."""

    X: NDArray[Any]
    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    kind: str = "table"
    mask: NDArray[np.bool_] | None = None
    of: tuple[str, ...] = ()
    """The array column that each channel is of; () of a table."""


def _filled(
    work: _Work, names: tuple[str, ...], known: _Known
) -> tuple[_Filled, tuple[Hashes | None, Hashes]]:
    """Read the table: fill ``X`` from the chosen columns, or the array columns that are chosen, and hash its rows."""
    arrays = [name for name in names if work.columns.look(name).ndim > 1]
    if arrays:
        filled = _array(work, names[0]) if len(names) == 1 else _stacked(work, names)
        held = {name: work.columns[name] for name in arrays if work.columns.is_raw(name)}
        hashes = read_once(work.columns, known.names, apart=known.answer, held=held)
        return filled, known.identity(hashes)
    X, categories, hashes = _table(work, names, known)
    checks.refuse_infinite(X, names, rows=work.rows)
    _refuse_all_missing(X, names)
    return _Filled(X, names, categories), known.identity(hashes)


def _array(work: _Work, name: str) -> _Filled:
    """Take images, sequences or sets from one array column; the mask of sets stands beside it."""
    column = work.columns[name]
    mask = _mask(work, name, column.shape)
    if mask is None:
        X = np.asarray(
            work.take(column), dtype=float_type([column])
        )  # images fill the memory: they are not copied
    else:
        X = np.array(work.take(column), dtype=float_type([column]))
        X[~mask] = 0.0
    kind = shape.kind_of(X, mask)
    names = shape.names_of(name, shape.n_channels(X, kind))
    shape.refuse_infinite(X, names, kind, mask)
    return _Filled(X, names, {}, kind, mask, (name,) * len(names))


def _stacked(work: _Work, columns: Sequence[str]) -> _Filled:
    """Take images, or sequences, whose channels are several array columns of one size."""
    shapes = {name: work.columns.look(name).shape[1:] for name in columns}
    first = shapes[columns[0]]
    for name, each in shapes.items():
        if len(each) != len(first) or each[1:] != first[1:]:
            told = (
                f"'{one}' is {' × '.join(map(str, of))}" for one, of in ((columns[0], first), (name, each))
            )
            raise InputError(
                f"features: {' and '.join(told)}; expected arrays of one size, for they are channels of one image."
            )
    names = [shape.names_of(name, of[0]) for name, of in shapes.items()]
    looks = [work.columns.look(name) for name in columns]
    total = sum(map(len, names))
    X = np.empty((len(work.rows), total, *first[1:]), dtype=float_type(looks))
    start = 0
    for name, own in zip(columns, names, strict=True):
        X[:, start : start + len(own)] = work.take(work.columns[name])
        start += len(own)
        work.columns.let_go()
    every = tuple(each for own in names for each in own)
    kind = shape.kind_of(X, None)
    shape.refuse_infinite(X, every, kind, None)
    return _Filled(
        X, every, {}, kind, None, tuple(name for name, own in zip(columns, names, strict=True) for _ in own)
    )


def _mask(work: _Work, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return the mask (n, k) that stands beside an array (n, k, features), if there is one."""
    for word in (f"{name}{MASK}", "mask") if len(shape) == 3 else ():
        found = work.columns.get(word)
        if found is not None and found.dtype.kind == "b" and found.shape[1:] == shape[1:2]:
            return np.array(work.take(found))
    return None


def _table(
    work: _Work, names: Sequence[str], known: _Known
) -> tuple[NDArray[Any], dict[str, tuple[str, ...]], tuple[Hashes, Hashes]]:
    """Fill ``X`` (n_samples, n_features): made columns and text at once, all else as the table is read."""
    columns = work.columns
    seen = {name: columns.look(name) for name in names}
    held = {name for name in names if columns.made(name) or kinds.is_text(seen[name])}
    categories: dict[str, tuple[str, ...]] = {}
    X = Filling({name: j for j, name in enumerate(names)}, work.rows, float_type(list(seen.values())))
    for name in held:
        X.put(name, _as_float(work, name, categories))
    columns.let_go()
    hashes = read_once(columns, known.names, apart=known.answer, features=set(names) - held, into=X)
    return X.values, {name: categories[name] for name in names if name in categories}, hashes


def _as_float(work: _Work, name: str, categories: dict[str, tuple[str, ...]]) -> NDArray[Any]:
    column = work.take(work.columns[name])
    if not kinds.is_text(column):
        return kinds.numbers(column)
    code, categories[name] = targets.codes(column)
    return np.where(code < 0, np.nan, code)


def _refuse_all_missing(X: NDArray[Any], names: Sequence[str]) -> None:
    for i in np.flatnonzero(np.isnan(X[:_FIRST]).all(axis=0)).tolist():
        if np.isnan(X[:, i]).all():
            raise InputError(
                f"feature {names[i]!r} is missing in all {len(X)} rows; leave it out: name the features you "
                "want, or name it a spectator."
            )


def _needed(names: Sequence[str], roles: Roles, made_of: Mapping[str, Sequence[str]]) -> dict[str, None]:
    """Return the columns of the input that the features are made of, and the key that joins them."""
    found: dict[str, None] = {} if roles.join is None else {str(roles.join["on"]): None}
    todo = list(reversed(names))
    seen: set[str] = set()
    while todo:
        if (name := todo.pop()) not in seen:
            seen.add(name)
            todo += made_of.get(name, ())
            if name not in made_of:
                found[name] = None
    return found


def _check_units(work: _Work) -> None:
    known = {*work.columns, *work.roles.targets, *work.columns.table.jagged}
    for name in work.roles.units or {}:
        if name not in known and name not in _channels(work):
            raise InputError(
                f"units: {name!r} is not a column of {work.source}.{did_you_mean(name, work.columns)}"
            )


def _channels(work: _Work) -> set[str]:
    """Return the names of the channels or features of the array columns."""
    arrays = {name: column for name, column in work.columns.looks().items() if column.ndim > 1}
    return {
        word
        for name, column in arrays.items()
        for count in (column.shape[1], column.shape[-1])
        for word in shape.names_of(name, count)
    }


def _known_units(work: _Work) -> dict[str, str]:
    """Return the units of the columns as they were read: those that the tables say, under those that were given."""
    said = {name: unit for name, unit in work.roles.read_units.items() if name in work.columns}
    return said | dict(work.roles.units or {})


def _unit(name: str, work: _Work) -> str | None:
    """Return the unit of a column as it was read, or the one that its expression has."""
    known, made = work.all_units, (work.roles.expressions or {}).get(name, name)
    return known[name] if name in known else units.unit_of(made, known)
