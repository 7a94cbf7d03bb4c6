"""How much one event moves a metric: its influence, and the standard error that the influences give.

``θ(P_c) ≈ θ + Σ_i (c_i - 1) U_i`` for multiplicities c near 1, so ``Var θ = Σ_u (Σ_{i in u} U_i)²`` over
units u (events, or groups): the infinitesimal jackknife. Where a division holds strata to their shares, the spread
between them counts only by how far their numbers vary at all (`Strata.spread`). Evaluated on every resample it
studentises the bootstrap. A metric that is neither one of `Moments` nor the area or the average precision of a
ranking has none here (None), and is judged by its resamples alone.

References
----------
Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, ch. 6; DeLong, DeLong & Clarke-Pearson
(1988), Biometrics 44, 837 (the influences of the AUC, here with weights, ties and multiplicities).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.classification import RocAuc
from fivesigma.risk.confusion import OfConfusion
from fivesigma.risk.counted import counted_sums, rising
from fivesigma.risk.metric import CHUNK, Floats, Metric, Moments, as_prepared, checked, chunks
from fivesigma.risk.precision_recall import AveragePrecision, Retrieval
from fivesigma.risk.rankings import Rankings, worthwhile
from fivesigma.risk.strata import Strata

STEP = 1e-6
"""Relative step of the numerical slope of a function of moments."""


@dataclass(frozen=True, eq=False)
class Scored:
    """What is scored: target, prediction, weights, groups that resample as wholes, the metric's cut, strata if any."""

    y: NDArray[Any]
    prediction: NDArray[Any]
    w: NDArray[Any] | None
    groups: NDArray[Any] | None = None
    cut: float | None = None
    scale: float = 1.0
    strata: Strata | None = None

    def checked(self) -> tuple[NDArray[Any], Floats, Floats]:
        """Target, float prediction, float weights."""
        return checked(self.y, self.prediction, self.w)


@dataclass(frozen=True, eq=False)
class Units:
    """What resamples as a whole: the order that brings groups together, and where each one starts."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, groups: NDArray[Any] | None, n: int) -> Units:
        """Return the units of ``n`` events."""
        if groups is None:
            return cls(np.arange(n), np.arange(n))
        order = np.argsort(groups, kind="stable")
        return cls(order, np.flatnonzero(np.r_[True, np.diff(groups[order]) != 0]))

    @property
    def single(self) -> bool:
        """Whether every event is a unit of its own."""
        return len(self.starts) == len(self.order)

    def sums(self, values: NDArray[Any], axis: int = 0) -> NDArray[Any]:
        """Return ``values`` summed over the events of each unit."""
        if self.single:
            return values
        return np.add.reduceat(np.take(values, self.order, axis=axis), self.starts, axis=axis)

    def counts(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Return the (B, n_units) multiplicities: all events of a unit share theirs."""
        return self.first(counts, axis=1)

    def first(self, values: NDArray[Any], axis: int = 0) -> NDArray[Any]:
        """Return what the first event of each unit has of ``values``, which all of its events share."""
        return values if self.single else np.take(values, self.order[self.starts], axis=axis)


@dataclass(frozen=True, eq=False)
class Between:
    """What a division that holds strata to their shares takes off a variance: most of the spread between them."""

    strata: Strata
    of_unit: NDArray[np.int64]

    @classmethod
    def of(cls, scored: Scored, units: Units) -> Between | None:
        """Return it for the strata of what is scored; None where there are none."""
        strata = scored.strata
        return None if strata is None else cls(strata, units.first(strata.of))

    def take(self, units: NDArray[np.intp]) -> Between:
        """Return it for the units in another order."""
        return Between(self.strata, self.of_unit[units])

    @cached_property
    def members(self) -> list[NDArray[np.intp]]:
        """The units of each stratum."""
        return [np.flatnonzero(self.of_unit == stratum) for stratum in range(self.strata.n)]

    def off(self, sums: Floats, counts: NDArray[Any]) -> Floats:
        """Return ``Σ_h (1 - spread_h) (Σ_{u in h} c_u U_u)² / Σ_{u in h} c_u`` (b,), from these sums (b, S)."""
        totals = self.strata.sums(counts.astype(np.float64), self.of_unit)
        held: Floats = (1 - self.strata.spread) * sums**2 / np.maximum(totals, 1)
        return np.asarray(held.sum(axis=1), float)


