"""Natural gradient boosting: a predictive distribution for each event, recalibrated on events not fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.forest import Divided, Ensemble
from fivesigma._core.saved_state import MOST, SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.folds import inner_folds
from fivesigma.models.trees.binning import Bins, Codes
from fivesigma.models.trees.boosting_room import Growth
from fivesigma.models.trees.boosting_rounds import Plan
from fivesigma.models.trees.distributions import NAMED, Array, Distribution
from fivesigma.models.trees.natural_gradient_fit import Held, Likelihood, Rows, Told, residuals
from fivesigma.models.trees.nodes import Grown, check_rounds
from fivesigma.models.trees.predictive import PredictiveLaw
from fivesigma.models.trees.reading import ensemble
from fivesigma.models.trees.recalibration import Recalibration

_LEAST_CURVATURE = 1e-300  # a leaf has events


@dataclass(frozen=True, eq=False)
class _Trees:
    """What boosting of version 0.1.0 left behind: where it began (2,), and T rounds of two whole trees of a depth.

    Node k of a tree has children 2k + 1 and 2k + 2; a code up to the cut goes left, one of a missing value too.
    """

    start: Array
    feature: Any
    cut: Codes
    value: Array

    def grown(self, bins: Bins) -> Grown:
        """Return them as trees of nodes."""
        T, _, inner = self.feature.shape
        n = 2 * inner + 1
        feature, cut = np.full((2 * T, n), -1, np.int32), np.zeros((2 * T, n), np.uint16)
        feature[:, :inner] = self.feature.reshape(2 * T, inner)
        cut[:, :inner] = self.cut.reshape(2 * T, inner)
        value = np.concatenate([np.zeros((2 * T, inner)), self.value.reshape(2 * T, inner + 1)], axis=1)
        child, nothing = np.tile(2 * np.arange(n, dtype=np.int32) + 1, 2 * T), np.zeros(2 * T * n)
        return Grown(
            bins,
            feature.ravel(),
            np.zeros(2 * T * n, np.uint8),
            cut.ravel(),
            child,
            value.reshape(-1, 1),
            n * np.arange(2 * T + 1),
            np.tile([0, 1], T),
            nothing,
            nothing,
        )

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.floats("start", (2,))
        T, _, inner = state.indices("feature", (None, 2, None), MOST).shape
        state.expect(
            inner + 1 in (2, 4, 8, 16, 32, 64, 128, 256), "feature", "whole trees of a depth from 1 to 8"
        )
        state.expect(self.feature.dtype == np.int32, "feature", "int32")
        state.floats("value", (T, 2, inner + 1))
        state.expect(
            self.cut.dtype == np.uint8 and self.cut.shape == (T, 2, inner), "cut", "one bin a split, uint8"
        )


def _of_nodes(self: NaturalGradientBoosting) -> bool:
    return not isinstance(getattr(self, "_trees", None), _Trees)


class NaturalGradientBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Boosted trees for the two parameters of a predictive law, stepping along the natural gradient.

    Each round grows one tree for μ and one for log s on columns in bins, as `BoostingRegressor` does; where values are
    missing, a split sends them to the side that gains more. A leaf steps by the mean of its events' natural gradients,
    ``-∂nll/∂θ / I(θ)`` with Fisher's information I (Duan et al. 2020, arXiv:1910.03225). For μ they count by their
    precision 1/s², which makes it the natural gradient of the leaf's own parameter; or, more even, by 1/s: where there
    is hardly any noise, s is small where μ is right already, and the trees must not follow those events alone (Seitzer
    et al. 2022, arXiv:2203.09168).

    With ``calibrate`` the same boosting runs on folds (copies of a row on one side). Of both weights those are taken of
    which the first fold has the lower continuous ranked probability score; the rounds are those with the lowest
    held-out negative log-likelihood, and the law is mapped so that held-out events have a uniform probability
    integral transform (`Recalibration`): mean, std, quantiles and densities are all of the recalibrated law.

    Parameters
    ----------
    distribution : {"normal", "log-normal", "student-t"} or Distribution
        As an object where it has a setting: ``StudentT(degrees=4)``.
    n_estimators : int
        Rounds; with ``calibrate`` the most rounds.
    learning_rate : float
    max_depth : int, at most 8
    min_weight_leaf : float
        Smallest sum of weights in a leaf; an event of weight k is k events.
    shrinkage : float
        Events without a slope added to each leaf.
    max_bins : int, at most 254
        Of 240 and more, the 40 values at either end of a column have bins of their own besides.
    location_weights : {"precision", "even"}, None for what the folds say, or precision where there are none
    calibrate : bool
    n_folds : int
        Folds of the calibration.
    random_state : int or RandomState
        Deals the folds; nothing else is random.
    n_jobs : int
        On how many threads one tree is grown, where the table is large enough to gain by it: the bytes are the same.

    Attributes
    ----------
    n_iter_ : rounds kept
    location_weights_ : "precision" or "even"
    recalibration_ : the map
    law_ : the Distribution

    Raises
    ------
    InputError
        If weights are negative, y is constant or beyond the support, or a setting is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(400, 1))
    >>> y = X[:, 0] + 0.1 * rng.normal(size=400)
    >>> law = NaturalGradientBoosting(n_estimators=50).fit(X, y).predict_dist(X)
    >>> low, high = law.interval(0.68)
    >>> bool(0.6 < np.mean((low < y) & (y < high)) < 0.8)
    True
    """

    _target: TargetScale | None = None  # a model of version 0.1.0 speaks of the target itself
    n_jobs = 1  # nor does it say this
    location_weights: str | None = None  # nor one that was saved before there were two

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        distribution: Any = "normal",
        n_estimators: int = 200,
        learning_rate: float = 0.05,
        max_depth: int = 3,
        min_weight_leaf: float = 5.0,
        shrinkage: float = 1.0,
        max_bins: int = 254,
        location_weights: str | None = None,
        calibrate: bool = True,
        n_folds: int = 5,
        random_state: Any = 0,
        n_jobs: int = 1,
    ) -> None:
        self.distribution = distribution
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_weight_leaf = min_weight_leaf
        self.shrinkage = shrinkage
        self.max_bins = max_bins
        self.location_weights = location_weights
        self.calibrate = calibrate
        self.n_folds = n_folds
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Fit to X ``(n, p)`` (NaN allowed), y ``(n,)``, weights and groups ``(n,)``.

        ``progress(done, total)`` is called after each round of each fit.
        """
        self.law_ = self._checked_settings()
        table, target = labelled(self, X, y, nan=True, numeric=True)
        w = weights(sample_weight, table)
        w, table, target, g = present(w, table, target, None if groups is None else np.asarray(groups))
        _refuse_constant(target)
        self.law_.refuse(target)
        t = self.law_.inner(target)
        self._target = TargetScale.of(t, w)
        t = self._target.rounded(t)
        self.n_iter_, self.recalibration_ = int(self.n_estimators), Recalibration.identity()
        weighings = [self.location_weights == "even"] if self.location_weights else [False, True]
        n_fits = 1 + (self.n_folds + len(weighings) - 1) * self.calibrate
        bins, descent = Bins.of(table, w, self.max_bins, ends=True), Likelihood(self.law_, weighings[0])
        tell = Told(progress, self.n_estimators * n_fits)
        rows = Rows(bins, table, t, w, descent, self._plan(*table.shape), tell)
        if self.calibrate:
            rows = self._calibrate(rows, weighings, g)
        self.location_weights_ = "even" if rows.descent.even else "precision"
        self._start, trees = rows.boosted(slice(None), self.n_iter_)
        self._trees: Grown | _Trees = rows.grown(trees, self.n_iter_)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean ``(n,)`` of the predictive law."""
        return self.predict_dist(X).mean

    def predict_dist(self, X: ArrayLike) -> PredictiveLaw:
        """Return the predictive laws of the rows of X ``(n, p)``."""
        check_is_fitted(self)
        table, trees = matrix(self, X, nan=True), self._trees
        if isinstance(trees, _Trees):
            return self._law_of(trees.grown(self._bins).added(table, np.tile(trees.start, (len(table), 1))))
        return self._law_of(trees.added(table, np.tile(self._start, (len(table), 1))))

    @available_if(_of_nodes)  # type: ignore[untyped-decorator]
    def as_trees(self) -> Ensemble:
        """Return the trees for those that explain them: of the outputs μ is a sum over trees, the mean is not."""
        check_is_fitted(self)
        trees: Any = self._trees
        target: Any = self._target
        name = "location of the logarithm" if self.law_.logarithmic else "location"
        divided = Divided(0, target.mean, target.deviation, name)
        return ensemble(trees, self._mean, "gain", self._start, divided=divided)

    def _law_of(self, raw: Array) -> PredictiveLaw:
        """Return the laws of outputs (n, 2)."""
        if self._target is not None:
            mu, log_scale = self._target.values(raw[:, 0]), raw[:, 1] + np.log(self._target.deviation)
            raw = np.column_stack([mu, log_scale])
        return PredictiveLaw(self.law_, raw, self.recalibration_)

    def _mean(self, raw: Array) -> Array:
        """Return the means of outputs (n, 2), or of several (R, n, 2)."""
        return np.stack([self._mean(each) for each in raw]) if raw.ndim > 2 else self._law_of(raw).mean

    def _calibrate(self, rows: Rows, weighings: list[bool], groups: Any) -> Rows:
        """Choose the weights of the location, the rounds and the map on held-out folds; return rows so weighed."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        fold = inner_folds(
            rows.X, rows.t, n_folds=self.n_folds, groups=groups, classification=False, seed=seed
        )
        tried = (replace(rows, descent=Likelihood(self.law_, even)) for even in weighings)
        first = min((Held.of(each, fold, 0, self.n_iter_) for each in tried), key=Held.score)
        rows, n_rounds = first.rows, min(self.n_iter_, int(1.5 * first.best) + 20)
        # the other folds' best round lies near this one's: far beyond there is nothing to learn
        held = [first, *(Held.of(rows, fold, k, n_rounds) for k in range(1, int(fold.max()) + 1))]
        losses = np.sum([each.losses[:n_rounds] for each in held], axis=0)
        self.n_iter_ = int(np.argmin(losses)) + 1
        z = np.empty_like(rows.t)
        for each in held:
            z[each.out] = residuals(rows.t[each.out], each.outputs(self.n_iter_))
        self.recalibration_ = Recalibration.of(z, self.law_, rows.w, groups)
        return rows

    def _plan(self, n: int, p: int) -> Plan:
        growth = Growth(
            min(2**self.max_depth, n),
            int(self.max_depth),
            float(self.min_weight_leaf),
            _LEAST_CURVATURE,
            0.0,
            float(self.shrinkage),
            float(self.learning_rate),
            p,
            False,
        )
        return Plan(growth, int(self.n_estimators), np.zeros(p, np.int64), 0, int(self.n_jobs))

    def _checked_settings(self) -> Distribution:
        for name, low, high in (
            ("n_estimators", 1, 10**6),
            ("max_depth", 1, 8),
            ("max_bins", 2, 254),
            ("n_folds", 2, 10**4),
            ("n_jobs", 1, 2**31 - 1),
            ("learning_rate", 1e-6, 1),
            ("min_weight_leaf", 0, np.inf),
            ("shrinkage", 0, np.inf),
        ):
            value: Any = getattr(self, name)
            whole = name not in ("learning_rate", "min_weight_leaf", "shrinkage")
            is_one = isinstance(value, int | np.integer if whole else Real) and not isinstance(value, bool)
            if not is_one or not low <= value <= high:
                what = "whole number" if whole else "number"
                raise InputError(f"{name} is {value!r}; expected a {what} from {low:g} to {high:g}.")
        if self.location_weights is not None:
            one_of(self.location_weights, ("precision", "even"), "location_weights")
        if isinstance(self.distribution, Distribution):
            return self.distribution
        return NAMED[one_of(str(self.distribution), NAMED, "distribution")]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.part("law_", Distribution)
        state.part("recalibration_", Recalibration)
        if state.has("_target"):
            state.expect(state.part("_target", TargetScale).deviation > 0, "_target", "the scale of a target")
        if _of_nodes(self):
            state.floats("_start", (2,))
            state.part("_target", TargetScale)
            check_rounds(state, p, 2)
            return
        bins, trees = state.part("_bins", Bins), state.part("_trees", _Trees)
        state.expect(len(bins.starts) == p + 1, "_bins", f"bins of {p} columns")
        state.expect(trees.feature.max(initial=0) < p, "_trees", f"splits on columns below {p}")


def _refuse_constant(y: Array) -> None:
    if y.size < 2:
        raise InputError("1 sample has no spread; expected at least two rows with different targets.")
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise InputError(
            f"y is constant ({y[0]:g} in all {y.size} rows); expected at least two different values: is it the "
            "right column?"
        )
