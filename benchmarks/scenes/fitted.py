"""Scores of one fitted model: the test events alone are random."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special, stats

from benchmarks.scene import LEVEL, Scene
from fivesigma.risk.evidence import Part, compare, measure, score
from fivesigma.risk.metrics import metric

N_BOOT = 2000


def binary(score_of_signal):
    """(n,) scores as an (n, 2) matrix of probabilities."""
    p = special.expit(np.asarray(score_of_signal))
    return np.column_stack([1 - p, p])


def fitted(name, y, prediction, rng, *, w=None, groups=None):
    """Low and high of the fitted model's ``name``."""
    part = Part.draw(y, rng, w=w, groups=groups, n_boot=N_BOOT)
    estimate = score(measure(metric(name), part, prediction), claim="fitted", level=LEVEL)
    return estimate.low, estimate.high


def ranked(auc, n_signal, n_background, *, weighted=False):
    """Gaussian scores of a given AUC; weights, if any, are exponential."""
    distance = stats.norm.ppf(auc) * 2**0.5
    y = np.repeat([1, 0], [n_signal, n_background])

    def draw(rng):
        s = rng.normal(size=len(y)) + distance * y
        w = rng.exponential(size=len(y)) if weighted else None
        return *fitted("roc_auc", y, binary(s), rng, w=w), auc

    return draw


def linear(name, n, *, r2=0.6, dof=None):
    """Target ``a x + noise`` predicted by ``a x``; Gaussian or Student noise."""
    sigma = (1 - r2) ** 0.5
    truth = {"r2": r2, "rmse": sigma, "scatter": sigma * stats.norm.ppf(0.84), "median_bias": 0.0}[name]

    def draw(rng):
        x = rng.normal(size=n) * r2**0.5
        noise = rng.normal(size=n) if dof is None else rng.standard_t(dof, n) * ((dof - 2) / dof) ** 0.5
        return *fitted(name, x + sigma * noise, x, rng), truth

    return draw


def correlated(r, n):
    """Target and prediction bivariate normal of correlation ``r``."""

    def draw(rng):
        x, e = rng.normal(size=(2, n))
        return *fitted("pearson_r", r * x + (1 - r**2) ** 0.5 * e, x, rng), r

    return draw


def grouped(n_groups):
    """Absolute errors |N(0, s_g)| with a spread s_g of each group: ``E |r| = sqrt(2/π) exp(1/8)``."""

    def draw(rng):
        sizes = rng.poisson(10, n_groups) + 1
        groups = np.repeat(np.arange(n_groups), sizes)
        r = rng.normal(size=len(groups)) * np.exp(rng.normal(size=n_groups) / 2)[groups]
        return *fitted("mae", r, np.zeros(len(r)), rng, groups=groups), (2 / np.pi) ** 0.5 * np.exp(1 / 8)

    return draw


def right(name, n, low, *, groups=False, weighted=False):
    """Accuracy near 1: the true one is uniform in (low, 1) anew each time."""

    def draw(rng):
        p = rng.uniform(low, 1)
        y = rng.permutation(np.arange(n) % 2)
        hit = rng.random(n) < p
        w = rng.exponential(size=n) if weighted else None
        return *fitted(name, y, np.eye(2)[np.where(hit, y, 1 - y)], rng, w=w), p

    return draw


def overconfident(rng, n):
    """Labels and scores twice too steep: the log loss has a long tail."""
    z = 2 * rng.normal(size=n)
    return (rng.random(n) < special.expit(z)).astype(np.int64), binary(2 * z)


@cache
def overconfident_loss():
    """The true log loss: its mean over the labels at each of 200,001 nodes of z."""
    z = np.linspace(-20, 20, 200_001)
    p = special.expit(z)
    loss = p * np.logaddexp(0, -2 * z) + (1 - p) * np.logaddexp(0, 2 * z)
    return float(np.sum(loss * stats.norm.pdf(z / 2)) / np.sum(stats.norm.pdf(z / 2)))


