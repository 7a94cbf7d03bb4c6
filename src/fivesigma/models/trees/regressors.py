"""scikit-learn's regression trees, grown on a target without a unit and speaking in its units.

As they stand, they split no node whose variance is below 2.2e-16, lose the digits of a target that lies far from
zero in ``E[y²] - E[y]²``, and hold slopes as float32 (boosting). Grown on where the target lies in its own range
(boosting: on its standard score) they know no unit; once grown, what their leaves say is written in the unit of the
target, so that a fitted tree reads as one of scikit-learn's does, and predicts by its code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import ensemble, tree

from fivesigma.features.scale import TargetScale

Array = NDArray[np.float64]


_OF_COUNTS = ("poisson", "gamma")  # losses of a target whose zero has a meaning
_IN_UNITS = ("min_impurity_decrease", "ccp_alpha")  # settings in the unit of the target squared


def scaled(model: Any, y: ArrayLike, sample_weight: Any) -> tuple[TargetScale | None, Any]:
    """Return the scale of the target (n,) of a regression ``model``, and its places (`TargetScale.places`).

    Left as it is (None, y) is a target that scikit-learn is about to refuse, one whose zero has a meaning to the
    loss, and one in whose unit the user has given a setting.
    """
    target, criterion = np.asarray(y), getattr(model, "criterion", getattr(model, "loss", None))
    if criterion in _OF_COUNTS or any(getattr(model, name, 0.0) for name in _IN_UNITS):
        return None, y
    if target.ndim != 1 or not target.size or target.dtype.kind not in "buif":
        return None, y
    target = target.astype(np.float64)
    w = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    fine = w is None or (w.shape == target.shape and (w >= 0).all() and (w > 0).any())
    if not fine or not np.isfinite(target).all():
        return None, y
    scale = TargetScale.of(target, w)
    return scale, scale.places(target)


def rewrite(trees: Any, values: Callable[[Array], Array]) -> None:
    """Put ``values`` of what the nodes of ``trees`` say in its place."""
    for each in trees:
        each.tree_.value[:] = values(each.tree_.value)


class DecisionTreeRegressor(tree.DecisionTreeRegressor):  # type: ignore[misc]
    """scikit-learn's, on the target's places in its range; impurities are in units of a power of two about its square.

    Examples
    --------
    >>> X, y = np.arange(4.0)[:, None], 1e-30 * np.array([1.0, 1.0, 3.0, 3.0])
    >>> DecisionTreeRegressor(random_state=0).fit(X, y).predict(X)
    array([1.e-30, 1.e-30, 3.e-30, 3.e-30])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **given: Any) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        scale, scores = scaled(self, y, sample_weight)
        super().fit(X, scores, sample_weight=sample_weight, **given)
        if scale is not None:
            rewrite([self], scale.at)
        return self


class _TreesOnPlaces(ensemble._forest.ForestRegressor):  # type: ignore[misc]
    """Averages of trees, each grown on the target's places in its range."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        scale, scores = scaled(self, y, sample_weight)
        super().fit(X, scores, sample_weight=sample_weight)
        if scale is not None:
            rewrite(self.estimators_, scale.at)
        return self


class RandomForestRegressor(_TreesOnPlaces, ensemble.RandomForestRegressor):  # type: ignore[misc]
    """scikit-learn's, on the target's places in its range.

    Examples
    --------
    >>> X, y = np.arange(8.0)[:, None], 1e60 * (np.arange(8) > 3)
    >>> RandomForestRegressor(5, random_state=0).fit(X, y).predict(X[:1])
    array([0.])
    """


class ExtraTreesRegressor(_TreesOnPlaces, ensemble.ExtraTreesRegressor):  # type: ignore[misc]
    """scikit-learn's, on the target's places in its range.

    Examples
    --------
    >>> X, y = np.arange(8.0)[:, None], 1.2e9 + (np.arange(8) > 3)
    >>> ExtraTreesRegressor(5, random_state=0).fit(X, y).predict(X[:1]) - 1.2e9
    array([0.])
    """


class HistGradientBoostingRegressor(ensemble.HistGradientBoostingRegressor):  # type: ignore[misc]
    """scikit-learn's with squared error, on the standard score of the target.

    Examples
    --------
    >>> X, y = np.arange(60.0)[:, None], 1e50 * (np.arange(60) > 29)
    >>> bool(HistGradientBoostingRegressor().fit(X, y).predict(X[-1:])[0] > 0.99e50)
    True
    """

    _baseline_prediction: Any

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **given: Any) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        scale, _ = scaled(self, y, sample_weight)
        scores = y if scale is None else scale.rounded(np.asarray(y, dtype=np.float64))
        super().fit(X, scores, sample_weight=sample_weight, **given)
        if scale is not None:
            self._baseline_prediction: Any = scale.values(self._baseline_prediction)
            for predictor in (each for stage in self._predictors for each in stage):
                predictor.nodes["value"] *= scale.deviation
        return self
