"""Columns cut into at most 255 bins at weighted quantiles: what histogram trees look at instead of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fivesigma._core.saved_state import SavedState
from fivesigma.features.ranks import middles

Array = NDArray[np.float64]
Codes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Bins:
    """Edges of each column; bin 0 holds what is missing, bin b + 1 the values in ``(edge[b-1], edge[b]]``.

    Attributes
    ----------
    edges : (total,) edges of all columns one behind the other
    starts : (p + 1,) where each column's edges begin
    """

    edges: Array
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, X: Array, w: Array, max_bins: int) -> Bins:
        """Return bins of ``X`` (n, p) of about equal weight; midpoints between values where those are few."""
        edges = [_edges(column[~np.isnan(column)], w[~np.isnan(column)], max_bins) for column in X.T]
        starts = np.concatenate([[0], np.cumsum([each.size for each in edges])]).astype(np.int64)
        return cls(np.concatenate(edges), starts)

    @property
    def width(self) -> int:
        """Bins of the column that has most, the one for missing values counted."""
        return int(np.diff(self.starts).max()) + 2

    def codes(self, X: Array) -> Codes:
        """Return the bin of each value: (p, n), one column's codes next to each other."""
        codes = np.empty((X.shape[1], len(X)), dtype=np.uint8)
        _encode(np.ascontiguousarray(X), self.edges, self.starts, codes)
        return codes

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        starts, edges = state.whole("starts", (None,), low=0), state.floats("edges", (None,))
        widths = np.diff(starts)
        runs = (
            len(starts) > 1
            and starts[0] == 0
            and starts[-1] == len(edges)
            and 0 <= widths.min() <= widths.max() < 255
        )
        state.expect(runs, "starts", "where runs of at most 254 edges begin, one behind the other")
        state.expect(starts.dtype == np.int64, "starts", "int64")
        within = np.ones(max(len(edges) - 1, 0), dtype=bool)
        inner = starts[(starts > 0) & (starts < len(edges))]
        within[inner - 1] = False
        state.expect((np.diff(edges)[within] > 0).all(), "edges", "edges that rise within each column")


def _edges(values: Array, w: Array, max_bins: int) -> Array:
    """Return the inner edges: every midpoint, or those nearest to equal weight; copies and weights count alike."""
    distinct, inverse = np.unique(values, return_inverse=True)
    if distinct.size < 2:
        return np.empty(0)
    middle = middles(distinct)
    if distinct.size <= max_bins:
        return np.asarray(middle)
    below = np.cumsum(np.bincount(inverse, weights=w))[:-1]
    share = np.arange(1, max_bins) / max_bins * w.sum()
    return np.asarray(
        middle[np.unique(np.searchsorted(below, share * (1 - 1e-12)).clip(max=middle.size - 1))]
    )


@njit(cache=True)  # type: ignore[untyped-decorator]
def _encode(X: Array, edges: Array, starts: NDArray[np.int64], codes: Codes) -> None:
    n, p = X.shape
    for j in range(p):
        first, last = starts[j], starts[j + 1]
        for i in range(n):
            x = X[i, j]
            if np.isnan(x):
                codes[j, i] = 0
                continue
            low, high = first, last
            while low < high:
                middle = (low + high) // 2
                if x <= edges[middle]:
                    high = middle
                else:
                    low = middle + 1
            codes[j, i] = low - first + 1
