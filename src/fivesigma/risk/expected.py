"""Expected discovery significances of declared yields: at the best cut, and from all bins of the score.

What is known of the background has two parts: the statistical error of the simulation, sqrt(Σw²) of the events that
pass, and a declared systematic one, relative to the yield. At a cut both enter `asimov_significance`. Of several bins
each has a statistical error of its own, and the systematic one moves all of them together: the profile likelihood of
Cowan et al. (arXiv:1007.1727, §5) on the Asimov data, with an auxiliary Poisson number ``m = b²/σ²`` in each bin (Cowan
2012, eq. 20, of one bin; the light form of Barlow & Beeston 1993) and one nuisance α of unit normal that makes all
backgrounds ``(1 + f)^α`` as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.later import optimize
from fivesigma._core.weights import kish
from fivesigma.risk.cuts import MINIMUM_BACKGROUND, Selected, asimov_significance, highest
from fivesigma.risk.metric import Floats
from fivesigma.risk.quantiles import quantiles

MOST_BINS = 20
"""Bins of equal signal at most, before those with too little background are joined."""
CURVE_POINTS = 120
BAND = (0.15865, 0.84135)
FARTHEST = 30.0
"""How far, in its own errors, the nuisance of the systematic is looked for."""


@dataclass(frozen=True)
class Events:
    """Events of two classes with their yields.

    Attributes
    ----------
    score : (n,) probability of signal
    signal : (n,) bool
    w : (n,) weights, of either sign
    scale : takes sums of w to the yields of the whole sample
    """

    score: Floats
    signal: NDArray[np.bool_]
    w: Floats
    scale: float = 1.0

    @property
    def background(self) -> NDArray[np.bool_]:
        """(n,) bool."""
        return ~self.signal


@dataclass(frozen=True)
class Yield:
    """Σw of some events with the limits at ``level``, None where ``method`` says why; ``n_effective`` is (Σw)²/Σw²."""

    value: float
    low: float | None
    high: float | None
    level: float
    n_effective: float
    method: str


def yield_of(w: Floats, *, level: float = 0.95) -> Yield:
    """Return the yield of events whose number is random: ``Σw ± t sqrt(Σw²)``, Student's t at N_eff - 1.

    No interval below ten effective events; with negative weights a yield may be negative, and so may a limit.

    >>> found = yield_of(np.array([1.0] * 120 + [-1.0] * 20))
    >>> found.value, round(found.n_effective, 1), round(found.low, 1), round(found.high, 1)
    (100.0, 71.4, 76.4, 123.6)
    """
    value, n = float(w.sum()), kish(w)
    if n < MINIMUM_BACKGROUND:
        few = f"no interval: {n:.1f} effective events, fewer than {MINIMUM_BACKGROUND:.0f}"
        return Yield(value, None, None, level, n, few)
    reach = float(laws.t_ppf((1 + level) / 2, n - 1) * np.sqrt(np.square(w).sum()))
    return Yield(value, value - reach, value + reach, level, n, "Σw ± t sqrt(Σw²)")


@dataclass(frozen=True)
class Significances:
    """The same yields three times: background known exactly, to its simulation's statistics, and to both."""

    exact: float
    statistical: float
    both: float


@dataclass(frozen=True)
class AtCut:
    """Yields above a threshold, and what they are worth.

    Attributes
    ----------
    s, b, error : signal, background and sqrt(Σw²) of the background
    n_effective : (Σw)²/Σw² of the background that passes
    """

    threshold: float
    s: float
    b: float
    error: float
    n_effective: float
    significance: Significances


@dataclass(frozen=True)
class Curve:
    """A significance against the threshold, with the limits (m,) of the central 68 % of resamples."""

    threshold: Floats
    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class InBins:
    """Yields in bins of the score, from the lowest ``edges`` (k + 1) up."""

    edges: tuple[float, ...]
    s: tuple[float, ...]
    b: tuple[float, ...]
    error: tuple[float, ...]
    significance: Significances


