"""Negative weights: intervals of an AUC, an efficiency and a yield, with signed weights and with resampled ones.

A fifth of the weights are -1, of a shape g of their own; the positive ones have the density (1 - r) t + r g with
r = f/(1 - f), so that the signed sample is exactly of the density t.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmarks.scene import LEVEL, Scene
from benchmarks.scenes.fitted import binary, fitted
from fivesigma.models.signed import POLICIES, Events
from fivesigma.risk.efficiency import efficiency
from fivesigma.risk.expected import yield_of

NEGATIVE = 0.2
CUT = 0.5


def sample(rng, n, centre, policy):
    """Scores around ``centre`` with signed weights, or what a policy makes of them; their number is random."""
    n = rng.poisson(n)
    negative = rng.random(n) < NEGATIVE
    other = negative | (rng.random(n) < NEGATIVE / (1 - NEGATIVE))
    x = rng.normal(size=n) + np.where(other, 0.3, centre)
    w = np.where(negative, -1.0, 1.0)
    events = Events(x[:, None], w, np.zeros(n, np.int64), np.arange(n))
    return x, POLICIES[policy].weights(events, rng).w


def auc(n, policy):
    """The area between two classes a standard deviation apart."""

    def draw(rng):
        (s, w), (b, v) = sample(rng, n, 1.0, policy), sample(rng, n, 0.0, policy)
        y, x, both = np.repeat([1, 0], [len(s), len(b)]), np.concatenate([s, b]), np.concatenate([w, v])
        kept = both != 0
        limits = fitted("roc_auc", y[kept], binary(x[kept]), rng, w=both[kept])
        return *limits, float(stats.norm.cdf(1 / 2**0.5))

    return draw


def passing(n, policy):
    """The efficiency of a cut."""

    def draw(rng):
        x, w = sample(rng, n, 1.0, policy)
        found = efficiency(x > CUT, w, level=LEVEL)
        return found.low, found.high, float(stats.norm.sf(CUT - 1.0))

    return draw


def total(n, policy):
    """The yield of what passes a cut."""

    def draw(rng):
        x, w = sample(rng, n, 1.0, policy)
        found = yield_of(w[x > CUT], level=LEVEL)
        return found.low, found.high, n * (1 - 2 * NEGATIVE) * float(stats.norm.sf(CUT - 1.0))

    return draw


SCENES = {
    f"signed-{name}-{policy}": Scene(
        f"fitted: {what}, a fifth of the weights negative, {policy}", make(n, policy), studies=studies
    )
    for policy, studies in (("keep", 2000), ("resample", 600))
    for name, what, make, n in (
        ("auc", "AUC 0.76, 500 and 500 events", auc, 500),
        ("efficiency", "efficiency 0.69 of 500 events", passing, 500),
        ("yield", "yield of 500 events above a cut", total, 500),
    )
}
