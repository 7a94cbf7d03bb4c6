"""Component labels mean nothing by themselves: how to align them, and what to say without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.later import optimize
from fivesigma.models.mixtures import label_kernels as kernels

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

SAFE_SEPARATION = 3.0


def contingency(first: ArrayLike, second: ArrayLike, n_components: int | None = None) -> Labels:
    """Count the events with label a in the first and b in the second labelling: (n,), (n,) -> (K, K).

    >>> contingency([0, 0, 1], [1, 1, 0])
    array([[0, 2],
           [1, 0]])
    """
    a, b = np.asarray(first), np.asarray(second)
    _check_shapes(a, b)
    K = int(max(a.max(), b.max())) + 1 if n_components is None else n_components
    _check_codes(a, b, K)
    pairs = a.astype(np.int64) * K + b.astype(np.int64)
    return np.asarray(np.bincount(pairs, minlength=K * K).reshape(K, K), dtype=np.int64)


def _check_shapes(a: NDArray[Any], b: NDArray[Any]) -> None:
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise InputError(
            f"labels have shapes {a.shape} and {b.shape}; expected two equal (n_samples,), n > 0."
        )


def _check_codes(a: NDArray[Any], b: NDArray[Any], K: int) -> None:
    if min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= K:
        raise InputError(f"labels lie outside 0 … {K - 1}; expected codes of {K} components.")


def align_labels(reference: ArrayLike, labels: ArrayLike, n_components: int | None = None) -> Labels:
    """Return the permutation p for which ``p[labels]`` agrees with ``reference`` on most events.

    Hungarian assignment (Kuhn 1955, doi:10.1002/nav.3800020109) of the contingency table.

    Parameters
    ----------
    reference, labels : (n_samples,)
        Integer codes 0 … K − 1.
    n_components : int, optional
        K; by default one more than the largest code.

    Returns
    -------
    (K,) int64

    Raises
    ------
    InputError
        If the shapes differ or a code lies outside 0 … K − 1.

    >>> align_labels([0, 0, 1, 2], [2, 2, 0, 1])
    array([1, 2, 0])
    """
    return best_permutation(contingency(labels, reference, n_components))


def best_permutation(agreement: ArrayLike) -> Labels:
    """Return p that maximises ``Σ_a agreement[a, p[a]]``: (K, K) -> (K,).

    >>> best_permutation([[1, 5], [4, 2]])
    array([1, 0])
    """
    return np.asarray(optimize.linear_sum_assignment(agreement, maximize=True)[1], dtype=np.int64)


def relabel(draws: ArrayLike, pivot: ArrayLike, n_components: int) -> Labels:
    """Return the permutation of each draw that brings it nearest to the pivot: (S, n), (n,) -> (S, K).

    Pivotal relabelling: Marin, Mengersen & Robert (2005), doi:10.1016/S0169-7161(05)25016-2, §3.2. Component a
    of draw s is component ``permutations[s, a]`` of the pivot.

    >>> relabel([[0, 1, 1], [1, 0, 0]], [0, 1, 1], 2)
    array([[0, 1],
           [1, 0]])
    """
    rows, fixed = np.atleast_2d(np.asarray(draws)), np.asarray(pivot)
    _check_shapes(rows[0], fixed)
    _check_codes(rows, fixed, n_components)
    rows = np.ascontiguousarray(rows, dtype=np.uint8 if n_components <= 256 else np.int64)
    agreement = np.empty((len(rows), n_components, n_components), dtype=np.int64)
    kernels.count_agreements(rows, fixed.astype(np.int64), agreement)
    found: Labels = agreement.argmax(axis=2)
    for s in np.flatnonzero(~_clear(agreement, found)):
        found[s] = best_permutation(agreement[s])
    return found


def _clear(agreement: Labels, favourites: Labels) -> NDArray[np.bool_]:
    """Return whether each draw's components have favourites, all different, so that nothing is to be weighed up."""
    most = np.take_along_axis(agreement, favourites[:, :, None], axis=2)
    alone = ((agreement == most).sum(axis=2) == 1).all(axis=1)
    different = (np.diff(np.sort(favourites, axis=1), axis=1) > 0).all(axis=1)
    return np.asarray(alone & different)


