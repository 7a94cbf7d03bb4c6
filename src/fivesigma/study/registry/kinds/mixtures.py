"""Clusterings: mixtures that have a density and a posterior, and methods that have labels only."""

from __future__ import annotations

from typing import Any

from fivesigma.models.spaces import Range
from fivesigma.study.registry.kind import ModelKind, Parameter, Request
from fivesigma.study.registry.kinds.parameters import choice, real, whole

CLUSTERING = ("clustering",)
_AUTO = "auto"
_COVARIANCES = ("full", "diag", "spherical", "tied")


def _number(default: Any = _AUTO) -> Parameter:
    """How many clusters: a whole number, or "auto" for the least BIC of EM."""
    return Parameter(default, Range(1, 255, integer=True, also=(_AUTO,)))


def _most() -> Parameter:
    return whole(8, 1, 50)


def _clusterer(
    ask: Request, estimator: Any, parameter: str | None = "n_components", *, scaled: bool = False
) -> Any:
    from fivesigma.models.mixtures.clusterer import Clusterer

    settings = ask.params
    return Clusterer(
        estimator,
        parameter,
        settings.get("n_components", 1),
        most=settings.get("max_components", 8),
        scaled=scaled,
        random_state=ask.seed,
    )


def one_gaussian(ask: Request) -> Any:
    """One cluster: a single Gaussian."""
    from sklearn.mixture import GaussianMixture

    return _clusterer(ask, GaussianMixture(), scaled=True)


def _k_means(ask: Request) -> Any:
    from sklearn.cluster import KMeans

    return _clusterer(ask, KMeans(n_init=ask.params["starts"], random_state=ask.seed), "n_clusters")


def _em(ask: Request) -> Any:
    from sklearn.mixture import GaussianMixture

    made = GaussianMixture(
        covariance_type=ask.params["covariance_type"],
        n_init=ask.params["starts"],
        max_iter=1000,
        tol=1e-5,
        random_state=ask.seed,
    )
    return _clusterer(ask, made, scaled=True)


def _variational(ask: Request) -> Any:
    from sklearn.mixture import BayesianGaussianMixture

    made = BayesianGaussianMixture(
        covariance_type=ask.params["covariance_type"],
        n_init=ask.params["starts"],
        max_iter=2000,
        random_state=ask.seed,
    )
    return _clusterer(ask, made, scaled=True)


def _schedule(ask: Request) -> dict[str, Any]:
    return {name: ask.params[name] for name in _SCHEDULE}


def _gibbs(ask: Request) -> Any:
    from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs

    made = GaussianMixtureGibbs(
        covariance_type=ask.params["covariance_type"],
        keep_labels=False,
        random_state=ask.seed,
        **_schedule(ask),
    )
    return _clusterer(ask, made)


def _spiked(ask: Request) -> Any:
    from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs

    made = SpikedMixtureGibbs(
        rho=ask.params["rho"],
        noise=ask.params["noise"],
        start=ask.params["start"],
        labels=ask.params["labels"],
        random_state=ask.seed,
        **_schedule(ask),
    )
    return _clusterer(ask, made)


def _leading(ask: Request) -> Any:
    from fivesigma.models.mixtures.leading import LeadingComponent

    return _clusterer(ask, LeadingComponent(), None)


def _agglomerative(ask: Request) -> Any:
    from sklearn.cluster import AgglomerativeClustering

    return _clusterer(ask, AgglomerativeClustering(linkage=ask.params["linkage"]), "n_clusters")


def _hdbscan(ask: Request) -> Any:
    from sklearn.cluster import HDBSCAN

    return _clusterer(ask, HDBSCAN(**ask.params, copy=True), None)


def _spectral(ask: Request) -> Any:
    from sklearn.cluster import SpectralClustering

    made = SpectralClustering(
        affinity="nearest_neighbors", n_neighbors=ask.params["n_neighbors"], random_state=ask.seed
    )
    return _clusterer(ask, made, "n_clusters")


def _mean_shift(ask: Request) -> Any:
    from sklearn.cluster import MeanShift

    return _clusterer(ask, MeanShift(bandwidth=ask.params["bandwidth"]), None)


_ORDER = {"n_components": _number(), "max_components": _most()}
_SCHEDULE = {
    "n_sweeps": whole(2000, 4, 10**7),
    "n_warmup": whole(1000, 0, 10**7),
    "n_chains": whole(4, 1, 64),
    "thin": whole(1, 1, 10**5),
}
_ONE_CHAIN = {"n_chains": 1}
_SWEEP = 2.4e-8  # seconds of one event, component and column in a sweep


