"""Heavy tails: intervals of scores made of squared residuals, where a sample may have missed its tail.

A few large residuals carry most of a mean square, and a test set that holds none of them finds both the score and
its error too small at once. The events of training that a fold held out have the same tail, and are more: they say
how uncertain the mean square of a test set is, and how far the tail reaches that folds have seen only in part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma.risk.influence import Scored, Units, influence
from fivesigma.risk.metric import Metric, power_of_two

Vector = NDArray[np.float64]

SHARE = 0.1
"""The part of the residuals that counts as their tail."""
FEWEST_IN_TAIL = 5
NORMAL = 0.2128
"""Mean log excess of the largest tenth of normal residuals: the inverse of a Hill index of 4.7."""
HEAVIEST = 2.3
"""Hill index below which a mean square has next to no finite error; smaller ones count as this."""
N_DRAWS = 4000
SEED = 20_240_917


def unit_influences(metric: Metric, scored: Scored) -> Vector | None:
    """Return ``N U_u`` of each of the N independent units (events, or groups) with weight; None where unknown.

    Their mean square over N is the squared error of the score.
    """
    u = influence(metric, scored)
    if u is None or not np.isfinite(u).all():
        return None
    held = np.ones(len(u), bool) if scored.w is None else np.asarray(scored.w) != 0
    groups = None if scored.groups is None else scored.groups[held]
    sums = Units.of(groups, int(held.sum())).sums(u[held])
    return np.asarray(len(sums) * sums, float)


def pooled_reach(test: Vector, held_out: Vector, *, level: float, dof: float) -> float:
    """Return how far a t interval reaches that takes the size of its error from test and held-out events together.

    Its degrees of freedom are those of a variance of so heavy a sample, ``2 N / (κ - 1)`` with the kurtosis κ of the
    influences, at least 2 and at most ``dof``.

    Parameters
    ----------
    test, held_out : (n,), (m,) unit influences, on the scale of the interval.

    >>> rng = np.random.default_rng(0)
    >>> test, held_out = rng.normal(size=100), rng.normal(size=400)
    >>> round(pooled_reach(test, held_out, level=0.95, dof=99.0), 2)
    0.2
    """
    both = np.concatenate([test, held_out])
    both = both / power_of_two(float(np.abs(both).max(initial=0.0)) or 1.0)
    square = float(np.mean(both**2))
    if not square > 0:
        return 0.0
    kurtosis = float(np.mean(both**4)) / square**2
    known = min(dof, max(2 * len(both) / max(kurtosis - 1, 1e-9), 2.0))
    unit = power_of_two(float(np.abs(np.concatenate([test, held_out])).max()))
    error = unit * (square / max(len(test) - 1, 1)) ** 0.5
    return float(laws.t_ppf((1 + level) / 2, known) * error)


def squares(metric: Metric, scored: Scored) -> Vector | None:
    """Return the squared residual of each independent unit with weight, of mean one; None for another metric."""
    z = metric.squares(scored.y, scored.prediction)
    if z is None:
        return None
    w = np.ones(len(z)) if scored.w is None else np.asarray(scored.w, float)
    held = w != 0
    groups = None if scored.groups is None else scored.groups[held]
    sums = Units.of(groups, int(held.sum())).sums((z * w)[held])
    mean = float(np.mean(sums)) if len(sums) else 0.0
    return np.asarray(sums / mean if mean > 0 else sums, float)


@dataclass(frozen=True, eq=False)
class Tail:
    """The tail of squared residuals ``z``: the largest tenth, above ``start``, whose Hill index is ``index``.

    ``body`` are the others, ``share`` is how many of all are in the tail. `Tail.of` returns None where fewer than five
    would be.
    """

    body: Vector
    start: float
    share: float
    index: float

    @classmethod
    def of(cls, z: Vector) -> Tail | None:
        """Return the tail of ``z`` (N,). Hill (1975), Ann. Stat. 3, 1163.

        >>> z = np.random.default_rng(0).pareto(1.5, size=20_000) + 1
        >>> round(Tail.of(z).index, 1)
        3.0
        """
        k = int(SHARE * len(z))
        if k < FEWEST_IN_TAIL:
            return None
        rising = np.sort(z)
        start = float(rising[-k - 1])
        if not start > 0:
            return None
        excess = float(np.mean(np.log(rising[-k:] / start))) / 2  # of residuals, whose squares these are
        return cls(rising[:-k], start, k / len(z), 1 / excess if excess > 0 else np.inf)

    def heavier_than_normal(self, errors: float) -> bool:
        """Whether the mean log excess is above that of normal residuals by so many of its standard errors."""
        k = round(self.share * len(self.body) / (1 - self.share))
        return bool(1 / self.index > NORMAL * (1 + errors / k**0.5))

    def ratios(self, n: int, level: float) -> tuple[float, float]:
        """Return the central quantiles of (a mean of ``n`` squares) over (their expectation), were the tail a power.

        A body and a tail ``start U^(-2/index)`` are drawn; the body's mean is normal.
        """
        rng, index = np.random.default_rng(SEED), max(self.index, HEAVIEST)
        in_tail = rng.binomial(n, self.share, size=N_DRAWS)
        drawn = self.start * rng.random(int(in_tail.sum())) ** (-2 / index)
        ends = np.concatenate([[0.0], np.cumsum(drawn)])[np.concatenate([[0], np.cumsum(in_tail)])]
        rest = n - in_tail
        body = rest * self.body.mean() + rest**0.5 * self.body.std() * rng.normal(size=N_DRAWS)
        means = (np.diff(ends) + body) / n
        expected = (1 - self.share) * self.body.mean() + self.share * self.start * index / (index - 2)
        low, high = np.quantile(means / expected, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def tail_limits(metric: Metric, value: float, z: Vector, level: float = 0.95) -> tuple[float, float] | None:
    """Return the limits on a score that the tail of its own squares ``z`` (N,) leaves, None where it is not heavy.

    Heavy is a mean log excess half a standard error above that of normal residuals. The limits are those of a mean
    of N squares whose tail is a power: what a sample has not seen of its tail is in them.
    """
    tail = Tail.of(z)
    if tail is None or not tail.heavier_than_normal(0.5):
        return None
    low, high = tail.ratios(len(z), level)
    ends = sorted(metric.with_squares(value, 1 / ratio) for ratio in (low, high))
    return ends[0], ends[1]
