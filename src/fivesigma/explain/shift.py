"""What differs between two samples of events: column by column, and by whether a classifier tells them apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.features.ranks import RankCodes
from fivesigma.risk.findings import Score
from fivesigma.risk.intervals import cross_validated
from fivesigma.risk.metrics import metric
from fivesigma.risk.splits import make_split
from fivesigma.risk.two_samples import TwoSample, effective_size, two_categories, two_numbers

Array = NDArray[Any]

MOST_EVENTS = 5000
"""Events of either sample that the classifier sees."""
N_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Sample:
    """Some events: table ``X`` (n, p), weights ``w`` (n,) or None, and ``groups`` (n,) or None."""

    X: Array
    w: Array | None = None
    groups: Array | None = None

    @property
    def weights(self) -> Array:
        """The weights, 1 of each event where none are given."""
        return np.ones(len(self.X)) if self.w is None else self.w

    def some(self, most: int, rng: np.random.Generator) -> Sample:
        """Return at most so many of the events, drawn without replacement."""
        if len(self.X) <= most:
            return self
        rows = np.sort(rng.choice(len(self.X), most, replace=False))
        return Sample(self.X[rows], *(None if each is None else each[rows] for each in (self.w, self.groups)))


def column_by_column(a: Sample, b: Sample, *, categories: Collection[int] = ()) -> list[TwoSample]:
    """Return a two-sample test of each column, those at the places ``categories`` as categories.

    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> first, second = column_by_column(Sample(X[:200]), Sample(X[200:] + [0.0, 1.0]))
    >>> first.p > 0.01, second.p < 1e-6
    (True, True)
    """
    sizes = effective_size(a.weights, a.groups), effective_size(b.weights, b.groups)
    tests = [two_categories if j in categories else two_numbers for j in range(a.X.shape[1])]
    return [test(a.X[:, j], b.X[:, j], sizes=sizes, w=(a.weights, b.weights)) for j, test in enumerate(tests)]


def told_apart(a: Sample, b: Sample, rng: np.random.Generator, *, classifier: Any) -> Score:
    """Return the ROC AUC with which a classifier tells the events of ``b`` from those of ``a``: 0.5 if it cannot.

    Each event is scored by a fit that has not seen it, five folds, groups as wholes, and the interval is Nadeau and
    Bengio's of folds (that of the events alone leaves out 0.5 in one study of nine where there is no shift). Fits see
    the ranks of the values, so that no unit matters, at most 5000 events of either sample, and
    either sample with the same weight. What they do not find may still be there.

    Parameters
    ----------
    classifier : unfitted, with ``predict_proba`` and ``random_state``, such as extra trees

    Raises
    ------
    InputError
        Where a sample has fewer events or groups than there are folds.

    References
    ----------
    Lopez-Paz & Oquab (2017), ICLR, "Revisiting classifier two-sample tests".

    >>> from fivesigma.models.trees import ExtraTreesClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 3))
    >>> trees = ExtraTreesClassifier(50, min_samples_leaf=10, max_features=None)
    >>> found = told_apart(Sample(X[:300]), Sample(X[300:] * [1.0, 3.0, 1.0]), rng, classifier=trees)
    >>> found.low > 0.5
    True
    """
    kept = [each.some(MOST_EVENTS, rng) for each in (a, b)]
    X, side = np.concatenate([each.X for each in kept]), np.repeat([0, 1], [len(each.X) for each in kept])
    w = np.concatenate([each.weights / each.weights.mean() for each in kept])
    groups = _together(kept)
    fold = make_split(
        X, side, task="classification", test=None, n_folds=N_FOLDS, groups=groups, seed=_seed(rng)
    ).folds
    made = [_seeded(classifier, _seed(rng)) for _ in range(N_FOLDS)]
    each = np.array([_fold(X, side, w, fold == number, one) for number, one in enumerate(made)])
    n_held = len(X) // N_FOLDS
    units = sum(effective_size(sample.weights, sample.groups) for sample in kept)
    found = cross_validated(each, n_fit=len(X) - n_held, n_validation=n_held, units=units)
    low, high = (None if end is None else min(max(end, 0.0), 1.0) for end in (found.low, found.high))
    return replace(found, low=low, high=high)


def _seeded(classifier: Any, seed: int) -> Any:
    """Return an unfitted copy of a classifier."""
    from sklearn.base import clone

    return clone(classifier).set_params(random_state=seed)


def _fold(X: Array, side: Array, w: Array, held: Array, classifier: Any) -> float:
    """Return the ROC AUC on the events ``held`` out of a classifier that is fitted to the others."""
    ranks = RankCodes().fit(X[~held])
    classifier.fit(ranks.transform(X[~held]), side[~held], sample_weight=w[~held])
    said = classifier.predict_proba(ranks.transform(X[held]))
    return float(metric("roc_auc").value(side[held], said, w[held]))


def _together(samples: Sequence[Sample]) -> Array | None:
    """Return the groups of two samples, which share none, or None."""
    known = [np.unique(each.groups, return_inverse=True)[1] for each in samples if each.groups is not None]
    if len(known) < len(samples):
        return None
    return np.concatenate([known[0], known[1] + known[0].max(initial=-1) + 1])


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
