"""A regressor whose settings have the units of the target, made free of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.columns import labelled, matrix, weights
from fivesigma.features.scale import TargetScale
from fivesigma.features.standard import StandardScores
from fivesigma.models.fitting import fit_on


class ScaledTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fit ``estimator`` to the z-score of the target and give its predictions back in the target's units.

    Parameters
    ----------
    estimator : a regressor; ``None`` means a `straight_line`

    Attributes
    ----------
    estimator_ : the fitted clone; mean_, scale_ : float, in units of the target

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([10.0, 20.0, 30.0])
    >>> ScaledTarget().fit(X, y).predict([[3.0]])
    array([40.])
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to ``X`` (n_samples, n_features), ``y`` (n_samples,) and weights (n_samples,)."""
        table, target = labelled(self, X, y, numeric=True)
        w = weights(sample_weight, table)
        self._target = TargetScale.of(target, w)
        self.mean_, self.scale_ = self._target.mean, self._target.deviation or 1.0
        inner = clone(self.estimator) if self.estimator is not None else straight_line()
        passed = None if sample_weight is None else w
        self.estimator_ = fit_on(inner, table, self._target.scores(target), w=passed)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the prediction (n_samples,) in units of the target."""
        check_is_fitted(self)
        return self._target.values(self.estimator_.predict(matrix(self, X)))

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.number("mean_")
        state.number("scale_", low=TINY)
        state.part("_target", TargetScale)
        state.fitted("estimator_", state.count("n_features_in_"))


def straight_line() -> Pipeline:
    """Return unfitted least squares on standard scores: as they stand, columns of small numbers would be left out."""
    return Pipeline([("standardise", StandardScores()), ("model", LinearRegression())])
