"""What a fitted clustering says, as plain numbers: components with intervals, densities, chains and their health.

Everything is in the numbering and the units of the `Clusterer`: clusters by place, columns as given.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.mixtures.chains import separation_message
from fivesigma.models.mixtures.clusterer import Clusterer
from fivesigma.models.mixtures.evidence import MOST_PERMUTED, log_evidence
from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs, trimmed
from fivesigma.models.mixtures.labels import co_clustering, separation
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs
from fivesigma.sampling.diagnostics import Diagnosis, autocorrelation

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

LEVEL = 0.95
GRID = 201
MOST_COLUMNS = 30  # with more, covariances say nothing that can be read
MOST_DRAWN = 200  # draws behind a band
MOST_TOGETHER = 200  # events of a co-clustering matrix
TRACE = 250  # points of a trace, a chain
LAGS = 60
RANK_BINS = 20


@dataclass(frozen=True, eq=False)
class Components:
    """Weights (K,), means (K, d), covariances (K, d, d); from a posterior also draws of each, leading axis (S,)."""

    weights: Array
    means: Array
    covariances: Array | None
    drawn: tuple[Array, Array, Array] | None = None


def components(fitted: Clusterer, X: Array) -> Components:
    """Return the components of a mixture, or shares, means and covariances of the clusters of ``X`` (n, d)."""
    model, back = fitted.estimator_, np.argsort(fitted.order_)
    if isinstance(model, GaussianMixtureGibbs):
        return _posterior(model, back)
    if hasattr(model, "covariance_type"):
        covariances = _square(model.covariances_, model.covariance_type, model.means_.shape)
        return Components(
            model.weights_[back],
            (model.means_ * fitted.unit_ + fitted.centre_)[back],
            (covariances * np.outer(fitted.unit_, fitted.unit_))[back],
        )
    return _members(fitted.labels_, fitted.n_clusters_, X)


def _posterior(model: GaussianMixtureGibbs, back: Labels) -> Components:
    draws = model.draws_
    shape = draws["means"].shape[1:]
    covariances = np.stack([_square(each, model.covariance_type, shape) for each in draws["covariances"]])
    drawn = draws["weights"][:, back], draws["means"][:, back], covariances[:, back]
    weights, means, spread = (each.mean(axis=0) for each in drawn)
    return Components(weights, means, spread, drawn)


def _members(labels: Labels, K: int, X: Array) -> Components:
    counts = np.bincount(labels[labels >= 0], minlength=K)
    means, covariances = np.full((K, X.shape[1]), np.nan), np.full((K, X.shape[1], X.shape[1]), np.nan)
    for a in range(K):
        mine = X[labels == a]
        if len(mine):
            means[a] = mine.mean(axis=0)
        if len(mine) > 1:
            covariances[a] = np.atleast_2d(np.cov(mine.T))
    return Components(counts / len(labels), means, covariances)


def _square(covariances: Array, kind: str, shape: tuple[int, ...]) -> Array:
    """Return covariances of any type as (K, d, d)."""
    K, d = shape
    if kind == "full":
        return np.asarray(covariances)
    if kind == "tied":
        return np.tile(covariances, (K, 1, 1))
    if kind == "diag":
        return np.asarray(covariances[:, :, None] * np.eye(d))
    return np.asarray(np.asarray(covariances)[:, None, None] * np.eye(d))


def summary(fitted: Clusterer, X: Array) -> dict[str, Any]:
    """Return the section ``mixture`` of a fitted clustering of ``X`` (n, d)."""
    found, model = components(fitted, X), fitted.estimator_
    narrow = X.shape[1] <= MOST_COLUMNS
    said: dict[str, Any] = {
        "n_clusters": fitted.n_clusters_,
        "counts": np.bincount(fitted.labels_[fitted.labels_ >= 0], minlength=fitted.n_clusters_),
        "noise": int((fitted.labels_ < 0).sum()),
        "density": fitted.can("score_samples"),
        "posterior": found.drawn is not None or isinstance(model, SpikedMixtureGibbs),
        "weights": _with_interval(found, 0),
        "means": _with_interval(found, 1),
        "covariances": _with_interval(found, 2) if narrow else None,
        "separation": None,
        "warning": None,
        "bic": bic(fitted, X),
        "log_evidence": _evidence(model),
        "order": [{"n_components": K, "bic": value} for K, value in fitted.bic_.items()],
    }
    mixture = hasattr(model, "covariance_type") and found.covariances is not None
    if mixture and narrow and fitted.n_clusters_ > 1:
        assert found.covariances is not None
        apart = separation(found.means, found.covariances)
        said |= {"separation": apart, "warning": separation_message(apart)}
    if mixture and X.shape[1] == 1:
        said["curve"] = _curve(found, X[:, 0])
    return said


def members(fitted: Clusterer, X: Array) -> dict[str, Any]:
    """Return shares, means and covariances of the clusters of ``X`` (n, d), which need not be what was fitted."""
    found = _members(fitted.labels_, fitted.n_clusters_, X)
    narrow = X.shape[1] <= MOST_COLUMNS
    return {
        "weights": _with_interval(found, 0),
        "means": _with_interval(found, 1),
        "covariances": _with_interval(found, 2) if narrow else None,
    }


def _with_interval(found: Components, which: int) -> dict[str, Any]:
    value = (found.weights, found.means, found.covariances)[which]
    if found.drawn is None:
        return {"value": value, "low": None, "high": None}
    low, high = np.quantile(found.drawn[which], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return {"value": value, "low": low, "high": high}


def bic(fitted: Clusterer, X: Array) -> float | None:
    """``p ln n − 2 ln L``: at the optimum of EM, at the likeliest draw of a posterior; None for all others."""
    model = fitted.estimator_
    if isinstance(model, GaussianMixtureGibbs):
        K, d = model.n_components, X.shape[1]
        shape = {"full": K * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": K * d, "spherical": K}
        p = K - 1 + K * d + shape[model.covariance_type]
        return float(p * np.log(len(X)) - 2.0 * model.draws_["log_likelihood"].max())
    if not hasattr(model, "bic"):
        return None
    shift = 2.0 * len(X) * float(np.log(fitted.unit_).sum())
    return float(model.bic(fitted._inside(X))) + shift


def _evidence(model: Any) -> dict[str, float] | None:
    if not isinstance(model, GaussianMixtureGibbs) or model.n_components > MOST_PERMUTED:
        return None
    found = log_evidence(model)
    return {"value": found.value, "error": found.mcse}


def _curve(found: Components, x: Array) -> dict[str, Any]:
    """Densities of one column: each component, their sum, and its 95 % band where there are draws."""
    assert found.covariances is not None
    width = float(np.ptp(x)) or 1.0
    grid = np.linspace(x.min() - 0.05 * width, x.max() + 0.05 * width, GRID)
    parts = _normal(grid, found.weights, found.means[:, 0], found.covariances[:, 0, 0])
    said: dict[str, Any] = {
        "x": grid,
        "components": parts,
        "total": parts.sum(axis=0),
        "low": None,
        "high": None,
    }
    if found.drawn is None:
        return said
    w, m, s = found.drawn
    some = np.unique(np.linspace(0, len(w) - 1, MOST_DRAWN).astype(np.int64))
    drawn = np.stack([_normal(grid, w[i], m[i, :, 0], s[i, :, 0, 0]) for i in some])
    total = drawn.sum(axis=1)
    low, high = np.quantile(total, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return said | {"components": drawn.mean(axis=0), "total": total.mean(axis=0), "low": low, "high": high}


def _normal(x: Array, weights: Array, means: Array, variances: Array) -> Array:
    """``w_a N(x | μ_a, σ²_a)``: (g,), (K,) -> (K, g)."""
    z2 = (x[None, :] - means[:, None]) ** 2 / variances[:, None]
    return np.asarray(weights[:, None] * np.exp(-0.5 * z2) / np.sqrt(2.0 * np.pi * variances[:, None]))


def together(fitted: Clusterer, rows: Labels) -> dict[str, Any] | None:
    """Return how often each pair of some events shares a cluster in the posterior, the events in order of cluster.

    ``rows`` are the numbers of the fitted events; at most 200 of those whose labels were kept are looked at.
    """
    model = fitted.estimator_
    if isinstance(model, SpikedMixtureGibbs):
        seen, watched = model.draws_["labels"], np.arange(len(rows))
    elif isinstance(model, GaussianMixtureGibbs):
        seen, watched = model.watched_labels_, model.watched_
    else:
        return None
    some = np.unique(np.linspace(0, len(watched) - 1, MOST_TOGETHER).astype(np.int64))
    drawn = np.unique(np.linspace(0, len(seen) - 1, 1000).astype(np.int64))
    labels = fitted.labels_[watched[some]]
    some = some[np.argsort(labels, kind="stable")]
    matrix = co_clustering(seen[np.ix_(drawn, some)], model.n_components)
    return {"rows": rows[watched[some]], "labels": fitted.labels_[watched[some]], "share": matrix.round(3)}


def loss(fitted: Clusterer) -> dict[str, Any] | None:
    """Return the running loss, −ln L in nats: a line for each chain against the sweep, or one against the iteration."""
    model = fitted.estimator_
    if isinstance(model, GaussianMixtureGibbs | SpikedMixtureGibbs):
        kept = _chains(model, model.draws_["log_likelihood"])
        warm = _thinned(model.warmup_)
        n_warm, n = model.warmup_.shape[1], kept.shape[1] * model.thin
        after = _thinned(kept)
        at = np.concatenate(
            [np.linspace(1, n_warm, warm.shape[1]), n_warm + np.linspace(1, n, after.shape[1])]
        )
        return {
            "against": "sweep",
            "warmup": n_warm,
            "at": at.round(),
            "chains": -np.hstack([warm, after]).round(6),
        }
    bounds = getattr(model, "lower_bounds_", None)
    if bounds is None or not hasattr(model, "bic"):
        return None
    n = len(fitted.labels_)
    values = -n * np.asarray(bounds) + n * float(np.log(fitted.unit_).sum())
    return {
        "against": "iteration",
        "warmup": 0,
        "at": np.arange(1, len(values) + 1),
        "chains": values[None, :],
    }


def diagnostics(fitted: Clusterer) -> dict[str, Any] | None:
    """Return the health of the chains, quantity by quantity, and the pictures of the log-likelihood; None without."""
    model = fitted.estimator_
    if not isinstance(model, GaussianMixtureGibbs | SpikedMixtureGibbs):
        return None
    chains = _chains(model, model.draws_["log_likelihood"])
    found: Mapping[str, Diagnosis] = model.diagnostics_
    return {
        "converged": bool(model.converged_),
        "n_chains": chains.shape[0],
        "n_draws": chains.shape[1],
        "quantities": {
            name: {
                "mean": float(chains.mean()) if name == "log_likelihood" else each.mean,
                "sd": each.sd,
                "mcse": each.mcse,
                "r_hat": each.rhat,
                "ess_bulk": each.ess_bulk,
                "ess_tail": each.ess_tail,
            }
            for name, each in found.items()
        },
        "trace": _thinned(chains),
        "rank": _ranks(chains),
        "autocorrelation": autocorrelation(chains)[:, : LAGS + 1].round(4),
    }


def _chains(model: Any, values: Array) -> Array:
    return np.asarray(values.reshape(model.n_chains, -1))


def _thinned(chains: Array) -> Array:
    """Return at most 250 evenly spaced draws of each chain."""
    n = chains.shape[1]
    at = np.unique(np.linspace(0, n - 1, min(n, TRACE)).astype(np.int64)) if n else np.arange(0)
    return np.asarray(chains[:, at])


def _ranks(chains: Array) -> NDArray[np.int64]:
    """Return how many draws of each chain fall into each of 20 equal parts of the ranks of all draws."""
    rank = np.argsort(np.argsort(chains, axis=None, kind="stable"), kind="stable").reshape(chains.shape)
    part = rank * RANK_BINS // chains.size
    return np.stack([np.bincount(row, minlength=RANK_BINS) for row in part])


def lean(fitted: Clusterer) -> Clusterer:
    """Return a copy that predicts the same and holds neither the events nor more draws than it predicts with."""
    model = fitted.estimator_
    kept = copy(fitted)
    kept.tried_ = []
    if isinstance(model, GaussianMixtureGibbs):
        kept.estimator_ = trimmed(model)
    return kept
