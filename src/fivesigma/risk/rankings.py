"""All one-against-rest rankings of many classes at once: two matrix products in place of a sort for each.

With ``p_ik`` the score of event i for class k and ``N_ij = [p_j,y_i < p_i,y_i] + ½ [p_j,y_i = p_i,y_i]`` for events
j of other classes (0 else), the area of class k is ``A_k = Σ_{i in k} w_i (N w)_i / (S_k B_k)``, S_k the weight of the
class and B_k that of the rest: what `fivesigma.risk.classification.Ranking` finds class by class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.metric import Floats

MANY = 10
"""Classes beyond which all are ranked at once."""
EVENTS_A_CLASS = 50
"""Events a class up to which n² products are cheaper than a sorted pass over all n for each class."""
MOST_EVENTS = 6000
"""Events whose n² order fits in memory: 288 MB."""


def worthwhile(n: int, n_classes: int) -> bool:
    """Whether ``n`` events of ``n_classes`` are better ranked at once than class by class.

    >>> worthwhile(600, 100), worthwhile(600, 3), worthwhile(60_000, 100)
    (True, False, False)
    """
    return n_classes > MANY and n <= min(EVENTS_A_CLASS * n_classes, MOST_EVENTS)


@dataclass(frozen=True, eq=False)
class Rankings:
    """The order of all events in the score of each one's own class.

    Attributes
    ----------
    below : (n, n) the ``N_ij`` above
    member : (n, K) one where an event is of a class
    w : (n,) weights
    """

    below: Floats
    member: Floats
    w: Floats

    @classmethod
    def of(cls, prediction: Floats, y: NDArray[np.integer], w: Floats) -> Rankings:
        """Compare scores ``prediction`` (n, K) of events with codes ``y`` (n,) and weights ``w`` (n,)."""
        others = prediction.T[y]
        own = prediction[np.arange(len(y)), y][:, None]
        below = 0.5 * ((others < own).astype(np.float64) + (others <= own))
        below[y[:, None] == y] = 0.0
        return cls(below, (y[:, None] == np.arange(prediction.shape[1])).astype(np.float64), w)

    def areas(self, counts: NDArray[np.integer]) -> Floats:
        """Return the (b, K) area of each class at multiplicities ``counts`` (b, n); NaN where one is absent."""
        weighted = counts * self.w
        pairs = (weighted * (weighted @ self.below.T)) @ self.member
        signal, background = self._totals(weighted)
        return np.asarray(of_pairs(pairs, signal, background))

    def _totals(self, weighted: Floats) -> tuple[Floats, Floats]:
        signal = weighted @ self.member
        return signal, weighted.sum(axis=1, keepdims=True) - signal

    def influences(self, counts: NDArray[np.integer]) -> Floats:
        """Return the (b, n) influence of each event on the mean area, at the measure of each resample.

        ``K U_j = w_j [(below_j / B - A) / S + Σ_i c_i w_i N_ij / (S_i B_i) - Σ_{k ≠ y_j} A_k / B_k]``, with S, B and
        A of the event's own class: as a member of it, and among the rest of each of the others.
        """
        weighted = counts * self.w
        below = weighted @ self.below.T
        signal, background = self._totals(weighted)
        areas = (weighted * below) @ self.member / (signal * background)
        own_s, own_b, own_a = (each @ self.member.T for each in (signal, background, areas))
        above = (weighted / (own_s * own_b)) @ self.below
        elsewhere = (areas / background).sum(axis=1, keepdims=True) - own_a / own_b
        return np.asarray(
            self.w * ((below / own_b - own_a) / own_s + above - elsewhere) / self.member.shape[1]
        )


def of_pairs(pairs: Any, signal: Any, background: Any) -> Any:
    """Return ``pairs / (W_S W_B)``, NaN where the weight of either side is not above zero."""
    return np.where((signal > 0) & (background > 0), pairs / (signal * background), np.nan)


def mean_area(prediction: Floats, y: NDArray[np.integer], w: Floats) -> float:
    """Return the mean area of all classes, from one sort of the whole table; NaN where a class is absent.

    >>> p = np.array([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.6, 0.2, 0.2]])
    >>> mean_area(p, np.array([0, 1, 2]), np.ones(3))
    1.0
    """
    columns = np.ascontiguousarray(prediction.T)
    order = np.argsort(columns, axis=1)  # in which order equal scores stand is all the same
    areas = [_area(*each, w, y == k) for k, each in enumerate(zip(columns, order, strict=True))]
    return float(np.mean(areas))


def _area(score: Floats, order: NDArray[np.intp], w: Floats, member: NDArray[np.bool_]) -> float:
    """Return the area of one class against the rest: few members are placed among many others."""
    others = order[~member[order]]
    upto = np.concatenate([[0.0], np.cumsum(w[others])])
    ranked, own, weight = score[others], score[member], w[member]
    low, high = (np.searchsorted(ranked, own, side) for side in ("left", "right"))
    return float(of_pairs(weight @ (upto[low] + upto[high]) / 2, weight.sum(), upto[-1]))
