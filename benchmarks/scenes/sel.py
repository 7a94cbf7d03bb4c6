"""What a choice is worth, what cross-fitted events say of a procedure, and whether a test and folds agree."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special, stats
from sklearn.tree import DecisionTreeClassifier

from benchmarks.scene import Null, Scene
from fivesigma.risk.crossfit import Halving, compare, cross_fitted, halved, score
from fivesigma.risk.folded import Folded
from fivesigma.risk.intervals import cross_validated
from fivesigma.risk.metrics import metric
from fivesigma.risk.resampling import Part
from fivesigma.risk.selection import choice, corrected
from fivesigma.risk.tension import error_on_folds, tension

K = 5
N_HALVINGS = 10


def binary(p):
    """(n,) probabilities of the signal as an (n, 2) matrix."""
    return np.column_stack([1 - p, p])


def dealt(rng, y, k=K):
    """Folds that have their share of each class."""
    fold = np.empty(len(y), np.int64)
    for code in np.unique(y):
        rows = np.flatnonzero(y == code)
        fold[rows] = rng.permutation(np.arange(len(rows)) % k)
    return fold


# --- the best of many ----------------------------------------------------------------------------------------------


def of_one_feature(rng, n, distances, repeats=K):
    """Many models, each the linear discriminant of a feature of its own, out of fold in every repeat.

    Returns y, the folds (R, n) and the probabilities (R, models, n).
    """
    y = np.repeat([0, 1], [n - n // 2, n // 2])
    X = rng.normal(size=(n, len(distances))) + np.outer(y - 0.5, distances)
    folds = np.array([dealt(rng, y) for _ in range(repeats)])
    p = np.empty((repeats, len(distances), n))
    for fold, said in zip(folds, p, strict=True):
        for j in range(K):
            held = fold == j
            high, low = (X[~held & (y == code)].mean(axis=0) for code in (1, 0))
            said[:, held] = special.expit((high - low) * (X[held] - (high + low) / 2)).T
    return y, folds, p


def area_of_one_feature(n, distances):
    """The AUC of each such model fitted to a fold's training events: it turns on the sign that it finds."""
    error = (2 / (n * (K - 1) / K / 2)) ** 0.5
    right, area = (
        stats.norm.cdf(np.asarray(distances) / error),
        stats.norm.cdf(np.asarray(distances) / 2**0.5),
    )
    return right * area + (1 - right) * (1 - area)


def chosen(n, distances, *, corrects=True):
    """The AUC of the best of these models by the mean of its folds over five repeats, corrected for the choice."""
    distances, auc = np.asarray(distances, float), metric("roc_auc")

    def draw(rng):
        y, folds, p = of_one_feature(rng, n, distances)
        events = [Folded(y, None, fold) for fold in folds]
        values = np.array(
            [[e.value(auc, binary(each)) for each in said] for e, said in zip(events, p, strict=True)]
        )
        best = int(values.mean(axis=0).argmax())
        each = np.array(
            [
                [auc.value(y[f == j], binary(said[best, f == j])) for j in range(K)]
                for f, said in zip(folds, p, strict=True)
            ]
        )
        plain = cross_validated(each, n_fit=n - n // K, n_validation=n // K)
        found = choice(auc, events[0], [binary(said) for said in p[0]], rng, most=200) if corrects else None
        estimate = plain if found is None else corrected(auc, plain, found)
        return estimate.low, estimate.high, area_of_one_feature(n, distances)[best]

    return draw


# --- all events, each scored by a fit that has not seen it -----------------------------------------------------------


def collisions(rng, n):
    """Six features in two like halves: the law does not change where the two change places."""
    X = rng.normal(size=(n, 6)).astype(np.float32)
    z = 0.85 * (X[:, 0] + X[:, 3]) + 0.57 * (X[:, 1] * X[:, 2] + X[:, 4] * X[:, 5])
    return X, (rng.random(n) < special.expit(z)).astype(np.int64)


def tree(columns, leaf=5):
    """A tree with leaves of so many events, on some columns."""

    def fit(X, y, seen, rng):
        grown = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=int(rng.integers(2**31)))
        return grown.fit(X[:, columns], y).predict_proba(seen[:, columns])[:, -1]

    return fit


def forest(n_trees=2):
    """A small forest: two seeds of it are equal procedures."""

    def fit(X, y, seen, rng):
        total = np.zeros(len(seen))
        for _ in range(n_trees):
            rows = rng.integers(0, len(X), len(X))
            grown = DecisionTreeClassifier(max_features="sqrt", random_state=int(rng.integers(2**31)))
            total += grown.fit(X[rows], y[rows]).predict_proba(seen)[:, -1]
        return total / n_trees

    return fit


def discriminant(columns):
    """The linear discriminant on some columns: a procedure that hardly varies."""

    def fit(X, y, seen, rng):
        A = X[:, columns].astype(float)
        high, low = A[y == 1].mean(axis=0), A[y == 0].mean(axis=0)
        within = sum(np.atleast_2d(np.cov(A[y == code].T)) * ((y == code).sum() - 1) for code in (0, 1))
        w = np.linalg.solve(within / (len(y) - 2), high - low)
        odds = np.log(y.mean() / (1 - y.mean()))
        return special.expit(seen[:, columns].astype(float) @ w - w @ (high + low) / 2 + odds)

    return fit


def lucky(X, y, seen, rng):
    """The discriminant of one feature picked at random: all of its variance is the seed's."""
    return discriminant([int(rng.integers(X.shape[1]))])(X, y, seen, rng)


