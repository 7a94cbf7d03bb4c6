"""The class fraction: random or by design, in stratified folds and in stratified tests."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special
from sklearn.naive_bayes import GaussianNB

from benchmarks.scene import LEVEL, Null, Scene
from fivesigma.risk.evidence import (
    Part,
    compare,
    compare_cross_validated,
    cross_validated,
    measure,
    score,
)
from fivesigma.risk.influence import Scored, Units
from fivesigma.risk.metrics import metric
from fivesigma.risk.prevalence import between_classes, slopes
from fivesigma.risk.splits import make_split

N_BOOT = 1000
CORNERS = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])
"""Means of up to three classes of two columns, each of unit width."""
TWO, THREE = (0.9, 0.1), (0.6, 0.3, 0.1)
"""Class fractions."""


def labels(rng, n, fractions, prevalence):
    """(n,) classes, of numbers that are random or by design."""
    if prevalence == "random":
        return rng.choice(len(fractions), n, p=fractions)
    return np.repeat(np.arange(len(fractions)), np.rint(n * np.array(fractions)).astype(int))


def columns(rng, y):
    """(n, 2) columns of events of the classes ``y``."""
    return rng.normal(size=(len(y), 2)) + CORNERS[y]


def overconfident(X, fractions):
    """(n, K) probabilities of a model that knows the law and believes it too much: log odds 1.5 times as large."""
    means = CORNERS[: len(fractions)]
    z = X @ means.T - (means**2).sum(axis=1) / 2 + np.log(fractions)
    return special.softmax(1.5 * z, axis=1)


def dull(X, fractions):
    """(n, K) the same fractions for each event."""
    return np.tile(fractions, (len(X), 1))


@cache
def risk_of(name, model, fractions):
    """The score of a model at the fractions, on 200,000 events of each class."""
    y = np.repeat(np.arange(len(fractions)), 200_000)
    p = model(columns(np.random.default_rng(1), y), fractions)
    return metric(name).value(y, p, np.array(fractions)[y])


# --- stratified tests of one fitted model --------------------------------------------------------------------------


def held_out(rng, y, prevalence, *, weighted=False, grouped=False):
    """The test part of a table of classes ``y``, a fifth of each, and its columns: as a study divides it."""
    groups = np.arange(len(y)) // 5 if grouped else None
    X = columns(rng, y)
    if grouped:  # what the events of a group have in common
        X = X + 0.5 * rng.normal(size=(len(y), 2))[groups]
    split = make_split(X, y, task="classification", groups=groups, salt=str(rng.integers(2**31)))
    rows = split.tests["test"]
    w = rng.exponential(size=len(rows)) if weighted else None
    strata = split.held(rows, prevalence=prevalence, test=True)
    part = Part.draw(
        y[rows], rng, w=w, groups=None if groups is None else groups[rows], n_boot=N_BOOT, strata=strata
    )
    return part, X[rows]


def of_test(name, prevalence, fractions=TWO, n=1000, **how):
    """A score of a fitted model on a stratified test of a fifth of ``n`` events."""

    def draw(rng):
        y = labels(rng, n, fractions, prevalence)
        part, X = held_out(rng, y, prevalence, **how)
        found = score(measure(metric(name), part, overconfident(X, fractions)), claim="fitted", level=LEVEL)
        return found.low, found.high, risk_of(name, overconfident, fractions)

    return draw


def of_groups(name, n_groups=400):
    """The same of groups of five events of one class, a fifth of the groups signal, which have something in common."""
    fractions = (0.8, 0.2)

    @cache
    def truth():
        rng = np.random.default_rng(1)
        y = np.repeat([0, 1], 200_000)
        X = columns(rng, y) + 0.5 * rng.normal(size=(len(y), 2))
        return metric(name).value(y, overconfident(X, fractions), np.array(fractions)[y])

    def draw(rng):
        y = np.repeat(labels(rng, n_groups, fractions, "random"), 5)
        part, X = held_out(rng, y, "random", grouped=True)
        found = score(measure(metric(name), part, overconfident(X, fractions)), claim="fitted", level=LEVEL)
        return found.low, found.high, truth()

    return draw


def pair_of(name, prevalence, fractions=TWO, n=1000):
    """The difference of the model and of one that says the same of each event."""

    def draw(rng):
        part, X = held_out(rng, labels(rng, n, fractions, prevalence), prevalence)
        ms = [measure(metric(name), part, model(X, fractions)) for model in (overconfident, dull)]
        d = compare(*ms, claim="fitted", level=LEVEL)
        truth = [risk_of(name, model, fractions) for model in (overconfident, dull)]
        return d.low, d.high, float(metric(name).merit(truth[0]) - metric(name).merit(truth[1]))

    return draw


# --- stratified folds of naive Bayes -------------------------------------------------------------------------------

SHIFT = np.array([0.35, 0.2, 0.0])
"""How far the signal lies from the background in three columns."""


def faint(rng, y):
    """(n, 3) columns of events of the classes ``y``, that are hardly told apart."""
    return rng.normal(size=(len(y), 3)) + y[:, None] * SHIFT


@cache
def risk_of_bayes(name, f, n_fit):
    """``E_D R(f_D)`` of naive Bayes over 400 training sets of ``n_fit`` events, on 20,000 at the fraction ``f``."""
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 10_000)
    w, values = np.where(y == 1, f, 1 - f), []
    for _ in range(400):
        X_test, y_fit = faint(rng, y), labels(rng, n_fit, (1 - f, f), "random")
        p = GaussianNB().fit(faint(rng, y_fit), y_fit).predict_proba(X_test)
        values.append(metric(name).value(y, p, w))
    return float(np.mean(values))


def out_of_fold(X, y, w, split):
    """(R, n, 2) what naive Bayes says of each event, fitted to the other folds."""
    said = np.empty((split.n_repeats, len(y), 2))
    for r in range(split.n_repeats):
        for fold in range(split.n_folds):
            held = split.folds_of(r) == fold
            own = None if w is None else w[~held]
            said[r, held] = GaussianNB().fit(X[~held], y[~held], own).predict_proba(X[held])
    return said


def scores_of_folds(m, y, w, split, said):
    """(R, k) scores of the folds, and (S,) their slopes in the weight of each class, as a study takes them."""
    strata = split.held(split.train, prevalence="random", test=False)
    each = np.array(
        [
            [
                m.value(y[held], p[held], None if w is None else w[held])
                for held in (split.folds_of(r) == k for k in range(split.n_folds))
            ]
            for r, p in enumerate(said)
        ]
    )
    return each, np.mean([slopes(m, Scored(y, p, w), strata) for p in said], axis=0), strata


def folded(name, f, n, *, weighted=False):
    """The score of naive Bayes from five times five stratified folds; it names the risk at a fold's training set."""

    def draw(rng):
        y = labels(rng, n, (1 - f, f), "random")
        X, w = faint(rng, y), rng.exponential(size=n) if weighted else None
        seed = int(rng.integers(2**31))
        split = make_split(X, y, task="classification", test=None, seed=seed, repeats=5)
        each, slope, strata = scores_of_folds(metric(name), y, w, split, out_of_fold(X, y, w, split))
        between = between_classes(slope, strata, Units.of(None, n))
        found = cross_validated(
            each, n_fit=n - n // 5, n_validation=n // 5, units=n, between=between, level=LEVEL
        )
        return found.low, found.high, risk_of_bayes(name, f, n - n // 5)

    return draw


# --- equal at the population's fraction, of opposite errors ---------------------------------------------------------

RIGHT = np.array([[0.9, 0.6], [0.95, 0.4]])
"""Accuracy of two models on background and on signal: both are right in 84 % of events where 20 % are signal."""


def guesses(rng, y):
    """Two predictions (n, 2), right at random with the rates of the class."""
    return [np.eye(2)[np.where(rng.random(len(y)) < rate[y], y, 1 - y)] for rate in RIGHT]


def equal_on_test(rng, n=1000):
    """Whether a stratified test of a fifth of ``n`` events tells the two apart."""
    y = labels(rng, n, (0.8, 0.2), "random")
    part, _ = held_out(rng, y, "random")
    ms = [measure(metric("accuracy"), part, said) for said in guesses(rng, part.y)]
    return abs(compare(*ms, claim="fitted").sigma_local or 0.0) >= 3


def equal_on_folds(rng, n=1000):
    """Whether five stratified folds tell the two apart."""
    y = labels(rng, n, (0.8, 0.2), "random")
    split = make_split(columns(rng, y), y, task="classification", test=None, seed=int(rng.integers(2**31)))
    found = [scores_of_folds(metric("accuracy"), y, None, split, [said]) for said in guesses(rng, y)]
    between = between_classes(found[0][1] - found[1][1], found[0][2], Units.of(None, n))
    d = compare_cross_validated(
        found[0][0],
        found[1][0],
        n_fit=n - n // 5,
        n_validation=n // 5,
        greater_is_better=True,
        units=n,
        between=between,
    )
    return abs(d.sigma_local or 0.0) >= 3


SCENES = {
    **{
        f"class-folds-{round(100 * f)}-{name}": Scene(
            f"procedure: {name} of naive Bayes, {f:.0%} signal, 5 times 5 stratified folds of {n} events",
            folded(name, f, n),
            promise=promise,
            studies=600,
        )
        for f, n in ((0.2, 200), (0.1, 300))
        for name, promise in (("accuracy", "at least"), ("brier", "careful"), ("log_loss", "careful"))
    },
    "class-folds-weighted": Scene(
        "procedure: Brier of naive Bayes, 20 % signal, stratified folds of 300 events, exponential weights",
        folded("brier", 0.2, 300, weighted=True),
        promise="careful",
        studies=600,
    ),
    **{
        f"class-{prevalence}-{name}": Scene(
            f"fitted: {name} at a {prevalence} class fraction, stratified test of 200 events, 20 of them signal",
            of_test(name, prevalence),
            promise=promise,
        )
        for prevalence in ("random", "fixed")
        for name, promise in (("accuracy", "at least"), ("brier", "careful"), ("log_loss", "careful"))
    },
    **{
        f"class-three-{name}": Scene(
            f"fitted: {name} of three classes (60, 30 and 10 %), random fractions, stratified test of 200 events",
            of_test(name, "random", THREE),
            promise=promise,
        )
        for name, promise in (("accuracy", "at least"), ("brier", "careful"), ("roc_auc", "careful"))
    },
    "class-weighted": Scene(
        "fitted: Brier at a random class fraction, stratified test of 400 events, exponential weights",
        of_test("brier", "random", n=2000, weighted=True),
        promise="careful",
    ),
    "class-weighted-accuracy": Scene(
        "fitted: accuracy at a fixed class fraction, stratified test of 400 events, exponential weights",
        of_test("accuracy", "fixed", n=2000, weighted=True),
        promise="at least",
    ),
    "class-groups": Scene(
        "fitted: Brier at a random class fraction, stratified test of 80 groups of five events",
        of_groups("brier"),
        promise="careful",
    ),
    "class-pair": Scene(
        "fitted: accuracy over that of a constant model, random class fraction, stratified test of 200 events",
        pair_of("accuracy", "random"),
    ),
}

NULLS = {
    "class-test": Null(
        "two models of opposite errors in signal and background, stratified test", equal_on_test
    ),
    "class-folds": Null(
        "two models of opposite errors in signal and background, stratified folds", equal_on_folds
    ),
}
