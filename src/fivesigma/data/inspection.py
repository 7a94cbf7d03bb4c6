"""Looking at a table before there is a study: what its columns hold, and which part each may play."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import expressions
from fivesigma._core.columns import is_text, is_whole, numbers
from fivesigma._core.errors import InputError, one_of
from fivesigma._core.names import in_words
from fivesigma.data import readers
from fivesigma.data.readers.table import Table

CODES = (-999.0, -9999.0, -99999.0, -999999.0)
"""Numbers that experiments write where a value is missing."""

_TARGET = re.compile(r"target|label|class|(is_?)?signal|y|species|type|category|truth", re.IGNORECASE)
_MASS = re.compile(
    r"(log(10)?_?)?(halo_?|cluster_?)?(m_?(vir|halo|tot(al)?|true|\d{3,4}_?[cmb]?|(crit|mean)_?\d{3,4})|(?<=_)mass)",
    re.IGNORECASE,
)  # of a halo as a whole: what is to be known of it, by whichever definition; not M_gas_500, M_star or M_HE_500
_DECADES = 3.0  # greatest over least value from which the logarithm of a mass is proposed
_WEIGHT = re.compile(r"weights?|event_?weight|(mc|gen)_?weight|w|wgt", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(^|_)(id|ids|index|event|eventnumber|run|runnumber|lumi|row|name)$|[a-z]I[dD]$|^unnamed \d+$|"
    r"^(host|parent)_?halo$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(^|_)((event|evt|run|lumi(nosity)?(_?(block|section))?|orbit|bunch_?crossing|bx|entry|row|file|job)(_?{0})?|"
    r"(object|source|halo|galaxy|cluster|star|channel|sample)_?{0})$".format(
        "(id|no|nr|num|number|index|counter)"
    ),
    re.IGNORECASE,
)  # of words apart: EvtNum, luminosityBlock, run_number
_BOOKKEEPING = re.compile(r"weight|^kaggle|(^|_)(set|split|fold|part)$|year|date|time|^truth_", re.IGNORECASE)
_MOST_CLASSES = 20
_LOOKED = 10_000  # rows whose lists are counted
_FEWEST_IN_A_CLASS = 10


@dataclass(frozen=True)
class Column:
    """What one column holds, numbers where it is numeric; ``code`` is one that seems to mean "missing"."""

    name: str
    kind: str
    minimum: float | None
    maximum: float | None
    mean: float | None
    n_missing: int
    n_distinct: int
    counts: Mapping[str, int]
    code: float | None = None
    dtype: str = ""
    unit: str | None = None
    counting: bool = False
    """Whether each row has a greater whole number than the one before, or each a smaller one."""

    @property
    def numeric(self) -> bool:
        """Whether models can take it as it is."""
        return self.kind not in ("text", "array")


@dataclass(frozen=True)
class Guesses:
    """The part each column may play; a person decides."""

    target: str | None
    classes: tuple[str, ...]
    weight: str | None
    spectators: tuple[str, ...]
    features: tuple[str, ...]
    missing: tuple[float, ...]
    told: tuple[str, ...] = ()
    """Spectators that could be features but for this: each alone tells the target."""


@dataclass(frozen=True)
class Lists:
    """A column that holds a list in each row, and how many members one has on average in the first rows."""

    name: str
    dtype: str
    unit: str | None
    mean_members: float


@dataclass(frozen=True)
class Inspection:
    """A table as a person would look it over.

    ``n_effective`` is Kish's number of events where a weight was found; ``left_out`` are columns of the file that no
    table can hold, with the reason; ``options`` are those of the format with which it was read.
    """

    path: str
    n_rows: int
    columns: tuple[Column, ...]
    guesses: Guesses
    lists: tuple[Lists, ...] = ()
    n_effective: float | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def parts(path: str | Path, options: Mapping[str, Any] | None = None) -> Mapping[str, str]:
    """Return the tables of a file by name and what each holds, where there are several and no option says which.

    Raises
    ------
    DataError
        The file is damaged.
    """
    file = Path(path)
    if options or not file.is_file():
        return {}
    listed = getattr(readers.reader_for(file), "parts", None)  # of formats that hold several
    found: Mapping[str, str] = {} if listed is None else listed(file)
    return found if len(found) > 1 else {}


def inspect(
    path: str | Path, target: str | None = None, options: Mapping[str, Any] | None = None
) -> Inspection:
    """Look at the table in ``path``; ``target`` is what to predict, a column or an expression, guessed if not said.

    ``options`` are those of the format, such as ``tree`` of ROOT.

    Raises
    ------
    InputError
        There is no column ``target``.
    DataError
        The file is absent, damaged, empty or of no known format.
    """
    from fivesigma.data import tables

    with tables.opened(path, **(options or {})) as table:
        whole = table.columns(table.names)
        lists = tuple(_lists(table, name) for name in table.jagged)
        left_out = {n: why for part in table.parts for n, why in getattr(part, "left_out", {}).items()}
        units = table.units
    seen = inspected(path, whole, target, units)
    return replace(seen, lists=lists, left_out=left_out, options=dict(options or {}))


def _lists(table: Table, name: str) -> Lists:
    first = table.lists([name], 0, min(_LOOKED, table.n_rows))[name]
    mean = len(first.values) / len(first) if len(first) else 0.0
    return Lists(name, str(first.values.dtype), table.units.get(name), mean)


def inspected(
    path: str | Path,
    table: Mapping[str, NDArray[Any]],
    target: str | None = None,
    units: Mapping[str, str] | None = None,
) -> Inspection:
    """Look at the columns ``table``, each (n_rows,), of the file ``path`` as `inspect` does."""
    said = units or {}
    columns = tuple(replace(look(name, values), unit=said.get(name)) for name, values in table.items())
    n_rows = len(next(iter(table.values()))) if table else 0
    if target is not None:
        check_target(target, table)
    guesses = guess(columns, n_rows, target)
    return Inspection(str(path), n_rows, columns, guesses, n_effective=_n_effective(table, guesses.weight))


def check_target(target: str, table: Mapping[str, Any]) -> None:
    """Refuse a target that is neither a column of the ``table`` nor an expression of its columns; `InputError`.

    >>> check_target("log10(Mvir)", {"Mvir": 0})
    """
    used = (target,) if target in table else expressions.names(target, table)
    for name in used:
        one_of(name, table, "column of the table")
    if not used:
        raise InputError(f"target {target!r} holds no column of the table; name one of {', '.join(table)}.")


def _n_effective(table: Mapping[str, NDArray[Any]], weight: str | None) -> float | None:
    """Return (Σw)²/Σw² of the column of weights, if there is one (Kish 1965)."""
    if weight is None:
        return None
    w = numbers(table[weight])
    return float(w.sum() ** 2 / (w**2).sum()) if w.any() else None


def look(name: str, values: NDArray[Any]) -> Column:
    """Return what a column ``(n_rows,)`` holds.

    >>> column = look("pt", np.array([1.0, np.nan, 3.0]))
    >>> column.kind, column.mean, column.n_missing, column.n_distinct
    ('whole number', 2.0, 1, 2)
    """
    dtype = "text" if is_text(values) else "whole number" if values.dtype.kind == "O" else str(values.dtype)
    shape = f" {' × '.join(map(str, values.shape[1:]))}" if values.ndim > 1 else ""
    return replace(_looked(name, values), dtype=dtype + shape, counting=_counts(values))


def _counts(values: NDArray[Any]) -> bool:
    """Whether whole numbers, stored as such, only rise or only fall from row to row."""
    if values.ndim > 1 or values.dtype.kind not in "iu" or len(values) < 2:
        return False
    return bool(np.all(values[1:] > values[:-1]) or np.all(values[1:] < values[:-1]))


def _looked(name: str, values: NDArray[Any]) -> Column:
    if values.ndim > 1:
        return Column(name, "array", None, None, None, 0, 0, {})
    if values.dtype.kind == "O" and is_whole(values):
        values = numbers(values)
    if values.dtype.kind in "OUS":
        present = np.array([value for value in values.tolist() if value not in (None, "")], dtype=object)
        return _column(name, "text", present.astype(str), len(values) - len(present))
    values = np.asarray(values)
    kept = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    n_missing = len(values) - len(kept)
    if values.dtype.kind == "b":
        return _column(name, "true/false", kept, n_missing)
    whole = bool(len(kept)) and bool(np.all(np.isfinite(kept)) and np.all(kept == np.round(kept)))
    return _column(name, "whole number" if whole else "number", kept, n_missing)


def _column(name: str, kind: str, present: NDArray[Any], n_missing: int) -> Column:
    distinct, counts = np.unique(present, return_counts=True)
    few = {_word(value): int(count) for value, count in zip(distinct, counts, strict=True)}
    few = few if len(distinct) <= _MOST_CLASSES else {}
    if kind == "text" or not len(present):
        return Column(name, kind, None, None, None, n_missing, len(distinct), few)
    numbers = distinct.astype(float)
    code = _code(numbers, counts)
    real = present.astype(float)
    real = real if code is None else real[real != code]
    low, high, mean = float(real.min()), float(real.max()), float(real.mean())
    return Column(name, kind, low, high, mean, n_missing, len(distinct), few, code)


def _word(value: Any) -> str:
    number = isinstance(value, (float, np.floating)) and float(value).is_integer()
    return str(int(value)) if number else str(value)


def _code(distinct: NDArray[np.float64], counts: NDArray[np.int64]) -> float | None:
    """The lowest value, if it is a usual code, occurs twice, and lies far below all the others."""
    lowest = float(distinct[0])
    far = len(distinct) > 1 and distinct[1] > lowest / 5
    return lowest if lowest in CODES and counts[0] > 1 and far else None


def guess(
    columns: Sequence[Column], n_rows: int, target_name: str | None = None, *, said: bool = True
) -> Guesses:
    """Return the part each column may play.

    The target is the column with a telling name, else one of few values at an end of the table, else the last
    number. Where nobody has ``said`` it, it may be the logarithm of that column.
    """
    likely = target_name or next(iter(ranked_targets(columns, n_rows)), None)
    found = _parts(columns, n_rows, likely)
    if target_name is not None and said:
        return found
    return replace(found, target=_in_decades(next((each for each in columns if each.name == likely), None)))


def without_target(columns: Sequence[Column], n_rows: int) -> Guesses:
    """Return the part each column may play where none is to be predicted."""
    return _parts(columns, n_rows, None)


def _parts(columns: Sequence[Column], n_rows: int, likely: str | None) -> Guesses:
    """Return the part each column may play beside the target."""
    target = next((column for column in columns if column.name == likely), None)
    within, weight = _within(likely, columns), _weight(columns, likely)
    free = [column for column in columns if column.name not in (*within, weight)]
    masses = [column.name for column in free if _MASS.fullmatch(column.name)]
    told = masses if any(map(_MASS.fullmatch, within)) else []
    features = tuple(each.name for each in free if each.name not in told and _is_feature(each, n_rows))
    spectators = tuple(each.name for each in free if each.name not in features and each.kind != "array")
    missing = sorted({column.code for column in free if column.code is not None})
    classes = () if target is None or not _is_class(target, n_rows) else tuple(_ordered(target.counts))
    return Guesses(likely, classes, weight, spectators, features, tuple(missing), tuple(told))


def _within(target: str | None, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the columns that a target is, or is made of."""
    if target is None:
        return ()
    return expressions.names(target, {column.name: None for column in columns})


