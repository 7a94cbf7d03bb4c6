"""Intervals of a score: of this fitted model (test events) or of the procedure (test events and training set).

The test events' part is found first, by a method that suits the metric (`stat_interval`); the training set's
is added to each of its sides. ``docs/evidence.md`` has the formulae and the measured coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Literal

import numpy as np

from fivesigma._core import laws
from fivesigma._core.later import special
from fivesigma._core.weights import kish
from fivesigma.risk.classification import Accuracy, BalancedAccuracy, RocAuc
from fivesigma.risk.cuts import Ams, Asimov, Rejection
from fivesigma.risk.findings import ErrorBudget, Score
from fivesigma.risk.influence import standard_errors
from fivesigma.risk.metric import Metric, power_of_two
from fivesigma.risk.resampling import (
    Measurement,
    Part,
    Refits,
    Vector,
    above,
    above_error,
    departure,
)
from fivesigma.risk.signal import SignalEfficiency
from fivesigma.risk.strata import Strata
from fivesigma.risk.tails import pooled_reach, unit_influences

About = Literal["procedure", "fitted"]
"""What an interval or a significance is about."""

EXACT_AT_BOUND = (Accuracy, BalancedAccuracy, Rejection, RocAuc, SignalEfficiency)
"""Metrics that have a limit where they are at their bound."""
FEWEST_EVENTS = 30
FEWEST_PER_CLASS = 10
FEWEST_GROUPS = 10
STUDENTISED_UP_TO = 1000
"""Independent units beyond which skewness no longer shows, and the studentised resamples are not computed."""
N_STUDENTISED = 1000
"""Resamples that are studentised: the 2.5 % quantile is known to 4 % of its distance."""
NEGLIGIBLE = 1e-9
"""Part of a variance that is rounding."""
SMALLEST_ERROR = 0.2
"""Floor of a resample's standard error, in units of the sample's: a resample without a miss has none."""


@dataclass(frozen=True)
class Limits:
    """An interval and how it was found; an empty ``low`` and ``high`` is a refusal."""

    low: float | None
    high: float | None
    method: str


# --- the scale on which a score's error is nearly symmetric


@dataclass(frozen=True)
class Scale:
    """``g``: logit between two bounds, log above or below one, the identity without bounds."""

    lower: float | None
    upper: float | None

    def forward(self, x: Vector | float) -> Vector:
        """``g(x)``, infinite at a bound."""
        x = np.asarray(x, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            up = 0.0 if self.upper is None else -np.log(self.upper - x)
            down = 0.0 if self.lower is None else np.log(x - self.lower)
        return x if self.lower is None and self.upper is None else np.asarray(down + up, float)

    def back(self, u: float) -> float:
        """``g⁻¹(u)``."""
        if self.lower is not None and self.upper is not None:
            return float(self.lower + (self.upper - self.lower) * special.expit(u))
        if self.lower is not None:
            return float(self.lower + np.exp(u))
        return float(self.upper - np.exp(-u)) if self.upper is not None else u

    def slope(self, x: Vector | float) -> Vector:
        """``g'(x)``, positive."""
        x = np.asarray(x, float)
        with np.errstate(divide="ignore"):
            up = 0.0 if self.upper is None else 1.0 / (self.upper - x)
            down = 0.0 if self.lower is None else 1.0 / (x - self.lower)
        return np.ones_like(x) if self.lower is None and self.upper is None else np.asarray(down + up, float)


# --- the test events' part


@singledispatch
def stat_interval(metric: Metric, m: Measurement, level: float) -> Limits:
    """Return the interval of the fitted model: the union of a t interval and a bootstrap-t on the metric's scale.

    With N independent units the t interval is widened by sqrt(N/(N - 1)), as the resamples' variance is short by
    that factor, and the bootstrap-t by N/(N - 1), as its quantiles are too; below 30 units it shows.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, §12.5 (bootstrap-t on a transformed scale);
    Hall (1992), The Bootstrap and Edgeworth Expansion, §3.10.
    """
    scale = Scale(*m.bounds)
    centre, slope = float(scale.forward(m.value)), float(scale.slope(m.value))
    short = m.units / (m.units - 1)
    t = float(laws.t_ppf((1 + level) / 2, stat_dof(m)))
    below = above = t * stat_error(m) * slope * short**0.5
    studentised = _studentised(m, scale, level)
    if studentised is not None:
        below, above = max(below, studentised[0] * short), max(above, studentised[1] * short)
    method = "t interval" if studentised is None else "bootstrap-t"
    return Limits(scale.back(centre - below), scale.back(centre + above), method)


