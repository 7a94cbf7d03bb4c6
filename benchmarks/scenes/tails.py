"""Heavy tails: scores of squared residuals whose noise has a power or a log-normal tail."""

from __future__ import annotations

import numpy as np

from benchmarks.scene import LEVEL, Scene
from fivesigma.risk.evidence import Part, cross_validated, measure, score
from fivesigma.risk.influence import Scored
from fivesigma.risk.metrics import metric
from fivesigma.risk.tails import squares, tail_limits

NOISES = {
    "normal": (lambda rng, n: rng.normal(size=n), 1.0),
    "t3": (lambda rng, n: rng.standard_t(3, n), 3.0),
    "log-normal": (lambda rng, n: rng.lognormal(size=n) - np.exp(0.5), (np.e - 1) * np.e),
}
"""Noise and its variance."""


def of_test(name, noise, *, n_train=360, n_test=90):
    """The score of a test set, with what folds say of the training events."""
    drawn, variance = NOISES[noise]
    r2 = 0.6

    def events(rng, n):
        x = rng.normal(size=n) * (variance * r2 / (1 - r2)) ** 0.5
        return x + drawn(rng, n), x

    def draw(rng):
        held_out, (y, x) = events(rng, n_train), events(rng, n_test)
        part = Part.draw(y, rng, n_boot=1000)
        m = measure(metric(name), part, x, held_out=Scored(*held_out, None))
        estimate = score(m, claim="fitted", level=LEVEL)
        return estimate.low, estimate.high, {"rmse": variance**0.5, "r2": r2}[name]

    return draw


def folded(noise, *, n=450, k=5):
    """The RMSE of five folds."""
    drawn, variance = NOISES[noise]

    def draw(rng):
        r, fold = drawn(rng, n), np.arange(n) % k
        values = np.array([np.mean(r[fold == j] ** 2) ** 0.5 for j in range(k)])
        folds = cross_validated(values, n_fit=n - n // k, n_validation=n // k, level=LEVEL)
        reach, value = (folds.high - folds.low) / 2, float(np.mean(r**2) ** 0.5)
        limits = value - reach, value + reach
        rmse = metric("rmse")
        tail = tail_limits(rmse, value, squares(rmse, Scored(r, np.zeros(n), None)), LEVEL) or limits
        return min(limits[0], tail[0]), max(limits[1], tail[1]), variance**0.5

    return draw


SCENES = {
    "rmse-normal": Scene("fitted: RMSE, 90 test events of 450, normal noise", of_test("rmse", "normal")),
    "rmse-t3": Scene("fitted: RMSE, 90 test events of 450, Student noise (3)", of_test("rmse", "t3")),
    "rmse-log-normal": Scene(
        "fitted: RMSE, 90 test events of 450, log-normal noise", of_test("rmse", "log-normal")
    ),
    "r2-t3": Scene("fitted: R² 0.6, 90 test events of 450, Student noise (3)", of_test("r2", "t3")),
    "folds-t3": Scene("procedure: RMSE, 5 folds of 450, Student noise (3)", folded("t3"), promise="careful"),
}