def _in_decades(target: Column | None) -> str | None:
    """Return a guessed target, the logarithm of a mass that spans several times its least value."""
    if target is None:
        return None
    low, high = target.minimum or 0.0, target.maximum or 0.0
    decades = _MASS.fullmatch(target.name) and low > 0 and high > _DECADES * low
    return f"log10({expressions.quoted(target.name)})" if decades else target.name


def ranked_targets(columns: Sequence[Column], n_rows: int) -> list[str]:
    """Return the columns that may be the target, the likeliest first."""
    scores = {column.name: _target_score(column, columns, n_rows) for column in columns}
    return sorted((name for name in scores if scores[name] >= 0), key=lambda name: -scores[name])


def _ordered(words: Mapping[str, int]) -> list[str]:
    """Class labels as the reader sorts them: by number where they are numbers."""
    try:
        return sorted(words, key=float)
    except ValueError:
        return sorted(words)


def _is_class(column: Column, n_rows: int) -> bool:
    few = 2 <= column.n_distinct <= min(_MOST_CLASSES, max(2.0, n_rows**0.5))
    return few and column.kind != "number" and min(column.counts.values()) >= _FEWEST_IN_A_CLASS


def _target_score(column: Column, columns: Sequence[Column], n_rows: int) -> float:
    """How likely a column is the target; negative where it cannot be one."""
    if column.n_distinct < 2 or (not column.numeric and not _is_class(column, n_rows)):
        return -1.0
    if column.n_distinct > 2 and is_identifier(column, n_rows):
        return -1.0
    score = _named_score(column.name, mass=not _is_class(column, n_rows))
    if _is_class(column, n_rows) and not _BOOKKEEPING.search(column.name):
        score += 2.0 if column.n_distinct == 2 or not column.numeric else 1.0
    ends = {columns[0].name: 0.5, columns[-1].name: 1.0}
    return score + ends.get(column.name, 0.0) - (2.0 if _BOOKKEEPING.search(column.name) else 0.0)