@singledispatch
def influence(metric: Metric, scored: Scored) -> Floats | None:
    """Return the influence ``U`` (n,) of each event on ``metric``, or None where it is not known."""
    return None


@singledispatch
def valued(metric: Metric, scored: Scored) -> tuple[float, Floats] | None:
    """Return the score and the `influence` of each event on it, None where that is not known."""
    known = influence(metric, scored)
    return None if known is None else (_value(metric, scored), known)


def _value(metric: Metric, scored: Scored) -> float:
    return metric.value(scored.y, scored.prediction, scored.w, cut=scored.cut, scale=scored.scale)


@singledispatch
def standard_errors(metric: Metric, scored: Scored, counts: NDArray[Any]) -> Floats | None:
    """Return the standard error of ``metric`` on each resample, (B,), or None where it is not known."""
    return None


# --- functions of moments


def _weighted_terms(metric: Moments, scored: Scored) -> tuple[Floats, float]:
    """``z_i = w_i t_i`` (n, m), and the factor that takes a score of them to the target's own unit."""
    y, prediction, w = scored.checked()
    cut = scored.cut
    if cut is None:
        cut = metric.cut(y, prediction, w, scale=scored.scale)
    terms, factor = metric.scaled_terms(y, prediction, w, cut)
    return np.asarray(w[:, None] * terms, float), factor


def _slope(metric: Moments, sums: Floats, size: Floats, scale: float) -> Floats:
    """Central differences ``∂θ/∂S_j`` (B, m) at ``sums`` (B, m); ``size`` (m,) is the scale of each sum."""
    steps = STEP * np.where(size > 0, size, 1.0)
    at_once = max(1, CHUNK // max(sums.size, 1))
    slopes = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, len(steps), at_once):
            shift, h = np.diag(steps)[start : start + at_once, None], steps[start : start + at_once, None]
            up, down = metric.combine(sums + shift, scale), metric.combine(sums - shift, scale)
            slopes.append((up - down) / (2 * h))
    return np.concatenate(slopes).T


@influence.register
def _(metric: Moments, scored: Scored) -> Floats | None:
    """``U_i = Σ_j z_ij ∂θ/∂S_j``."""
    z, factor = _weighted_terms(metric, scored)
    return np.asarray(factor * (z @ _slope_at(metric, z, scored.scale)), float)


def _slope_at(metric: Moments, z: Floats, scale: float) -> Floats:
    """Return ``∂θ/∂S_j`` (m,), in closed form where there is one: 0 where one class alone is predicted."""
    sums = z.sum(axis=0)
    if isinstance(metric, OfConfusion):
        with np.errstate(divide="ignore", invalid="ignore"):
            return metric.slopes(sums)
    found: Floats = _slope(metric, sums[None], np.abs(z).sum(axis=0), scale)[0]
    return found


@valued.register
def _(metric: Moments, scored: Scored) -> tuple[float, Floats] | None:
    if not as_prepared(metric):
        known = influence(metric, scored)
        return None if known is None else (_value(metric, scored), known)
    y, prediction, w = scored.checked()
    cut = metric.cut(y, prediction, w, scale=scored.scale) if scored.cut is None else scored.cut
    terms, factor = metric.scaled_terms(y, prediction, w, cut)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(metric.within(factor * metric.combine(w @ terms, scored.scale), w))
    z = np.asarray(w[:, None] * terms, float)
    return value, np.asarray(factor * (z @ _slope_at(metric, z, scored.scale)), float)