def limits_of(m: Measurement, level: float) -> Limits:
    """Return the interval of the fitted model; with negative weights no score is a proportion, and none has a bound."""
    if m.part.signed:
        return stat_interval.dispatch(object)(m.metric, m, level)
    return stat_interval(m.metric, m, level)


def _studentised(m: Measurement, scale: Scale, level: float) -> tuple[float, float] | None:
    """Return how far the bootstrap-t reaches below and above ``g(value)``, or None where it is not computed.

    ``T_b = (g(θ_b) - g(θ)) / (se_b g'(θ_b))``; the limits are ``g(θ) - T_(1-α/2) se g'`` and ``- T_(α/2)``.
    """
    if m.units > STUDENTISED_UP_TO:
        return None
    draws, few = m.draws[:N_STUDENTISED], m.part.counts[:N_STUDENTISED]
    with_itself = np.vstack([np.ones((1, len(m.part.y)), np.uint8), few])
    errors = standard_errors(m.metric, m.scored, with_itself)
    if errors is None or not errors[0] > 0:
        return None
    error, floor = float(errors[0]), SMALLEST_ERROR * float(errors[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(errors[1:], floor) * scale.slope(draws)
        T = (scale.forward(draws) - scale.forward(m.value)) / spread
    T = T[np.isfinite(T)]
    if len(T) < 100:
        return None
    ends = np.quantile(T, [(1 - level) / 2, (1 + level) / 2])
    unit = error * float(scale.slope(m.value))
    return float(ends[1]) * unit, -float(ends[0]) * unit


@stat_interval.register
def _(metric: RocAuc, m: Measurement, level: float) -> Limits:
    """At 1 a one-sided exact limit: all of min(n_S, n_B) independent pairs are in order."""
    if m.value < 1.0:
        return stat_interval.dispatch(object)(metric, m, level)
    pairs = m.part.units(additive=False)
    return Limits(float((1 - level) ** (1 / pairs)), 1.0, "one-sided exact limit of a perfect ranking")


@stat_interval.register
def _(metric: Accuracy, m: Measurement, level: float) -> Limits:
    """Clopper-Pearson at the effective number of events; of each class where the division holds their shares."""
    if m.part.strata is not None:
        return _accuracy_of_strata(m, m.part.strata, level)
    low, high = clopper_pearson(m.value, _effective_events(m.value, m.draws, m.part, level), level)
    return Limits(low, high, _proportion_method(m.value))


def _accuracy_of_strata(m: Measurement, strata: Strata, level: float) -> Limits:
    """Clopper-Pearson of each stratum by MOVER, and what the numbers of the strata vary; groups and weights by draws.

    With weights or groups it is Clopper-Pearson at ``n* = p (1 - p) / v``, where the variance v of the draws is no less
    than that of the strata's proportions, each with one pseudo-event of either kind: all right is not certain.
    """
    hit = np.asarray(m.scored.prediction).argmax(axis=1) == m.part.y
    sides, smoothed, method = np.zeros(2), 0.0, "Clopper-Pearson of each class"
    for stratum in np.unique(strata.of):
        member = strata.of == stratum
        w, right = m.part.weights[member], m.part.weights[member & hit]
        if not w.sum() > 0:
            continue
        p, n, share = float(right.sum() / w.sum()), kish(w), float(w.sum() / m.part.weights.sum())
        ends = np.array(clopper_pearson(p, n, level))
        chance = strata.spread[stratum] * (p - m.value) ** 2 / n
        reach = share**2 * ((ends - p) ** 2 + laws.norm_ppf((1 + level) / 2) ** 2 * chance)
        sides, rate = sides + reach, (p * n + 1) / (n + 2)
        smoothed += share**2 * (rate * (1 - rate) / n + chance)
    if m.part.w is None and m.part.groups is None:
        return Limits(max(m.value - sides[0] ** 0.5, 0.0), min(m.value + sides[1] ** 0.5, 1.0), method)
    most = m.value * (1 - m.value) / smoothed
    low, high = clopper_pearson(m.value, _effective_events(m.value, m.draws, m.part, level, most), level)
    return Limits(low, high, _proportion_method(m.value))


@stat_interval.register
def _(metric: BalancedAccuracy, m: Measurement, level: float) -> Limits:
    """Clopper-Pearson for each class, put together by MOVER: Zou & Donner (2008), Stat. Med. 27, 1693."""
    if m.part.groups is not None:
        events = _effective_events(m.value, m.draws, m.part, level)
        low, high = clopper_pearson(m.value, events, level)
        return Limits(low, high, _proportion_method(m.value))
    below, above, codes = 0.0, 0.0, np.unique(m.part.y)
    hit = np.asarray(m.scored.prediction).argmax(axis=1) == m.part.y
    for code in codes:
        member = m.part.y == code
        w = m.part.weights[member]
        recall = float(np.sum(w * hit[member]) / np.sum(w))
        low, high = clopper_pearson(recall, kish(w), level)
        below, above = below + (recall - low) ** 2, above + (high - recall) ** 2
    reach = np.sqrt([below, above]) / len(codes)
    return Limits(float(m.value - reach[0]), float(m.value + reach[1]), "Clopper-Pearson of each class")


@stat_interval.register
def _(metric: Rejection, m: Measurement, level: float) -> Limits:
    """Clopper-Pearson of the background efficiency at the cut, inverted."""
    background = m.part.y == 0
    w = None if m.part.w is None else m.part.weights[background]
    groups = None if m.part.groups is None else m.part.groups[background]
    part = Part(m.part.y[background], w, groups, m.part.counts[:0])
    with np.errstate(divide="ignore"):
        efficiency, draws = (1.0 / m.value if np.isfinite(m.value) else 0.0), 1.0 / m.draws
    low, high = clopper_pearson(efficiency, _effective_events(efficiency, draws, part, level), level)
    return Limits(1 / high, 1 / low if low > 0 else None, _proportion_method(efficiency))


@stat_interval.register
def _(metric: SignalEfficiency, m: Measurement, level: float) -> Limits:
    """Clopper-Pearson at the effective number of signal events."""
    signal = m.part.y == 1
    w = None if m.part.w is None else m.part.weights[signal]
    groups = None if m.part.groups is None else m.part.groups[signal]
    part = Part(m.part.y[signal], w, groups, m.part.counts[:0])
    low, high = clopper_pearson(m.value, _effective_events(m.value, m.draws, part, level), level)
    return Limits(low, high, _proportion_method(m.value))


def _proportion_method(p: float) -> str:
    return "one-sided exact limit" if p in (0.0, 1.0) else "Clopper-Pearson"


def clopper_pearson(p: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion ``p`` of ``n`` events (n need not be whole); one-sided at 0 and at 1.

    Clopper & Pearson (1934), Biometrika 26, 404.

    >>> [round(x, 4) for x in clopper_pearson(0.9, 20)]
    [0.683, 0.9877]
    >>> [round(x, 4) for x in clopper_pearson(1.0, 20)]
    [0.8609, 1.0]
    """
    alpha = 1 - level
    if p <= 0.0:
        return 0.0, float(1 - alpha ** (1 / n))
    if p >= 1.0:
        return float(alpha ** (1 / n)), 1.0
    k = p * n
    low, high = laws.beta_ppf(alpha / 2, k, n - k + 1), laws.beta_ppf(1 - alpha / 2, k + 1, n - k)
    return float(low), float(high)


def _effective_events(p: float, draws: Vector, part: Part, level: float, most: float | None = None) -> float:
    """Effective number of events of a proportion: n; with weights or groups ``p (1 - p) / v``, at most Kish's.

    Or at most ``most``, where strata make it more.

    For groups it is scaled by the squared ratio of the t quantiles at n - 1 and at G - 1. Korn & Graubard
    (1998), Survey Methodology 24, 193.
    """
    if part.w is None and part.groups is None:
        return float(len(part.y))
    known = draws[np.isfinite(draws)]
    variance = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
    kish_events = part.n_effective if part.n_groups is None else min(part.n_effective, len(part.y))
    if not 0 < p < 1 or not variance > 0:
        return kish_events if part.n_groups is None else float(part.n_groups)
    events = min(p * (1 - p) / variance, kish_events if most is None else most)
    if part.n_groups is None:
        return events
    tails = laws.t_ppf((1 + level) / 2, [max(len(part.y) - 1, 1), max(part.n_groups - 1, 1)])
    return max(float(events * (tails[0] / tails[1]) ** 2), 2.0)


# --- both parts


def refusal(part: Part) -> str:
    """Return why ``part`` is too small for an interval, or an empty string."""
    groups = part.n_groups_per_class
    if groups is not None and min(groups) < FEWEST_GROUPS:
        where = " with the rarest class" if part.classification else ""
        return f"no interval: {_counted(min(groups), 'group')}{where}, fewer than {FEWEST_GROUPS}"
    n = int(np.count_nonzero(part.weights))
    if n < FEWEST_EVENTS:
        return f"no interval: {n} events, fewer than {FEWEST_EVENTS}"
    fewest = min(part.n_effective_per_class)
    if fewest < FEWEST_PER_CLASS:
        where = " in the rarest class" if part.classification else ""
        return f"no interval: {fewest:.1f} effective events{where}, fewer than {FEWEST_PER_CLASS}"
    return ""


def few_passing(m: Measurement) -> str:
    """Return why a significance has no interval: too little background passes its cut in the test, or "".

    The cut left ten effective background events where it was chosen; a smaller test set may hold fewer.
    """
    if not isinstance(m.metric, Asimov | Ams):
        return ""
    cut = m.metric.cut(m.part.y, m.scored.prediction, m.part.w) if m.scored.cut is None else m.scored.cut
    passing = (m.part.y == 0) & (m.scored.prediction[:, 1] >= (np.inf if cut is None else cut))
    n = kish(m.part.weights[passing])
    if n >= FEWEST_PER_CLASS:
        return ""
    return f"no interval: {n:.1f} effective background events pass the cut, fewer than {FEWEST_PER_CLASS}"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def welch_satterthwaite(variances: Sequence[float], dofs: Sequence[float]) -> float:
    """Return ``ν = (Σ v_i)² / Σ (v_i² / ν_i)``. Satterthwaite (1946), Biometrics Bull. 2, 110; Welch (1947).

    >>> welch_satterthwaite([1.0, 0.0], [20.0, 9.0])
    20.0
    """
    top = power_of_two(max(variances, default=0.0))  # squares of variances are fourth powers of the unit
    shares = [v / top for v in variances]
    uncertain = sum(v**2 / dof for v, dof in zip(shares, dofs, strict=True))
    return sum(shares) ** 2 / uncertain if uncertain > 0 else float(dofs[0])


def total_dof(stat: float, train: float, *, spread: float, dofs: tuple[float, float]) -> float:
    """Return the degrees of freedom of the variance ``stat + train``, where train is `above` a spread V of refits.

    ``ν = (s + τ)² / (s²/ν_s + V²/ν_V)``: what the refits know is V, whose uncertainty stays where most of V is taken
    away as the test events' share. With V = τ it is `welch_satterthwaite`.

    >>> total_dof(1.0, 1.0, spread=1.0, dofs=(8.0, 8.0)), round(total_dof(1.0, 0.0, spread=1.0, dofs=(1e9, 9.0)), 6)
    (16.0, 9.0)
    """
    top = power_of_two(max(stat, train, spread))  # squares of variances are fourth powers of the unit
    stat, train, spread = stat / top, train / top, spread / top
    uncertain = stat**2 / dofs[0] + spread**2 / dofs[1]
    return float((stat + train) ** 2 / uncertain) if uncertain > 0 else float(dofs[0])


def stat_error(m: Measurement) -> float:
    """Return the standard deviation of the resamples, 0 where none is defined."""
    known = m.draws[np.isfinite(m.draws)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else 0.0


def stat_dof(m: Measurement) -> float:
    """Degrees of freedom of the resampled variance: units - 1, and never more than the draws give."""
    return max(min(m.units - 1, len(m.draws) - 1.0), 1.0)


def train_dof(refits: Refits) -> float:
    """Degrees of freedom of the variance over the refits: R - 1."""
    return max(len(refits) - 1.0, 1.0)


def score(m: Measurement, *, claim: About = "procedure", level: float = 0.95) -> Score:
    """Return the value with its interval and its error budget.

    ``claim`` names what the interval is of: "fitted", this model, uncertain because the test events are
    finite; or "procedure", the same recipe on a fresh training set, total = stat ⊕ train. ``train`` is the
    spread of the refits less what these test events bring to it (`Refits.interaction`), and at least what a fit shows
    that is far from its seeds (`departure`); ``seed`` is nested in it.
    """
    train, seed = (_spread_of_risk(m, each) for each in (m.refits, m.seeds))
    if train is not None:
        train = max(train, departure(m.value, m.seeds) ** 0.5)
    if seed is not None and train is not None:
        seed = min(seed, train)
    errors = ErrorBudget(stat_error(m), train, seed)
    value = m.value if np.isfinite(m.value) else None
    reason = _no_interval(m) or ("" if claim == "fitted" else _undefined_refits(m))
    if reason:
        return Score(value, None, None, level, reason, errors)
    limits = _with_tail(m, limits_of(m, level), level)
    if claim == "fitted" or len(m.refits) < 2:
        note = "" if claim == "fitted" else " (no refits)"
        return Score(value, limits.low, limits.high, level, f"fitted model{note}: {limits.method}", errors)
    low, high = _with_training(m, limits, train or 0.0, level)
    at = "" if m.own_cuts or m.scored.cut is None else " at this model's cut"
    method = f"procedure{at}: {limits.method} ⊕ {len(m.refits)} refits"
    return Score(value, low, high, level, method, errors)


def _with_tail(m: Measurement, limits: Limits, level: float) -> Limits:
    """Return the limits, wider where held-out training events know more of the tail of the squares than the test."""
    if m.held_out is None or limits.low is None or limits.high is None:
        return limits
    scale, both = Scale(*m.bounds), []
    seen = m.metric.value(m.held_out.y, m.held_out.prediction, m.held_out.w)
    for scored, value in ((m.scored, m.value), (m.held_out, seen)):
        u = unit_influences(m.metric, scored)
        if u is None or not np.isfinite(slope := float(scale.slope(value))):
            return limits
        both.append(slope * u)
    reach, centre = pooled_reach(*both, level=level, dof=stat_dof(m)), float(scale.forward(m.value))
    low, high = min(limits.low, scale.back(centre - reach)), max(limits.high, scale.back(centre + reach))
    return Limits(low, high, f"{limits.method} with the tail of {len(both[1]):,} held-out training events")


def _scale_of(m: Measurement) -> Scale:
    """The metric's scale; the identity at a bound, and for proportions, whose limits are not symmetric anyway."""
    straight = isinstance(m.metric, (Accuracy, BalancedAccuracy)) or m.value in m.bounds
    return Scale(None, None) if straight else Scale(*m.bounds)


def _spread_of_risk(m: Measurement, refits: Refits) -> float | None:
    """Return the standard error that training sets and seeds bring, None for fewer than two refits.

    ``sqrt(V - I)`` (`above` zero) on the metric's scale, carried over to the value: a refit sees 63 % of the events, so
    its loss is larger than the model's, and what varies with the training set is taken in proportion.
    """
    if len(refits) < 2:
        return None
    scale = _scale_of(m)
    on_scale, mean = scale.forward(refits.values), float(np.mean(refits.values))
    at_mean, at_value = float(scale.slope(mean)), float(scale.slope(m.value))
    if not (np.isfinite(on_scale).all() and np.isfinite([at_mean, at_value]).all()):
        return float(refits.main_effect**0.5)
    with np.errstate(over="ignore"):
        interaction = refits.interaction * float(np.square(at_mean))
        variance = above(float(np.var(on_scale, ddof=1)), interaction, len(refits) - 1)
    found = float(variance**0.5 / at_value)
    return found if np.isfinite(found) else float(refits.main_effect**0.5)


def _no_interval(m: Measurement) -> str:
    """Return why there is no interval, or an empty string."""
    if not m.metric.interval:
        return f"no interval: {m.metric.name} is biased at finite size"
    if not np.isfinite(m.value) and (m.part.signed or not isinstance(m.metric, Rejection)):
        return "no interval: the score is not defined"
    if isinstance(m.metric, Rejection) and not np.any(m.part.weights[m.part.y == 0] > 0):
        return "no interval: these events hold no background"
    at_bound = m.value in m.bounds
    if at_bound and not isinstance(m.metric, EXACT_AT_BOUND):
        return "no interval: the score is at its bound"
    return refusal(m.part) or few_passing(m)


def _undefined_refits(m: Measurement) -> str:
    """Return why the refits do not show how a score varies that is defined itself, or an empty string."""
    if np.isfinite(m.value) and not np.isfinite(m.refits.values).all():
        return f"no interval: {m.metric.name} is not defined in every refit"
    return ""


def _with_training(
    m: Measurement, limits: Limits, train: float, level: float
) -> tuple[float | None, float | None]:
    """Add the training set's variance to each side of the test events' interval.

    A side that reaches d at t(ν_stat) stands for the standard error ``d / t``; with the training variance the
    reach is ``t(ν) sqrt((d / t)² + train²)`` at the ν of `total_dof`, on the metric's scale. The training variance
    is as uncertain as the delta method has it; the tail of a claim asks for more, see `fivesigma.risk.evidence`.
    """
    if not np.isfinite(m.value):
        return limits.low, limits.high
    scale = _scale_of(m)
    centre = float(scale.forward(m.value))
    variance = (train * float(scale.slope(m.value))) ** 2
    spread = _error_of_spread(m, scale, variance)
    t_stat = float(laws.t_ppf((1 + level) / 2, stat_dof(m)))
    ends: list[float | None] = []
    for end, sign in ((limits.low, -1.0), (limits.high, 1.0)):
        if end is None:
            ends.append(None)
            continue
        side = ((float(scale.forward(end)) - centre) / t_stat) ** 2
        dof = max(total_dof(side, variance, spread=spread, dofs=(stat_dof(m), train_dof(m.refits))), 1.0)
        reach = float(laws.t_ppf((1 + level) / 2, dof)) * (side + variance) ** 0.5
        ends.append(_inside(m, scale.back(centre + sign * reach)))
    return ends[0], ends[1]


def _error_of_spread(m: Measurement, scale: Scale, variance: float) -> float:
    """Return the spread as which the training ``variance`` is uncertain, on the metric's scale: see `above_error`."""
    on_scale, at_mean = scale.forward(m.refits.values), float(scale.slope(float(np.mean(m.refits.values))))
    if not (np.isfinite(on_scale).all() and np.isfinite(at_mean)):
        return variance
    interaction = m.refits.interaction * at_mean**2
    alone = departure(m.value, m.seeds) * float(scale.slope(m.value)) ** 2
    return max(above_error(float(np.var(on_scale, ddof=1)), interaction, len(m.refits) - 1), alone)


def _inside(m: Measurement, x: float) -> float:
    low, high = m.bounds
    return float(min(max(x, -np.inf if low is None else low), np.inf if high is None else high))


# --- without a test set


def cross_validated(
    values: Vector,
    *,
    n_fit: int,
    n_validation: int,
    level: float = 0.95,
    units: float = np.inf,
    between: float = 0.0,
) -> Score:
    """Return the mean over folds with the variance of Nadeau & Bengio, Student's t at `folds_dof`.

    Parameters
    ----------
    values : (k,) scores of the folds, or (R, k) of R repeats; NaN for a fold that is left out.
    n_fit, n_validation : events that a fold's model is fitted to and scored on.
    units : independent events in all folds.
    between : the variance that the classes' numbers bring, which stratified folds do not show
        (`fivesigma.risk.prevalence`); it is added, as known.
    """
    known = np.isfinite(values)
    value = float(np.mean(values[known])) if known.any() else None
    if value is None or folds_dof(values) < 1:
        return Score(value, method="no interval: fewer than two folds")
    spread = nadeau_bengio(values, n_fit, n_validation)
    if spread + between == 0:
        return Score(value, method="no interval: every fold scores the same")
    ways = with_known(spread, folds_dof(values, units), between)
    half = max(float(laws.t_ppf((1 + level) / 2, dof)) * variance**0.5 for variance, dof in ways)
    how = " ⊕ class fractions" if len(ways) > 1 else ""
    return Score(value, value - half, value + half, level, _how_folded(values) + how)


def with_known(spread: float, dof: float, known: float) -> tuple[tuple[float, float], ...]:
    """Return the variance ``spread`` and its degrees of freedom, and both with a ``known`` variance added, if any.

    What is known adds degrees of freedom too, and may narrow an interval: whoever adds it takes the more careful way.

    >>> with_known(1.0, 4.0, 0.0), with_known(1.0, 4.0, 1.0)
    (((1.0, 4.0),), ((1.0, 4.0), (2.0, 16.0)))
    """
    if not known > NEGLIGIBLE * spread:
        return ((spread, dof),)
    return (spread, dof), (spread + known, total_dof(known, spread, spread=spread, dofs=(np.inf, dof)))


def _how_folded(values: Vector) -> str:
    """Return how the interval of folds was found."""
    again = f" of {len(values)} repeats" if values.ndim > 1 and len(values) > 1 else ""
    missing = np.count_nonzero(~np.isfinite(values))
    which = "lacks a class and is" if missing == 1 else "lack a class and are"
    left_out = f"; {missing} of {values.size} folds {which} left out" if missing else ""
    return f"procedure: cross-validation{again}, Nadeau-Bengio{left_out}"


def nadeau_bengio(values: Vector, n_fit: int, n_validation: int) -> float:
    """Return ``(1/k + n_val / n_fit) s²``, s² the variance between the k folds of a repeat, averaged over repeats.

    Nadeau & Bengio (2003), Machine Learning 52, 239, eq. 9. Repeats are of the same events: their means agree, so
    that s² is the spread *within* them, and they bring no more events, so that 1/k stays. With 1/(k R) and the spread
    of all folds, equal procedures claim 3σ in more than 1 % of studies (docs/evidence.md).

    >>> nadeau_bengio(np.array([1.0, 3.0]), 40, 10)
    1.5
    >>> nadeau_bengio(np.array([[1.0, 3.0], [3.0, 1.0]]), 40, 10)
    1.5
    """
    repeats = _repeats(values)
    known = np.isfinite(repeats)
    n_known = known.sum(axis=1, keepdims=True)
    mean = np.where(known, repeats, 0.0).sum(axis=1, keepdims=True) / np.maximum(n_known, 1)
    spread = np.sum(np.where(known, repeats - mean, 0.0) ** 2) / np.sum(np.maximum(n_known - 1, 0))
    return float((len(repeats) / known.sum() + n_validation / n_fit) * spread)


def folds_dof(values: Vector, units: float = np.inf) -> float:
    """Return the degrees of freedom of the spread within repeats: ``R (k - 1)``, and never above ``units`` - 1.

    Set by the null rate, not assumed. Two folds are each other's training set, so that repeats of them tell little
    more: there k - 1 stays.

    >>> folds_dof(np.zeros(5)), folds_dof(np.zeros((5, 5))), folds_dof(np.zeros((5, 5)), 12.0)
    (4.0, 20.0, 11.0)
    """
    known = np.isfinite(_repeats(values)).sum(axis=1)
    each = np.maximum(known - 1, 0)
    return float(min(np.sum(each) if np.max(known) > 2 else np.max(each), max(units - 1, 1.0)))


def _repeats(values: Vector) -> Vector:
    """Return the scores of folds as (R, k)."""
    return np.atleast_2d(np.asarray(values, dtype=np.float64))
