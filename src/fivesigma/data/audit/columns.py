"""Columns that say little or what they do not mean: missing, constant, collinear, or full of codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.later import linalg
from fivesigma.data.audit.audited import MOST_ROWS, Audited, listed
from fivesigma.risk.findings import Audit

MOSTLY_MISSING = 0.5
CODES = (
    *(sign * code for code in (99.0, 999.0, 9999.0, 99999.0, 999999.0) for sign in (-1, 1)),
    *(sign * code for code in (1e10, 1e20, 1e30, 3.4e38) for sign in (-1, 1)),
    *(-9.0, -99.9, -999.9, -999.25, -32768.0, -2147483648.0),
)
"""Numbers that experiments write where a value is missing."""
FEWEST_CODES = 3
SAME = 1e-5
"""Part of a column's spread that single precision or six digits may leave of a linear relation."""
MOST_IN_RELATION, MOST_IN_QR = 6, 2000


def missing(audited: Audited) -> Sequence[Audit]:
    """Say which share of each column is missing."""
    data = audited.data
    share = {column["name"]: column["n_missing"] / data.n_samples for column in data.statistics()}
    some = {name: part for name, part in sorted(share.items(), key=lambda pair: -pair[1]) if part > 0}
    if not some:
        return [Audit("missing", "ok", "no value is missing")]
    message = f"missing values: {listed([f'{k} {100 * v:.3g} %' for k, v in some.items()])}"
    if max(some.values()) <= MOSTLY_MISSING:
        return [Audit("missing", "ok", message, tuple(some))]
    mostly = tuple(name for name, part in some.items() if part > MOSTLY_MISSING)
    return [
        Audit("missing", "warning", message, mostly, advice="leave out what is mostly missing, or say why")
    ]


def codes(audited: Audited) -> Sequence[Audit]:
    """Name columns in which a usual code of a missing value is left as a number."""
    found = {name: code for name, column in audited.columns() if (code := _code(column)) is not None}
    if not found:
        return ()
    words = [f"{name} {code:g}" for name, code in found.items()]
    one = audited.X[:, audited.data.names.index(next(iter(found)))] == next(iter(found.values()))
    rows = audited.rows_at(audited.looked_at[np.flatnonzero(one)[:MOST_ROWS]])
    advice = f"say data.missing = {_listed_codes(found.values())}"
    message = f"a value looks like a code of a missing one: {listed(words)}"
    return [Audit("codes", "warning", message, tuple(found), rows, advice)]


def _listed_codes(values: object) -> str:
    distinct = sorted(set(values))  # type: ignore[call-overload]
    return f"{distinct[0]:g}" if len(distinct) == 1 else f"[{', '.join(f'{each:g}' for each in distinct)}]"


def _code(column: NDArray[np.float64]) -> float | None:
    """Return the code that stands at an end of a column, repeated, with a gap as wide as half of all the others."""
    distinct, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    if len(distinct) < 2:
        return None
    width = {0: distinct[-1] - distinct[1], -1: distinct[-2] - distinct[0]}
    gap = {0: distinct[1] - distinct[0], -1: distinct[-1] - distinct[-2]}
    for end in (0, -1):
        usual = np.isclose(
            distinct[end], CODES, rtol=1e-6
        ).any()  # 1e20 in single precision is another number
        often = counts[end] >= max(FEWEST_CODES, len(column) // 1000)
        if usual and often and gap[end] > width[end] / 2:
            return float(distinct[end])
    return None


def constant(audited: Audited) -> Sequence[Audit]:
    """Name columns with one value."""
    statistics = audited.data.statistics()
    names = [c["name"] for c in statistics if c["min"] is not None and c["min"] == c["max"]]
    if not names:
        return ()
    message, advice = f"the same value in every event: {listed(names)}", "leave it out of data.features"
    return [Audit("constant", "warning", message, tuple(names), advice=advice)]


def collinear(audited: Audited) -> Sequence[Audit]:
    """Name columns that are sums of multiples of others, found by a QR decomposition with pivots."""
    names, Z = _standardised(audited)
    if len(names) < 2 or len(Z) <= 2 * len(names):
        return ()
    least = SAME * np.sqrt(len(Z))
    # no pivot is less than the least singular value, and where that is not small, none need be sought
    if np.linalg.svd(np.linalg.qr(Z, mode="r"), compute_uv=False)[-1] > 2 * least:
        return ()
    R, pivots = linalg.qr(Z, mode="r", pivoting=True)
    size = np.abs(np.diag(R))
    rank = int((size > least).sum())
    kept = pivots[:rank]
    relations = [_relation(Z, names, kept, int(last)) for last in pivots[rank:]]
    advice = "leave one of them out: coefficients of linear models are not unique, and importance is shared"
    return [
        Audit("collinear", "warning", f"a linear function of others: {_shown(each)}", each, advice=advice)
        for each in relations
    ]


def _standardised(audited: Audited) -> tuple[list[str], NDArray[np.float64]]:
    """Return the columns of numbers that vary, each of mean 0 and spread 1, at rows that have them all."""
    X = audited.X[:: max(len(audited.X) // MOST_IN_QR, 1)]
    full = [j for j, name in enumerate(audited.data.names) if name not in audited.data.categories]
    full = [j for j in full if np.isnan(X[:, j]).mean() < 0.1]
    X = X[:, full][~np.isnan(X[:, full]).any(axis=1)]
    _, exponent = np.frexp(np.abs(X).max(axis=0, initial=0.0))
    X = np.ldexp(X, -exponent)  # the square of a number near either end of float64 is none
    centre, spread = (X.mean(axis=0), X.std(axis=0)) if len(X) else (0.0, np.zeros(len(full)))
    # what the last digits of a large number leave of its spread is no relation
    varies = spread > 1e-9 * np.abs(centre)
    names = [audited.data.names[j] for j, each in zip(full, varies, strict=True) if each]
    return names, ((X - centre) / np.where(varies, spread, 1.0))[:, varies]


def _relation(
    Z: NDArray[np.float64], names: Sequence[str], kept: NDArray[np.int64], last: int
) -> tuple[str, ...]:
    """Return a column and those that it is a sum of, the weightiest first."""
    weight = np.abs(np.linalg.lstsq(Z[:, kept], Z[:, last], rcond=None)[0])
    some = [int(kept[i]) for i in np.argsort(-weight, kind="stable") if weight[i] > 1e-3]
    return (names[last], *(names[j] for j in some))


def _shown(relation: tuple[str, ...]) -> str:
    return f"{relation[0]} of {listed(relation[1:], MOST_IN_RELATION)}"
