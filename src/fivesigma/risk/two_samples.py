"""Whether two samples of one quantity are of one distribution, whatever their weights and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.weights import kish

Array = NDArray[Any]

FEWEST_EXPECTED = 5.0
"""Effective events that a category must lead one to expect in either sample; rarer ones are taken together."""


@dataclass(frozen=True)
class TwoSample:
    """How far two samples lie apart, between 0 and 1, and the p of samples of one distribution; 1 where untested."""

    statistic: float
    p: float


def two_numbers(a: Array, b: Array, *, sizes: tuple[float, float], w: tuple[Array, Array]) -> TwoSample:
    """Return Kolmogorov and Smirnov's test of two samples; what has no value lies beyond all others.

    The largest difference D of the two distribution functions, and p from Kolmogorov's limit with Stephens'
    correction for finite samples: that of the effective size ``n = n_a n_b / (n_a + n_b)``. Ties make it careful.

    Parameters
    ----------
    a, b : (n_a,), (n_b,) numbers, NaN where there is none
    sizes : effective events of either: Kish's, or the groups where these are fewer
    w : their weights

    References
    ----------
    Stephens (1970), J. R. Stat. Soc. B 32, 115.

    >>> same = np.arange(50.0)
    >>> ones = np.ones(50)
    >>> two_numbers(same, same + 0.25, sizes=(50, 50), w=(ones, ones)).p > 0.9
    True
    >>> two_numbers(same, same + 25.0, sizes=(50, 50), w=(ones, ones)).p < 1e-4
    True
    """
    first, second = (np.where(np.isnan(x), np.inf, x) for x in (a, b))
    at = np.unique(np.concatenate([first, second]))
    gap = float(np.max(np.abs(_share_up_to(first, w[0], at) - _share_up_to(second, w[1], at)), initial=0.0))
    root = float(np.sqrt(sizes[0] * sizes[1] / (sizes[0] + sizes[1])))
    return TwoSample(gap, float(laws.kolmogorov_sf((root + 0.12 + 0.11 / root) * gap)))


def _share_up_to(values: Array, w: Array, at: Array) -> Array:
    """Return which share of the weight of ``values`` lies at or below each number ``at``."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(w[order])])
    return np.asarray(sums[np.searchsorted(values[order], at, side="right")] / sums[-1])


def two_categories(a: Array, b: Array, *, sizes: tuple[float, float], w: tuple[Array, Array]) -> TwoSample:
    """Return Pearson's χ² test of two samples of categories, given as codes, NaN where there is none.

    The statistic is the total variation, half the sum of the differences of the shares. Parameters as `two_numbers`.

    >>> codes, ones = np.arange(60.0) % 3, np.ones(60)
    >>> two_categories(codes, codes, sizes=(60, 60), w=(ones, ones))
    TwoSample(statistic=0.0, p=1.0)
    """
    code = np.unique(np.concatenate([a, b]), return_inverse=True)[1]
    shares = np.array(
        [
            np.bincount(each, weights=v, minlength=int(code.max()) + 1) / v.sum()
            for each, v in ((code[: len(a)], w[0]), (code[len(a) :], w[1]))
        ]
    )
    gap = float(np.abs(shares[0] - shares[1]).sum() / 2)
    n = np.array(sizes)[:, None]
    common = (n * shares).sum(axis=0) / n.sum()
    rare = common * n.min() < FEWEST_EXPECTED
    together = np.hstack([shares[:, ~rare], shares[:, rare].sum(axis=1, keepdims=True)])
    expected = (n * together).sum(axis=0) / n.sum()
    kept = expected > 0
    chi2 = float((n * (together - expected)[:, kept] ** 2 / expected[kept]).sum())
    dof = int(kept.sum()) - 1
    return TwoSample(gap, float(laws.chi2_sf(chi2, dof)) if dof else 1.0)


def effective_size(w: Array, groups: Array | None) -> float:
    """Return how many events a sample is worth: Kish's number, and no more than its groups.

    >>> effective_size(np.ones(6), None), effective_size(np.ones(6), np.array([0, 0, 0, 1, 1, 1]))
    (6.0, 2.0)
    """
    return min(kish(w), np.inf if groups is None else float(len(np.unique(groups))))


@dataclass(frozen=True, eq=False)
class Events:
    """A sample of events: table ``X`` (n, p), weights ``w`` (n,) or None, and ``groups`` (n,) or None."""

    X: Array
    w: Array | None = None
    groups: Array | None = None

    @property
    def weights(self) -> Array:
        """The weights, of mean 1; 1 of each event where none are given."""
        return np.ones(len(self.X)) if self.w is None else np.asarray(self.w / self.w.mean())

    @property
    def size(self) -> float:
        """How many events the sample is worth."""
        return effective_size(self.weights, self.groups)

    @property
    def units(self) -> Array:
        """The number of the group of each event, of the event itself without groups."""
        return (
            np.arange(len(self.X)) if self.groups is None else np.unique(self.groups, return_inverse=True)[1]
        )


