"""Scores of a clustering: agreement of its labels with a truth that no fit has seen, and held-out density.

A prediction of a label metric is (n,) integers, any numbers; -1 (noise) counts as one more cluster. What is scored is
the partition: labels are aligned first, or never looked at.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.later import special
from fivesigma._core.outputs import Output
from fivesigma.risk.metric import Floats, Metric, Moments, Planned, Unit, ratio


class Agreement(Planned):
    """A label metric: a function of the weighted contingency tables (..., classes, clusters)."""

    scores = Output.LABEL
    unit = Unit.NONE
    greater_is_better = True

    @abstractmethod
    def of_tables(self, tables: Floats) -> Floats:
        """Return the (B,) scores of the contingency tables (B, K, C)."""

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> Any:
        """Return the weight of each event in the cell (class, cluster) it is in, the cells, and the table's shape."""
        classes, rows = np.unique(y, return_inverse=True)
        clusters, columns = np.unique(prediction, return_inverse=True)
        cells, cell = np.unique(rows * clusters.size + columns, return_inverse=True)
        member = np.zeros((y.size, cells.size))
        member[np.arange(y.size), cell] = w
        return member, cells, (classes.size, clusters.size)

    def scored(self, plan: Any, counts: NDArray[Any]) -> Floats:
        """See `Planned.scored`."""
        member, cells, shape = plan
        tables = np.zeros((len(counts), shape[0] * shape[1]))
        tables[:, cells] = counts.astype(np.float64) @ member
        return self.of_tables(tables.reshape(-1, *shape))


@dataclass(frozen=True)
class Overlap(Agreement):
    """``(accuracy − 1/K)/(1 − 1/K)`` after the best assignment of clusters to the K classes, one to one.

    One is perfect, zero is what equal classes give to one cluster; clusters beyond the K-th are all wrong.
    """

    name: str = "overlap"
    label = "overlap with the truth"
    lower, upper = None, 1.0

    @property
    def reach(self) -> float:
        """Two: with K classes it lies between ``-1/(K - 1)``, for many clusters, and one."""
        return 2.0

    def of_tables(self, tables: Floats) -> Floats:
        """See `Agreement.of_tables`."""
        K = tables.shape[1]
        total = tables.sum(axis=(1, 2))
        if K == 1:
            return np.where(total > 0, 1.0, np.nan)
        from scipy.optimize import linear_sum_assignment

        best = np.empty(len(tables))
        for i, table in enumerate(tables):
            at = linear_sum_assignment(table, maximize=True)
            best[i] = table[at].sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((ratio(best, total) - 1.0 / K) / (1.0 - 1.0 / K))


@dataclass(frozen=True)
class AdjustedRand(Agreement):
    """Pairs on which two partitions agree: zero for chance, one for equality. Hubert & Arabie (1985), eq. 5.

    With weights the pairs of a cell are ``n(n − 1)/2`` of its weighted count.
    """

    name: str = "adjusted_rand"
    label = "adjusted Rand index"
    lower, upper = None, 1.0
    unsigned = "a negative number of events has no pairs"

    def of_tables(self, tables: Floats) -> Floats:
        """See `Agreement.of_tables`."""
        both = _pairs(tables).sum(axis=(1, 2))
        rows, columns = _pairs(tables.sum(axis=2)).sum(axis=1), _pairs(tables.sum(axis=1)).sum(axis=1)
        everything = _pairs(tables.sum(axis=(1, 2)))
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.where(everything > 0, rows * (columns / everything), 0.0)
            most = (rows + columns) / 2.0
            return np.where(most != expected, (both - expected) / (most - expected), 1.0)


@dataclass(frozen=True)
class MutualInformation(Agreement):
    """``Σ p_ab ln(p_ab / p_a p_b)`` in nats: what the clusters tell of the classes. Biased upwards at finite size."""

    name: str = "mutual_information"
    pure = "nat"
    lower = 0.0
    unsigned = "a negative share has no logarithm"
    interval = False

    def of_tables(self, tables: Floats) -> Floats:
        """See `Agreement.of_tables`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            joint = tables / tables.sum(axis=(1, 2), keepdims=True)
        parts = special.xlogy(joint, joint).sum(axis=(1, 2))
        sides = (joint.sum(axis=1), joint.sum(axis=2))
        return np.asarray(parts - sum(special.xlogy(side, side).sum(axis=1) for side in sides))


@dataclass(frozen=True)
class LogLikelihood(Moments):
    """The mean log density of events that the fit has not seen, in nats an event, in the inverse units of the columns.

    The prediction is the log density (n,); no truth enters.
    """

    name: str = "log_likelihood"
    label = "log-likelihood an event"
    scores = Output.DENSITY
    needs_truth = False
    unit = Unit.LOG_COLUMNS
    greater_is_better = True
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """See `Moments.terms`."""
        return np.column_stack([prediction, np.ones(len(prediction))])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """See `Moments.combine`."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


def _pairs(counts: Floats) -> Floats:
    return np.asarray(counts * (counts - 1.0) / 2.0)


CLUSTERING_METRICS: tuple[Metric, ...] = (Overlap(), AdjustedRand(), MutualInformation(), LogLikelihood())
