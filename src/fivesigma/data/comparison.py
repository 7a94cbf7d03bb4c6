"""Two files side by side, before there is a study: what only one has, and which columns have shifted, with σ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.quantities import ratio
from fivesigma.data import tables
from fivesigma.data.inspection import Column, is_identifier, look
from fivesigma.risk.row_hashes import text_hash
from fivesigma.risk.significance import among, sigma_from_log_p
from fivesigma.risk.two_samples import TwoSample, two_categories, two_numbers

_LEAST_P = 1e-300  # below it no tail is resolved; 37σ
_FEW = 20  # distinct values up to which whole numbers are categories


@dataclass(frozen=True)
class Side:
    """What a column holds in one file: its type, unit, extremes, mean and missing values."""

    kind: str
    unit: str | None
    minimum: float | None
    maximum: float | None
    mean: float | None
    n_missing: int

    @classmethod
    def of(cls, column: Column) -> Side:
        """Return what is said of a column that was looked at."""
        numbers = (column.minimum, column.maximum, column.mean)
        low, high, mean = (None if each is None or not np.isfinite(each) else each for each in numbers)
        return cls(column.kind, column.unit, low, high, mean, column.n_missing)


@dataclass(frozen=True)
class Compared:
    """One column that both files have.

    Attributes
    ----------
    first, second : what it holds in either, each in its own unit.
    outside : share of the numbers of the second file that lie beyond those of the first.
    distance : Kolmogorov and Smirnov's, of categories the total variation; 0 to 1, None where it is not tested.
    p, sigma, sigma_global : of one distribution in both, one-sided, and among all columns that are tested.
    why : why it is not tested, "" where it is.
    """

    name: str
    first: Side
    second: Side
    outside: float | None = None
    distance: float | None = None
    p: float | None = None
    sigma: float | None = None
    sigma_global: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two files: their rows, the columns that one alone has, and those that both have."""

    paths: tuple[str, str]
    n_rows: tuple[int, int]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    columns: tuple[Compared, ...]

    @property
    def n_tested(self) -> int:
        """How many columns were tested."""
        return sum(column.sigma is not None for column in self.columns)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return asdict(self) | {"paths": list(self.paths), "n_rows": list(self.n_rows)}


def compared(first: str | Path, second: str | Path, options: Mapping[str, Any] | None = None) -> Comparison:
    """Compare two tables column by column, each row as one event.

    Numbers by Kolmogorov and Smirnov's test, what has few values by Pearson's χ²; a value that is missing is one of
    its own. Units that differ by a factor are brought to that of the first; identifiers are not tested.

    Parameters
    ----------
    options : of the format, for both files.

    Raises
    ------
    DataError
        A file is absent, damaged or of no known format.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, shift in (("a", 0), ("b", 30)):
    ...         _ = (Path(folder) / f"{name}.csv").write_text("x\\n" + "\\n".join(f"{i + shift}.5" for i in range(90)))
    ...     found = compared(f"{folder}/a.csv", f"{folder}/b.csv")
    >>> found.columns[0].sigma > 3, round(found.columns[0].outside, 2)
    (True, 0.33)
    """
    (one, units), (two, others) = (_read(path, options or {}) for path in (first, second))
    found = [
        _column(name, (one[name], two[name]), (units.get(name), others.get(name)))
        for name in one
        if name in two
    ]
    n = sum(column.sigma is not None for column in found)
    return Comparison(
        (str(first), str(second)),
        (_height(one), _height(two)),
        tuple(name for name in one if name not in two),
        tuple(name for name in two if name not in one),
        tuple(_among(column, n) for column in found),
    )


def _read(path: str | Path, options: Mapping[str, Any]) -> tuple[tables.Columns, Mapping[str, str]]:
    with tables.opened(path, **options) as table:
        return table.columns(table.names), table.units


def _height(columns: tables.Columns) -> int:
    return len(next(iter(columns.values()), ()))


def _among(column: Compared, n: int) -> Compared:
    return column if column.sigma is None else replace(column, sigma_global=among(column.sigma, n))


def _column(
    name: str, values: tuple[NDArray[Any], NDArray[Any]], units: tuple[str | None, str | None]
) -> Compared:
    looked = [replace(look(name, each), unit=unit) for each, unit in zip(values, units, strict=True)]
    sides = Side.of(looked[0]), Side.of(looked[1])
    plain = Compared(name, *sides)
    factor = _factor(*units)
    if why := _untested(looked, values, factor):
        return replace(plain, why=why)
    if sides[0].kind == "text":
        return _with_test(plain, _categories(text_hash(values[0]), text_hash(values[1])))
    a, b = (kinds.numbers(each) for each in values)
    b = b * (factor or 1.0)
    few = all(each.kind != "number" and each.n_distinct <= _FEW for each in looked)
    tested = _categories(a, b) if few else _numbers(a, b)
    return replace(_with_test(plain, tested), outside=_outside(a, b))


def _factor(first: str | None, second: str | None) -> float | None:
    """Return the factor from the second unit to the first; 1 where neither or one is said, None where there is none."""
    if first is None or second is None or first == second:
        return 1.0
    return ratio(second, first)


def _untested(looked: list[Column], values: tuple[NDArray[Any], ...], factor: float | None) -> str:
    """Return why two columns are not tested against each other, "" where they are."""
    if any(each.ndim > 1 for each in values):
        return "arrays"
    if (looked[0].kind == "text") != (looked[1].kind == "text"):
        return "text in one, numbers in the other"
    if factor is None:
        return f"units of different kinds: {looked[0].unit} and {looked[1].unit}"
    if any(is_identifier(each, len(rows)) for each, rows in zip(looked, values, strict=True)):
        return "an identifier"
    if any(each.n_distinct == 0 for each in looked):
        return "no values"
    many = looked[0].kind == "text" and min(each.n_distinct for each in looked) > max(map(len, values)) / 5
    return "words of many kinds" if many else ""


def _numbers(a: NDArray[np.float64], b: NDArray[np.float64]) -> TwoSample:
    return two_numbers(a, b, sizes=(len(a), len(b)), w=(np.ones(len(a)), np.ones(len(b))))


def _categories(a: NDArray[Any], b: NDArray[Any]) -> TwoSample:
    """Return the test of categories, whatever stands for them."""
    codes = np.unique(np.concatenate([a, b]), return_inverse=True)[1].astype(float)
    ones = np.ones(len(a)), np.ones(len(b))
    return two_categories(codes[: len(a)], codes[len(a) :], sizes=(len(a), len(b)), w=ones)


def _with_test(plain: Compared, found: TwoSample) -> Compared:
    sigma = max(sigma_from_log_p(float(np.log(max(found.p, _LEAST_P)))), 0.0)
    return replace(plain, distance=found.statistic, p=found.p, sigma=sigma)


def _outside(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Return the share of ``b`` beyond the extremes of ``a``."""
    known = a[np.isfinite(a)]
    there = b[~np.isnan(b)]
    if not len(known) or not len(there):
        return None
    return float(np.mean((there < known.min()) | (there > known.max())))
