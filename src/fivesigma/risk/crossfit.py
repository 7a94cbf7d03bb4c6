"""Every event scored by a model that has not seen it, and how uncertain that is with the training sets in it.

The estimand is the risk of the procedure at (k - 1)/k of the events. The spread of the events' losses alone is that of
these k fitted models (Bayle et al. 2020): two trees of equal risk then part at 3σ in 2 % of studies, since events of
two folds are not independent, their models share training rows. No function of one cross-validation shows that
covariance (Bengio & Grandvalet 2004). Two cross-validations on *disjoint halves* of the events are independent, so
their difference δ has twice the variance of one, all of it: events, training sets, seeds and what these have in common.
Over M random halvings ``E δ² / 4`` is the variance at n events where it goes as 1/n, and careful where training sets
bring more at half their size (Nadeau & Bengio 2003, the conservative Z).

What the events bring is known better than from M halvings. L is the same difference of the final predictions, whose
variance over all halvings is four times ``stat²``; the part of δ that goes with L takes that in place of its own M
squares (a control variate). Then ``ν = M / (1 - ρ⁴)`` for a correlation ρ of δ and L.

What is luck of a fit, its seed's say, is no less with more events: of it half the variance of a half would be too
little. So what the folds of a half scatter beyond their events is added, by half. The variance is never below
``stat²``.

References
----------
Nadeau & Bengio (2003), Machine Learning 52, 239, §4; Bengio & Grandvalet (2004), J. Mach. Learn. Res. 5, 1089; Bayle,
Bayle, Janson & Mackey (2020), NeurIPS 33; Bates, Hastie & Tibshirani (2023), J. Am. Stat. Assoc. 119, 1434.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma.risk.findings import ErrorBudget, Score
from fivesigma.risk.folded import Folded
from fivesigma.risk.influence import Scored, influence
from fivesigma.risk.intervals import About, Scale, limits_of, refusal, stat_dof, stat_error
from fivesigma.risk.metric import Metric
from fivesigma.risk.resampling import Measurement, Part
from fivesigma.risk.significance import Difference, t_tail

Array = NDArray[Any]
Vector = NDArray[np.float64]

FEWEST_HALVINGS = 2


def halved(
    units: Array, strata: Array | None, n_folds: int, rng: np.random.Generator, *, hold: bool = False
) -> NDArray[np.int64]:
    """Return for each row (n,) its half and its fold there: ``half * n_folds + fold``.

    Parameters
    ----------
    units : (n,) labels of what stays together.
    strata : (n,) classes that the folds of a half have their shares of; None for none.
    n_folds : of either half.
    rng : the stream.
    hold : whether the halves have their shares of the strata too: where the class fraction is by design.

    >>> cells = halved(np.arange(40), np.arange(40) % 2, 5, np.random.default_rng(0), hold=True)
    >>> np.bincount(cells).tolist()
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    """
    _, first, of_row = np.unique(units, return_index=True, return_inverse=True)
    size = np.bincount(of_row)
    stratum = np.zeros(len(first), np.int64) if strata is None else np.asarray(strata, np.int64)[first]
    half = _dealt(size, stratum if hold else np.zeros_like(stratum), 2, rng)
    fold = np.empty_like(half)
    for side in (0, 1):
        at = half == side
        fold[at] = _dealt(size[at], stratum[at], n_folds, rng)
    return np.asarray((half * n_folds + fold)[of_row], np.int64)


def _dealt(size: Array, stratum: Array, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return units dealt like cards, the largest of each stratum first."""
    order = np.lexsort((rng.random(len(size)), -size, stratum))
    found = np.empty(len(size), np.int64)
    found[order] = np.arange(len(size)) % n
    return found


@dataclass(frozen=True, eq=False)
class Halving:
    """Cross-validations on either half of the events: each event's ``half`` (n,), its ``fold``, and its prediction."""

    half: Array
    fold: Array
    prediction: Array


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """One metric of one model on all events.

    Attributes
    ----------
    measured : the out-of-fold predictions on the resamples of the events.
    halves : (M, 2) the score of the cross-validations on either half, over M halvings.
    shares : (M, 2) that of the final out-of-fold predictions on the same halves.
    folds : (M, 2, k) what each fold of a half adds to the score of the half, to first order; they sum to 0.
    """

    measured: Measurement
    halves: Vector
    shares: Vector
    folds: Vector

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self.measured.metric


