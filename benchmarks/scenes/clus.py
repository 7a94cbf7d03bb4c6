"""Clusterings: what their agreement with a truth names, and equal seeds. Fits that go through their events."""

from __future__ import annotations

from functools import cache

import numpy as np
from sklearn.cluster import KMeans

from benchmarks.scene import LEVEL, Null, Scene
from benchmarks.scenes.equal import claims
from benchmarks.scenes.procedures import catalogue, collisions, neighbour, ridge, risk_of
from fivesigma.risk.evidence import Part, compare, measure, score
from fivesigma.risk.metrics import metric

N_REFITS, N_SEEDS, N_BOOT = 10, 5, 400
AGREEMENT = metric("adjusted_rand")


CENTRES = 1.2 * np.random.default_rng(3).normal(size=(4, 5))


def populations(rng, centres=CENTRES, n=240):
    """(n, 5) events of four round populations about their ``centres``, in units of their deviation; whose they are."""
    z = rng.integers(0, len(centres), n)
    X = centres[z] + rng.normal(size=(n, centres.shape[1]))
    return (X - X.mean(axis=0)) / X.std(axis=0), z


def k_means(X, rng, starts, K=4):
    """A k-means with a seed of its own."""
    return KMeans(K, n_init=starts, random_state=int(rng.integers(2**31))).fit(X)


def measured(rng, X, part, rows, starts):
    """What one clustering is judged by: its labels, those of its refits, and those of its other seeds."""
    labels = k_means(X, rng, starts).labels_
    refits = [k_means(X[i], rng, starts).predict(X) for i in rows]
    seeds = [k_means(X, rng, starts).labels_ for _ in range(N_SEEDS)]
    return measure(AGREEMENT, part, labels, refits=refits, seeds=seeds)


def study(rng, starts, n_models, centres=CENTRES):
    """The measurements of some k-means that differ by their seeds alone."""
    X, z = populations(rng, centres)
    part = Part.draw(z, rng, n_boot=N_BOOT)
    rows = [rng.integers(0, len(X), len(X)) for _ in range(N_REFITS)]
    return [measured(rng, X, part, rows, starts) for _ in range(n_models)]


def seeds_of_k_means(starts):
    """Three seeds of one k-means, each pair compared; every study has populations of its own."""

    def draw(rng):
        ms = study(rng, starts, 3, 2.2 * rng.normal(size=(4, 5)))
        return claims([compare(a, b) for i, a in enumerate(ms) for b in ms[i + 1 :]])

    return draw


@cache
def agreement_of(starts):
    """``E ARI`` over 1,000 samples of events: to about a hundredth of the intervals."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(1000):
        X, z = populations(rng)
        values.append(AGREEMENT.value(z, k_means(X, rng, starts).labels_))
    return float(np.mean(values))


def agreement(starts):
    """The adjusted Rand index of k-means as a procedure, from one sample of events."""

    def draw(rng):
        estimate = score(study(rng, starts, 1)[0], level=LEVEL)
        return estimate.low, estimate.high, agreement_of(starts)

    return draw


# --- fits through their events, refitted to nine tenths of them -----------------------------------------------------


def through(name, law, learner, n_train, n_test, share=0.9):
    """The risk of a procedure that goes through its events, from refits to parts of them, each event once."""

    def draw(rng):
        X, y = law(rng, n_train)
        X_test, y_test = law(rng, n_test)
        part = Part.draw(y_test, rng, n_boot=N_BOOT)
        n_kept = round(share * n_train)
        rows = [rng.permutation(n_train)[:n_kept] for _ in range(N_REFITS)]
        refits = [learner(X[i], y[i], 0)(X_test) for i in rows]
        m = measure(metric(name), part, learner(X, y, 0)(X_test), refits=refits, share=n_kept / n_train)
        estimate = score(m, level=LEVEL)
        return estimate.low, estimate.high, risk_of(name, law, learner, n_train)

    return draw


SCENES = {
    "neighbour-2000": Scene(
        "procedure: accuracy of 1-NN, 50 train, 2,000 test",
        through("accuracy", collisions, neighbour, 50, 2000),
        promise="careful",
        studies=600,
    ),
    "ridge-wide": Scene(
        "procedure: RMSE of ridge, 25 train of 40 features, 200 test",
        through("rmse", catalogue, ridge, 25, 200),
        promise="careful",
        studies=600,
    ),
    "clusters": Scene(
        "procedure: adjusted Rand index of k-means with ten starts, 240 events",
        agreement(10),
        promise="careful",
        studies=600,
    ),
}
NULLS = {
    "seeds-of-k-means": Null("three seeds of one k-means with one start, 240 events", seeds_of_k_means(1)),
}
