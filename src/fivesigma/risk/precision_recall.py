"""Average precision: the area under the curve of precision against recall, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.risk.classification import probabilities
from fivesigma.risk.counted import rising
from fivesigma.risk.metric import Floats, Planned, Unit, ratio

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Retrieval:
    """One class against the rest from the highest score down, at each of the g distinct scores of its members.

    Attributes
    ----------
    rows : (n,) the events in that order, and ``w`` (n,) their weights in it
    members : (m,) the places of the class's events; ``starts`` (g,) the first of each score among them
    ends : (g,) the last place of each score
    first : (n,) the first of these scores that is equal to an event's, or lower; g where none is
    """

    rows: Index
    w: Floats
    members: Index
    starts: Index
    ends: Index
    first: Index

    @classmethod
    def of(cls, score: Floats, member: NDArray[np.bool_], w: Floats) -> Retrieval:
        """Sort by ``score``; ``member`` (n,) says which events are of the class."""
        rows = rising(-score)
        fallen = -score[rows]
        members = np.flatnonzero(member[rows])
        distinct, starts = np.unique(fallen[members], return_index=True)
        ends = np.searchsorted(fallen, distinct, "right") - 1
        return cls(rows, w[rows], members, starts, ends, np.searchsorted(distinct, fallen, "left"))

    def average_precision(self, counts: NDArray[Any]) -> Floats:
        """Return the (b,) means over the class of the precision at each member's score."""
        from fivesigma.risk import sorted_kernels

        member, ends = np.zeros((2, len(self.rows)), dtype=np.bool_)
        member[self.members] = True
        ends[self.ends] = True
        return np.asarray(sorted_kernels.precisions(counts, self.rows, self.w, member, ends))

    def _passed(self, counts: NDArray[Any]) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Return the class's weight at each score, that and all weight down to there; and whether both are there."""
        weighted = np.take(counts, self.rows, axis=1) * self.w
        if not len(self.members):
            none = np.ones((len(counts), 0))
            return none, none, none, np.zeros(len(counts), dtype=np.bool_)
        own = np.take(weighted, self.members, axis=1)
        several = np.count_nonzero(weighted, axis=1) > np.count_nonzero(own, axis=1)
        if len(self.starts) < len(self.members):
            own = np.add.reduceat(own, self.starts, axis=1)
        from_last = np.concatenate([[0], self.ends[:-1] + 1])
        passed = np.cumsum(np.add.reduceat(weighted[:, : self.ends[-1] + 1], from_last, axis=1), axis=1)
        return own, np.cumsum(own, axis=1), passed + (passed == 0), several

    def _mean(self, own: Floats, precision: Floats, several: NDArray[np.bool_]) -> Floats:
        mean = ratio(np.einsum("ij,ij->i", own, precision), own.sum(axis=1))
        return np.where(several, mean, np.nan)

    def influences(self, counts: NDArray[Any]) -> Floats:
        """Return ``U`` (b, n) in the order of `rows`, at the measure of each resample.

        ``U_k = w_k (d_k - D_k) / W_S``, where ``D_k = Σ_{i in S, s_i <= s_k} c_i w_i T_i / N_i²`` is what all weight at
        k's score and above does to the precisions ``T_i / N_i`` below it; and ``d_k = T_k / N_k - AP + Σ_{i in S,
        s_i <= s_k} c_i w_i / N_i`` for signal, 0 for background.
        """
        own, taken, passed, several = self._passed(counts)
        precision, share = taken / passed, own / passed
        gained = precision - self._mean(own, precision, several)[:, None] + _from(share)[:, :-1]
        found = -np.take(_from(share * precision), self.first, axis=1)
        found[:, self.members] += np.take(gained, self.first[self.members], axis=1)
        return np.asarray(found * self.w / own.sum(axis=1, keepdims=True))


def _from(values: Floats) -> Floats:
    """Return the sums of ``values`` (b, g) from each column on, and 0: (b, g + 1)."""
    upto = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values[:, ::-1], axis=1, out=upto[:, 1:])
    return upto[:, ::-1]


@dataclass(frozen=True)
class AveragePrecision(Planned):
    """The precision at each signal event's score, averaged over the signal: ``Σ_{i in S} w_i T_i / N_i / W_S``.

    T and N are the weights of signal and of all events at that score and above: ``Σ_n (R_n - R_{n-1}) P_n`` of recall R
    and precision P over the distinct scores, without interpolation. With more than two classes the plain (macro) mean
    over the classes, each against the rest. Undefined if a class is absent. Unlike the AUC it goes with the share of
    signal. Boyd, Eng & Page (2013), ECML PKDD, 451.

    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> AveragePrecision().value(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.8333333333333333
    """

    name: str = "average_precision"
    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True
    averaged = True
    lower, upper = 0.0, 1.0
    unsigned = "a precision divides by sums of weights that may vanish"

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> list[Retrieval]:
        """One order a class; one alone (the signal's) for two classes."""
        n_classes = probabilities(y, prediction).shape[1]
        wanted = [1] if n_classes == 2 else range(n_classes)
        return [Retrieval.of(prediction[:, k], y == k, w) for k in wanted]

    def scored(self, plan: list[Retrieval], counts: NDArray[Any]) -> Floats:
        """Mean over the classes."""
        return np.asarray(np.mean([each.average_precision(counts) for each in plan], axis=0))
