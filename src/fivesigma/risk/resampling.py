"""The test events and their Poisson resamples: one set of counts for all models and all metrics.

A `Part` is what the models are scored on; a `Measurement` is one metric of one model on it: the value, the draws
over the resamples, and the values of the refits. Everything `fivesigma.risk.evidence` says is computed from
measurements, so each model is resampled once, however many pairs it enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Counts = NDArray[np.uint8]

LARGEST_COUNTS = 80_000_000
"""Bytes of the counts; beyond, fewer resamples are drawn (see `resamples_within_memory`)."""
FEWEST_RESAMPLES = 200
N_REFIT_DRAWS = 200
"""Resamples on which the refits are scored too, to see how far test events and refits interact."""


class Measure(Protocol):
    """What evidence asks of a metric; `fivesigma.risk.metrics.Metric` is one."""

    name: str
    greater_is_better: bool
    lower: float | None
    upper: float | None
    additive: bool

    def value(
        self,
        y: NDArray[Any],
        prediction: Vector,
        w: Vector | None = None,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> float:
        """Return the metric of ``prediction``."""
        ...

    def resampled(
        self,
        y: NDArray[Any],
        prediction: Vector,
        w: Vector | None,
        counts: Counts,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> Vector:
        """Return the metric on each resample, ``(B,)``."""
        ...


def resamples_within_memory(n: int, n_boot: int) -> int:
    """Return ``n_boot``, or what keeps ``B n`` below `LARGEST_COUNTS` (never fewer than 200, or ``n_boot``).

    >>> resamples_within_memory(2_000, 2_000), resamples_within_memory(200_000, 2_000)
    (2000, 400)
    """
    return min(n_boot, max(FEWEST_RESAMPLES, LARGEST_COUNTS // max(n, 1)))


def resampling_counts(
    n: int, n_boot: int, rng: np.random.Generator, *, groups: NDArray[Any] | None = None
) -> Counts:
    """Return how often each event enters each resample: ``C_bi ~ Poisson(1)``, one draw for a whole group.

    Parameters
    ----------
    n : number of events.
    n_boot : number of resamples asked for; `resamples_within_memory` may lower it.
    rng : the stream.
    groups : (n,) labels; all events of a group share their count.

    Returns
    -------
    counts : (B, n) uint8.

    References
    ----------
    Hanley & MacGibbon (2006), Comput. Methods Programs Biomed. 83, 57 (Poisson bootstrap).

    Examples
    --------
    >>> counts = resampling_counts(4, 3, np.random.default_rng(0), groups=np.array([0, 0, 7, 7]))
    >>> counts.shape, bool((counts[:, 0] == counts[:, 1]).all())
    ((3, 4), True)
    """
    n_boot = resamples_within_memory(n, n_boot)
    labels, codes = (None, None) if groups is None else np.unique(groups, return_inverse=True)
    n_units = n if labels is None else len(labels)
    counts = np.empty((n_boot, n_units), np.uint8)
    for row in counts:
        row[:] = rng.poisson(1.0, n_units)
    return counts if codes is None else counts[:, codes]


def kish(w: Vector) -> float:
    """Return ``N_eff = (Σw)² / Σw²``, 0 for no weight at all. Kish (1965), §11.7.

    >>> kish(np.array([1.0, 1.0, 0.0])), kish(np.array([]))
    (2.0, 0.0)
    """
    squares = float(np.sum(w**2))
    return float(np.sum(w)) ** 2 / squares if squares > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Part:
    """The events that models are scored on, and their resamples.

    Attributes
    ----------
    y : (n,) int64 class codes or float64 targets.
    w : (n,) evaluation weights or None.
    groups : (n,) group codes or None.
    counts : (B, n) resampling multiplicities.
    """

    y: NDArray[Any]
    w: Vector | None
    groups: NDArray[Any] | None
    counts: Counts

    @classmethod
    def draw(
        cls,
        y: NDArray[Any],
        rng: np.random.Generator,
        *,
        w: Vector | None = None,
        groups: NDArray[Any] | None = None,
        n_boot: int = 2000,
    ) -> Part:
        """Return the part with freshly drawn counts."""
        return cls(y, w, groups, resampling_counts(len(y), n_boot, rng, groups=groups))

    @property
    def classification(self) -> bool:
        """Whether ``y`` holds class codes."""
        return bool(np.issubdtype(self.y.dtype, np.integer))

    @property
    def weights(self) -> Vector:
        """The weights, ones where there are none."""
        return np.ones(len(self.y)) if self.w is None else np.asarray(self.w, float)

    @property
    def n_groups(self) -> int | None:
        """The number of groups that carry weight."""
        return None if self.groups is None else len(np.unique(self.groups[self.weights != 0]))

    @property
    def n_effective(self) -> float:
        """Kish's number of events."""
        return kish(self.weights)

    @property
    def n_effective_per_class(self) -> tuple[float, ...]:
        """Kish's number of events of each class present; of all events in a regression."""
        if not self.classification:
            return (self.n_effective,)
        return tuple(kish(self.weights[self.y == code]) for code in np.unique(self.y))


@dataclass(frozen=True, eq=False)
class Measurement:
    """One metric of one model on one part.

    Attributes
    ----------
    metric : the metric.
    part : the part.
    value : the metric of the stored prediction.
    draws : (B,) the metric on the resamples of the test events.
    refits : (R,) the metric of each refit on the same test events; empty where nothing was refitted.
    refit_draws : (R, B') the same on the first B' resamples; empty where only scores are known.
    seeds : (S,) the metric of each refit on the full training set with a new seed.
    """

    metric: Measure
    part: Part
    value: float
    draws: Vector
    refits: Vector = field(default_factory=lambda: np.empty(0))
    refit_draws: Vector = field(default_factory=lambda: np.empty((0, 0)))
    seeds: Vector = field(default_factory=lambda: np.empty(0))


def measure(
    metric: Measure,
    part: Part,
    prediction: Vector,
    *,
    refits: Sequence[Vector] = (),
    seeds: Sequence[Vector] = (),
    cut: float | None = None,
    scale: float = 1.0,
) -> Measurement:
    """Score ``prediction``, its resamples and its refits with ``metric``.

    Parameters
    ----------
    prediction : (n, K) probabilities or (n,) values on the events of ``part``, the ones that are stored.
    refits : predictions of the refits (resampled training set, new seed) on the same events.
    seeds : predictions of refits on the same training set with new seeds.
    cut, scale : as `Measure.value` takes them.
    """
    events = (part.y, part.w)

    def scored(each: Sequence[Vector]) -> Vector:
        return np.array([metric.value(part.y, p, part.w, cut=cut, scale=scale) for p in each])

    def resampled(p: Vector, counts: Counts) -> Vector:
        return np.asarray(metric.resampled(events[0], p, events[1], counts, cut=cut, scale=scale), float)

    few = part.counts[:N_REFIT_DRAWS]
    return Measurement(
        metric,
        part,
        float(metric.value(part.y, prediction, part.w, cut=cut, scale=scale)),
        resampled(prediction, part.counts),
        scored(refits),
        np.array([resampled(p, few) for p in refits]).reshape(len(refits), -1),
        scored(seeds),
    )
