"""A regression of several targets by one fit each, for models that take one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import SavedState
from fivesigma.models import laws
from fivesigma.models.fitting import fit_on

Array = NDArray[np.float64]


class PerTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """One copy of a recipe for each target.

    Parameters
    ----------
    estimator : regressor or pipeline of scikit-learn's contract, not changed

    Attributes
    ----------
    estimators_ : the fitted copies, in the order of the targets

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.arange(4.0)[:, None]
    >>> PerTarget(LinearRegression()).fit(X, np.column_stack([X, -2 * X])).predict([[5.0]]).round(9)
    array([[  5., -10.]])
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: Any = None,
        groups: Any = None,
        evaluation_weight: Any = None,
    ) -> Self:
        """Fit a copy to each column of ``y`` (n_samples, n_targets), all to the same rows of ``X``."""
        table, each = np.asarray(X), np.asarray(y, dtype=np.float64).T
        self.n_features_in_ = table.shape[1]
        given = {"w": sample_weight, "groups": groups, "evaluation_weight": evaluation_weight}
        self.estimators_ = [fit_on(clone(self.estimator), table, target, **given) for target in each]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the values (n_samples, n_targets)."""
        check_is_fitted(self)
        return np.column_stack([each.predict(X) for each in self.estimators_])

    def quantiles(self, X: Array, levels: Array) -> Array | None:
        """Return the predictive quantiles (n_samples, n_targets, m); None where a copy has no law."""
        found = [laws.quantiles(each, X, levels) for each in self.estimators_]
        known = [each for each in found if each is not None]
        return np.stack(known, axis=1) if len(known) == len(found) else None

    def __sklearn_tags__(self) -> Any:
        """Return the tags of what is copied, of several targets."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        copies = state.parts("estimators_", BaseEstimator)
        fitted = len(copies) > 0 and all(getattr(each, "n_features_in_", p) == p for each in copies)
        state.expect(fitted, "estimators_", f"fitted copies of {p} columns")
