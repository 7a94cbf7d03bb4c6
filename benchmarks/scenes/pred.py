"""Predictive intervals, and what is said of how often they hold: of events of new groups, and of heavy tails."""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmarks.scene import Null, Scene
from fivesigma.risk.conformal import ConformalIntervals, values_as_law
from fivesigma.risk.predictive import LEVELS, QuantileLaw
from fivesigma.risk.shares import Share

WIDTH = float(stats.norm.ppf(0.975))


def least_squares(X, y):
    """Coefficients of a line with an intercept."""
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]


def folded(fit_predict, X, y, new, groups, n_folds=5):
    """Laws of the events by the folds' models, and of the new event by the final one."""
    fold = np.unique(groups, return_inverse=True)[1] % n_folds
    held = np.empty((len(y), len(LEVELS)))
    for k in range(n_folds):
        held[fold == k] = fit_predict(X[fold != k], y[fold != k], X[fold == k])
    return QuantileLaw(held), QuantileLaw(fit_predict(X, y, new))


def interval(fit_predict, X, y, new, *, w=None, groups=None):
    """The 95 % interval of the new event, made as a study makes it."""
    together = np.arange(len(y)) if groups is None else groups
    held, law = folded(fit_predict, X, y, new, together)
    weight = np.ones(len(y)) if w is None else w
    made = ConformalIntervals.calibrated(held, y, weight, groups)
    return made.of(law)[0, 1].tolist()


def a_line(X, y, new):
    """Values of a line as laws without a width."""
    b = least_squares(X, y)
    return values_as_law(b[0] + new @ b[1:]).quantiles


def boosted(X, y, new):
    """Quantiles of natural gradient boosting."""
    from fivesigma.models.trees import NaturalGradientBoosting

    return NaturalGradientBoosting(n_estimators=100).fit(X, y).predict_dist(new).quantile(LEVELS)


def forest(X, y, new):
    """Quantiles of a small quantile forest."""
    from sklearn.ensemble import RandomForestRegressor

    from fivesigma.models.trees import QuantileForest

    trees = RandomForestRegressor(12, min_samples_leaf=5, random_state=0)
    return QuantileForest(trees).fit(X, y).predict_quantiles(new, LEVELS)


def grouped(n_groups, *, weighted=False):
    """A line through groups whose members err together; the new event comes from a new group."""

    def draw(rng):
        size = rng.integers(1, 15, n_groups + 1)
        groups = np.repeat(np.arange(n_groups + 1), size)
        X = rng.normal(size=(len(groups), 2))
        y = X[:, 0] + rng.normal(size=n_groups + 1)[groups] + 0.5 * rng.normal(size=len(groups))
        w = rng.exponential(size=len(groups)) if weighted else np.ones(len(groups))
        old = groups < n_groups
        new = rng.choice(np.flatnonzero(~old))
        low, high = interval(a_line, X[old], y[old], X[[new]], w=w[old], groups=groups[old])
        return low, high, y[new]

    return draw


def heavy(fit_predict, n=120):
    """Student's t of 2.5 degrees about a line."""

    def draw(rng):
        X, e = rng.normal(size=(n + 1, 3)), rng.standard_t(2.5, n + 1)
        y = X[:, 0] + 0.5 * X[:, 1] + e
        return *interval(fit_predict, X[:n], y[:n], X[n:]), y[n]

    return draw


def limits(n_groups, correlation, level=0.95):
    """The exact limits of the share of events inside a true interval, whose groups share their fate."""
    width = float(stats.norm.ppf((1 + level) / 2))

    def draw(rng):
        groups = np.repeat(np.arange(n_groups), 10)
        z = correlation**0.5 * rng.normal(size=n_groups)[groups]
        z += (1 - correlation) ** 0.5 * rng.normal(size=len(groups))
        share = Share.of(np.abs(z) < width, np.ones(len(groups)), groups)
        return *(share.limits() or (None, None)), level

    return draw


SCENES = {
    "interval-groups": Scene(
        "an event of a new group, 60 groups of 1 to 14, a line's conformal interval", grouped(60), "careful"
    ),
    "interval-groups-weighted": Scene("the same, exponential weights", grouped(60, weighted=True), "careful"),
    "interval-boosting-t": Scene(
        "a new event, natural gradient boosting, t of 2.5, 120 events", heavy(boosted), "careful", 600
    ),
    "interval-forest-t": Scene(
        "a new event, quantile forest, t of 2.5, 120 events", heavy(forest), "careful", 600
    ),
    "coverage-limits-groups": Scene(
        "share of a 95 % interval, exact limits, 30 groups of 10, correlation 0.9",
        limits(30, 0.9),
        "at least",
    ),
    "coverage-limits-68-groups": Scene(
        "share of a 68 % interval, exact limits, 30 groups of 10, correlation 0.9",
        limits(30, 0.9, 0.6827),
        "at least",
    ),
}
NULLS: dict[str, Null] = {}
