"""Metrics of class probabilities: proportions, proper scores, ranking and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.metric import CLASSIFICATION, Floats, Moments, Ordered, ratio


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
    tasks = CLASSIFICATION
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
    tasks = CLASSIFICATION
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
    tasks = CLASSIFICATION
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
    tasks = CLASSIFICATION
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
    """One class against the rest in order of its score, with the weights of each side; ties share a group."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp] | None  # first event of each group of equal scores; None where no two are equal
    positive: Floats
    negative: Floats

    @classmethod
    def of(cls, score: Floats, member: NDArray[np.bool_], w: Floats) -> Ranking:
        """Sort by ``score``; ``member`` (n,) says which events are of the class."""
        order = np.argsort(score, kind="stable")
        starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
        sides = (np.where(side, w, 0.0)[order] for side in (member, ~member))
        return cls(order, starts if starts.size < score.size else None, *sides)

    def sums(self, counts: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the (b, groups) weight of either side in each group of equal scores."""
        sorted_counts = counts[:, self.order]
        positive, negative = sorted_counts * self.positive, sorted_counts * self.negative
        if self.starts is None:
            return positive, negative
        return tuple(np.add.reduceat(side, self.starts, axis=1) for side in (positive, negative))  # type: ignore[return-value]


@dataclass(frozen=True)
class RocAuc(Ordered):
    """Area under the ROC curve: the probability that a signal event outscores a background one, ties half.

    ``AUC = Σ_{i in S} w_i (W_B(s < s_i) + W_B(s = s_i) / 2) / (W_S W_B)``; with more than two classes the
    plain (macro) mean over the classes, each against the rest. Undefined if a class is absent. Hanley & McNeil (1982).

    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> RocAuc().value(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.75
    """

    name: str = "roc_auc"
    tasks = CLASSIFICATION
    greater_is_better = True
    lower, upper = 0.0, 1.0

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> list[Ranking]:
        """One ranking a class; one alone (the signal's) for two classes."""
        n_classes = probabilities(y, prediction).shape[1]
        scored = [1] if n_classes == 2 else range(n_classes)
        return [Ranking.of(prediction[:, k], y == k, w) for k in scored]

    def scored(self, plan: list[Ranking], counts: NDArray[Any]) -> Floats:
        """Mean of the areas."""
        return np.asarray(np.mean([self._area(ranking, counts) for ranking in plan], axis=0))

    @staticmethod
    def _area(ranking: Ranking, counts: NDArray[Any]) -> Floats:
        signal, background = ranking.sums(counts)
        below = np.cumsum(background, axis=1)
        W_B = below[:, -1].copy()
        if ranking.starts is not None:  # without ties no group holds both sides
            below -= background / 2
        pairs = np.einsum("ij,ij->i", signal, below)
        return np.asarray(ratio(pairs, signal.sum(axis=1) * W_B))
