"""Repeated cross-validation: scores and differences of studies without a test set, five repeats of five folds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from benchmarks.scene import LEVEL, Null, Scene
from benchmarks.scenes.procedures import collisions, grown, pruned
from fivesigma.risk.evidence import compare_cross_validated, cross_validated
from fivesigma.risk.metrics import metric

K, R = 5, 5
Learner = Callable[[np.ndarray, np.ndarray, int], Callable[[np.ndarray], np.ndarray]]


def bayes(X, y, seed):
    """Gaussian naive Bayes: smooth, its Brier score hardly varies with the training set."""
    return GaussianNB().fit(X, y).predict_proba


def neighbour(X, y, seed):
    """One nearest neighbour."""
    return KNeighborsClassifier(1).fit(X, y).predict_proba


def stump(X, y, seed):
    """One cut: as weak as a learner gets."""
    return DecisionTreeClassifier(max_depth=1).fit(X, y).predict_proba


def random_tree(X, y, seed):
    """A tree of random cuts, grown to leaves of one event."""
    return ExtraTreeClassifier(random_state=seed).fit(X, y).predict_proba


def shifted(rng, n, *, shift, fraction):
    """Six normal features, all shifted alike in the signal: each half of them tells as much."""
    y = (np.arange(n) < round(fraction * n)).astype(np.int64)
    return rng.normal(size=(n, 6)) + shift * y[:, None], y


def dealt(y, rng):
    """Fold (n,) of each event, class by class."""
    order = np.lexsort((rng.random(len(y)), y))
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % K
    return fold


def on_folds(score, X, y, learners, rng, *, n_repeats=R, columns=None):
    """(m, R, k) scores of m learners on the folds of each repeat; ``columns`` that each sees."""
    columns = [slice(None)] * len(learners) if columns is None else columns
    found = np.empty((len(learners), n_repeats, K))
    for repeat in range(n_repeats):
        fold = dealt(y, rng)
        for k in range(K):
            held = fold == k
            for m, (learner, of) in enumerate(zip(learners, columns, strict=True)):
                predict = learner(X[~held][:, of], y[~held], int(rng.integers(2**31)))
                found[m, repeat, k] = score.value(y[held], predict(X[held][:, of]))
    return found


@cache
def risk_of(name, learner, n_fit, n_validation):
    """``E R(f_D)`` of fits to ``n_fit`` events, over 600 of them: to about a tenth of the intervals."""
    rng, score, values = np.random.default_rng(1), metric(name), []
    for seed in range(600):
        predict = learner(*collisions(rng, n_fit), seed)
        X, y = collisions(rng, 4000)
        values.append(score.value(y, predict(X)))
    return float(np.mean(values))


def folded(name, n, learner):
    """The interval of a score from repeated cross-validation of ``n`` events, and its truth."""

    def draw(rng):
        score = metric(name)
        X, y = collisions(rng, n)
        (values,) = on_folds(score, X, y, [learner], rng)
        units = n if score.additive else float(min(np.bincount(y)))
        found = cross_validated(values, n_fit=n - n // K, n_validation=n // K, level=LEVEL, units=units)
        return found.low, found.high, risk_of(name, learner, n - n // K, n // K)

    return draw


def paired(name, n, one, other):
    """The interval of a difference from repeated cross-validation."""

    def draw(rng):
        score = metric(name)
        X, y = collisions(rng, n)
        found = tested(score, *on_folds(score, X, y, [one, other], rng), y)
        sign = 1 if score.greater_is_better else -1
        a, b = (risk_of(name, learner, n - n // K, n // K) for learner in (one, other))
        return found.low, found.high, sign * (a - b)

    return draw


def tested(score, a, b, y):
    """The difference of two learners' scores on the same folds."""
    n = len(y)
    return compare_cross_validated(
        a,
        b,
        n_fit=n - n // K,
        n_validation=n // K,
        greater_is_better=score.greater_is_better,
        units=n if score.additive else float(min(np.bincount(y))),
        level=LEVEL,
    )


def equal(name, draw_events, learner, *, seeds=False):
    """Whether 3σ is claimed between equal procedures: the halves of the features, or two seeds of one learner."""

    def draw(rng):
        score = metric(name)
        X, y = draw_events(rng)
        columns = None if seeds else (slice(0, 3), slice(3, 6))
        found = tested(score, *on_folds(score, X, y, [learner] * 2, rng, columns=columns), y)
        return abs(found.sigma_local) >= 3

    return draw


SCENES = {
    "repeats-brier-tree": Scene(
        "procedure: Brier of the leaf-5 tree, 5 × 5 folds of 200",
        folded("brier", 200, pruned),
        "careful",
        600,
    ),
    "repeats-auc-tree": Scene(
        "procedure: AUC of the leaf-5 tree, 5 × 5 folds of 200",
        folded("roc_auc", 200, pruned),
        "careful",
        600,
    ),
    "repeats-brier-bayes": Scene(
        "procedure: Brier of naive Bayes, 5 × 5 folds of 200", folded("brier", 200, bayes), "careful", 600
    ),
    "repeats-auc-bayes": Scene(
        "procedure: AUC of naive Bayes, 5 × 5 folds of 200", folded("roc_auc", 200, bayes), "careful", 600
    ),
    "repeats-pair": Scene(
        "procedure: Brier of the leaf-5 tree less the grown tree's, 5 × 5 folds of 200",
        paired("brier", 200, pruned, grown),
        "at least",
        600,
    ),
}

WEAK = partial(shifted, n=100, shift=0.3, fraction=0.4)
RARE = partial(shifted, n=300, shift=0.3, fraction=0.2)
STRONG = partial(shifted, n=100, shift=1.2, fraction=0.2)

NULLS = {
    "repeats-bayes": Null(
        "AUC of naive Bayes on halves of 6 features, n = 100", equal("roc_auc", WEAK, bayes), 2000
    ),
    "repeats-bayes-rare": Null(
        "AUC of naive Bayes on halves of 6 features, 60 of 300 signal", equal("roc_auc", RARE, bayes), 1000
    ),
    "repeats-stump": Null(
        "AUC of a stump on halves of 6 features, n = 100", equal("roc_auc", WEAK, stump), 2000
    ),
    "repeats-neighbour": Null(
        "Brier of 1-NN on halves of 6 features, 20 of 100 signal", equal("brier", STRONG, neighbour), 1000
    ),
    "repeats-seeds": Null(
        "AUC of two seeds of a tree of random cuts, n = 100",
        equal("roc_auc", WEAK, random_tree, seeds=True),
        2000,
    ),
}
