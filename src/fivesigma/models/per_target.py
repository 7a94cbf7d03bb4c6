"""A regression of several targets by one fit each, for models that take one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.saved_state import SavedState
from fivesigma.models import laws
from fivesigma.models.fitting import fit_on, tags_of

Array = NDArray[np.float64]


class PerTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """One copy of a recipe for each target.

    Parameters
    ----------
    estimator : regressor or pipeline of scikit-learn's contract, not changed

    Attributes
    ----------
    estimators_ : the fitted copies, in the order of the targets
    single_ : whether the target was (n_samples,), and so are the predictions

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
        table, targets = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_all_finite="allow-nan"
        )
        self.single_ = targets.ndim == 1
        each = np.asarray(targets, dtype=np.float64).reshape(len(table), -1).T
        given = {"w": sample_weight, "groups": groups, "evaluation_weight": evaluation_weight}
        self.estimators_ = [fit_on(clone(self._inner()), table, target, **given) for target in each]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the values (n_samples, n_targets)."""
        check_is_fitted(self)
        table = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        found = np.column_stack([each.predict(table) for each in self.estimators_])
        return found[:, 0] if self.single_ else found

    def _inner(self) -> Any:
        return LinearRegression() if self.estimator is None else self.estimator

    def __sklearn_tags__(self) -> Any:
        tags = tags_of(self._inner(), super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        return tags

    def quantiles(self, X: Array, levels: Array) -> Array | None:
        """Return the predictive quantiles (n_samples, n_targets, m); None where a copy has no law."""
        found = [laws.quantiles(each, X, levels) for each in self.estimators_]
        known = [each for each in found if each is not None]
        return np.stack(known, axis=1) if len(known) == len(found) else None

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        copies = state.parts("estimators_", BaseEstimator)
        fitted = len(copies) > 0 and all(getattr(each, "n_features_in_", p) == p for each in copies)
        state.expect(fitted, "estimators_", f"fitted copies of {p} columns")
