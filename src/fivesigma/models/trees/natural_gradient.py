"""Natural gradient boosting: a predictive distribution for each event, recalibrated on events not fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.saved_state import MOST, SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.folds import inner_folds
from fivesigma.models.trees.binning import Bins, Codes
from fivesigma.models.trees.distributions import NAMED, Array, Distribution
from fivesigma.models.trees.histogram import add_trees, grow
from fivesigma.models.trees.predictive import PredictiveLaw
from fivesigma.models.trees.recalibration import Recalibration

_LONGEST = (
    1.0  # step of log s in one round before the learning rate: Fisher's step overshoots far from the optimum
)


@dataclass(frozen=True, eq=False)
class _Trees:
    """What boosting leaves behind: where it began (2,), and the splits and steps of T rounds of two trees."""

    start: Array
    feature: Any
    cut: Codes
    value: Array

    def parameters(self, codes: Codes, n_rounds: int | None = None) -> Array:
        """Return μ and log s (n, 2) of binned rows ``codes`` (p, n)."""
        theta = np.tile(self.start, (codes.shape[1], 1))
        rounds = slice(n_rounds)
        add_trees(
            np.ascontiguousarray(codes.T), self.feature[rounds], self.cut[rounds], self.value[rounds], theta
        )
        return theta

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


class NaturalGradientBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Boosted trees for the two parameters of a predictive law, stepping along the natural gradient.

    Each round grows one tree for μ and one for log s on 64-bin columns; a leaf steps by ``-Σ w ∂nll/∂θ / Σ w I(θ)``,
    the natural gradient of the parameters of the tree itself: Duan et al. (2020), arXiv:1910.03225, with Fisher's
    information summed in the leaf instead of inverted event by event.

    With ``calibrate`` the same boosting runs on folds (copies of a row on one side); the rounds are those with the
    lowest held-out negative log-likelihood, and the law is mapped so that held-out events have a uniform probability
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
    calibrate : bool
    n_folds : int
        Folds of the calibration.
    random_state : int or RandomState
        Deals the folds; nothing else is random.

    Attributes
    ----------
    n_iter_ : rounds kept
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

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        distribution: Any = "normal",
        n_estimators: int = 200,
        learning_rate: float = 0.05,
        max_depth: int = 3,
        min_weight_leaf: float = 5.0,
        shrinkage: float = 1.0,
        max_bins: int = 64,
        calibrate: bool = True,
        n_folds: int = 5,
        random_state: Any = 0,
    ) -> None:
        self.distribution = distribution
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_weight_leaf = min_weight_leaf
        self.shrinkage = shrinkage
        self.max_bins = max_bins
        self.calibrate = calibrate
        self.n_folds = n_folds
        self.random_state = random_state

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
        self._bins = Bins.of(table, w, self.max_bins)
        codes, t = self._bins.codes(table), self.law_.inner(target)
        self._target = TargetScale.of(t, w)
        t = self._target.rounded(t)
        self.n_iter_, self.recalibration_ = int(self.n_estimators), Recalibration.identity()
        tell = _Told(progress, self.n_estimators * (1 + self.n_folds * self.calibrate))
        if self.calibrate:
            self._calibrate(codes, table, t, w, g, tell)
        self._trees = self._boost(codes, t, w, self.n_iter_, tell)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean ``(n,)`` of the predictive law."""
        return self.predict_dist(X).mean

    def predict_dist(self, X: ArrayLike) -> PredictiveLaw:
        """Return the predictive laws of the rows of X ``(n, p)``."""
        check_is_fitted(self)
        theta = self._trees.parameters(self._bins.codes(matrix(self, X, nan=True)))
        if self._target is not None:
            mu, log_scale = self._target.values(theta[:, 0]), theta[:, 1] + np.log(self._target.deviation)
            theta = np.column_stack([mu, log_scale])
        return PredictiveLaw(self.law_, theta, self.recalibration_)

    def _calibrate(self, codes: Codes, table: Floats, t: Array, w: Array, groups: Any, tell: _Told) -> None:
        """Choose the rounds and the map on held-out folds."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        fold = inner_folds(table, t, n_folds=self.n_folds, groups=groups, classification=False, seed=seed)
        losses, fits, n_rounds = np.zeros(self.n_iter_), [], self.n_iter_
        for k in range(int(fold.max()) + 1):
            rows, out = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            held = _HeldOut(self.law_, np.ascontiguousarray(codes[:, out].T), t[out], w[out], losses)
            part = np.ascontiguousarray(codes[:, rows])
            fits.append((out, self._boost(part, t[rows], w[rows], n_rounds, tell, held)))
            if (
                k == 0
            ):  # the other folds' best round lies near this one's: far beyond it there is nothing to learn
                n_rounds = min(n_rounds, int(1.5 * (np.argmin(losses) + 1)) + 20)
        self.n_iter_ = int(np.argmin(losses[:n_rounds])) + 1
        z = np.empty_like(t)
        for out, trees in fits:
            theta = trees.parameters(codes[:, out], self.n_iter_)
            z[out] = (t[out] - theta[:, 0]) / np.exp(theta[:, 1])
        self.recalibration_ = Recalibration.of(z, self.law_, w, groups)

    def _boost(
        self, codes: Codes, t: Array, w: Array, n_rounds: int, tell: _Told, held: _HeldOut | None = None
    ) -> _Trees:
        """Return ``n_rounds`` of two trees on binned rows ``codes`` (p, n)."""
        start = _start(t, w)
        theta, inner = np.tile(start, (t.size, 1)), 2**self.max_depth - 1
        trees = _Trees(
            start,
            np.zeros((n_rounds, 2, inner), dtype=np.int32),
            np.zeros((n_rounds, 2, inner), dtype=np.uint8),
            np.zeros((n_rounds, 2, inner + 1)),
        )
        if held is not None:
            held.begin(start)
        sums, leaf, width = np.zeros((2, t.size, 4)), np.zeros(t.size, dtype=np.int64), self._bins.width
        for m in range(n_rounds):
            self._slopes(theta, t, w, sums)
            for q in (0, 1):
                feature, cut, value = trees.feature[m, q], trees.cut[m, q], trees.value[m, q]
                grow(codes, sums[q], width, self.min_weight_leaf, self.shrinkage, feature, cut, value, leaf)
                if q == 1:
                    np.clip(value, -_LONGEST, _LONGEST, out=value)
                value *= self.learning_rate
                theta[:, q] += value[leaf]
            if held is not None:
                held.see(trees, m)
            tell()
        return trees

    def _slopes(self, theta: Array, t: Array, w: Array, sums: Array) -> None:
        """Fill (2, n, 4): slope, Fisher's information and weight of each event, for μ and log s."""
        per_scale = np.exp(-theta[:, 1])
        of_mu, of_scale = self.law_.slope((t - theta[:, 0]) * per_scale)
        information = self.law_.information
        sums[0, :, 0] = w * of_mu * per_scale
        sums[0, :, 1] = w * information[0] * per_scale**2
        sums[1, :, 0] = w * of_scale
        sums[1, :, 1] = w * information[1]
        sums[:, :, 2] = w

    def _checked_settings(self) -> Distribution:
        for name, low, high in (
            ("n_estimators", 1, 10**6),
            ("max_depth", 1, 8),
            ("max_bins", 2, 254),
            ("n_folds", 2, 10**4),
            ("learning_rate", 1e-6, 1),
            ("min_weight_leaf", 0, np.inf),
            ("shrinkage", 0, np.inf),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}.")
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
        bins, trees = state.part("_bins", Bins), state.part("_trees", _Trees)
        state.expect(len(bins.starts) == p + 1, "_bins", f"bins of {p} columns")
        state.expect(trees.feature.max(initial=0) < p, "_trees", f"splits on columns below {p}")


