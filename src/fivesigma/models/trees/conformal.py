"""Split-conformal intervals: marginal coverage at stated levels, whatever the model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import allows_nan, fit_on, tags_of
from fivesigma.models.folds import inner_folds
from fivesigma.models.scaled_target import straight_line
from fivesigma.risk.conformal import reach

Array = NDArray[np.float64]


class SplitConformal(RegressorMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Intervals that hold a new event with at least the stated probability, on average over events.

    The model is fitted to ``n_folds - 1`` parts of the rows; on the part left out (copies of a row on one side) the
    scores ``|y - f(x)| / s(x)`` are ranked, and an interval at level 1 - α reaches the
    ``⌈(n + 1)(1 - α)⌉``-th smallest (Lei et al. 2018, doi:10.1080/01621459.2017.1307116). s is the predicted
    standard deviation of a model with ``predict_dist``, else 1. Exact for events exchangeable with the held-out
    ones: marginal, not within a bin of x. With groups whole ones are held out, and it is the groups that are
    exchangeable: intervals are for events of a new group, an event of weight k is k events of its group (see
    `fivesigma.risk.conformal`).

    Parameters
    ----------
    estimator : unfitted regressor, ``None`` for least squares on standard scores
    n_folds : one part in ``n_folds`` is held out
    random_state : int, deals the parts

    Attributes
    ----------
    estimator_ : fitted to the rows not held out
    scores_ : (n_held,) of the rows held out, ``weights_`` and ``groups_`` (None without) beside them

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 1)); y = X[:, 0] + rng.normal(size=500)
    >>> low, high = SplitConformal().fit(X, y).predict_interval(X, 0.68)
    >>> bool(0.6 < np.mean((low <= y) & (y <= high)) < 0.76)
    True
    """

    def __init__(self, estimator: Any = None, n_folds: int = 5, random_state: int = 0) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)``, event weights and groups ``(n,)``."""
        table, target = labelled(self, X, y, nan=self._takes_gaps(), numeric=True)
        g = None if groups is None else np.asarray(groups)
        w, table, target, g = present(weights(sample_weight, table), table, target, g)
        fold = inner_folds(
            table, target, n_folds=self.n_folds, groups=g, classification=False, seed=self.random_state
        )
        fit, held = fold != 0, fold == 0
        given = None if sample_weight is None else w[fit]
        inside = None if g is None else g[fit]
        self.estimator_ = fit_on(self._inner(), table[fit], target[fit], w=given, groups=inside)
        centre, scale = self._centre(table[held])
        self.scores_, self.weights_ = np.abs(target[held] - centre) / scale, w[held]
        self.groups_ = None if g is None else g[held]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the centres ``(n,)`` of the intervals."""
        table = self._checked(X)
        return self._centre(table)[0]

    def predict_interval(self, X: ArrayLike, level: float) -> tuple[Array, Array]:
        """Return the ends ``(n,)`` of the intervals at ``level``.

        `InputError` where the held-out events (or groups) are too few for it (`fivesigma.risk.conformal.refusal`).
        """
        if not 0 < level < 1:
            raise InputError(f"level is {level!r}; expected a probability between 0 and 1.")
        table = self._checked(X)
        centre, scale = self._centre(table)
        half = reach(self.scores_, self.weights_, level, groups=self.groups_) * scale
        return centre - half, centre + half

    def _centre(self, X: Array) -> tuple[Array, Array | float]:
        if callable(getattr(self.estimator_, "predict_dist", None)):
            law = self.estimator_.predict_dist(X)
            return law.mean, law.std
        return np.asarray(self.estimator_.predict(X), dtype=np.float64), 1.0

    def _checked(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return matrix(self, X, nan=self._takes_gaps())

    def _inner(self) -> Any:
        return straight_line() if self.estimator is None else clone(self.estimator)

    def _takes_gaps(self) -> bool:
        """Whether the inner model takes missing values; the straight line does not, whatever stands before it."""
        return self.estimator is not None and allows_nan(self.estimator)

    def __sklearn_tags__(self) -> Any:
        tags = tags_of(self._inner(), super().__sklearn_tags__())
        tags.input_tags.allow_nan = self._takes_gaps()
        return tags
