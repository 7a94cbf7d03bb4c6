"""Missing values: the weighted median of the fitted rows, and a column that says where one was missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import SavedState
from fivesigma._core.transposed import transposed
from fivesigma.features.columns import chosen, input_names, matrix, weights


def weighted_median(x: NDArray[np.float64], w: NDArray[np.float64]) -> float:
    """Return the median of ``x`` in which an event of weight k counts as k copies; 0 where no weight is left.

    The smallest ``x`` whose cumulative weight reaches half of the total, averaged with the next one where it
    is exactly half: the ordinary median for equal weights.

    >>> weighted_median(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 2.0]))
    6.0
    """
    keep = np.isfinite(x) & (w > 0)
    if not keep.all():
        x, w = x[keep], w[keep]
    if not len(x):
        return 0.0
    if (w == w[0]).all():
        return float(np.median(x))
    order = np.argsort(x, kind="stable")
    values, cumulative = x[order], np.cumsum(w[order])
    half, slack = cumulative[-1] / 2, 1e-9 * cumulative[-1]
    low = int(np.searchsorted(cumulative, half - slack))
    high = int(np.searchsorted(cumulative, half + slack))
    return float(0.5 * (values[low] + values[min(high, len(values) - 1)]))


class MedianImputer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill NaN with the median of the fitted rows and append one 0/1 column per column that had any.

    Parameters
    ----------
    columns : sequence of int or None
        Columns to fill; the others pass as they are. ``None``: all of them.
    indicator : bool
        Append the 0/1 columns. A column complete at ``fit`` has none, so at ``transform`` its gaps are only
        filled.

    Attributes
    ----------
    medians_ : ndarray of shape (n_columns,), in the units of the columns; 0 for a column without a value
    indicated_ : ndarray of int, the columns that have an indicator

    Raises
    ------
    ValueError
        For infinite values or a shape other than (n_samples, n_features).

    Examples
    --------
    >>> X = np.array([[1.0, np.nan], [2.0, 4.0], [3.0, 6.0]])
    >>> MedianImputer().fit_transform(X)
    array([[1., 5., 1.],
           [2., 4., 0.],
           [3., 6., 0.]])
    """

    def __init__(self, columns: Sequence[int] | None = None, indicator: bool = True) -> None:
        self.columns = columns
        self.indicator = indicator

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the medians from ``X`` (n_samples, n_features); rows of weight 0 count for nothing."""
        table = matrix(self, X, fitting=True, nan=True)
        w = weights(sample_weight, table)
        self.columns_ = chosen(self.columns, table.shape[1])
        columns, incomplete = transposed(table), np.isnan(table.min(axis=0))
        self.medians_ = np.array([weighted_median(columns[j], w) for j in self.columns_])
        gaps = np.array(
            [incomplete[j] and (np.isnan(columns[j]) & (w > 0)).any() for j in self.columns_], dtype=bool
        )
        self.indicated_ = self.columns_[gaps & self.indicator]
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``X`` filled, with the indicator columns at the end."""
        check_is_fitted(self)
        table = matrix(self, X, nan=True)
        gaps = np.isnan(table[:, self.indicated_]).astype(np.float64)
        filled = table.copy()
        missing = np.isnan(table.min(axis=0))
        for j, median in zip(self.columns_, self.medians_, strict=True):
            if missing[j]:
                filled[np.isnan(table[:, j]), j] = median
        return np.hstack([filled, gaps]) if gaps.shape[1] else filled

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``a``, ``b``, ``a missing``."""
        check_is_fitted(self)
        names = input_names(self, input_features)
        return np.array([*names, *(f"{names[j]} missing" for j in self.indicated_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        columns = state.indices("columns_", (None,), p)
        state.floats("medians_", columns.shape)
        state.indices("indicated_", (None,), p)
