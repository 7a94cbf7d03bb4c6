"""Columns as trees see them: the rank of each value among the distinct ones of the fit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.compiled import njit
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import input_names, matrix, weights

Floats = NDArray[np.float64]
Codes = NDArray[np.float32]

MOST = 2**24
"""Distinct values of a column that float32 tells apart."""
_MIDDLE = 0.5 + 2.0**-20  # of a gap: rounding must not decide where the very middle goes


class RankCodes(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace each value by its place 0, 1, 2, … among the distinct values of the fitted rows; NaN stays NaN.

    A tree asks of a column only on which side of a cut a value lies, and its cuts lie midway between values that it
    has seen. So codes give it all that the column has, in no unit: scikit-learn's trees read float32, which holds
    neither 1e40 nor the seconds of a day behind 1.2e9. A value between two of the fit gets the code of the one on
    its side of their middle, the middle itself that of the lower one; the middle is meant to 2⁻²⁰ of the gap, so
    that ``a x + b`` has the codes of ``x`` for any unit a > 0 and offset b. Copies of a row change nothing.

    Attributes
    ----------
    edges_ : (total,) middles between neighbouring values of all columns, in their units, one column behind the other
    starts_ : (n_features + 1,) where each column's begin

    Raises
    ------
    ValueError
        For infinite values or a shape other than (n_samples, n_features).

    Examples
    --------
    >>> codes = RankCodes().fit([[1e44], [3e44], [9e44]])
    >>> codes.transform([[0.0], [2e44], [5.9e44], [6.1e44], [np.inf - np.inf]]).ravel()
    array([ 0.,  0.,  1.,  2., nan], dtype=float32)
    >>> round(codes.cut(0, 0.5) / 1e44, 5)
    2.0
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the distinct values of ``X`` (n_samples, n_features); rows of weight 0 count for nothing."""
        self._learn(X, sample_weight)
        return self

    def fit_transform(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Codes:
        """Learn the distinct values and return the codes (n_samples, n_features)."""
        table, codes = self._learn(X, sample_weight)
        return self._coded(table) if codes is None else codes

    def transform(self, X: ArrayLike) -> Codes:
        """Return the codes (n_samples, n_features) as float32."""
        check_is_fitted(self)
        return self._coded(matrix(self, X, nan=True))

    def cut(self, column: int, code: float) -> float:
        """Return the value, in the unit of ``column``, at which a cut at ``code`` of it divides."""
        check_is_fitted(self)
        edges = self.edges_[self.starts_[column] : self.starts_[column + 1]]
        if not edges.size:
            return float("nan")
        return float(edges[int(np.clip(np.floor(code), 0, edges.size - 1))])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns, as they came."""
        check_is_fitted(self)
        return np.array(input_names(self, input_features), dtype=object)

    def _learn(self, X: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Floats, Codes | None]:
        """Return the checked table, and its codes where all its rows were learnt from."""
        table = matrix(self, X, fitting=True, nan=True)
        w = None if sample_weight is None else weights(sample_weight, table)
        whole = w is None or bool((w > 0).all())
        columns = np.ascontiguousarray((table if whole or w is None else table[w > 0]).T)
        codes = np.full(columns.shape, np.nan, dtype=np.float32)
        edges, self.starts_ = _ranked(columns, np.argsort(columns, axis=1), codes)
        if np.diff(self.starts_).max() < MOST:
            self.edges_ = edges
            return table, np.ascontiguousarray(codes.T) if whole else None
        runs = [edges[a:b] for a, b in pairwise(self.starts_)]
        kept = [run[:: -(-(run.size + 1) // MOST)] for run in runs]
        self.starts_ = np.concatenate([[0], np.cumsum([run.size for run in kept])]).astype(np.int64)
        self.edges_ = np.concatenate(kept)
        return table, None

    def _coded(self, table: Floats) -> Codes:
        codes = np.empty(table.shape[::-1], dtype=np.float32)
        _encode(np.ascontiguousarray(table.T), self.edges_, self.starts_, codes)
        return np.ascontiguousarray(codes.T)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, edges = state.count("n_features_in_"), state.floats("edges_", (None,))
        starts = state.whole("starts_", (p + 1,), low=0, high=len(edges))
        runs = starts[0] == 0 and starts[-1] == len(edges) and (np.diff(starts) >= 0).all()
        state.expect(runs, "starts_", "where runs of edges begin, one behind the other")
        state.expect(starts.dtype == np.int64, "starts_", "int64")
        state.expect(np.diff(starts).max() < MOST, "starts_", f"fewer than {MOST} edges a column")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


@njit(cache=True)  # type: ignore[untyped-decorator]
def _middle(low: float, high: float) -> float:
    """Return a cut between two values, 2⁻²⁰ of the gap above the middle and rounded down.

    So what lies in the middle is below it in every unit; it is never as high as the upper value.
    """
    reach = (high - low) * _MIDDLE
    if np.isinf(reach):
        reach = high * _MIDDLE - low * _MIDDLE
    cut = low + reach
    if cut - low > reach:
        cut = np.nextafter(cut, -np.inf)
    return float(max(low, min(cut, np.nextafter(high, -np.inf))))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _ranked(columns: Floats, order: NDArray[np.int64], codes: Codes) -> tuple[Floats, NDArray[np.int64]]:
    """Set ``codes`` (p, n) to the place of each value among those of its column; return all cuts, and their starts."""
    p, n = columns.shape
    edges, starts = np.empty(p * n), np.zeros(p + 1, dtype=np.int64)
    filled = 0
    for j in range(p):
        rank, before = 0, 0.0
        for k in range(n):
            i = order[j, k]
            x = columns[j, i]
            if np.isnan(x):  # they come last
                break
            if k and x != before:
                edges[filled] = _middle(before, x)
                filled, rank = filled + 1, rank + 1
            codes[j, i] = rank
            before = x
        starts[j + 1] = filled
    return edges[:filled].copy(), starts


@njit(cache=True)  # type: ignore[untyped-decorator]
def middles(values: Floats) -> Floats:
    """Return the cut of `_middle` between each two neighbours of rising ``values`` (n,): (n - 1,)."""
    cuts = np.empty(len(values) - 1)
    for k in range(len(cuts)):
        cuts[k] = _middle(values[k], values[k + 1])
    return cuts


@njit(cache=True)  # type: ignore[untyped-decorator]
def _encode(columns: Floats, edges: Floats, starts: NDArray[np.int64], codes: Codes) -> None:
    """Set ``codes`` (p, n) to how many edges of its column lie below each value; halving takes no branch."""
    p, n = columns.shape
    for j in range(p):
        first, count = starts[j], starts[j + 1] - starts[j]
        for i in range(n):
            x = columns[j, i]
            low, left = first, count
            while left > 1:
                half = left >> 1
                low += half * (edges[low + half - 1] < x)
                left -= half
            if left == 1:
                low += edges[low] < x
            codes[j, i] = low - first if x == x else np.nan


def refuse_other_ranks(state: SavedState, p: int) -> None:
    """Refuse loaded ``_ranks`` that are not those of ``p`` columns; a model of version 0.1.0 has none."""
    if state.has("_ranks"):
        ranks = state.part("_ranks", RankCodes)
        state.expect(np.shape(ranks.starts_) == (p + 1,), "_ranks", f"the ranks of {p} columns")
