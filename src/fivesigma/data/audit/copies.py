"""Copies of events: exact ones, and near ones that stand on both sides of a split.

Exact copies are kept on one side, where nothing in the table tells them apart. A copy that went through single
precision or six digits, or with a sign or a unit turned, is another row to the split, and the same event to a model.
Rows are sorted by what such a change leaves of them, the decimal digits of columns of many values, and equal ones are
compared value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, MOST_ROWS, Audited
from fivesigma.risk.findings import Audit
from fivesigma.risk.row_hashes import row_hash

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

ROUNDINGS = (2e-7, 3e-6)
"""How far, in decades, a number lies from itself in single precision, and in six digits; and a little more."""
BY_CHANCE = 10.0
"""Where rows are close by chance, many times as many are so within this many times the distance."""
DIGITS = 4
"""Decimal digits by which rows are sorted."""
DISTINCT = 0.5
"""Share of distinct values from which a column tells events apart."""
FEWEST_PAIRS, LEAST_SHARE = 3, 2e-3
MOST_SORTED, MOST_SORTED_BY = 200_000, 3
"""Rows that are sorted, and columns by which; what is equal in these is then compared in all."""
BLOCK = 2**15
_KEPT = (
    'split.duplicates = "together", the default, keeps copies on one side; drop those that were counted twice'
)
_PARTED = "a split may part them: give copies one value of a data.group, or drop the column that numbers them"


def exact(audited: Audited) -> Sequence[Audit]:
    """Count the events that have exactly the features of an earlier one."""
    data = audited.data
    known, again = _again(data.row_hashes), _again(row_hash(data.X))
    if not len(again):
        return [Audit("duplicates", "ok", "no two events have the same features")]
    message = f"{len(again)} of {data.n_samples} events have exactly the features of an earlier one"
    if len(known) < len(again):
        message += (
            f", and other columns tell {'them' if not len(known) else f'all but {len(known)} of them'} apart"
        )
        again = known if len(known) or len(_telling(data.X)) < 2 else again
    if not len(again):
        return [Audit("duplicates", "ok", message)]
    advice = _KEPT if len(known) else _PARTED
    return [Audit("duplicates", "warning", message, rows=audited.rows_at(again[:MOST_ROWS]), advice=advice)]


def _again(hashes: NDArray[np.uint64]) -> Positions:
    """Return the positions of the rows whose hash is that of an earlier one."""
    return np.setdiff1d(np.arange(len(hashes)), np.unique(hashes, return_index=True)[1])


def near(audited: Audited) -> Sequence[Audit]:
    """Count the pairs of near copies that a split parts; all of them where no split is known."""
    pairs, off = _pairs(audited)
    if len(pairs) == 0:
        return ()
    unlike, parted = _unlike(audited.data.X, pairs), _parted(audited, pairs)
    counted = unlike.any & parted
    for limit in ROUNDINGS:
        close = counted & (off <= limit)
        enough = close.sum() >= max(FEWEST_PAIRS, LEAST_SHARE * audited.data.n_samples)
        if enough and 2 * close.sum() >= (counted & (off <= BY_CHANCE * limit)).sum():
            return [_entry(audited, pairs[close], unlike, close)]
    return ()


def _entry(audited: Audited, pairs: Positions, unlike: Unlike, of: NDArray[np.bool_]) -> Audit:
    across = " on the two sides of a split" if audited.split is not None else ""
    how = ", ".join(word for word, any_ in unlike.said(of).items() if any_)
    turned = zip(audited.data.names, unlike.columns(of), strict=True)
    return Audit(
        "near duplicates",
        "warning",
        f"{len(pairs)} pairs of events are copies of each other{across}, but for {how}",
        tuple(name for name, any_ in turned if any_),
        audited.rows_at(pairs[: MOST_ROWS // 2].ravel()),
        "keep one of each, or give copies one value of a data.group",
    )


@dataclass(frozen=True, eq=False)
class Unlike:
    """In what the rows of pairs differ: precision, sign or unit, each (n_pairs, p)."""

    precision: NDArray[np.bool_]
    sign: NDArray[np.bool_]
    unit: NDArray[np.bool_]

    @property
    def any(self) -> NDArray[np.bool_]:
        """Whether a pair differs in anything: equal rows are no near copies."""
        return np.asarray((self.precision | self.sign | self.unit).any(axis=1))

    def said(self, of: NDArray[np.bool_]) -> dict[str, bool]:
        """Return by its name what occurs in some of the pairs."""
        each = {"rounding": self.precision, "a sign": self.sign, "a power of ten": self.unit}
        return {word: bool(where[of].any()) for word, where in each.items()}

    def columns(self, of: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which columns have a sign or a unit turned in some of the pairs."""
        return np.asarray((self.sign | self.unit)[of].any(axis=0))


