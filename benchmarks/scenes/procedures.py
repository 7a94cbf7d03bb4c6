"""Scores of a procedure: real fits, real refits; or its folds."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from benchmarks.scene import LEVEL, Scene
from fivesigma.risk.evidence import Part, compare_cross_validated, cross_validated, measure, score
from fivesigma.risk.metrics import metric

N_BOOT = 2000


def collisions(rng, n):
    """Six features, a logistic law with a product in it."""
    X = rng.normal(size=(n, 6))
    z = 1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * X[:, 3]
    return X, (rng.random(n) < special.expit(z)).astype(np.int64)


BETA = np.random.default_rng(5).normal(size=40) / 40**0.5


def catalogue(rng, n):
    """Forty features, a linear law."""
    X = rng.normal(size=(n, 40))
    return X, X @ BETA + 0.5 * rng.normal(size=n)


def grown(X, y, seed):
    """A tree grown to leaves of one event: as noisy as a learner gets."""
    return DecisionTreeClassifier(random_state=seed).fit(X, y).predict_proba


def pruned(X, y, seed):
    """A tree with leaves of five events."""
    return DecisionTreeClassifier(min_samples_leaf=5, random_state=seed).fit(X, y).predict_proba


def neighbour(X, y, seed):
    """One nearest neighbour."""
    return KNeighborsClassifier(1).fit(X, y).predict_proba


def ridge(X, y, seed):
    """Ridge regression with fewer than three events a feature."""
    return Ridge(1.0).fit(X, y).predict


@cache
def risk_of(name, law, learner, n_train):
    """``E_D R(f_D)`` over 600 training sets, each on 4,000 fresh events: to about a tenth of the intervals."""
    rng = np.random.default_rng(1)
    values = []
    for repeat in range(600):
        f = learner(*law(rng, n_train), repeat)
        X, y = law(rng, 4000)
        values.append(metric(name).value(y, f(X)))
    return float(np.mean(values))


def retrained(name, law, learner, n_train, n_test, n_refits=10):
    """The procedure's risk from one training set, one test set and ten bootstrap refits."""

    def draw(rng):
        X, y = law(rng, n_train)
        X_test, y_test = law(rng, n_test)
        part = Part.draw(y_test, rng, n_boot=N_BOOT)
        rows = [rng.integers(0, n_train, n_train) for _ in range(n_refits)]
        refits = [learner(X[i], y[i], int(rng.integers(2**31)))(X_test) for i in rows]
        prediction = learner(X, y, int(rng.integers(2**31)))(X_test)
        estimate = score(measure(metric(name), part, prediction, refits=refits), level=LEVEL)
        return estimate.low, estimate.high, risk_of(name, law, learner, n_train)

    return draw


def folded(name, law, learner, n, k=5):
    """The procedure's risk from k folds; it names the risk at the size of a fold's training set."""

    def draw(rng):
        X, y = law(rng, n)
        fold = rng.permutation(np.arange(n) % k)
        values = []
        for j in range(k):
            f = learner(X[fold != j], y[fold != j], int(rng.integers(2**31)))
            values.append(metric(name).value(y[fold == j], f(X[fold == j])))
        sizes = {"n_fit": n - n // k, "n_validation": n // k}
        estimate = cross_validated(np.array(values), level=LEVEL, **sizes)
        return estimate.low, estimate.high, risk_of(name, law, learner, n - n // k)

    return draw


def folded_pair(name, law, first, second, n, k=5):
    """The difference of two procedures on the same folds."""

    def draw(rng):
        X, y = law(rng, n)
        fold = rng.permutation(np.arange(n) % k)
        values = np.empty((2, k))
        for j in range(k):
            for row, learner in zip(values, (first, second), strict=True):
                f = learner(X[fold != j], y[fold != j], int(rng.integers(2**31)))
                row[j] = metric(name).value(y[fold == j], f(X[fold == j]))
        sizes = {"n_fit": n - n // k, "n_validation": n // k}
        d = compare_cross_validated(*values, greater_is_better=False, level=LEVEL, **sizes)
        truth = [risk_of(name, law, each, n - n // k) for each in (first, second)]
        return d.low, d.high, truth[1] - truth[0]

    return draw


SCENES = {
    "pruned": Scene(
        "procedure: Brier of a tree with leaves of 5, 300 train, 100 test",
        retrained("brier", collisions, pruned, 300, 100),
    ),
    "tree": Scene(
        "procedure: AUC of a fully grown tree, 300 train, 200 test",
        retrained("roc_auc", collisions, grown, 300, 200),
        promise="at least",
    ),
    "neighbour": Scene(
        "procedure: accuracy of 1-NN, 200 train, 200 test",
        retrained("accuracy", collisions, neighbour, 200, 200),
        promise="at least",
    ),
    "ridge": Scene(
        "procedure: RMSE of ridge, 100 train of 40 features, 50 test",
        retrained("rmse", catalogue, ridge, 100, 50),
        promise="at least",
    ),
    "folds": Scene(
        "procedure: Brier of the leaf-5 tree, 5 folds of 200",
        folded("brier", collisions, pruned, 200),
        promise="at least",
    ),
    "folds-pair": Scene(
        "procedure: its difference to the grown tree, 5 folds of 200",
        folded_pair("brier", collisions, pruned, grown, 200),
        promise="at least",
    ),
}
