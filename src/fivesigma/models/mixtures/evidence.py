"""How many components: the marginal likelihood of a sampled mixture, and what each order predicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs
from fivesigma.models.mixtures.model import (
    GaussianMixtureModel,
    Law,
    from_triangles,
    log_components,
    triangles,
)
from fivesigma.sampling.diagnostics import mcse_mean

Array = NDArray[np.float64]

MOST_PERMUTED = 12


@dataclass(frozen=True)
class Evidence:
    """``ln p(X | K)`` in nats (density of X in its own units) and its Monte-Carlo standard error."""

    value: float
    mcse: float


def log_evidence(mixture: GaussianMixtureGibbs) -> Evidence:
    """Marginal likelihood by Chib's identity at the best draw θ*, symmetrised over all K! labellings.

    ``ln p(X) = ln p(X | θ*) + ln p(θ*) − ln p(θ* | X)`` with ``p(θ* | X)`` the mean over draws, and over all
    permutations, of ``p(θ* | z, X)``. Chib (1995), doi:10.1080/01621459.1995.10476635; without the permutations it
    is wrong by up to ln K!, Neal (1999), "Erroneous results in 'Marginal likelihood from the Gibbs output'".

    Parameters
    ----------
    mixture : fitted GaussianMixtureGibbs of at most 12 components

    Raises
    ------
    InputError
        Beyond 12 components, where the sum over permutations is too long.
    """
    check_is_fitted(mixture)
    model: GaussianMixtureModel = mixture._model
    K = model.n_components
    if K > MOST_PERMUTED:
        raise InputError(f"n_components is {K}; expected at most {MOST_PERMUTED} for a marginal likelihood.")
    draws, best = mixture._draws, mixture._pivot
    means, covariances = from_triangles(draws.A[best], draws.b[best])
    weights = np.exp(draws.log_weights[best])
    terms = _log_ordinates(mixture, weights, means, covariances)
    top = terms.max()
    scaled = np.exp(terms - top).reshape(mixture.n_chains, -1)
    A, b, c = triangles(means, covariances)
    logs = log_components(model.X, A, b, c + np.log(weights), model.kind in ("diag", "spherical"))
    log_posterior = top + np.log(scaled.mean())
    shift = len(model.X) * float(np.log(mixture._unit).sum())
    value = logsumexp(logs, axis=1).sum() + model.log_prior(weights, means, covariances) - log_posterior
    return Evidence(float(value - shift), mcse_mean(scaled) / float(scaled.mean()))


def _log_ordinates(mixture: GaussianMixtureGibbs, weights: Array, means: Array, covariances: Array) -> Array:
    """``ln (1/K!) Σ_perm p(perm θ* | z_s, X)`` of each draw: (S,)."""
    model, draws = mixture._model, mixture._draws
    alpha = model.prior.concentration
    shapes = alpha + draws.counts
    F = (shapes[:, None, :] - 1.0) * np.log(weights)[:, None] - gammaln(shapes)[:, None, :]
    common = np.full(len(shapes), gammaln(shapes[0].sum()) - gammaln(model.n_components + 1.0))
    for s in range(len(shapes)):
        law: Law = model.law(draws.counts[s], draws.sums[s], draws.squares[s])
        if model.kind == "tied":
            F[s] += law.log_density_of_means(means, covariances)
            common[s] += law.log_density_of_shared(covariances)
        else:
            F[s] += law.log_density_each(means, covariances)
    return common + log_permanents(F)


def log_permanents(F: Array) -> Array:
    """``ln Σ_perm Π_a exp F[s, a, perm(a)]``: (S, K, K) -> (S,), by sums over subsets: nothing cancels.

    >>> log_permanents(np.log([[[1.0, 2.0], [3.0, 4.0]]])).round(4)
    array([2.3026])
    """
    S, K, _ = F.shape
    table = np.full((S, 2**K), -np.inf)
    table[:, 0] = 0.0
    for mask in range(1, 2**K):
        members = [b for b in range(K) if mask >> b & 1]
        row = len(members) - 1
        parts = np.stack([table[:, mask ^ (1 << b)] + F[:, row, b] for b in members])
        table[:, mask] = np.logaddexp.reduce(parts, axis=0)
    return table[:, -1]


@dataclass(frozen=True)
class Order:
    """What is said for one number of components; log-likelihoods in nats, held out ones per event."""

    n_components: int
    bic: float
    held_out_em: float
    held_out_gibbs: float
    evidence: Evidence
    converged: bool


def compare_orders(
    X: ArrayLike, held_out: ArrayLike, orders: Iterable[int], *, random_state: int = 0, **settings: Any
) -> tuple[Order, ...]:
    """Fit EM and Gibbs for each number of components; BIC (small is good), held-out density, evidence.

    Parameters
    ----------
    X, held_out : (n_samples, n_features), (n_held_out, n_features)
    orders : numbers of components
    settings : of `GaussianMixtureGibbs`
    """
    from sklearn.mixture import GaussianMixture

    found = []
    for K in orders:
        kind = settings.get("covariance_type", "full")
        em = GaussianMixture(K, covariance_type=kind, n_init=5, random_state=random_state).fit(X)
        gibbs = GaussianMixtureGibbs(K, random_state=random_state, **settings).fit(X)
        found.append(
            Order(
                K,
                float(em.bic(X)),
                float(em.score(held_out)),
                gibbs.score(held_out),
                log_evidence(gibbs),
                gibbs.converged_,
            )
        )
    return tuple(found)