def _em_cost(n: float, p: float, K: float) -> float:
    return float(0.15 + 2e-5 * n * (1 + p / 4) ** 1.5)


MIXTURES: tuple[ModelKind, ...] = (
    ModelKind(
        "k-means",
        "round clusters of one size; fast, labels only, and biased where clusters overlap",
        CLUSTERING,
        _k_means,
        _em_cost,
        {**_ORDER, "starts": whole(10, 1, 1000)},
        weights=False,
        standardise=True,
        stochastic=True,
    ),
    ModelKind(
        "gaussian-mixture",
        "populations of elliptical shape, by EM: weights, means, covariances and a density in seconds",
        CLUSTERING,
        _em,
        _em_cost,
        {**_ORDER, "covariance_type": choice("full", *_COVARIANCES), "starts": whole(5, 1, 1000)},
        weights=False,
        density=True,
        stochastic=True,
    ),
    ModelKind(
        "variational-mixture",
        "as gaussian-mixture, by variational Bayes: components without events fade; errors too small",
        CLUSTERING,
        _variational,
        lambda n, p, K: 2.0 * _em_cost(n, p, K),
        {**_ORDER, "covariance_type": choice("full", *_COVARIANCES), "starts": whole(3, 1, 1000)},
        weights=False,
        density=True,
        stochastic=True,
    ),
    ModelKind(
        "gibbs-mixture",
        "as gaussian-mixture, with the posterior: intervals, evidence for a number of components, diagnosed",
        CLUSTERING,
        _gibbs,
        lambda n, p, K: 0.5 + 12_000 * _SWEEP * n * 4 * (1 + p),
        {
            **_ORDER,
            **_SCHEDULE,
            "covariance_type": choice("full", *_COVARIANCES),
        },
        weights=False,
        density=True,
        stochastic=True,
        again=_ONE_CHAIN,
    ),
    ModelKind(
        "spiked-gibbs",
        "centres hidden in many noisy columns (up to 12,000 events): the posterior of the labels",
        CLUSTERING,
        _spiked,
        lambda n, p, K: 0.2 + 6_000 * 2e-9 * n * n,
        {
            "n_components": Parameter(2, Range(1, 255, integer=True)),
            **_SCHEDULE,
            "n_sweeps": whole(1000, 4, 10**7),
            "n_warmup": whole(500, 0, 10**7),
            "rho": real(None, 0.0, 1e6),
            "noise": real(1.0, 1e-12, 1e12),
            "start": choice("random", "random", "informed"),
            "labels": choice("best", "best", "draw"),
        },
        weights=False,
        density=True,
        stochastic=True,
        lineup=False,
        again=_ONE_CHAIN,
    ),
    ModelKind(
        "leading-component",
        "two clusters by the sign of the leading principal component: what a spike alone can tell",
        CLUSTERING,
        _leading,
        lambda n, p, K: 0.01 + 1e-8 * n * p * min(n, p),
        weights=False,
        lineup=False,
    ),
    ModelKind(
        "agglomerative",
        'clusters joined step by step, of any shape with linkage = "single"; up to ten thousand events',
        CLUSTERING,
        _agglomerative,
        lambda n, p, K: 0.01 + 2e-8 * n * n,
        {**_ORDER, "linkage": choice("ward", "ward", "average", "complete", "single")},
        weights=False,
        standardise=True,
        labels_others=False,
        lineup=False,
    ),
    ModelKind(
        "hdbscan",
        "dense regions of any shape among noise; chooses the number itself, leaves events out (-1)",
        CLUSTERING,
        _hdbscan,
        lambda n, p, K: 0.01 + 1e-8 * n * n,
        {"min_cluster_size": whole(5, 2), "min_samples": whole(None, 1)},
        weights=False,
        standardise=True,
        labels_others=False,
        lineup=False,
    ),
    ModelKind(
        "spectral",
        "clusters that hang together through near neighbours, of any shape; a few thousand events",
        CLUSTERING,
        _spectral,
        lambda n, p, K: 0.1 + 5e-8 * n * n,
        {**_ORDER, "n_neighbors": whole(10, 1)},
        weights=False,
        standardise=True,
        stochastic=True,
        labels_others=False,
        lineup=False,
    ),
    ModelKind(
        "mean-shift",
        "maxima of a smoothed density; chooses the number by its bandwidth (in standard deviations)",
        CLUSTERING,
        _mean_shift,
        lambda n, p, K: 0.1 + 2e-6 * n * n,
        {"bandwidth": real(None, 1e-6, 1e6)},
        weights=False,
        standardise=True,
        lineup=False,
    ),
)
