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

Array = NDArray[np.float64]


class SplitConformal(RegressorMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Intervals that hold a new event with at least the stated probability, on average over events.

    The model is fitted to ``n_folds - 1`` parts of the rows; on the part left out (copies of a row on one side) the
    scores ``|y - f(x)| / s(x)`` are ranked, and an interval at level 1 - α reaches the
    ``⌈(n + 1)(1 - α)⌉``-th smallest (Lei et al. 2018, doi:10.1080/01621459.2017.1307116). s is the predicted
    standard deviation of a model with ``predict_dist``, else 1. Exact for events exchangeable with the held-out
    ones: marginal, not within a bin of x.

    Parameters
    ----------
    estimator : unfitted regressor, ``None`` for least squares on standard scores
    n_folds : one part in ``n_folds`` is held out
    random_state : int, deals the parts

    Attributes
    ----------
    estimator_ : fitted to the rows not held out
    scores_ : (n_held,) sorted, and ``weights_`` beside them

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

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        table, target = labelled(self, X, y, nan=self._takes_gaps(), numeric=True)
        w, table, target = present(weights(sample_weight, table), table, target)
        fold = inner_folds(table, target, n_folds=self.n_folds, classification=False, seed=self.random_state)
        fit, held = fold != 0, fold == 0
        given = None if sample_weight is None else w[fit]
        self.estimator_ = fit_on(self._inner(), table[fit], target[fit], w=given)
        centre, scale = self._centre(table[held])
        scores = np.abs(target[held] - centre) / scale
        order = np.argsort(scores, kind="stable")
        self.scores_, self.weights_ = scores[order], w[held][order]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the centres ``(n,)`` of the intervals."""
        table = self._checked(X)
        return self._centre(table)[0]

    def predict_interval(self, X: ArrayLike, level: float) -> tuple[Array, Array]:
        """Return the ends ``(n,)`` of the intervals at ``level``.

        `InputError` where the held-out events are too few for it: below ``level/(1 - level)``.
        """
        table = self._checked(X)
        centre, scale = self._centre(table)
        reach = self._reach(level) * scale
        return centre - reach, centre + reach

    def _reach(self, level: float) -> float:
        """Return the weighted ⌈(n + 1) level⌉-th score; a new event has the mean weight."""
        if not 0 < level < 1:
            raise InputError(f"level is {level!r}; expected a probability between 0 and 1.")
        total = self.weights_.sum()
        n = total**2 / (self.weights_ @ self.weights_)
        wanted = level * (n + 1) / n
        if wanted > 1 + 1e-12:
            raise InputError(
                f"{n:.0f} held-out events cannot support level {level:g}; expected at least "
                f"{np.ceil(level / (1 - level)):.0f}: give more rows, or a lower level."
            )
        at = np.searchsorted(np.cumsum(self.weights_) / total, wanted - 1e-12)
        return float(self.scores_[min(at, self.scores_.size - 1)])

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