def steep(n, *, weighted=False):
    """Log loss of the overconfident model."""

    def draw(rng):
        y, p = overconfident(rng, n)
        w = rng.exponential(size=n) if weighted else None
        return *fitted("log_loss", y, p, rng, w=w), overconfident_loss()

    return draw


def rejection(n_signal, n_background, efficiency=0.02):
    """Background rejection at a fixed cut."""
    y = np.repeat([1, 0], [n_signal, n_background])
    cut = float(special.expit(stats.norm.isf(efficiency)))

    def draw(rng):
        s = rng.normal(size=len(y)) + 2.5 * y
        part = Part.draw(y, rng, n_boot=N_BOOT)
        m = measure(metric("rejection_50"), part, binary(s), cut=cut)
        estimate = score(m, claim="fitted", level=LEVEL)
        return estimate.low, estimate.high, 1 / efficiency

    return draw


def paired(auc, n_signal, n_background, rho=0.8):
    """Difference in AUC of two models with correlated scores, the first better by 0.02."""
    distance = stats.norm.ppf([auc + 0.02, auc]) * 2**0.5
    y = np.repeat([1, 0], [n_signal, n_background])

    def draw(rng):
        common, a, b = rng.normal(size=(3, len(y)))
        part = Part.draw(y, rng, n_boot=N_BOOT)
        scores = [rho**0.5 * common + (1 - rho) ** 0.5 * e for e in (a, b)]
        ms = [
            measure(metric("roc_auc"), part, binary(s + d * y)) for s, d in zip(scores, distance, strict=True)
        ]
        d = compare(*ms, claim="fitted", level=LEVEL)
        return d.low, d.high, 0.02

    return draw


SCENES = {
    "auc-30": Scene("fitted: AUC 0.96, 30 signal and 300 background events", ranked(0.96, 30, 300)),
    "r2-50": Scene("fitted: R² 0.6, n = 50", linear("r2", 50)),
    "rmse-50": Scene("fitted: RMSE, n = 50", linear("rmse", 50)),
    "groups-20": Scene("fitted: MAE, 20 groups of about 11", grouped(20)),
    "accuracy-1": Scene(
        "fitted: accuracy 0.95-1 (uniform), n = 200", right("accuracy", 200, 0.95), promise="at least"
    ),
    "weighted": Scene("fitted: log loss, 200 events, exponential weights", steep(200, weighted=True)),
    "log-loss": Scene("fitted: log loss of an overconfident model, n = 100", steep(100)),
    "auc-100": Scene("fitted: AUC 0.80, 100 and 100 events", ranked(0.80, 100, 100)),
    "auc-weighted": Scene(
        "fitted: AUC 0.90, 100 and 100 events, exponential weights", ranked(0.90, 100, 100, weighted=True)
    ),
    "r2-heavy": Scene("fitted: R² 0.6, n = 50, Student noise (5)", linear("r2", 50, dof=5)),
    "pearson": Scene("fitted: Pearson r 0.9, n = 50", correlated(0.9, 50)),
    "scatter": Scene("fitted: robust scatter, n = 50", linear("scatter", 50), promise="careful"),
    "median": Scene("fitted: median bias, n = 50", linear("median_bias", 50)),
    "accuracy-weighted": Scene(
        "fitted: accuracy 0.8-1, n = 200, exponential weights",
        right("accuracy", 200, 0.8, weighted=True),
        promise="at least",
    ),
    "balanced": Scene(
        "fitted: balanced accuracy 0.8-1, n = 100", right("balanced_accuracy", 100, 0.8), promise="at least"
    ),
    "rejection": Scene(
        "fitted: background rejection 50 at a cut, 1,000 background", rejection(50, 1000), promise="at least"
    ),
    "difference": Scene("fitted: AUC 0.90 - 0.88, 50 and 150 events, paired", paired(0.88, 50, 150)),
}