def out_of_fold(X, y, cells, learner, rng):
    """Probabilities (n, 2) of each cell of ``cells`` by a fit to the other cells of its half."""
    p = np.empty(len(y))
    for cell in range(int(cells.max()) + 1):
        held = cells == cell
        rest = (cells // K == cell // K) & ~held
        p[held] = learner(X[rest], y[rest], X[held], rng)
    return binary(np.clip(p, 1e-3, 1 - 1e-3))


def fitted_across(rng, name, n, learners):
    """Each of the learners on all events and on the same halves."""
    m = metric(name)
    X, y = collisions(rng, n)
    fold, part = dealt(rng, y), Part.draw(y, rng, n_boot=500)
    events = Folded(y, None, fold)
    cells = [halved(np.arange(n), y, K, rng) for _ in range(N_HALVINGS)]
    found = []
    for learner in learners:
        halvings = [Halving(c // K, c % K, out_of_fold(X, y, c, learner, rng)) for c in cells]
        found.append(cross_fitted(m, events, part, out_of_fold(X, y, fold, learner, rng), halvings))
    return found


@cache
def risk_of(name, learner, n_train):
    """``E_D R(f_D)`` over 1,500 training sets, each on 4,000 fresh events."""
    rng, m = np.random.default_rng(1), metric(name)
    values = []
    for _ in range(1500):
        X, y = collisions(rng, n_train)
        seen, truth = collisions(rng, 4000)
        values.append(m.value(truth, binary(np.clip(learner(X, y, seen, rng), 1e-3, 1 - 1e-3))))
    return float(np.mean(values))


def crossfitted(name, n, learner):
    """The risk of a procedure at 4/5 of the events, from all of them."""

    def draw(rng):
        (found,) = fitted_across(rng, name, n, [learner])
        estimate = score(found)
        return estimate.low, estimate.high, risk_of(name, learner, n - n // K)

    return draw


def equal_procedures(name, n, first, second):
    """Whether two procedures of one risk are told apart."""

    def draw(rng):
        d = compare(*fitted_across(rng, name, n, [first, second]))
        return d.sigma_local is not None and abs(d.sigma_local) >= 3

    return draw


# --- a test and folds ------------------------------------------------------------------------------------------------


def in_tension(name, n, n_test, learner, sigma):
    """Whether a sound test is said to part from sound folds by ``sigma``."""
    m = metric(name)

    def draw(rng):
        X, y = collisions(rng, n + n_test)
        fold, train = dealt(rng, y[:n]), np.arange(n)
        said = out_of_fold(X[:n], y[:n], fold, learner, rng)
        events, part = Folded(y[:n], None, fold), Part.draw(y[n:], rng, n_boot=300)

        def on_test(rows):
            p = learner(X[rows], y[rows], X[n:], rng)
            return m.resampled(y[n:], binary(np.clip(p, 1e-3, 1 - 1e-3)), None, part.counts), p

        draws, p = on_test(train)
        refits = [on_test(rng.integers(0, n, n))[1] for _ in range(10)]
        values = [m.value(y[n:], binary(np.clip(each, 1e-3, 1 - 1e-3))) for each in (p, *refits)]
        found = tension(
            float(m.merit(events.value(m, said)) - m.merit(values[0])),
            folds=error_on_folds(m, events, said, rng),
            test=float(np.std(draws)),
            train=float(np.std(values[1:])),
            units=float(min(np.bincount(y[n:]))),
            refits=10,
        )
        return found is not None and abs(found.sigma) >= sigma

    return draw


WEAK = np.full(30, 0.25)
FIRST, SECOND = (0, 1, 2), (3, 4, 5)
TREE, OTHER_TREE = tree(list(FIRST)), tree(list(SECOND))
LINEAR, OTHER_LINEAR = discriminant(list(FIRST)), discriminant(list(SECOND))

SCENES = {
    "selected": Scene(
        "procedure: AUC of the best of 30 weak models, a third of some worth, 5 × 5 folds of 120, corrected",
        chosen(120, np.concatenate([np.zeros(20), np.linspace(0, 1, 10)])),
        promise="careful",
        studies=600,
    ),
    "selected-equal": Scene(
        "procedure: AUC of the best of 30 equal weak models, 5 × 5 folds of 120, corrected for the choice",
        chosen(120, WEAK),
        promise="at least",
        studies=600,
    ),
    "crossfit-tree": Scene(
        "procedure: Brier of a tree with leaves of 5, all of 200 events cross-fitted",
        crossfitted("brier", 200, TREE),
        promise="careful",
        studies=600,
    ),
    "crossfit-linear": Scene(
        "procedure: AUC of a linear discriminant, all of 200 events cross-fitted",
        crossfitted("roc_auc", 200, LINEAR),
        promise="careful",
        studies=600,
    ),
}
"""The best of many, and what all events say of a procedure."""

NULLS = {
    "crossfit-trees": Null(
        "two trees on like halves of the columns, 120 events cross-fitted",
        equal_procedures("brier", 120, TREE, OTHER_TREE),
    ),
    "crossfit-discriminants": Null(
        "two linear discriminants on like halves of the columns, 200 events cross-fitted",
        equal_procedures("roc_auc", 200, LINEAR, OTHER_LINEAR),
    ),
    "crossfit-forest": Null(
        "two seeds of one forest, 120 events cross-fitted",
        equal_procedures("brier", 120, forest(), forest()),
    ),
    "crossfit-seed": Null(
        "two seeds of a fit that is all chance, 200 events cross-fitted",
        equal_procedures("brier", 200, lucky, lucky),
    ),
    "tension": Null(
        "a test of 100 and folds of 400 events, a tree: 3σ apart",
        in_tension("roc_auc", 400, 100, TREE, 3.0),
    ),
}
"""Equal procedures on cross-fitted events, and tests that are drawn as the folds are."""
