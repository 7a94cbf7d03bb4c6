"""Metrics of which class is taken for which: of the weights that are right, predicted as each class, and of it.

With ``h_k`` the weight of class k that is predicted as k, ``p_k`` what is predicted as k and ``t_k`` what is of it,
these are functions of 3 K sums; the predicted class is the most probable one, the first of equals.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.risk.classification import probabilities
from fivesigma.risk.metric import Floats, Moments, Unit, ratio


class OfConfusion(Moments):
    """A function of the sums ``h_k``, ``p_k`` and ``t_k``, with its slopes in closed form."""

    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns, K each: right in class k, predicted as k, of class k."""
        classes = np.arange(probabilities(y, prediction).shape[1])
        said, member = prediction.argmax(axis=1)[:, None] == classes, y[:, None] == classes
        return np.hstack([said & member, said, member]).astype(np.float64)

    @abstractmethod
    def slopes(self, sums: Floats) -> Floats:
        """Return the derivatives (..., 3 K) of the score with respect to the sums (..., 3 K)."""


@dataclass(frozen=True)
class F1(OfConfusion):
    """``2 h / (p + t)`` of the signal: the harmonic mean of precision h / p and recall h / t.

    With more than two classes the plain (macro) mean over the classes. A class that is neither there nor predicted
    leaves it undefined. van Rijsbergen (1979), Information Retrieval, ch. 7.

    >>> F1().value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    0.6666666666666666
    """

    name: str = "f1"
    label = "F1"
    lower, upper = 0.0, 1.0

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Mean of 2 h / (p + t) over the classes that count."""
        right, said, member = _of_counted(sums)
        return np.asarray(ratio(2 * right, said + member).mean(axis=-1))

    def slopes(self, sums: Floats) -> Floats:
        """``∂/∂h = 2 / (p + t)``, ``∂/∂p = ∂/∂t = -2 h / (p + t)²``, over the number of classes that count."""
        right, said, member = _of_counted(sums)
        by_right = np.asarray(ratio(2.0, said + member))
        by_others = -by_right * ratio(right, said + member)
        found = np.stack([by_right, by_others, by_others], axis=-2) / right.shape[-1]
        if found.shape[-1] == 1:
            found = np.concatenate([np.zeros_like(found), found], axis=-1)
        return np.asarray(found.reshape(sums.shape))


def _of_counted(sums: Floats) -> list[Floats]:
    """Return h, p and t (..., m) of the classes that count: the last of two, else all."""
    kept = slice(1, None) if sums.shape[-1] == 6 else slice(None)
    return [each[..., kept] for each in np.split(sums, 3, axis=-1)]


@dataclass(frozen=True)
class Matthews(OfConfusion):
    """Matthews correlation of predicted and true class, ``N / sqrt(A B)``, 0 where one class alone is predicted.

    ``N = S Σ h - Σ p t``, ``A = S² - Σ p²``, ``B = S² - Σ t²`` with S the sum of all weights. Undefined where all are
    of one class, or a weight p_k or t_k is negative. Matthews (1975), Biochim. Biophys. Acta 405, 442; for several
    classes Gorodkin (2004), Comput. Biol. Chem. 28, 367.

    >>> round(Matthews().value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])), 12)
    0.5
    """

    name: str = "matthews"
    label = "Matthews correlation"
    lower, upper = -1.0, 1.0

    def combine(self, sums: Floats, scale: float) -> Floats:
        """``N / sqrt(A B)``, of shares of S."""
        h, p, t = _shares(sums)
        N, A, B = _correlated(h, p, t)  # the formula's letters
        defined = (B > 0) & (np.minimum(p, t) >= 0).all(axis=-1)
        return np.where(defined, np.where(A > 0, N / np.sqrt(np.where(A > 0, A * B, 1.0)), 0.0), np.nan)

    def slopes(self, sums: Floats) -> Floats:
        """``N' / sqrt(A B) - N (A' / A + B' / B) / (2 sqrt(A B))``, with S' = 1 by each t; 0 where A is 0."""
        h, p, t = _shares(sums)
        N, A, B = (each[..., None] for each in _correlated(h, p, t))
        root, none = np.sqrt(A * B), np.zeros_like(p)
        by_N = np.stack([none + 1.0, -t, h.sum(axis=-1, keepdims=True) - p], axis=-2)
        by_A, by_B = (
            np.stack([none, -2 * p, none + 2.0], axis=-2),
            np.stack([none, none, 2.0 - 2 * t], axis=-2),
        )
        N, A, B, root = (each[..., None, :] for each in (N, A, B, root))
        found = (by_N - N / 2 * (by_A / A + by_B / B)) / root
        found = np.where(A > 0, found, 0.0) / sums[..., 2 * t.shape[-1] :].sum(axis=-1)[..., None, None]
        return np.asarray(found.reshape(sums.shape))


def _shares(sums: Floats) -> list[Floats]:
    """Return h, p and t as shares of all weight."""
    right, said, member = np.split(sums, 3, axis=-1)
    total = member.sum(axis=-1, keepdims=True)
    return [np.asarray(ratio(each, total)) for each in (right, said, member)]


def _correlated(h: Floats, p: Floats, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Return N, A and B of shares; A and B are 0 where one class has all, whatever the rounding."""
    several = ((each > 0).sum(axis=-1) > 1 for each in (p, t))
    A, B = (
        np.where(two, 1.0 - (each**2).sum(axis=-1), 0.0) for two, each in zip(several, (p, t), strict=True)
    )
    return h.sum(axis=-1) - (p * t).sum(axis=-1), A, B
