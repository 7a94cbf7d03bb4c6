"""Point estimates to hold a posterior against: EM, variational Bayes, k-means and clusterings without a density."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import one_of
from fivesigma.models.mixtures.labels import adjusted_rand, overlap

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def _em(K: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(K, n_init=5, random_state=seed)


def _variational(K: int, seed: int) -> Any:
    from sklearn.mixture import BayesianGaussianMixture

    return BayesianGaussianMixture(n_components=K, n_init=5, random_state=seed)


def _k_means(K: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(K, n_init=10, random_state=seed)


def _agglomerative(K: int, seed: int) -> Any:
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(K)


def _hdbscan(K: int, seed: int) -> Any:
    from sklearn.cluster import HDBSCAN

    return HDBSCAN(copy=True)


def _spectral(K: int, seed: int) -> Any:
    from sklearn.cluster import SpectralClustering

    return SpectralClustering(K, affinity="nearest_neighbors", random_state=seed)


def _mean_shift(K: int, seed: int) -> Any:
    from sklearn.cluster import MeanShift

    return MeanShift()


CLUSTERINGS: Mapping[str, Callable[[int, int], Any]] = MappingProxyType(
    {
        "em": _em,
        "variational": _variational,
        "k-means": _k_means,
        "agglomerative": _agglomerative,
        "hdbscan": _hdbscan,
        "spectral": _spectral,
        "mean-shift": _mean_shift,
    }
)


@dataclass(frozen=True, eq=False)
class Clustering:
    """What one method found; ``rand`` and ``overlap`` (None for another number of clusters) are with the truth.

    Labels that the method calls noise (−1, HDBSCAN) are one more cluster.
    """

    name: str
    labels: Labels
    n_clusters: int
    rand: float | None
    overlap: float | None


def cluster_by(
    X: ArrayLike,
    n_components: int,
    *,
    names: Iterable[str] = tuple(CLUSTERINGS),
    truth: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[Clustering, ...]:
    """Cluster X (n, d) by each named method; HDBSCAN and mean-shift choose their own number of clusters.

    Raises
    ------
    InputError
        If a name is not one of em, variational, k-means, agglomerative, hdbscan, spectral, mean-shift.

    >>> X = np.concatenate([np.random.default_rng(0).normal(m, 1.0, (30, 2)) for m in (0.0, 9.0)])
    >>> [found.overlap for found in cluster_by(X, 2, names=["em", "k-means"], truth=np.repeat([0, 1], 30))]
    [1.0, 1.0]
    """
    found = []
    for name in names:
        method = CLUSTERINGS[one_of(name, CLUSTERINGS, "clustering")]
        labels = np.unique(method(n_components, seed).fit_predict(X), return_inverse=True)[1]
        found.append(_judged(name, np.asarray(labels, dtype=np.int64), n_components, truth))
    return tuple(found)


def _judged(name: str, labels: Labels, K: int, truth: ArrayLike | None) -> Clustering:
    n_clusters = int(labels.max()) + 1
    if truth is None:
        return Clustering(name, labels, n_clusters, None, None)
    same = n_clusters <= K
    return Clustering(
        name, labels, n_clusters, adjusted_rand(truth, labels), overlap(truth, labels, K) if same else None
    )