def _telling(X: NDArray[Any]) -> NDArray[np.int64]:
    """Return the columns whose values tell events apart: mostly distinct numbers that are not all whole."""
    some = X[:: max(len(X) // 5000, 1)]
    share = np.array([len(np.unique(column)) / max(len(column), 1) for column in some.T])
    whole = np.array([np.array_equal(np.round(column), column) for column in some.T], dtype=bool)
    return np.flatnonzero((share > DISTINCT) & ~whole)


def _pairs(audited: Audited) -> tuple[Positions, Floats]:
    """Return pairs of positions (n_pairs, 2) of rows that agree but for rounding, signs and powers of ten; how well."""
    X = audited.data.X
    telling = _telling(X)
    if len(telling) < 2 or len(X) < FEWEST_TO_JUDGE:
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    pairs = [_equal(_digits(X, telling[:MOST_SORTED_BY], shift)) for shift in (0.0, 0.5)]
    found = np.unique(np.concatenate(pairs), axis=0)
    return found, _off(X, found, telling)


def _digits(X: NDArray[Any], columns: Positions, shift: float) -> NDArray[np.uint64]:
    """Return a hash of the first digits of some columns of each row, rounded on a grid that is shifted."""
    found = np.empty(len(X), dtype=np.uint64)
    for start in range(0, len(X), BLOCK):
        rows = slice(start, start + BLOCK)
        found[rows] = row_hash(np.floor(_mantissa(X[rows, columns]) * 10**DIGITS + shift))
    return found


def _equal(hashes: NDArray[np.uint64]) -> Positions:
    """Return neighbours among the rows of equal hash."""
    chosen = _some(hashes)
    order = chosen[np.argsort(hashes[chosen], kind="stable")]
    same = hashes[order[1:]] == hashes[order[:-1]]
    return np.sort(np.column_stack([order[:-1][same], order[1:][same]]), axis=1)


def _some(hashes: NDArray[np.uint64]) -> Positions:
    """Return the rows of lowest hash where there are many: both of a pair, or neither."""
    if len(hashes) <= MOST_SORTED:
        return np.arange(len(hashes))
    limit = np.uint64(int(2**64 * (MOST_SORTED / len(hashes))))
    return np.flatnonzero(hashes < limit)


def _mantissa(X: NDArray[Any]) -> Floats:
    """Return the decimal mantissa in [0, 1) of the logarithm of each number's size, that of none and nothing apart."""
    size = np.abs(np.asarray(X, dtype=np.float64))
    with np.errstate(divide="ignore"):
        log = np.log10(np.where(size > 0, size, np.nan))
    mantissa = log - np.floor(log)
    return np.where(np.isnan(X), -2.0, np.where(size > 0, mantissa, -1.0))


def _off(X: NDArray[Any], pairs: Positions, telling: Positions) -> Floats:
    """Return by how many decades the values of pairs differ at most, but for signs and powers of ten.

    Infinitely where one of the other columns, of few values or whole numbers, is not equal.
    """
    a, b = (_mantissa(X[np.ix_(side, telling)]) for side in pairs.T)
    off = np.abs(a - b)
    off = np.where((a >= 0) & (b >= 0), np.minimum(off, 1 - off), off)
    others = np.setdiff1d(np.arange(X.shape[1]), telling)
    c, d = (X[np.ix_(side, others)] for side in pairs.T)
    equal = (c == d) | (np.isnan(c) & np.isnan(d))
    return np.where(equal.all(axis=1), off.max(axis=1, initial=0.0), np.inf)


def _unlike(X: NDArray[Any], pairs: Positions) -> Unlike:
    a, b = (np.asarray(X[side], dtype=np.float64) for side in pairs.T)
    both = ~np.isnan(a) & ~np.isnan(b) & (a != 0) & (b != 0)
    sign = both & (np.sign(a) != np.sign(b))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(both, np.abs(a / b), 1.0)
    unit = np.abs(np.log10(ratio)) > 0.5
    precision = both & ~sign & ~unit & (a != b)
    return Unlike(precision, sign, unit)


def _parted(audited: Audited, pairs: Positions) -> NDArray[np.bool_]:
    """Return which pairs a split parts: into training and a test, or into two folds."""
    split = audited.split
    if split is None:
        return np.ones(len(pairs), dtype=bool)
    side = np.full(audited.data.n_samples, -9, dtype=np.int64)
    side[split.train] = split.folds
    for number, rows in enumerate(split.tests.values(), start=2):
        side[rows] = -number
    a, b = side[pairs[:, 0]], side[pairs[:, 1]]
    return np.asarray((a != b) & (a > -9) & (b > -9))