class _Told:
    """Counts rounds, and tells who asked."""

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


@dataclass(eq=False)
class _HeldOut:
    """Held-out rows that follow the boosting of a fold and add their negative log-likelihood to each round."""

    law: Distribution
    rows: Codes
    t: Array
    w: Array
    losses: Array

    def begin(self, start: Array) -> None:
        """Stand where boosting stands before its first round."""
        self.theta = np.tile(start, (self.t.size, 1))

    def see(self, trees: _Trees, m: int) -> None:
        """Take round ``m``."""
        one = slice(m, m + 1)
        add_trees(self.rows, trees.feature[one], trees.cut[one], trees.value[one], self.theta)
        z = (self.t - self.theta[:, 0]) * np.exp(-self.theta[:, 1])
        self.losses[m] += self.w @ (self.theta[:, 1] - self.law.log_density(z))


def _start(t: Array, w: Array) -> Array:
    """Return weighted mean and log standard deviation of t: (2,)."""
    mean = np.average(t, weights=w)
    return np.array([mean, 0.5 * np.log(max(np.average((t - mean) ** 2, weights=w), 1e-300))])


def _refuse_constant(y: Array) -> None:
    if y.size < 2:
        raise InputError("1 sample has no spread; expected at least two rows with different targets.")
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise InputError(
            f"y is constant ({y[0]:g} in all {y.size} rows); expected at least two different values: is it the "
            "right column?"
        )