@standard_errors.register
def _(metric: Moments, scored: Scored, counts: NDArray[Any]) -> Floats | None:
    """``se² = g' (Σ_u c_u z_u z_u') g`` with the slopes g at the resample's own sums, less what strata hold."""
    units = Units.of(scored.groups, len(scored.y))
    between = Between.of(scored, units)
    terms, factor = _weighted_terms(metric, scored)
    z = units.sums(terms)
    n, m = z.shape
    both = np.hstack([z, (z[:, :, None] * z[:, None, :]).reshape(n, m * m)])
    size = np.abs(z).sum(axis=0)
    per_unit = units.counts(counts)
    sums = counted_sums(per_unit, both)
    g = _slope(metric, sums[:, :m], size, scored.scale)
    variance = np.einsum("bi,bij,bj->b", g, sums[:, m:].reshape(-1, m, m), g)
    if between is not None:
        for rows in chunks(per_unit, n):
            variance[rows] -= between.off(_by_stratum(between, per_unit[rows], z, g[rows]), per_unit[rows])
    return np.asarray(factor * np.sqrt(np.maximum(variance, 0.0)), float)


def _by_stratum(between: Between, counts: NDArray[Any], z: Floats, slope: Floats) -> Floats:
    """Return the influences ``c_u g' z_u`` summed over the units of each stratum (b, S)."""
    sums = [counted_sums(counts[:, member], z[member]) for member in between.members]
    return np.asarray(np.einsum("hbi,bi->bh", np.array(sums), slope), float)


# --- functions of the confusion of classes


@standard_errors.register
def _(metric: OfConfusion, scored: Scored, counts: NDArray[Any]) -> Floats | None:
    """``se² = Σ_u c_u (z_u · g)²`` with the slopes g at the resample's own sums."""
    units = Units.of(scored.groups, len(scored.y))
    z = units.sums(_weighted_terms(metric, scored)[0])
    per_unit, errors = units.counts(counts), []
    between = Between.of(scored, units)
    for rows in chunks(per_unit, len(z)):
        with np.errstate(divide="ignore", invalid="ignore"):
            u = metric.slopes(counted_sums(per_unit[rows], z)) @ z.T
        errors.append(np.sqrt(_variance(u, per_unit[rows], between)))
    return np.concatenate(errors)


def _variance(u: Floats, counts: NDArray[Any], between: Between | None) -> Floats:
    """Return ``Σ_u c_u U_u²`` (b,) of influences (b, n_units), less what strata hold."""
    found = np.asarray(np.einsum("bu,bu->b", counts * u, u), float)
    if between is None:
        return found
    return np.maximum(found - between.off(between.strata.sums(counts * u, between.of_unit), counts), 0.0)


# --- the area under the ROC curve, the average precision


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a ranking in order of its score, and how much of the other side lies below each event."""

    rows: NDArray[np.intp]
    w: Floats
    low: NDArray[np.intp]
    high: NDArray[np.intp]

    @classmethod
    def of(cls, score: Floats, own: NDArray[np.intp], other: NDArray[np.intp], w: Floats) -> Side:
        """Place the events ``own`` among ``other``; both in order of ``score``."""
        low, high = (np.searchsorted(score[other], score[own], side) for side in ("left", "right"))
        return cls(own, w[own], low, high)

    def placed(self, upto: Floats) -> Floats:
        """Return the other side's weight below each event, ties half, from its (b, m + 1) cumulative sums."""
        below = np.take(upto, self.low, axis=1)
        if (self.low != self.high).any():
            below = (below + np.take(upto, self.high, axis=1)) / 2
        return np.asarray(below, float)


