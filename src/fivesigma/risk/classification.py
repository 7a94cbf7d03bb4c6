"""Metrics of class probabilities: proportions, proper scores, ranking and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.risk.counted import rising
from fivesigma.risk.metric import Floats, Moments, Planned, Unit, ratio
from fivesigma.risk.rankings import MANY, Rankings, mean_area, of_pairs, worthwhile


def probabilities(y: NDArray[Any], prediction: Floats) -> Floats:
    """Return the (n, K) ``prediction``; `InputError` where it is no matrix or ``y`` holds other codes."""
    if prediction.ndim != 2 or prediction.shape[1] < 2:
        raise InputError(f"a prediction has shape {prediction.shape}; expected probabilities (n, classes).")
    if y.min() < 0 or y.max() >= prediction.shape[1]:
        raise InputError(
            f"y holds class codes from {y.min()} to {y.max()}; expected 0 to {prediction.shape[1] - 1}, "
            "one for each column of the prediction."
        )
    return prediction


@dataclass(frozen=True)
class Accuracy(Moments):
    """``Σ w [argmax p = y] / Σ w``.

    >>> Accuracy().value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    0.6666666666666666
    """

    name: str = "accuracy"
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True
    lower, upper = 0.0, 1.0
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: hit, 1."""
        hit = probabilities(y, prediction).argmax(axis=1) == y
        return np.column_stack([hit, np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Σ w hit / Σ w."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


@dataclass(frozen=True)
class BalancedAccuracy(Moments):
    """Mean over the classes of the fraction of each that is predicted as itself; undefined if one is absent.

    >>> BalancedAccuracy().value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    0.75
    """

    name: str = "balanced_accuracy"
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True
    lower, upper = 0.0, 1.0

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: hits of each class, members of each class."""
        member = y[:, None] == np.arange(probabilities(y, prediction).shape[1])
        hit = prediction.argmax(axis=1) == y
        return np.hstack([member & hit[:, None], member]).astype(np.float64)

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Mean of hits / members."""
        hits, members = np.split(sums, 2, axis=-1)
        return np.asarray(ratio(hits, members).mean(axis=-1))


@dataclass(frozen=True)
class LogLoss(Moments):
    """``-Σ w log p_y / Σ w``, p clipped at float64's machine epsilon (2.2e-16) as scikit-learn does.

    >>> round(LogLoss().value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 12)
    0.69314718056
    """

    name: str = "log_loss"
    pure = "nat"
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = False
    lower, upper = 0.0, None
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: -log p_y, 1."""
        epsilon = np.finfo(np.float64).eps
        p = probabilities(y, prediction)[np.arange(y.size), y]
        return np.column_stack([-np.log(np.clip(p, epsilon, 1 - epsilon)), np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Σ w l / Σ w."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


@dataclass(frozen=True)
class Brier(Moments):
    """Mean squared error of the probabilities.

    Two classes: ``Σ w (p_1 - y)² / Σ w``. More: the sum over the classes, ``Σ w Σ_k (p_k - [y = k])² / Σ w``,
    from 0 to 2 (Brier 1950, eq. 2).

    >>> Brier().value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    0.25
    """

    name: str = "brier"
    label = "Brier score"
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = False
    lower, upper = 0.0, 2.0
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: squared error, 1."""
        p = probabilities(y, prediction)
        if p.shape[1] == 2:
            square = (p[:, 1] - y) ** 2
        else:
            square = ((p - (y[:, None] == np.arange(p.shape[1]))) ** 2).sum(axis=1)
        return np.column_stack([square, np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Σ w l / Σ w."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


@dataclass(frozen=True)
class Ranking:
    """One class against the rest in order of its score, background before signal where scores are equal."""

    order: NDArray[np.intp]
    signal: Floats  # weights in that order, 0 for the other side
    background: Floats
    ends: NDArray[np.bool_]  # whether an event is the last of its score
    tied: bool  # whether events of both sides have a score in common

    @classmethod
    def of(cls, score: Floats, member: NDArray[np.bool_], w: Floats) -> Ranking:
        """Sort by ``score``; ``member`` (n,) says which events are of the class."""
        order = rising(score, member)
        ends = _last_of_each(score[order])
        once = np.flatnonzero(ends)
        members = np.diff(np.cumsum(member[order])[once], prepend=0)
        tied = (members > 0) & (members < np.diff(once, prepend=-1))
        signal, background = (np.where(side, w, 0.0)[order] for side in (member, ~member))
        return cls(order, signal, background, ends, bool(tied.any()))

    def area(self, counts: NDArray[Any]) -> Floats:
        """Return the (b,) areas: all pairs in order, less half of those that tie."""
        from fivesigma.risk import sorted_kernels

        found = sorted_kernels.areas(counts, self.order, self.signal, self.background, self.ends, self.tied)
        return np.asarray(of_pairs(*found.T))


def _last_of_each(ordered: Floats) -> NDArray[np.bool_]:
    """Return of sorted values whether each is the last of those equal to it."""
    return np.append(ordered[1:] != ordered[:-1], np.True_)


@dataclass(frozen=True)
class RocAuc(Planned):
    """Area under the ROC curve: the probability that a signal event outscores a background one, ties half.

    ``AUC = Σ_{i in S} w_i (W_B(s < s_i) + W_B(s = s_i) / 2) / (W_S W_B)``; with more than two classes the
    plain (macro) mean over the classes, each against the rest. Undefined if a class is absent, or its weights do not
    sum to more than zero; with negative weights it is this bilinear form, unbiased and not confined to [0, 1].
    Hanley & McNeil (1982).

    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> RocAuc().value(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.75
    """

    name: str = "roc_auc"
    label = "ROC AUC"
    averaged = True
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True
    lower, upper = 0.0, 1.0

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> list[Ranking] | Rankings:
        """One ranking a class; one alone (the signal's) for two classes; of many classes all at once."""
        n_classes = probabilities(y, prediction).shape[1]
        if worthwhile(y.size, n_classes):
            return Rankings.of(prediction, y, w)
        scored = [1] if n_classes == 2 else range(n_classes)
        return [Ranking.of(prediction[:, k], y == k, w) for k in scored]

    def scored(self, plan: list[Ranking] | Rankings, counts: NDArray[Any]) -> Floats:
        """Mean of the areas."""
        if isinstance(plan, Rankings):
            return np.asarray(plan.areas(counts).mean(axis=1))
        return np.asarray(np.mean([ranking.area(counts) for ranking in plan], axis=0))

    def value(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None = None,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> float:
        """See `Metric.value`; of many classes the whole table is sorted once."""
        truth, predicted, weight = self.weighed(y, prediction, w)
        if probabilities(truth, predicted).shape[1] <= MANY:
            return super().value(truth, predicted, weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.within(mean_area(predicted, truth, weight), weight))

    def with_resamples(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> tuple[float, Floats]:
        """See `Metric.with_resamples`; of many classes the value has a way of its own."""
        if np.ndim(prediction) == 2 and np.shape(prediction)[1] > MANY:
            return self.value(y, prediction, w), super().with_resamples(y, prediction, w, counts)[1]
        return super().with_resamples(y, prediction, w, counts)


@dataclass(frozen=True)
class CalibrationPlan:
    """Events in order of their stated probability: sorted w and w (p - outcome), and which end a tie."""

    order: NDArray[np.intp]
    w: Floats
    excess: Floats
    ends: NDArray[np.bool_]


@dataclass(frozen=True)
class CalibrationError(Planned):
    """Expected calibration error in ``bins`` bins of equal Σ|w|: ``Σ_bins |Σ w (p - outcome)| / Σ w``.

    With two classes p is the signal's probability; with more it is the highest one, and the outcome is a hit
    (Guo et al. 2017, eq. 3). Events of equal p stay together, in the bin of the middle of their cumulative
    weight. The plain estimator is biased upwards at finite size, so that no interval may be quoted
    (``interval = False``).

    >>> p = np.full(4, 0.75)
    >>> CalibrationError().value(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.25
    """

    name: str = "ece"
    label = "expected calibration error"
    bins: int = 10
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = False
    lower, upper = 0.0, 1.0
    interval = False

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> CalibrationPlan:
        """Sort by the stated probability."""
        binary = probabilities(y, prediction).shape[1] == 2
        p = prediction[:, 1] if binary else prediction.max(axis=1)
        outcome = y == 1 if binary else prediction.argmax(axis=1) == y
        order = rising(p)
        return CalibrationPlan(order, w[order], (w * (p - outcome))[order], _last_of_each(p[order]))

    def scored(self, plan: CalibrationPlan, counts: NDArray[Any]) -> Floats:
        """Differences of the cumulative excess between the edges of the bins."""
        from fivesigma.risk import sorted_kernels

        found = sorted_kernels.gaps(counts, plan.order, plan.w, plan.excess, plan.ends, self.bins)
        return np.asarray(ratio(*found.T))
