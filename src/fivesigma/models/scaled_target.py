"""A regressor whose settings have the units of the target, made free of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fivesigma.models.fitting import fit_on


class ScaledTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fit ``estimator`` to the z-score of the target and give its predictions back in the target's units.

    Parameters
    ----------
    estimator : a regressor; ``None`` means `LinearRegression`

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
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        w = _check_sample_weight(sample_weight, X, dtype=np.float64)
        self.mean_ = float(np.average(y, weights=w))
        self.scale_ = float(np.sqrt(np.average((y - self.mean_) ** 2, weights=w))) or 1.0
        inner = clone(self.estimator) if self.estimator is not None else LinearRegression()
        passed = None if sample_weight is None else w
        self.estimator_ = fit_on(inner, X, (y - self.mean_) / self.scale_, w=passed)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the prediction (n_samples,) in units of the target."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.mean_ + self.scale_ * self.estimator_.predict(X))
