"""From named columns and their roles to the parts of a `Dataset`: the one way in for files and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import checks, expressions, units
from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data import choice, join, shape, targets
from fivesigma.data.readers.npz import MASK
from fivesigma.data.roles import Roles
from fivesigma.data.tables import Columns
from fivesigma.data.targets import group_codes
from fivesigma.risk.row_hashes import table_hashes

INTERNAL = "\x00"
"""What begins the name of a column that is of no file."""

_BLOCK = 8_192
_TOGETHER = 8  # columns written side by side: eight doubles are one line of the cache


@dataclass
class _Work:
    """The table on its way to a Dataset: which rows are left, and what was said on the way."""

    columns: Columns
    roles: Roles
    source: str
    rows: NDArray[np.int64]
    units: dict[str, str] = field(default_factory=dict)
    notes: list[targets.Note] = field(default_factory=list)

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


def assemble(columns: Columns, roles: Roles, *, source: str) -> dict[str, Any]:
    """Return the arguments of a `Dataset` of ``columns``, each (n_rows,).

    The mapping is emptied on the way to spare memory.

    Raises
    ------
    InputError
        In one sentence, for whatever does not fit: an unknown column, a constant target, text or infinite
        values in a feature, weights that are negative.
    """
    work = _Work(columns, roles, source, np.arange(_height(columns, source)))
    given = dict(columns)
    _join(work)
    work.units = _known_units(work)
    _replace_codes(work)
    expressed = _add_expressions(work)
    chosen = choice.choose(columns, roles, expressed, source)
    work.notes += chosen.notes
    identity, as_read = _identity(work, given, expressed)
    given.clear()
    _select(work)
    y, w = _target_and_weights(work)
    groups, group_identity = (
        (None, None) if roles.group is None else group_codes(work.take(columns[roles.group]), roles.group)
    )
    sides = [
        {name: work.take(columns[name]) for name in names}
        for names in (roles.spectators, (*roles.extra_columns, *roles.carried))
    ]
    _check_units(work)
    read = {name: kinds.kind_of(columns[name]) for name in _needed(chosen.names, roles, expressed)}
    filled = _filled(work, chosen.names)
    of_array = None if filled.kind == "table" else _unit(chosen.names[0], work)
    return {
        "X": filled.X,
        "y": None if y is None else y.y,
        "w": w,
        "groups": groups,
        "mask": filled.mask,
        "names": filled.names,
        "units": tuple(_unit(name, work) or of_array for name in filled.names),
        "column_units": work.units,
        "kind": filled.kind,
        "categories": filled.categories,
        "columns": read,
        "spectators": sides[0],
        "extras": sides[1],
        "classes": None if y is None else y.classes,
        "target": ", ".join(roles.targets) or None,
        "target_unit": _unit(roles.targets[0], work) if len(roles.targets) == 1 else None,
        "targets": roles.targets,
        "target_units": tuple(_unit(target, work) for target in roles.targets),
        "weight": roles.weight,
        "group": roles.group,
        "task": "clustering" if y is None else y.task,
        "rows": work.rows,
        "identity": None if identity is None else work.take(identity),
        "as_read": work.take(as_read),
        "group_identity": group_identity,
        "notes": tuple(work.notes),
    }


def _height(columns: Columns, source: str) -> int:
    lengths = {len(column) for column in columns.values()}
    if not lengths or lengths == {0}:
        raise InputError(f"{source}: the table is empty; expected columns and at least one row.")
    return lengths.pop()


def _join(work: _Work) -> None:
    if work.roles.join is None:
        return
    both, found = join.joined(work.columns, work.roles.join)
    work.columns |= both
    work.keep(found, "join", "warning", f"rows have no partner in {work.roles.join['path']}")


def _replace_codes(work: _Work) -> None:
    """Make missing-value codes NaN and None, but not in weights, groups and what is only carried along."""
    roles = work.roles
    untouched = {roles.weight, roles.group, *roles.spectators, *roles.extra_columns}
    for name, column in work.columns.items() if roles.codes else ():
        if name not in untouched:
            work.columns[name] = kinds.blanked(column, roles.codes)


def _add_expressions(work: _Work) -> dict[str, tuple[str, ...]]:
    """Add the columns of ``expressions``, which may use each other in order; return what each is made of."""
    made_of: dict[str, tuple[str, ...]] = {}
    for name, text in (work.roles.expressions or {}).items():
        if name in work.columns:
            raise InputError(f"expressions: {name!r} is a column already; give the new column another name.")
        work.columns[name] = _evaluated(work, f"expressions.{name}", text)
        made_of[name] = expressions.names(text, work.columns)
    return made_of


def _evaluated(work: _Work, key: str, text: str) -> NDArray[Any]:
    """Evaluate the expression under ``key`` of the study; a refusal says which it was."""
    try:
        return expressions.evaluate(text, work.columns)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


def _identity(
    work: _Work, given: Columns, made_of: Mapping[str, Sequence[str]]
) -> tuple[NDArray[np.uint64] | None, NDArray[np.uint64]]:
    """Hash each row as it was ``given``, less target and weight: no choice of features moves it; then with these."""
    answer = choice.ingredients_of(work.roles.targets, work.columns, made_of)
    answer |= choice.ingredients_of(work.roles.weight, work.columns, made_of)
    columns = {name: column for name, column in given.items() if not name.startswith(INTERNAL)}
    identity, as_read = table_hashes(columns, apart=answer)
    return (identity if columns.keys() - answer else None), as_read


def _select(work: _Work) -> None:
    if work.roles.select is None:
        return
    mask = _evaluated(work, "select", work.roles.select)
    if mask.dtype.kind != "b":
        raise InputError(f"select = {work.roles.select!r} is not a condition; compare it with something.")
    work.keep(work.take(mask), "select", "ok", f"rows do not fulfil select = {work.roles.select!r}")


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
    for name in expressions.names(target, work.columns):
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

    X: NDArray[np.float64]
    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    kind: str = "table"
    mask: NDArray[np.bool_] | None = None


def _filled(work: _Work, names: tuple[str, ...]) -> _Filled:
    """Fill ``X`` from the chosen columns, or from the one array column that is chosen."""
    if len(names) == 1 and work.columns[names[0]].ndim > 1:
        return _array(work, names[0])
    X, categories = _table(work, names)
    checks.refuse_infinite(X, names, rows=work.rows)
    _refuse_all_missing(X, names)
    return _Filled(X, names, categories)


def _array(work: _Work, name: str) -> _Filled:
    """Take images, sequences or sets from one array column; the mask of sets stands beside it."""
    X = work.take(work.columns.pop(name)).astype(np.float64)
    mask = _mask(work, name, X.shape)
    if mask is not None:
        X[~mask] = 0.0
    kind = shape.kind_of(X, mask)
    names = shape.names_of(name, shape.n_channels(X, kind))
    shape.refuse_infinite(X, names, kind, mask)
    return _Filled(X, names, {}, kind, mask)


def _mask(work: _Work, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return the mask (n, k) that stands beside an array (n, k, features), if there is one."""
    for word in (f"{name}{MASK}", "mask"):
        found = work.columns.get(word)
        if (
            found is not None
            and found.dtype.kind == "b"
            and found.shape[1:] == shape[1:2]
            and len(shape) == 3
        ):
            return np.array(work.take(found))
    return None