def cross_fitted(
    metric: Metric, events: Folded, part: Part, prediction: Array, halvings: Sequence[Halving] = ()
) -> CrossFitted:
    """Score out-of-fold predictions of all events, and of their halves.

    Parameters
    ----------
    events, part : all events, with their folds and with their resamples.
    prediction : (n, ...) of the model, each event's by a fit that has not seen it.
    halvings : the cross-validations on halves; none for the claim "fitted".
    """
    decided, cut = events.decided(metric, prediction)
    scored = Scored(part.y, decided, part.w, part.groups, cut, events.scale, part.strata)
    draws = events.resampled(metric, prediction, part.counts)
    measured = Measurement(metric, part, scored, events.value(metric, prediction), draws)
    halves = [_sides(metric, events, each.half, each.fold, each.prediction) for each in halvings]
    shares = [_sides(metric, events, each.half, events.fold, prediction) for each in halvings]
    folds = [_of_folds(metric, events, each) for each in halvings]
    first, second = (np.reshape(each, (-1, 2)) for each in (halves, shares))
    return CrossFitted(measured, first, second, np.array(folds) if folds else np.empty((0, 2, 0)))


def _halves(events: Folded, half: Array, fold: Array) -> Iterator[tuple[Array, Folded]]:
    """Yield the rows of either half, and its events at the yields of all."""
    w = np.ones(len(events)) if events.w is None else events.w
    for side in (0, 1):
        at = half == side
        scale = events.scale * float(w.sum() / w[at].sum())
        yield at, Folded(events.y[at], None if events.w is None else w[at], fold[at], None, scale)


def _sides(metric: Metric, events: Folded, half: Array, fold: Array, prediction: Array) -> list[float]:
    """Return the score of predictions on either half."""
    return [own.value(metric, prediction[at]) for at, own in _halves(events, half, fold)]


def _of_folds(metric: Metric, events: Folded, halving: Halving) -> list[Vector]:
    """Return what each fold adds to the score of its half, by either half (k,)."""
    found, n_folds = [], int(halving.fold.max()) + 1
    for at, own in _halves(events, halving.half, halving.fold):
        said, cut = own.decided(metric, halving.prediction[at])
        if metric.averaged and cut is None:
            found.append(own.parts(metric, said, n_folds))
            continue
        moved = influence(metric, Scored(own.y, said, own.w, None, cut, own.scale))
        added = np.zeros(n_folds) if moved is None else np.bincount(own.fold, moved, n_folds)
        found.append(np.asarray(added, float))
    return found


@dataclass(frozen=True)
class Spread:
    """A variance with its degrees of freedom; ``slope`` is of the halves' differences on the final predictions'."""

    variance: float
    dof: float
    slope: float


def spread(
    halves: Vector, shares: Vector, stat: float, *, dof: float, folds: Vector | None = None
) -> Spread | None:
    """Return the variance of a cross-fitted score; None where fewer than two halvings are defined.

    Parameters
    ----------
    halves, shares : (M,) difference of the two halves' scores, of the fits on halves and of the final predictions.
    stat : variance that the events bring, known to ``dof`` degrees of freedom.
    folds : (M, 2, k) what each fold of a half adds.

    >>> rng = np.random.default_rng(0)
    >>> shares = 2 * rng.normal(size=50)
    >>> found = spread(shares + 0.1 * rng.normal(size=50), shares, 1.0, dof=1e6)
    >>> round(found.variance, 1), found.dof > 1000
    (1.0, True)
    """
    known = np.isfinite(halves) & np.isfinite(shares)
    d, s = halves[known], shares[known]
    if len(d) < FEWEST_HALVINGS:
        return None
    squares, own = float(np.mean(d**2)), float(np.mean(s**2))
    slope = float(np.mean(d * s)) / own if own > 0 else 0.0
    share = slope**2 * own / squares if squares > 0 else 0.0  # ρ²
    variance = (squares - slope**2 * own) / 4 + slope**2 * stat + _luck(folds, stat) / 2
    found = len(d) / max(1 - min(share, 1.0) ** 2, 1e-12)
    return Spread(max(variance, stat), min(found, dof), slope)


def _luck(folds: Vector | None, stat: float) -> float:
    """Return the variance of a half's score that its folds have beyond that of the events, which is twice ``stat``."""
    if folds is None or folds.shape[-1] < 2:
        return 0.0
    k = folds.shape[-1]
    scatter = float(np.mean(np.sum(np.nan_to_num(folds) ** 2, axis=-1))) * k / (k - 1)
    return float(max(scatter - 2 * stat, 0.0))


def score(c: CrossFitted, *, claim: About = "procedure", level: float = 0.95) -> Score:
    """Return the value with its interval: of these k fitted models, or of the procedure.

    ``error.train`` is what the variance of `spread` has beyond that of the events.
    """
    m = c.measured
    value, stat = (m.value if np.isfinite(m.value) else None), stat_error(m)
    if reason := _no_interval(c):
        return Score(value, None, None, level, reason, ErrorBudget(stat))
    limits = limits_of(m, level)
    if claim == "fitted":
        method = f"these fitted models: cross-fitted, {limits.method}"
        return Score(value, limits.low, limits.high, level, method, ErrorBudget(stat))
    found = spread(_across(c.halves), _across(c.shares), stat**2, dof=stat_dof(m), folds=c.folds)
    if found is None:
        return Score(value, None, None, level, "no interval: not defined on halves", ErrorBudget(stat))
    beyond = max(found.variance - stat**2, 0.0)
    low, high = (_reach(m, end, beyond, found.dof, level) for end in (limits.low, limits.high))
    method = f"procedure: cross-fitted, {limits.method} ⊕ {len(c.halves)} halvings"
    return Score(value, low, high, level, method, ErrorBudget(stat, beyond**0.5))


