"""Columns of one scale: standard scores that know no unit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.columns import input_names, matrix, weights
from fivesigma.features.scale import Scale, refuse_other_scale


class StandardScores(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Take from each column its mean and divide by its standard deviation, events weighted; NaN stays NaN.

    scikit-learn's `StandardScaler` squares the columns as they are, which float64 cannot hold beyond 10^±154, and
    keeps a mean that an offset has rounded. Here ``a x + b`` has the scores of ``x`` (`Scale`). A column whose
    fitted values are all equal becomes 0 everywhere: it has no scale on which another value could lie.

    Attributes
    ----------
    mean_, scale_ : (n_features,), in the units of the columns; ``scale_`` is 1 for a constant one

    Raises
    ------
    ValueError
        For infinite values or a shape other than (n_samples, n_features).

    Examples
    --------
    >>> StandardScores().fit_transform([[1e-200], [3e-200]]).ravel()
    array([-1.,  1.])
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn means and deviations from ``X`` (n_samples, n_features) and weights (n_samples,)."""
        table = matrix(self, X, fitting=True, nan=True)
        w = None if sample_weight is None else weights(sample_weight, table)
        if w is not None and not (w > 0).all():
            table, w = table[w > 0], w[w > 0]
        self._scale = Scale.of(table, w)
        self.mean_, self.scale_ = self._scale.centre, self._scale.units
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the standard scores (n_samples, n_features)."""
        check_is_fitted(self)
        return self._scale.scores(matrix(self, X, nan=True))

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the columns whose scores ``X`` (n_samples, n_features) holds."""
        check_is_fitted(self)
        return self._scale.values(np.asarray(X, dtype=np.float64))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns, as they came."""
        check_is_fitted(self)
        return np.array(input_names(self, input_features), dtype=object)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.floats("mean_", (p,))
        state.floats("scale_", (p,), low=TINY)
        refuse_other_scale(state, p)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