def best_threshold(events: Events, systematic: float) -> float:
    """Return the threshold of highest significance with both errors, of those that leave ten effective background
    events; NaN where there is none. For out-of-fold scores.
    """
    rows = Selected.of(events.signal.astype(np.int64), events.score, events.w)
    s, b, error = (events.scale * each for each in (rows.s, rows.b, np.sqrt(rows.b_squared)))
    return highest(rows, s, b, np.hypot(error, systematic * b))


def at_cut(events: Events, threshold: float, systematic: float) -> AtCut:
    """Return the yields at the threshold or above, and their significances.

    >>> score, signal = np.array([0.9, 0.8, 0.1]), np.array([True, False, False])
    >>> found = at_cut(Events(score, signal, np.array([10.0, 100.0, 1.0])), 0.5, 0.1)
    >>> found.s, found.b, found.error, round(found.significance.exact, 6)
    (10.0, 100.0, 100.0, 0.983992)
    """
    passes = events.score >= threshold
    s, b, error = (float(each[0]) for each in _yields(events, passes[None]))
    known = (0.0, error, float(np.hypot(error, systematic * b)))
    Z = [float(asimov_significance(s, b, each)) for each in known]
    return AtCut(threshold, s, b, error, kish(events.w[passes & events.background]), Significances(*Z))


def edges(events: Events, enough: float = MINIMUM_BACKGROUND) -> tuple[float, ...]:
    """Return the lower edges of bins of equal signal, from the lowest up: for out-of-fold scores.

    A twentieth of the signal each, joined from the highest score down until each holds ``enough`` effective events of
    background; the lowest has no lower edge, and is -inf.
    """
    s, b = events.signal, events.background
    if not s.any() or not b.any():
        return (-np.inf,)
    levels = 1 - np.arange(1, MOST_BINS) / MOST_BINS
    found, top = list[float](), np.inf
    for low in quantiles(events.score[s], levels, events.w[s]).tolist():
        own = b & (events.score >= low) & (events.score < top)
        rest = b & (events.score < low)
        if low < top and all(_enough(events.w[each], enough) for each in (own, rest)):
            found.append(low)
            top = low
    return (-np.inf, *reversed(found))


def _enough(w: Floats, enough: float) -> bool:
    return bool(w.sum() > 0) and kish(w) >= enough


def in_bins(events: Events, low: tuple[float, ...], systematic: float) -> InBins:
    """Return the yields in bins with these lower edges, joined downwards where no background is left in one.

    >>> score, signal = np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False])
    >>> in_bins(Events(score, signal, np.array([3.0, 9.0, 1.0, 90.0])), (-np.inf, 0.5), 0.0).b
    (90.0, 9.0)
    """
    kept, (s, b, error) = list(low), _of_bins(events, low)
    while len(kept) > 1 and (empty := np.flatnonzero(~(b > 0))).size:
        kept.pop(max(int(empty[-1]), 1))
        s, b, error = _of_bins(events, tuple(kept))
    Z = (
        profiled(s, b, np.zeros_like(b), 0.0),
        profiled(s, b, error, 0.0),
        profiled(s, b, error, systematic),
    )
    yields = [tuple(each.tolist()) for each in (s, b, error)]
    return InBins((*kept, np.inf), yields[0], yields[1], yields[2], Significances(*Z))


