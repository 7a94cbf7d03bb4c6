"""The test events and their resamples: one set of counts for all models and all metrics.

Counts are Poisson's; where a division holds classes to their shares they are drawn within each (`Strata`).

A `Part` is what the models are scored on; a `Measurement` is one metric of one model on it: the value, the
draws over the resamples, and the values of the refits. Everything `fivesigma.risk.evidence` says is computed
from measurements, so each model is resampled once, however many pairs it enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.later import special
from fivesigma._core.weights import kish, signed
from fivesigma.risk.counted import counted_sums
from fivesigma.risk.influence import Scored, Units, influence, valued
from fivesigma.risk.metric import Metric, as_prepared
from fivesigma.risk.strata import Strata

Vector = NDArray[np.float64]
Counts = NDArray[np.uint8]

LARGEST_COUNTS = 80_000_000
"""Bytes of the counts; beyond, fewer resamples are drawn (see `resamples_within_memory`)."""
FEWEST_RESAMPLES = 200
POISSON = np.repeat(np.arange(9, dtype=np.uint8), [24109, 24109, 12055, 4018, 1005, 201, 33, 5, 1])
"""65,536 equally likely counts: Poisson's law of mean 1 in steps of 1.5e-5, mean to 5e-5, variance to 3e-4."""
N_REFIT_DRAWS = 100
"""Resamples on which the refits are followed too, to see how far test events and refits interact."""