def _table(work: _Work, names: Sequence[str]) -> tuple[NDArray[np.float64], dict[str, tuple[str, ...]]]:
    """Fill ``X`` (n_samples, n_features) a few columns at a time, and let go of each column once it is in."""
    X = np.empty((len(work.rows), len(names)))
    categories: dict[str, tuple[str, ...]] = {}
    for first in range(0, len(names), _TOGETHER):
        some = names[first : first + _TOGETHER]
        group = [_as_float(work, name, categories) for name in some]
        for start in range(0, len(X), _BLOCK):
            for i, column in enumerate(group):
                X[start : start + _BLOCK, first + i] = column[start : start + _BLOCK]
    return X, categories


def _as_float(work: _Work, name: str, categories: dict[str, tuple[str, ...]]) -> NDArray[Any]:
    column = work.take(work.columns.pop(name))
    if not kinds.is_text(column):
        return kinds.numbers(column)
    code, categories[name] = targets.codes(column)
    return np.where(code < 0, np.nan, code)


def _refuse_all_missing(X: NDArray[np.float64], names: Sequence[str]) -> None:
    for i in np.flatnonzero(np.isnan(X[:_BLOCK]).all(axis=0)).tolist():
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
    known = {*work.columns, *work.roles.targets, *_channels(work)}
    for name in work.roles.units or {}:
        if name not in known:
            raise InputError(
                f"units: {name!r} is not a column of {work.source}.{did_you_mean(name, work.columns)}"
            )


def _channels(work: _Work) -> set[str]:
    """Return the names of the channels or features of the array columns."""
    arrays = {name: column for name, column in work.columns.items() if column.ndim > 1}
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
    known, made = work.units, (work.roles.expressions or {}).get(name, name)
    return known[name] if name in known else units.unit_of(made, known)
