"""Negative weights: intervals of an AUC, an efficiency and a yield of a classifier that was trained under a policy.

A fifth of the weights are -1, of a shape g of their own; the positive ones have the density (1 - r) t + r g with
r = f/(1 - f), so that the signed sample is exactly of the density t. The classifier is the direction between the
weighted means of the classes, which any weights have; what it is worth on t is known in closed form. The test keeps its
signed weights, as in a study, and the number of its events is random. Intervals are of a model that was fitted: a study
takes one of a hundred trainings, and a test of its own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats

from benchmarks.scene import LEVEL, Scene
from benchmarks.scenes.fitted import binary, fitted
from fivesigma.models.signed import POLICIES, Events
from fivesigma.risk.efficiency import efficiency
from fivesigma.risk.expected import yield_of

NEGATIVE = 0.2
SIGNAL, BACKGROUND, OTHER = np.array([1.0, 0.5]), np.zeros(2), np.array([0.3, -0.3])
TRAINING, TEST = 400, 500
TRAININGS = 100


def sample(rng, n, centre):
    """Events (n, 2) around ``centre`` and their signed weights."""
    negative = rng.random(n) < NEGATIVE
    other = negative | (rng.random(n) < NEGATIVE / (1 - NEGATIVE))
    X = rng.normal(size=(n, 2)) + np.where(other[:, None], OTHER, centre)
    return X, np.where(negative, -1.0, 1.0)


def direction(rng, policy):
    """The unit vector between the means of the classes of a training set, as a policy weighs it: one of a hundred."""
    return trained(policy, int(rng.integers(TRAININGS)))


@cache
def trained(policy, number):
    """The unit vector of one training."""
    rng = np.random.default_rng([0, number])
    (S, w), (B, v) = sample(rng, TRAINING, SIGNAL), sample(rng, TRAINING, BACKGROUND)
    of = np.repeat([1, 0], TRAINING)
    events = Events(np.vstack([S, B]), np.concatenate([w, v]), of, np.arange(2 * TRAINING))
    found = POLICIES[policy].weights(events, rng).w
    s, b = (np.average(events.X[of == k], axis=0, weights=found[of == k]) for k in (1, 0))
    return (s - b) / np.linalg.norm(s - b)


def auc(policy):
    """The area under the ROC curve."""

    def draw(rng):
        theta = direction(rng, policy)
        (S, w), (B, v) = (sample(rng, rng.poisson(TEST), centre) for centre in (SIGNAL, BACKGROUND))
        y, x = np.repeat([1, 0], [len(S), len(B)]), np.concatenate([S @ theta, B @ theta])
        limits = fitted("roc_auc", y, binary(x), rng, w=np.concatenate([w, v]))
        return *limits, float(stats.norm.cdf(SIGNAL @ theta / 2**0.5))

    return draw


def passing(policy):
    """The efficiency of a cut half way between the classes."""

    def draw(rng):
        theta = direction(rng, policy)
        X, w = sample(rng, rng.poisson(TEST), SIGNAL)
        found = efficiency(X @ theta > 0.5, w, level=LEVEL)
        return found.low, found.high, float(stats.norm.sf(0.5 - SIGNAL @ theta))

    return draw


def total(policy):
    """The yield of what passes it."""

    def draw(rng):
        theta = direction(rng, policy)
        X, w = sample(rng, rng.poisson(TEST), SIGNAL)
        found = yield_of(w[X @ theta > 0.5], level=LEVEL)
        truth = TEST * (1 - 2 * NEGATIVE) * stats.norm.sf(0.5 - SIGNAL @ theta)
        return found.low, found.high, float(truth)

    return draw


SCENES = {
    f"signed-{name}-{policy}": Scene(
        f"fitted under {policy}: {what}, a fifth of the weights negative", make(policy), studies=studies
    )
    for policy, studies in (("keep", 4000), ("resample", 2000))
    for name, what, make in (
        ("auc", "AUC 0.79 of 500 and 500 events", auc),
        ("efficiency", "efficiency 0.73 of 500 events", passing),
        ("yield", "yield of 500 events above a cut", total),
    )
}
