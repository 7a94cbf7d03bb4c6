"""Whether two samples of one quantity are of one distribution, whatever their weights and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fivesigma.risk.resampling import kish

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
    return TwoSample(gap, float(stats.kstwobign.sf((root + 0.12 + 0.11 / root) * gap)))


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
    return TwoSample(gap, float(stats.chi2.sf(chi2, dof)) if dof else 1.0)


def effective_size(w: Array, groups: Array | None) -> float:
    """Return how many events a sample is worth: Kish's number, and no more than its groups.

    >>> effective_size(np.ones(6), None), effective_size(np.ones(6), np.array([0, 0, 0, 1, 1, 1]))
    (6.0, 2.0)
    """
    return min(kish(w), np.inf if groups is None else float(len(np.unique(groups))))
