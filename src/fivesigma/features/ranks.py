"""Columns as trees see them: the rank of each value among the distinct ones of the fit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

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
        return self._coded(self._learn(X, sample_weight))

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

    def _learn(self, X: ArrayLike, sample_weight: ArrayLike | None) -> Floats:
        table = matrix(self, X, fitting=True, nan=True)
        w = None if sample_weight is None else weights(sample_weight, table)
        kept = table if w is None or (w > 0).all() else table[w > 0]
        edges = [_edges(column) for column in kept.T]
        self.starts_ = np.concatenate([[0], np.cumsum([each.size for each in edges])]).astype(np.int64)
        self.edges_ = np.concatenate(edges)
        return table

    def _coded(self, table: Floats) -> Codes:
        codes = np.empty(table.shape, dtype=np.float32)
        _encode(table, self.edges_, self.starts_, codes)
        return codes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        starts, edges = (
            state.whole("starts_", (state.count("n_features_in_") + 1,), low=0),
            state.floats("edges_", (None,)),
        )
        runs = (
            starts[0] == 0
            and starts[-1] == len(edges)
            and (np.diff(starts) >= 0).all()
            and starts.dtype == np.int64
        )
        state.expect(runs, "starts_", "where the runs of edges begin, one behind the other")


def _edges(column: Floats) -> Floats:
    """Return the middles between the distinct values of ``column``, at most `MOST` - 1 of them."""
    values = np.sort(column)
    values = values[: len(values) - int(np.isnan(values).sum())]
    values = values[np.flatnonzero(np.diff(values, prepend=np.nan) != 0)]
    return middles(values)[:: -(-max(values.size, 1) // MOST)]


def middles(values: Floats) -> Floats:
    """Return a cut between each two neighbours of rising ``values`` (n,): (n - 1,), each below its upper neighbour.

    The cut lies 2⁻²⁰ of the gap above the middle and is rounded down, so that what lies in the middle is below it in
    every unit.

    >>> middles(np.array([0.0, 1.0, 3.0])).round(5).tolist()
    [0.5, 2.0]
    """
    low, high = values[:-1], values[1:]
    with np.errstate(over="ignore"):
        gap = high - low
    reach = np.where(np.isfinite(gap), gap * _MIDDLE, high * _MIDDLE - low * _MIDDLE)
    cut = low + reach
    cut = np.where(cut - low > reach, np.nextafter(cut, -np.inf), cut)
    return np.asarray(np.clip(cut, low, np.nextafter(high, -np.inf)))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _encode(table: Floats, edges: Floats, starts: NDArray[np.int64], codes: Codes) -> None:
    """Set ``codes`` (n, p) to how many edges of its column lie below each value."""
    n, p = table.shape
    for i in range(n):
        for j in range(p):
            x = table[i, j]
            if np.isnan(x):
                codes[i, j] = np.nan
                continue
            low, count = starts[j], starts[j + 1] - starts[j]
            while count > 0:
                half = count // 2
                if edges[low + half] < x:
                    low, count = low + half + 1, count - half - 1
                else:
                    count = half
            codes[i, j] = low - starts[j]