def resamples_within_memory(n: int, n_boot: int) -> int:
    """Return ``n_boot``, or what keeps ``B n`` below `LARGEST_COUNTS` (never fewer than 200, or ``n_boot``).

    >>> resamples_within_memory(2_000, 2_000), resamples_within_memory(200_000, 2_000)
    (2000, 400)
    """
    return min(n_boot, max(FEWEST_RESAMPLES, LARGEST_COUNTS // max(n, 1)))


def resampling_counts(
    n: int,
    n_boot: int,
    rng: np.random.Generator,
    *,
    groups: NDArray[Any] | None = None,
    strata: Strata | None = None,
) -> Counts:
    """Return how often each event enters each resample: ``C_bi ~ Poisson(1)``, one draw for a whole group.

    Within strata a resample draws the units of each with replacement, as many as `Strata.totals` says.

    Parameters
    ----------
    n : number of events.
    n_boot : number of resamples asked for; `resamples_within_memory` may lower it.
    rng : the stream.
    groups : (n,) labels; all events of a group share their count.
    strata : what a division holds to its share; None where nothing is held.

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
    if strata is None:
        counts = _poisson_counts(n_units, n_boot, rng)
    else:
        counts = _counts_within(strata, _of_units(strata.of, n_units, codes), n_boot, rng)
    return counts if codes is None else counts[:, codes]


def _poisson_counts(n_units: int, n_boot: int, rng: np.random.Generator) -> Counts:
    counts = np.empty((n_boot, n_units), np.uint8)
    for row in counts:
        row[:] = POISSON[rng.integers(0, len(POISSON), n_units, dtype=np.uint16)]
    return counts


def _of_units(of: NDArray[np.int64], n_units: int, codes: NDArray[Any] | None) -> NDArray[np.int64]:
    """Return what the events of each unit share."""
    if codes is None:
        return of
    found = np.empty(n_units, np.int64)
    found[codes] = of
    return found


def _counts_within(
    strata: Strata, of_unit: NDArray[np.int64], n_boot: int, rng: np.random.Generator
) -> Counts:
    """Return counts of units drawn with replacement within each stratum: multinomial, given its total."""
    order, sizes = np.argsort(of_unit, kind="stable"), np.bincount(of_unit, minlength=strata.n)
    ends = np.cumsum(sizes)
    counts = np.empty((n_boot, len(of_unit)), np.uint8)
    for row, totals in zip(counts, strata.totals(sizes, n_boot, rng), strict=True):
        for start, end, total in zip(ends - sizes, ends, totals, strict=True):
            if end > start:
                drawn = rng.integers(0, end - start, total)
                row[order[start:end]] = np.bincount(drawn, minlength=end - start)
    return counts


@dataclass(frozen=True, eq=False)
class Part:
    """The events that models are scored on, and their resamples.

    Attributes
    ----------
    y : (n,) int64 class codes or float64 targets.
    w : (n,) evaluation weights or None.
    groups : (n,) group codes or None.
    counts : (B, n) resampling multiplicities.
    strata : the classes that the division holds to their shares, or None.
    """

    y: NDArray[Any]
    w: Vector | None
    groups: NDArray[Any] | None
    counts: Counts
    strata: Strata | None = None

    @classmethod
    def draw(
        cls,
        y: NDArray[Any],
        rng: np.random.Generator,
        *,
        w: Vector | None = None,
        groups: NDArray[Any] | None = None,
        n_boot: int = 2000,
        strata: Strata | None = None,
    ) -> Part:
        """Return the part with freshly drawn counts."""
        counts = resampling_counts(len(y), n_boot, rng, groups=groups, strata=strata)
        return cls(y, w, groups, counts, strata)

    @property
    def classification(self) -> bool:
        """Whether ``y`` holds class codes."""
        return bool(np.issubdtype(self.y.dtype, np.integer))

    @property
    def weights(self) -> Vector:
        """The weights, ones where there are none."""
        return np.ones(len(self.y)) if self.w is None else np.asarray(self.w, float)

    @cached_property
    def signed(self) -> bool:
        """Whether some weights are negative."""
        return signed(self.w)

    @cached_property
    def n_groups(self) -> int | None:
        """The number of groups that carry weight."""
        return None if self.groups is None else len(np.unique(self.groups[self.weights != 0]))

    @cached_property
    def n_groups_per_class(self) -> tuple[int, ...] | None:
        """The number of groups that hold each class present; of all groups in a regression."""
        if self.groups is None or self.n_groups is None:
            return None
        if not self.classification:
            return (self.n_groups,)
        held = (self.groups[(self.y == code) & (self.weights != 0)] for code in np.unique(self.y))
        return tuple(len(np.unique(groups)) for groups in held)

    @cached_property
    def n_effective(self) -> float:
        """Kish's number of events."""
        return kish(self.weights)

    @cached_property
    def n_effective_per_class(self) -> tuple[float, ...]:
        """Kish's number of events of each class present; of all events in a regression."""
        if not self.classification:
            return (self.n_effective,)
        return tuple(kish(self.weights[self.y == code]) for code in np.unique(self.y))

    def units(self, *, additive: bool) -> float:
        """Return how many independent units a metric's error rests on.

        Groups; else the effective events, of the rarest class unless the metric is a mean over all events.
        """
        if self.n_groups is not None and self.n_groups_per_class is not None:
            return float(self.n_groups if additive else min(self.n_groups_per_class))
        return self.n_effective if additive else min(self.n_effective_per_class)


@dataclass(frozen=True, eq=False)
class Refits:
    """One metric of several refits on the same test events.

    Attributes
    ----------
    values : (R,) the metric of each refit.
    draws : (R, B') the same on the first B' resamples of the part, to first order.
    share : of the training events that a refit has seen, each of them once; None for a bootstrap sample.
    """

    values: Vector = field(default_factory=lambda: np.empty(0))
    draws: Vector = field(default_factory=lambda: np.empty((0, 0)))
    share: float | None = None

    def __len__(self) -> int:
        return len(self.values)

    def minus(self, other: Refits) -> Refits:
        """Return the paired difference."""
        return Refits(self.values - other.values, self.draws - other.draws, self.share)

    def of_share(self, share: float | None) -> Refits:
        """Return refits to random parts of the events, spread as whole training sets would be.

        What is a mean over the events varies over parts with the share f of them ``(1 - f)/f`` times as much as over
        training sets: the delete-d jackknife, Shao & Wu (1989), doi:10.1214/aos/1176347263.

        >>> Refits(np.array([1.0, 3.0]), np.zeros((2, 1))).of_share(0.8).values
        array([0., 4.])
        """
        if share is None or not len(self):
            return self
        by, middle = (share / (1 - share)) ** 0.5, self.draws.mean(axis=0)
        values = self.values.mean() + by * (self.values - self.values.mean())
        return Refits(values, middle + by * (self.draws - middle), share)

    @property
    def variance(self) -> float:
        """``V``: the variance of the scores over the refits, on the same test events; 0 for fewer than two."""
        return float(np.var(self.values, ddof=1)) if len(self) > 1 else 0.0

    @property
    def interaction(self) -> float:
        """``I``: the part of ``V`` that these very test events bring, and that `stat` holds already.

        Refits disagree about single events; averaged over finitely many that is noise of the test set, and
        the resamples of one model's predictions contain it in full. It is the mean square of the doubly
        centred draws.
        """
        n_refits, n_draws = self.draws.shape
        if n_refits < 2 or n_draws < 2 or not np.isfinite(self.draws).all():
            return 0.0
        d = self.draws - self.draws.mean(axis=0) - self.draws.mean(axis=1, keepdims=True) + self.draws.mean()
        return float(np.sum(d**2) / ((n_refits - 1) * (n_draws - 1)))

    @property
    def main_effect(self) -> float:
        """``V - I`` as `above` counts it: the variance of the risk itself over training sets and seeds."""
        return above(self.variance, self.interaction, len(self) - 1)


def above(V: float, I: float, dof: int) -> float:  # noqa: E741 the formula's letter
    """Return ``max(V - I, 0)`` less the bias of taking the positive part, for V known to ``dof`` degrees of freedom.

    ``V ~ σ² χ²(ν)/ν`` has ``E max(V - I, 0) = σ² P(χ²(ν + 2) > ν I/σ²) - I P(χ²(ν) > ν I/σ²)``; what this exceeds
    ``σ² - I`` by, at σ² = V, is taken away.

    >>> above(2.0, 0.0, 9), above(1.0, 2.0, 9), round(above(2.0, 1.0, 9), 2)
    (2.0, 0.0, 0.97)
    """
    if not max(I, 0.0) < V or dof < 1:
        return 0.0
    x = dof * I / V
    expected = V * special.chdtrc(dof + 2, x) - I * special.chdtrc(dof, x)
    return float(max(2 * (V - I) - expected, 0.0))


def above_error(V: float, I: float, dof: int) -> float:  # noqa: E741 the formula's letter
    """Return the spread D for which `above` is uncertain as a variance D known to ``dof`` degrees of freedom.

    ``D = V |d above / dV|``, and the derivative is ``2 - P(χ²(ν + 2) > ν I/V)`` where `above` is not zero.

    >>> above_error(2.0, 0.0, 9), above_error(1.0, 2.0, 9), round(above_error(2.0, 1.0, 9), 2)
    (2.0, 0.0, 2.09)
    """
    if above(V, I, dof) <= 0:
        return 0.0
    return float(V * (2 - special.chdtrc(dof + 2, dof * max(I, 0.0) / V)))


def departure(value: float, seeds: Refits) -> float:
    """Return the variance that a fit shows which is far from those that differ by their seed alone.

    ``(θ - mean)² / (S + 1)``, less what these test events bring: the fit and its S seeds are S + 1 equal draws, and
    one that stands alone is no further than ``sqrt(S + 1)`` of such errors from the others. Refits that happen to
    miss a rare mode, one of a few starts that failed say, show no spread, and would take it for certain.

    >>> departure(1.0, Refits(np.zeros(5), np.zeros((5, 0)))), departure(1.0, Refits())
    (0.16666666666666666, 0.0)
    """
    S = len(seeds)
    if not S:
        return 0.0
    excess = (value - float(np.mean(seeds.values))) ** 2 - (1 + 1 / S) * seeds.interaction
    return max(excess, 0.0) / (S + 1)


@dataclass(frozen=True, eq=False)
class Measurement:
    """One metric of one model on one part.

    Attributes
    ----------
    metric : the metric.
    part : the part.
    scored : the prediction that was scored, with cut and scale.
    value : the metric of the stored prediction.
    draws : (B,) the metric on the resamples of the test events, or on the first of them (see `measure`).
    refits : refits on resampled training sets with new seeds, on the same test events.
    own_cuts : whether refits are read at cuts of their own.
    seeds : refits on the full training set with new seeds.
    held_out : what folds say of the training events that they held out, which tell of tails; None where unknown.
    """

    metric: Metric
    part: Part
    scored: Scored
    value: float
    draws: Vector
    refits: Refits = field(default_factory=Refits)
    seeds: Refits = field(default_factory=Refits)
    held_out: Scored | None = None
    own_cuts: bool = False

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The bounds of the score; none where weights are negative."""
        return (None, None) if self.part.signed else (self.metric.lower, self.metric.upper)

    @cached_property
    def units(self) -> float:
        """How many independent units the error rests on: see `Part.units`.

        Within strata one more than the degrees of freedom of the strata's own variances together, by Satterthwaite:
        as good as those of the one class in which most of the error lies.
        """
        part, additive = self.part, self.metric.additive
        own = influence(self.metric, self.scored) if additive and part.strata is not None else None
        if part.strata is None or own is None:
            return part.units(additive=additive)
        within, numbers = _within(part, part.strata, own)
        uncertain = float(np.sum(within**2 / np.maximum(numbers - 1, 1)))
        everything = part.units(additive=True)
        return min(1 + float(within.sum()) ** 2 / uncertain, everything) if uncertain > 0 else everything


def _within(part: Part, strata: Strata, influences: Vector) -> tuple[Vector, Vector]:
    """Return the variance within each stratum (S,), and how many effective units it has."""
    units = Units.of(part.groups, len(part.y))
    of, u = units.first(strata.of), units.sums(influences)
    n = np.bincount(of, minlength=strata.n)
    mean = np.bincount(of, u, strata.n) / np.maximum(n, 1)
    variance = np.asarray(np.bincount(of, (u - mean[of]) ** 2, strata.n), float)
    if part.groups is not None or part.w is None:
        return variance, n.astype(float)
    return variance, np.array([kish(part.weights[of == stratum]) for stratum in range(strata.n)])


def measure(  # noqa: PLR0913 keywords of a public function
    metric: Metric,
    part: Part,
    prediction: Vector,
    *,
    refits: Sequence[Vector] = (),
    seeds: Sequence[Vector] = (),
    cut: float | None = None,
    cuts: Sequence[float | None] = (),
    scale: float = 1.0,
    held_out: Scored | None = None,
    share: float | None = None,
) -> Measurement:
    """Score ``prediction``, its resamples and its refits with ``metric``.

    Parameters
    ----------
    prediction : (n, K) probabilities or (n,) values on the events of ``part``, the ones that are stored.
    refits : predictions of the refits (resampled training set, new seed) on the same events.
    seeds : predictions of refits on the same training set with new seeds.
    cut, scale : as `Metric.value` takes them.
    cuts : of each refit the cut that it chose itself; where there are none refits are read at ``cut``, and the cut's
        own training variance is not seen.
    held_out : predictions of training events by models that have not seen them, for metrics of squared residuals.
    share : of the training events that a refit has seen, each of them once; None for a bootstrap sample.

    Of a metric that may have no interval a standard deviation alone is wanted, and the first 200 resamples tell it.
    """
    counts = part.counts if metric.interval else part.counts[:FEWEST_RESAMPLES]
    value, draws = _scored(metric, part, prediction, counts, cut, scale)
    scored = Scored(part.y, prediction, part.w, part.groups, cut, scale, part.strata)
    again = _refits(metric, part, refits, cuts or [cut] * len(refits), scale).of_share(share)
    seeded, draws = _refits(metric, part, seeds, [cut] * len(seeds), scale), np.asarray(draws, float)
    return Measurement(metric, part, scored, value, draws, again, seeded, held_out, own_cuts=len(cuts) > 0)


def _refits(
    metric: Metric, part: Part, predictions: Sequence[Vector], cuts: Sequence[float | None], scale: float
) -> Refits:
    """Score each of ``predictions`` and follow it over the first resamples, to first order where that is known."""
    if not len(predictions):
        return Refits()
    few = part.counts[:N_REFIT_DRAWS]
    values, draws = np.empty(len(predictions)), np.empty((len(predictions), len(few)))
    influences = {}
    for k, (p, cut) in enumerate(zip(predictions, cuts, strict=True)):
        known = valued(metric, Scored(part.y, p, part.w, part.groups, cut, scale))
        if known is None:
            values[k], draws[k] = _scored(metric, part, p, few, cut, scale)
        else:
            values[k], influences[k] = known
    if influences:
        first_order = list(influences)
        draws[first_order] = (
            values[first_order, None] + followed(few, np.column_stack([*influences.values()])).T
        )
    return Refits(values, draws)


def _scored(
    metric: Metric, part: Part, prediction: Vector, counts: Counts, cut: float | None, scale: float
) -> tuple[float, Vector]:
    """Return the score of a prediction, and those of its resamples."""
    y, w = part.y, part.w
    if as_prepared(metric):
        return metric.with_resamples(y, prediction, w, counts, cut=cut, scale=scale)
    value = float(metric.value(y, prediction, w, cut=cut, scale=scale))
    return value, metric.resampled(y, prediction, w, counts, cut=cut, scale=scale)


def followed(counts: Counts, influences: Vector) -> Vector:
    """Return ``Σ_i (c_bi - 1) U_i`` for each resample, (B', ...) of influences (n, ...)."""
    return np.asarray(counted_sums(counts, influences) - np.sum(influences, axis=0))
