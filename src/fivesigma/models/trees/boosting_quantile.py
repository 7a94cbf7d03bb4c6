"""Weighted quantiles without sorting: compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import compiled

_ROUNDING = 1e-12


@compiled
def _three_ways(x: Any, w: Any, low: int, high: int, pivot: float) -> Any:
    """Move values below the ``pivot`` to the front and above it to the end; return where both begin and end, and the
    weights of those below and those equal.
    """
    i, below, above, of_below, of_equal = low, low, high, 0.0, 0.0
    while i < above:
        if x[i] < pivot:
            of_below += w[i]
            x[i], x[below], w[i], w[below] = x[below], x[i], w[below], w[i]
            below += 1
            i += 1
        elif x[i] > pivot:
            above -= 1
            x[i], x[above], w[i], w[above] = x[above], x[i], w[above], w[i]
        else:
            of_equal += w[i]
            i += 1
    return below, above, of_below, of_equal


@compiled
def quantile(x: Any, w: Any, tau: float) -> Any:
    """Return the value up to which ``tau`` of the weight lies; ``x`` and ``w`` (n,) are moved."""
    low, high, total = 0, len(x), w.sum()
    wanted, rounding = tau * total, _ROUNDING * total
    while True:
        a, b, c = x[low], x[(low + high) // 2], x[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        below, above, of_below, of_equal = _three_ways(x, w, low, high, pivot)
        if below > low and wanted < of_below - rounding:
            high = below
        elif above < high and wanted > of_below + of_equal + rounding:
            wanted -= of_below + of_equal
            low = above
        elif below > low and wanted <= of_below + rounding:
            return 0.5 * (x[low:below].max() + pivot)
        elif above < high and wanted >= of_below + of_equal - rounding:
            return 0.5 * (pivot + x[above:high].min())
        else:
            return pivot


@compiled
def quantiles_left(y: Any, raw: Any, w: Any, rows: Any, ends: Any, tau: float) -> Any:
    """Return the quantile of ``y - raw`` of the rows of each leaf."""
    found, left, weight = np.zeros(len(ends)), np.empty(len(rows)), np.empty(len(rows))
    for i in range(len(rows)):
        left[i], weight[i] = y[rows[i]] - raw[rows[i]], w[rows[i]]
    begin = 0
    for k in range(len(ends)):
        found[k] = quantile(left[begin : ends[k]], weight[begin : ends[k]], tau)
        begin = ends[k]
    return found
