"""Columns cut into bins at weighted quantiles: what our trees look at instead of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from fivesigma._core.compiled import compiled
from fivesigma._core.gathered import Gathered, column_blocks
from fivesigma._core.saved_state import SavedState
from fivesigma.features.ranks import middles

Array = NDArray[np.float64]
Codes = NDArray[np.unsignedinteger[Any]]
MOST = 2**16 - 2
"""Bins of a column, of which codes of 16 bits tell each other, and one for missing values."""
_AT_ENDS = 40
"""Values at either end of a column that have bins of their own: twice the events that a leaf of boosting holds."""


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
    def of(cls, X: Array | Gathered, w: Array, max_bins: int, *, ends: bool = False) -> Bins:
        """Return bins of ``X`` (n, p) of about equal weight; midpoints between values where those are few.

        With ``ends``, and if there are not to be few, the values at either end have bins of their own besides.
        """
        apart = _AT_ENDS if ends and max_bins >= 6 * _AT_ENDS else 0
        edges = [
            _edges(*_there(column, w), max_bins, apart) for _, some in column_blocks(X) for column in some
        ]
        starts = np.concatenate([[0], np.cumsum([each.size for each in edges])]).astype(np.int64)
        return cls(np.concatenate(edges), starts)

    @property
    def width(self) -> int:
        """Bins of the column that has most, the one for missing values counted."""
        return int(np.diff(self.starts).max()) + 2

    def codes(self, X: Array | Gathered) -> Codes:
        """Return the bin of each value: (p, n), one column's codes next to each other."""
        codes = np.empty((X.shape[1], len(X)), dtype=np.uint8 if self.width <= 256 else np.uint16)
        for some, columns in column_blocks(X):
            _encode(columns, self.edges, self.starts[some.start : some.stop + 1], codes[some])
        return codes

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        starts, edges = state.whole("starts", (None,), low=0), state.floats("edges", (None,))
        widths = np.diff(starts)
        runs = (
            len(starts) > 1
            and starts[0] == 0
            and starts[-1] == len(edges)
            and 0 <= widths.min() <= widths.max() < MOST
        )
        state.expect(runs, "starts", "where runs of edges begin, one behind the other")
        state.expect(starts.dtype == np.int64, "starts", "int64")
        within = np.ones(max(len(edges) - 1, 0), dtype=bool)
        inner = starts[(starts > 0) & (starts < len(edges))]
        within[inner - 1] = False
        state.expect((np.diff(edges)[within] > 0).all(), "edges", "edges that rise within each column")


def most_bins(model: Any, asked: int | None, of_values: int) -> int:
    """Return how many bins a column has: a smooth target needs more than the order of events that a class asks for."""
    return (64 if is_classifier(model) else of_values) if asked is None else asked


def _there(column: Array, w: Array) -> tuple[Array, Array]:
    """Return the values (n,) that are not missing, in order, and how much each weighs."""
    there = ~np.isnan(column)
    if not there.all():
        column, w = column[there], w[there]
    if (w == w[:1]).all():
        return np.sort(column), w
    order = np.argsort(column, kind="stable")
    return column[order], w[order]


def _edges(values: Array, w: Array, max_bins: int, apart: int) -> Array:
    """Return the inner edges: every midpoint; or those nearest to equal weight, between so many values at either end
    that stand ``apart``. Copies and weights count alike.

    ``values`` (n,) are in order, and weigh ``w``.
    """
    last = np.flatnonzero(values[1:] != values[:-1])  # where each value ends, but for the greatest
    if not last.size:
        return np.empty(0)
    if last.size >= max_bins + 2 * apart:
        below = np.cumsum(w)[last]
        low, high = (below[apart - 1], below[-apart]) if apart else (0.0, w.sum())
        share = low + np.arange(1, max_bins) / max_bins * (high - low)
        between = np.searchsorted(below, share * (1 - 1e-12)).clip(max=last.size - 1)
        ends = np.arange(apart)
        last = last[np.unique(np.concatenate([ends, between, last.size - 1 - ends]))]
    pairs = np.stack([values[last], values[last + 1]], axis=1).ravel()
    return np.asarray(middles(pairs)[::2])


@compiled
def _encode(columns: Array, edges: Array, starts: NDArray[np.int64], codes: Codes) -> None:
    """Set ``codes`` (p, n) to one more than how many edges of its column lie below each value, 0 where that is missing.

    The edges of a column are filled up by infinities to one less than a power of two, so that each bit of a code is
    one comparison, and no branch has to be guessed.
    """
    p, n = columns.shape
    one = np.uint64(1)
    most = np.int64(0)
    for j in range(p):
        most = max(most, starts[j + 1] - starts[j])
    own = np.empty(2 * most + 2)
    for j in range(p):
        size, n_bits = starts[j + 1] - starts[j], np.uint64(0)
        while (one << n_bits) - one < np.uint64(size):
            n_bits += one
        for b in range(np.int64(one << n_bits)):
            own[b] = edges[starts[j] + b] if b < size else np.inf
        values, told = columns[j], codes[j]
        for i in range(np.uint64(n)):
            x, below = values[i], np.uint64(0)
            for k in range(n_bits):
                bit = n_bits - one - k
                below += np.uint64(own[below + (one << bit) - one] < x) << bit
            told[i] = below + np.uint64(x == x)