def _no_interval(c: CrossFitted) -> str:
    """Return why a score has no interval, or an empty string."""
    m, metric = c.measured, c.metric
    if not metric.interval:
        return f"no interval: {metric.name} is biased at finite size"
    if not np.isfinite(m.value):
        return "no interval: the score is not defined"
    if m.value in m.bounds:
        return "no interval: the score is at its bound"
    if not stat_error(m) > 0 and bool((c.halves == m.value).all()):
        return "no interval: every resample scores the same"
    return refusal(m.part)


def _across(sides: Vector) -> Vector:
    return sides[:, 1] - sides[:, 0]


def _reach(m: Measurement, end: float | None, beyond: float, dof: float, level: float) -> float | None:
    """Return one end of the events' interval with the variance ``beyond`` theirs, on the metric's scale."""
    if end is None:
        return None
    scale = Scale(*m.bounds)
    centre, slope = float(scale.forward(m.value)), float(scale.slope(m.value))
    side = (float(scale.forward(end)) - centre) / float(laws.t_ppf((1 + level) / 2, stat_dof(m)))
    if not np.isfinite(side):
        return end
    total = (side**2 + beyond * slope**2) ** 0.5
    return scale.back(centre + float(np.copysign(laws.t_ppf((1 + level) / 2, dof) * total, side)))


def compare(
    a: CrossFitted,
    b: CrossFitted,
    *,
    one_sided: bool = False,
    claim: About = "procedure",
    level: float = 0.95,
) -> Difference:
    """Return the paired difference of ``a`` over ``b``: same events, same halves; positive favours ``a``.

    ``t = d / sqrt(v)`` with the variance and the degrees of freedom of `spread`; for the claim "fitted" of the events
    alone. No finite sample is certain: the error is at least ``|d| sqrt(2) / (n + 4)``.
    """
    metric, m = a.metric, a.measured
    d = float(metric.merit(m.value) - metric.merit(b.measured.value))
    draws = np.asarray(metric.merit(m.draws) - metric.merit(b.measured.draws), float)
    refused = Difference(d if np.isfinite(d) else None, level=level, one_sided=one_sided, claim=claim)
    if reason := _no_test(a, b, d):
        return replace(refused, method=reason)
    known = draws[np.isfinite(draws)]
    units = m.part.units(additive=metric.additive)
    stat = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    found, rest = Spread(stat**2, stat_dof(m), 0.0), np.empty(0)
    if claim == "procedure":
        halves, shares = (
            _across(np.asarray(metric.merit(x) - metric.merit(y), float))
            for x, y in ((a.halves, b.halves), (a.shares, b.shares))
        )
        of_halves = spread(halves, shares, stat**2, dof=stat_dof(m), folds=a.folds - b.folds)
        if of_halves is None:
            return replace(refused, method="no test: not defined on halves")
        found, rest = of_halves, (halves - of_halves.slope * shares) / 2
    error = max(found.variance**0.5, abs(d) * 2**0.5 / (units + 4))
    how = f"paired, cross-fitted{f' ⊕ {len(rest)} halvings' if len(rest) else ''}, t"
    tested = _tested(refused, d, error, found.dof)
    draws = np.where(np.isfinite(draws), draws, d)
    return replace(tested, method=how, stat_draws=draws, train_draws=rest).within(metric.reach)


def _no_test(a: CrossFitted, b: CrossFitted, d: float) -> str:
    """Return why two are not compared, or an empty string."""
    if not a.metric.interval:
        return f"no test: {a.metric.name} is biased at finite size"
    if not np.isfinite(d):
        return "not defined"
    return refusal(a.measured.part)


def _tested(of: Difference, d: float, error: float, dof: float) -> Difference:
    """Return the difference with its t test and its interval; more events are more to train on, too."""
    t = d / error if error > 0 else 0.0
    tail = t_tail(t, dof, one_sided=of.one_sided)
    half = float(laws.t_ppf((1 + of.level) / 2, dof)) * error
    p = 1.0 if t == 0 else tail.p
    ends = replace(of, low=d - half, high=d + half, p=p, sigma_local=tail.sigma, t=t, dof=dof)
    return replace(ends, stat=0.0, train=error)