def _named_score(name: str, *, mass: bool) -> float:
    """How much the name of a column says that it is the target; one with an overdensity more than another mass."""
    if mass and _MASS.fullmatch(name):
        return 3.6 if any(letter.isdigit() for letter in name) else 3.5
    return 4.0 if _TARGET.fullmatch(name) else 0.0


def is_identifier(column: Column, n_rows: int) -> bool:
    """Whether a column tells rows apart and measures nothing: by its name, or because it counts them.

    Whole numbers that are all different are no identifiers for that: masses of haloes are written so too.
    """
    counted = column.counting and column.unit is None and column.n_distinct == n_rows > 20
    numbered = column.kind == "whole number" and _NUMBERED.search(in_words(column.name)) is not None
    return bool(_IDENTIFIER.search(column.name)) or counted or numbered


def _is_feature(column: Column, n_rows: int) -> bool:
    odd = is_identifier(column, n_rows) or bool(_BOOKKEEPING.search(column.name))
    return column.numeric and column.n_distinct > 1 and not odd and _finite(column)


def _finite(column: Column) -> bool:
    ends = (column.minimum, column.maximum)
    return all(end is not None and math.isfinite(end) for end in ends)


def _weight(columns: Sequence[Column], target: str | None) -> str | None:
    """The first column called like a weight whose values can be weights in this version."""
    for column in columns:
        usable = (
            column.numeric and column.n_missing == 0 and column.minimum is not None and column.minimum >= 0
        )
        if column.name != target and _WEIGHT.fullmatch(column.name) and usable:
            return column.name
    return None
