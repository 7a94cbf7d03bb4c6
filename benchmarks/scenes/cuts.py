"""Metrics at a cut that is chosen on out-of-fold predictions: the cut varies with the training set too."""

from __future__ import annotations

from functools import cache

import numpy as np
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from benchmarks.scene import LEVEL, Null, Scene
from benchmarks.scenes.procedures import collisions
from fivesigma.models.folds import inner_folds
from fivesigma.risk.evidence import Part, compare, measure, score
from fivesigma.risk.metrics import metric

N_BOOT = 400
N_FOLDS = 5
N_REFITS = 10


def bayes(X, y, seed):
    """Gaussian naive Bayes."""
    return GaussianNB().fit(X, y).predict_proba


def pruned(X, y, seed):
    """A tree with leaves of twenty events."""
    return DecisionTreeClassifier(min_samples_leaf=20, random_state=seed).fit(X, y).predict_proba


def halved(X, y, seed):
    """Gaussian naive Bayes of a half of its events, which the seed draws."""
    half = np.random.default_rng(seed).permutation(len(y))[: len(y) // 2]
    return GaussianNB().fit(X[half], y[half]).predict_proba


def chosen(name, learner, X, y, fold, rng):
    """The cut of ``name`` on what folds say of the rows that they held out."""
    said = np.empty((len(y), 2))
    for j in range(N_FOLDS):
        held = fold == j
        said[held] = learner(X[~held], y[~held], int(rng.integers(2**31)))(X[held])
    return metric(name).cut(y, said)


class Study:
    """Training and test events, folds and bootstrap samples: what the models of one study share."""

    def __init__(self, rng, n_train, n_test, n_boot=N_BOOT):
        self.X, self.y = collisions(rng, n_train)
        self.X_test, y_test = collisions(rng, n_test)
        self.part = Part.draw(y_test, rng, n_boot=n_boot)
        self.fold = folds(self.y, int(rng.integers(2**31)))
        self.resamples = [rng.integers(0, n_train, n_train) for _ in range(N_REFITS)]
        self.rng = rng

    def measured(self, name, learner, *, own=True):
        """Return what is measured of one procedure: folds, final fit and refits, which choose their ``own`` cuts."""
        X, y, fold = self.X, self.y, self.fold
        cut = chosen(name, learner, X, y, fold, self.rng)
        final = self.fitted(learner, X, y)
        refits = [self.fitted(learner, X[rows], y[rows]) for rows in self.resamples]
        drawn = self.resamples if own else []
        cuts = [chosen(name, learner, X[rows], y[rows], fold[rows], self.rng) for rows in drawn]
        return measure(metric(name), self.part, final, refits=refits, cut=cut, cuts=cuts)

    def fitted(self, learner, X, y):
        """Return what a fit says of the test events."""
        return learner(X, y, int(self.rng.integers(2**31)))(self.X_test)


def folds(y, seed):
    """The fold of each event."""
    return inner_folds(
        y[:, None], y, n_folds=N_FOLDS, groups=np.arange(len(y)), classification=True, seed=seed
    )


@cache
def risks_of(name, learner, n_train):
    """The metric of the procedure over 600 training sets, each on 20,000 fresh events."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(600):
        X, y = collisions(rng, n_train)
        cut = chosen(name, learner, X, y, folds(y, int(rng.integers(2**31))), rng)
        X_test, y_test = collisions(rng, 20_000)
        values.append(metric(name).value(y_test, learner(X, y, int(rng.integers(2**31)))(X_test), cut=cut))
    return np.array(values)


def retrained(name, learner, n_train, n_test):
    """The procedure's interval, from refits that choose their own cuts."""

    def draw(rng):
        found = score(Study(rng, n_train, n_test).measured(name, learner), level=LEVEL)
        return found.low, found.high, float(np.mean(risks_of(name, learner, n_train)))

    return draw


def ratio(name, learner, n_train, studies, *, own=True, seed=0):
    """est²/true² and its error: the variance of log risk that refits show, over that of training sets."""
    truth = float(np.var(np.log(risks_of(name, learner, n_train)), ddof=1))
    found = []
    for k in range(studies):
        study = Study(np.random.default_rng([seed, k]), n_train, 20_000, n_boot=2)
        values = study.measured(name, learner, own=own).refits.values
        found.append(float(np.var(np.log(values), ddof=1)) / truth)
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(found) ** 0.5)


def told_apart(name, learner, n_train, n_test, *, own=True):
    """Whether two seeds of one procedure are told apart at 3σ."""

    def draw(rng):
        study = Study(rng, n_train, n_test)
        pair = [study.measured(name, learner, own=own) for _ in range(2)]
        return bool(abs(compare(*pair).sigma_local or 0.0) >= 3)

    return draw


SCENES = {
    "cut-bayes": Scene(
        "procedure: rejection at a chosen cut, naive Bayes, 600 train, 1,000 test",
        retrained("rejection_50", bayes, 600, 1000),
        promise="at least",
        studies=600,
    ),
    "cut-tree": Scene(
        "procedure: rejection at a chosen cut, leaves of 20, 600 train, 1,000 test",
        retrained("rejection_50", pruned, 600, 1000),
        promise="at least",
        studies=600,
    ),
}

NULLS = {
    "cut-seeds": Null(
        "two seeds of a naive Bayes of half the events, rejection at chosen cuts, 1,000 test events",
        told_apart("rejection_50", halved, 400, 1000),
    ),
}