MOST_SQUARED = 30
"""Columns of which products of pairs take part; of more, squares alone."""


def classifier_two_sample(a: Events, b: Events, rng: np.random.Generator) -> TwoSample:
    """Return the ROC AUC with which a classifier tells two samples apart, with a p that holds.

    A quadratic discriminant (ridge, on normal scores of pooled ranks, so that no unit matters) is fitted to one half
    of the groups and scores the other, whose two samples are then compared by Wilcoxon's rank sum: whatever the
    discriminant is, its p is uniform where the populations are one. Groups count as one event each, their mean score;
    events of different weight as Kish's number of them.

    References
    ----------
    Lopez-Paz & Oquab (2017), ICLR, "Revisiting classifier two-sample tests".

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(800, 3))
    >>> classifier_two_sample(Events(X[:400]), Events(X[400:] * [1.0, 2.0, 1.0]), rng).p < 1e-4
    True
    """
    X = _normal_scores(np.concatenate([a.X, b.X]))
    side = np.repeat([0.0, 1.0], [len(a.X), len(b.X)])
    half = np.concatenate([_half(each.units, rng) for each in (a, b)])
    w = np.concatenate([each.weights for each in (a, b)])
    terms = _terms(X)
    score = terms @ _discriminant(terms[half], side[half], w[half])
    units = np.concatenate([a.units, b.units])
    held = [~half & (side == each) for each in (0.0, 1.0)]
    return _rank_sum(*[_of_units(score[at], units[at], w[at]) for at in held])


def _half(units: Array, rng: np.random.Generator) -> Array:
    """Return which events are fitted to: those of half of the units."""
    n = int(units.max(initial=-1)) + 1
    return np.asarray((rng.permutation(n) < n // 2)[units])


def _normal_scores(X: Array) -> Array:
    """Return the normal score of each value's rank in its column; what is missing has the score 0, and says so."""
    from scipy.stats import rankdata

    scores = np.array(
        [laws.norm_ppf(rankdata(column, nan_policy="omit") / (len(column) + 1.0)) for column in X.T]
    ).T
    absent = np.isnan(X)
    some = absent.any(axis=0)
    return np.column_stack([np.where(absent, 0.0, scores), absent[:, some].astype(float)])


def _terms(X: Array) -> Array:
    """Return the columns of a quadratic discriminant: a constant, each column, and products of pairs."""
    if X.shape[1] > MOST_SQUARED:
        return np.column_stack([np.ones(len(X)), X, X**2])
    i, j = np.triu_indices(X.shape[1])
    return np.column_stack([np.ones(len(X)), X, X[:, i] * X[:, j]])


def _discriminant(A: Array, side: Array, w: Array) -> Array:
    """Return the coefficients of a ridge regression of the side."""
    balance = w / np.where(side > 0, w[side > 0].sum(), w[side == 0].sum())
    penalty = 1e-2 * np.eye(A.shape[1]) + 0.1 * A.shape[1] / len(A) * np.eye(A.shape[1])
    return np.asarray(np.linalg.solve((A * balance[:, None]).T @ A + penalty, A.T @ (balance * side)))


def _of_units(score: Array, units: Array, w: Array) -> tuple[Array, Array]:
    """Return the mean score of each unit, and its weight."""
    code = np.unique(units, return_inverse=True)[1]
    total = np.bincount(code, w)
    kept = total > 0
    return np.bincount(code, w * score)[kept] / total[kept], total[kept]


def _rank_sum(a: tuple[Array, Array], b: tuple[Array, Array]) -> TwoSample:
    """Return the AUC of ``b`` over ``a``, each scores and weights, and the one-sided p of Wilcoxon's rank sum."""
    scores = np.concatenate([a[0], b[0]])
    order = np.unique(scores, return_inverse=True)[1]
    of_a = np.bincount(order[: len(a[0])], a[1], order.max() + 1) / a[1].sum()
    of_b = np.bincount(order[len(a[0]) :], b[1], order.max() + 1) / b[1].sum()
    auc = float((of_b * (np.cumsum(of_a) - of_a / 2)).sum())
    n_a, n_b = kish(a[1]), kish(b[1])
    tied = float(((np.bincount(order) / len(scores)) ** 3).sum())
    variance = (n_a + n_b + 1) / (12 * n_a * n_b) * max(1 - tied, 1e-12)
    return TwoSample(auc, float(laws.norm_sf((auc - 0.5) / np.sqrt(variance))))