def _of_bins(events: Events, low: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    index = np.searchsorted(np.array(low), events.score, side="right") - 1
    return _yields(events, index == np.arange(len(low))[:, None])


def _yields(events: Events, member: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return signal, background and the background's sqrt(Σw²), of each row of ``member`` (k, n)."""
    of = member.astype(np.float64)
    s, b = (
        events.scale * (of @ np.where(side, events.w, 0.0)) for side in (events.signal, events.background)
    )
    squares = of @ np.where(events.background, events.w, 0.0) ** 2
    return s, b, np.asarray(events.scale * np.sqrt(squares))


def ams_curve(events: Events, counts: NDArray[Any], b_reg: float = 10.0) -> Curve:
    """Return the approximate median significance of the HiggsML challenge against the threshold (`risk.cuts.Ams`).

    Thresholds are quantiles of the score, closer towards the top, as far as ten effective events of background are
    above; ``counts`` (B, n) are multiplicities of the events.
    """
    threshold = _thresholds(events)
    order = np.argsort(events.score, kind="stable")
    start = np.searchsorted(events.score[order], threshold)
    signal, background = (np.where(side, events.w, 0.0)[order] for side in (events.signal, events.background))

    def at(c: Any) -> Floats:
        s, b = (events.scale * np.cumsum((c * each)[::-1])[::-1][start] for each in (signal, background))
        return asimov_significance(s, np.maximum(b, 0.0) + b_reg)

    draws = np.array([at(each[order]) for each in counts])
    low, high = np.quantile(draws, BAND, axis=0) if len(draws) else np.full((2, len(threshold)), np.nan)
    return Curve(threshold, at(1.0), low, high)


def _thresholds(events: Events) -> Floats:
    half = CURVE_POINTS // 2
    left = np.concatenate([np.linspace(1.0, 0.1, half, endpoint=False), np.geomspace(0.1, 2e-4, half)])
    found, b = np.unique(np.quantile(events.score, 1 - left)), events.background
    known = [_enough(events.w[b & (events.score >= each)], MINIMUM_BACKGROUND) for each in found]
    return found[: max(int(np.argmin(known)) if not all(known) else len(known), 1)]


def profiled(s: Any, b: Any, error: Any, systematic: float) -> float:
    """Return the median discovery significance of bins with the yields ``s``, ``b`` (k,), NaN where a b is not above 0.

    ``Z² = min_α Σ_i 2 [D(n_i, κ β_i) + D(m_i, τ_i β_i)] + α²`` with ``D(n, v) = n ln(n/v) - n + v``, ``n = s + b``,
    ``τ = b/σ²``, ``m = τ b``, ``κ = (1 + f)^α`` and ``β = (n + m)/(κ + τ)``, the β that is best for κ; without an error
    ``β = b``.

    Parameters
    ----------
    s, b, error : (k,) yields and the statistical error of b, in events
    systematic : f, common to all bins

    >>> round(profiled([10.0], [100.0], [0.0], 0.0), 6), round(profiled([50.0], [100.0], [10.0], 0.0), 5)
    (0.983992, 3.17297)
    """
    n_s, n_b, sigma = (np.asarray(each, dtype=np.float64) for each in (s, b, error))
    if not (n_b > 0).all():
        return float("nan")
    n_s = np.maximum(n_s, 0.0)

    def deviance(alpha: float) -> float:
        return _deviance(n_s, n_b, sigma, (1 + systematic) ** alpha) + alpha**2

    least = deviance(0.0)
    if systematic > 0:
        found = optimize.minimize_scalar(
            deviance, bounds=(0.0, FARTHEST), method="bounded", options={"xatol": 1e-10}
        )
        least = min(least, float(found.fun))
    return float(np.sqrt(least))


def _deviance(s: Floats, b: Floats, sigma: Floats, kappa: float) -> float:
    """Return ``Σ 2 [D(n, κ β) + D(m, τ β)]``."""
    with np.errstate(divide="ignore"):
        free, tau = sigma > 0, np.where(sigma > 0, b / np.where(sigma > 0, sigma, 1.0) ** 2, 0.0)
    beta = np.where(free, (s + b + tau * b) / (kappa + tau), b)
    auxiliary = np.where(free, _divergence(b, beta) * tau, 0.0)
    return float(2 * (_divergence(s + b, kappa * beta) + auxiliary).sum())


def _divergence(n: Floats, v: Floats) -> Floats:
    """Return ``n ln(n/v) - n + v``, to rounding where n is near v."""
    x = n / v - 1
    near = np.abs(x) < 1e-3
    series = x**2 / 2 - x**3 / 6 + x**4 / 12 - x**5 / 20 + x**6 / 30
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(n > 0, (1 + x) * np.log1p(x) - x, 1.0)
    return np.asarray(v * np.where(near, series, exact))