@dataclass(frozen=True, eq=False)
class Placement:
    """One class against the rest, each in order of the score."""

    signal: Side
    background: Side

    @classmethod
    def of(cls, score: Floats, member: NDArray[np.bool_], w: Floats) -> Placement:
        """Sort by ``score``; ``member`` (n,) says which events are of the class."""
        order = rising(score)
        s, b = order[member[order]], order[~member[order]]
        return cls(Side.of(score, s, b, w), Side.of(score, b, s, w))

    @property
    def rows(self) -> NDArray[np.intp]:
        """The events in the order of `influences`: signal, then background."""
        return np.concatenate([self.signal.rows, self.background.rows])

    def influences(self, counts: NDArray[Any]) -> Floats:
        """Return ``U`` (b, n) in the order of `rows`, at the measure of each resample.

        ``U_i = w_i (V_i - A) / W_S`` for signal, V_i the part of the background below i (ties half);
        ``U_j = w_j (V_j - A) / W_B`` for background, V_j the part of the signal above j.
        """
        s, b = self.signal, self.background
        of_s, of_b = (np.take(counts, side.rows, axis=1) * side.w for side in (s, b))
        upto_s, upto_b = _upto(of_s), _upto(of_b)
        total_s, total_b = upto_s[:, -1:], upto_b[:, -1:]
        placed, above = s.placed(upto_b) / total_b, 1.0 - b.placed(upto_s) / total_s
        area = np.einsum("bi,bi->b", of_s, placed)[:, None] / total_s
        return np.hstack([s.w * (placed - area) / total_s, b.w * (above - area) / total_b])


def _upto(weights: Floats) -> Floats:
    """Cumulative sums along the rows, from 0 on: (b, m + 1)."""
    upto = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=upto[:, 1:])
    return upto


Placed = list[Placement] | list[Retrieval] | Rankings


def _placements(metric: Metric, scored: Scored) -> Placed:
    y, prediction, w = scored.checked()
    n_classes = prediction.shape[1]
    if isinstance(metric, AveragePrecision):
        return metric.plan(y, prediction, w)
    if worthwhile(y.size, n_classes):
        return Rankings.of(prediction, y, w)
    classes = [1] if n_classes == 2 else range(n_classes)
    return [Placement.of(prediction[:, k], y == k, w) for k in classes]


def _mean_influences(placements: Placed, counts: NDArray[Any]) -> Floats:
    """Mean over the classes of the influences (b, n), in the events' own order."""
    if isinstance(placements, Rankings):
        return placements.influences(counts)
    total = np.zeros(counts.shape)
    for each in placements:
        total[:, each.rows] += each.influences(counts)
    return total / len(placements)


@influence.register(RocAuc)
@influence.register(AveragePrecision)
def _(metric: Metric, scored: Scored) -> Floats | None:
    """The mean over the classes of the influences on each one's ranking."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one: Floats = _mean_influences(_placements(metric, scored), np.ones((1, len(scored.y)), np.uint8))[0]
    return one


@standard_errors.register(RocAuc)
@standard_errors.register(AveragePrecision)
def _(metric: Metric, scored: Scored, counts: NDArray[Any]) -> Floats | None:
    """``se² = Σ_u c_u U_u²`` with the influences at each resample's own measure; NaN without one of the classes."""
    placements, units = _placements(metric, scored), Units.of(scored.groups, len(scored.y))
    between, errors = Between.of(scored, units), []
    with np.errstate(divide="ignore", invalid="ignore"):
        for rows in chunks(counts, len(scored.y)):
            errors.append(np.sqrt(_squared_error(placements, units, between, counts[rows])))
    return np.concatenate(errors)


def _squared_error(placements: Placed, units: Units, between: Between | None, counts: NDArray[Any]) -> Floats:
    if isinstance(placements, list) and len(placements) == 1 and units.single:
        rows = placements[0].rows
        ordered = None if between is None else between.take(rows)
        return _variance(placements[0].influences(counts), np.take(counts, rows, axis=1), ordered)
    return _variance(units.sums(_mean_influences(placements, counts), axis=1), units.counts(counts), between)