def renamed(draws: NDArray[np.uint8], permutations: Labels) -> NDArray[np.uint8]:
    """Return the draws with component a of draw s called ``permutations[s, a]``: (S, n), (S, K) -> (S, n).

    >>> renamed(np.array([[0, 1, 1], [1, 0, 0]], dtype=np.uint8), np.array([[0, 1], [1, 0]])).tolist()
    [[0, 1, 1], [0, 1, 1]]
    """
    out = np.empty_like(draws)
    kernels.rename(draws, permutations, out)
    return out


def overlap(truth: ArrayLike, labels: ArrayLike, n_components: int | None = None) -> float:
    """``(accuracy − 1/K) / (1 − 1/K)`` after alignment: one is perfect, about √(2/πn) is blind for K = 2.

    >>> overlap([0, 0, 1, 1], [1, 1, 0, 0]), overlap([0, 0, 1, 1], [0, 1, 0, 1])
    (1.0, 0.0)
    """
    table = contingency(labels, truth, n_components)
    K = len(table)
    if K == 1:
        return 1.0
    accuracy = table[np.arange(K), best_permutation(table)].sum() / table.sum()
    return float((accuracy - 1.0 / K) / (1.0 - 1.0 / K))


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    """Adjusted Rand index: pairs of events on which two labellings agree, zero for chance, one for equality.

    Hubert & Arabie (1985), doi:10.1007/BF01908075, eq. 5.

    >>> adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    """
    table = contingency(first, second)
    both = _pairs(table).sum()
    rows, columns = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    everything = float(_pairs(table.sum()))
    expected = rows * columns / everything if everything else 0.0
    most = (rows + columns) / 2.0
    return float((both - expected) / (most - expected)) if most != expected else 1.0


def _pairs(counts: ArrayLike) -> Array:
    number = np.asarray(counts, dtype=np.float64)
    return np.asarray(number * (number - 1.0) / 2.0, dtype=np.float64)


def mutual_information(first: ArrayLike, second: ArrayLike) -> float:
    """``Σ p_ab ln(p_ab / p_a p_b)`` in nats, between two labellings.

    >>> round(mutual_information([0, 0, 1, 1], [1, 1, 0, 0]), 4)
    0.6931
    """
    joint = contingency(first, second) / np.size(first)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / independent[seen])))


def co_clustering(draws: ArrayLike, n_components: int) -> Array:
    """Return how often each pair of events shares a component: (S, n) -> (n, n); no label is needed.

    >>> co_clustering([[0, 0, 1], [1, 1, 1]], 2)
    array([[1. , 1. , 0.5],
           [1. , 1. , 0.5],
           [0.5, 0.5, 1. ]])
    """
    rows = np.atleast_2d(np.asarray(draws))
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for component in range(n_components):
        member = (rows == component).astype(np.float64)
        total += member.T @ member
    return total / len(rows)


def separation(means: ArrayLike, covariances: ArrayLike) -> float:
    """Smallest distance of two means in standard deviations: ``min √(Δᵀ ((Σ_a + Σ_b)/2)⁻¹ Δ)``.

    (K, d), (K, d, d) -> one number; infinite for one component. Below three, aligned means of components are
    biased: by 0.23 standard deviations at a separation of one, by 0.51 at a half.

    >>> separation([[0.0], [4.0]], [[[1.0]], [[1.0]]])
    4.0
    """
    mu, sigma = np.asarray(means, dtype=np.float64), np.asarray(covariances, dtype=np.float64)
    nearest = np.inf
    for a in range(len(mu)):
        for b in range(a):
            step = mu[a] - mu[b]
            nearest = min(nearest, float(step @ np.linalg.solve((sigma[a] + sigma[b]) / 2.0, step)))
    return float(np.sqrt(nearest))
