"""Whether a stated spread is honest: errors in bins of it, and pulls with their mean and width.

Intervals are of events drawn anew, whole groups at a time (`fivesigma.risk.resampling`), by their quantiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.weights import kish
from fivesigma.risk.resampling import resampling_counts

Floats = NDArray[np.float64]

N_BOOT, LEVEL = 400, 0.95
PER_BIN, MOST_BINS = 40, 8
"""Effective events that a bin holds at least, and bins there are at most."""
CENTRAL = 0.6826894921370859
"""The probability of a normal law within one standard deviation."""
EDGES = np.linspace(-5.0, 5.0, 21)
"""Of the histogram of pulls."""


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SpreadBin:
    """Events of like spread: how many, their root mean square spread and error, and what error is stated."""

    n: int
    spread: float
    error: Estimate
    stated: float


@dataclass(frozen=True, eq=False)
class Events:
    """Events on which a spread is judged: weights and groups (n,), or None; ``rng`` draws them anew."""

    w: Floats | None
    groups: NDArray[Any] | None
    rng: np.random.Generator

    def drawn(self, n: int) -> Floats:
        """Return weights (B, n) of the events in resamples, those of the events themselves first."""
        w = np.ones(n) if self.w is None else np.asarray(self.w, dtype=np.float64)
        counts = resampling_counts(n, N_BOOT, self.rng, groups=self.groups)
        drawn = counts * w
        return np.vstack([w, drawn[drawn.sum(axis=1) > 0]])


def bins(
    spread: Floats, squared: Floats, stated: Floats, events: Events, counts: Floats | None = None
) -> tuple[SpreadBin, ...]:
    """Return the error in bins of the spread (n,), of about equal weight, from the least spread on.

    Parameters
    ----------
    squared : (n,) squared errors
    stated : (n,) squared errors that are to be expected, as the model has it
    counts : (n,) how much an event counts towards the size of a bin; of events that are certain nothing is to be seen

    >>> rng = np.random.default_rng(0)
    >>> s = rng.uniform(0.5, 2.0, 4000)
    >>> found = bins(s, (s * rng.normal(size=4000)) ** 2, s**2, Events(None, None, rng))
    >>> len(found), all(each.error.low < each.stated < each.error.high for each in found)
    (8, True)
    """
    draws = events.drawn(len(spread))
    w = np.abs(draws[0]) * (1.0 if counts is None else counts)
    n = int(min(max(kish(w) // PER_BIN, 1), MOST_BINS))
    order = np.argsort(spread, kind="stable")
    share = (np.cumsum(w[order]) - 0.5 * w[order]) / w.sum()
    of = np.zeros(len(w), dtype=np.intp)
    of[order] = np.minimum((share * n).astype(np.intp), n - 1)
    every = (_bin(of == b, spread, squared, stated, draws) for b in range(n))
    return tuple(each for each in every if each is not None)


def _bin(inside: Any, spread: Floats, squared: Floats, stated: Floats, draws: Floats) -> SpreadBin | None:
    w = draws[:, inside]
    total = w.sum(axis=1)
    if not total[0] > 0 or not inside.any():
        return None
    known = w[total > 0]
    errors = np.sqrt(np.maximum(known @ squared[inside] / total[total > 0], 0.0))
    both = (np.sqrt(max(float(np.average(each[inside], weights=w[0])), 0.0)) for each in (spread**2, stated))
    own, expected = both
    return SpreadBin(int(inside.sum()), float(own), _estimate(errors), float(expected))


def root_mean_squares(squared: Sequence[Floats], events: Events) -> tuple[Estimate, ...]:
    """Return the root of the weighted mean of each of the ``squared`` (n,), all on the same resamples.

    >>> one, two = root_mean_squares([np.ones(50), np.arange(50.0)], Events(None, None, np.random.default_rng(0)))
    >>> one.low == one.value == 1.0, two.low < two.value < two.high
    (True, True)
    """
    draws = events.drawn(len(squared[0]))
    total = draws.sum(axis=1)
    return tuple(_estimate(np.sqrt(np.maximum(draws @ each / total, 0.0))) for each in squared)


def _estimate(draws: Floats) -> Estimate:
    """Return the first of ``draws`` (1 + B,) with the ends of the interval that the others give."""
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.nanpercentile(draws[1:], [tail, 100.0 - tail])
    return Estimate(float(draws[0]), float(min(low, draws[0])), float(max(high, draws[0])))


@dataclass(frozen=True, eq=False)
class Pulls:
    """Pulls (y - mean) / σ.

    Attributes
    ----------
    mean : weighted mean, of pulls cut at ±5 so that it exists for few members too
    width : half the range that holds the central 68.27 % of them: 1 of a normal law
    expected : the width of an honest σ
    density : histogram on `EDGES`, as a density of all pulls; ``beyond`` the share outside of it
    """

    mean: Estimate
    width: Estimate
    expected: float
    density: Floats
    beyond: float


def pulls(residual: Floats, sigma: Floats, expected: float, events: Events) -> Pulls | None:
    """Return what the pulls of residuals (n,) y - mean are like; None where no σ (n,) is above zero.

    >>> rng = np.random.default_rng(0)
    >>> found = pulls(rng.normal(size=4000), np.ones(4000), 1.0, Events(None, None, rng))
    >>> found.width.low < 1 < found.width.high, found.mean.low < 0 < found.mean.high
    (True, True)
    """
    if not (sigma > 0).any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(residual == 0, 0.0, residual / np.where(sigma > 0, sigma, np.nan))
    z = np.where(np.isnan(z), np.copysign(np.inf, residual), z)
    draws = events.drawn(len(z))
    order = np.argsort(z, kind="stable")
    sorted_z, sorted_w = z[order], np.maximum(draws[:, order], 0.0)
    widths = np.array([_half_range(sorted_z, w) for w in sorted_w])
    means = draws @ np.clip(z, EDGES[0], EDGES[-1]) / draws.sum(axis=1)
    inside = np.histogram(z, EDGES, weights=draws[0])[0]
    total = draws[0].sum()
    return Pulls(
        _estimate(means),
        _estimate(widths),
        expected,
        inside / (total * np.diff(EDGES)),
        float(1.0 - inside.sum() / total),
    )


def _half_range(z: Floats, w: Floats) -> float:
    """Return half the distance between the weighted quantiles of rising ``z`` (n,) that hold the central 68.27 %."""
    share = (np.cumsum(w) - 0.5 * w) / w.sum()
    low, high = np.interp([0.5 - CENTRAL / 2, 0.5 + CENTRAL / 2], share, np.clip(z, -1e9, 1e9))
    return float(0.5 * (high - low))


def width_of_members(n: int) -> float:
    """Return the width of pulls on the mean and spread of ``n`` members of which the truth could be another.

    Then ``(y - mean) / (s √(1 + 1/n))`` is Student's t at n - 1.

    >>> round(width_of_members(1000), 2), round(width_of_members(5), 2)
    (1.0, 1.25)
    """
    return float(np.sqrt(1.0 + 1.0 / n) * laws.t_ppf(0.5 + CENTRAL / 2, n - 1))
