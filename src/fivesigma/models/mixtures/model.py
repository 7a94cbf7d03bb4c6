"""The joint law of a Bayesian Gaussian mixture and the conditional of each block, for proof and for evidence.

Conditionals are computed with the compiled kernels that the sampler runs on, the joint law by plain formulas: the
ratio of the one must be the ratio of the other (Grosse & Duvenaud, arXiv:1412.5218).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, multigammaln

from fivesigma._core.saved_state import SavedState
from fivesigma.models.mixtures import blocks, kernels
from fivesigma.models.mixtures.prior import Resolved

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Kind = Literal["full", "diag", "spherical", "tied"]
Block = Literal["labels", "weights", "components"]

KINDS: dict[str, int] = {
    "full": blocks.FULL,
    "diag": blocks.DIAGONAL,
    "spherical": blocks.SPHERICAL,
    "tied": blocks.TIED,
}
BLOCKS: tuple[Block, ...] = ("labels", "weights", "components")


@dataclass(frozen=True, eq=False)
class State:
    """Labels (n,), weights (K,), means (K, d) and covariances (K, d, d), whatever their type."""

    labels: Labels
    weights: Array
    means: Array
    covariances: Array


@dataclass(frozen=True, eq=False)
class Law:
    """Normal-inverse-Wishart law of K components: m (K, d), κ (K,), degrees ν − d + 1 (K,), Ψ (K, d, d)."""

    kind: Kind
    m: Array
    kappa: Array
    degrees: Array
    Psi: Array

    def log_density_each(self, means: Array, covariances: Array) -> Array:
        """``ln p(μ_a, Σ_a)`` under law b, not for tied: (…, K, d), (…, K, d, d) -> (…, K a, K b)."""
        mu, sigma = means[..., :, None, :], covariances[..., :, None, :, :]
        d = means.shape[-1]
        return _normal(mu - self.m, sigma, self.kappa) + self._variances(sigma, d)

    def log_density_of_means(self, means: Array, covariances: Array) -> Array:
        """``ln p(μ_a | Σ)`` under law b, the covariances given: (K, d), (K, d, d) -> (K a, K b)."""
        return _normal(means[:, None, :] - self.m, covariances[:, None], self.kappa)

    def log_density_of_shared(self, covariances: Array) -> float:
        """``ln p(Σ)`` of the one covariance of tied components."""
        return float(self._variances(covariances, covariances.shape[-1])[0])

    def log_density(self, means: Array, covariances: Array) -> Array:
        """``ln p(μ, Σ)`` of all components: (…, K, d), (…, K, d, d) -> (…)."""
        d = means.shape[-1]
        total = _normal(means - self.m, covariances, self.kappa).sum(axis=-1)
        variances = self._variances(covariances, d)
        return np.asarray(total + (variances[..., 0] if self.kind == "tied" else variances.sum(axis=-1)))

    def _variances(self, sigma: Array, d: int) -> Array:
        if self.kind in ("full", "tied"):
            return _inverse_wishart(sigma, self.degrees + d - 1.0, self.Psi)
        variance = np.diagonal(sigma, axis1=-2, axis2=-1)
        psi = np.diagonal(self.Psi, axis1=-2, axis2=-1)
        logs = _scaled_inverse_chi2(variance, self.degrees[..., None], psi)
        return np.asarray(logs[..., 0] if self.kind == "spherical" else logs.sum(axis=-1))


def _normal(offset: Array, sigma: Array, kappa: Array) -> Array:
    """``ln N(offset | 0, Σ/κ)``."""
    d = offset.shape[-1]
    _, log_det = np.linalg.slogdet(sigma)
    solved = np.linalg.solve(
        sigma, np.broadcast_to(offset, np.broadcast_shapes(offset.shape, sigma.shape[:-1]))[..., None]
    )[..., 0]
    quadratic = kappa * (offset * solved).sum(axis=-1)
    return np.asarray(-0.5 * (quadratic + log_det + d * (np.log(2.0 * np.pi) - np.log(kappa))))


def _inverse_wishart(sigma: Array, nu: Array, Psi: Array) -> Array:
    """``ln IW(Σ | ν, Ψ)``."""
    d = sigma.shape[-1]
    _, log_det = np.linalg.slogdet(sigma)
    _, log_det_psi = np.linalg.slogdet(Psi)
    trace = np.trace(np.linalg.solve(sigma, Psi), axis1=-2, axis2=-1)
    constant = 0.5 * nu * (log_det_psi - d * np.log(2.0)) - multigammaln(nu / 2.0, d)
    return np.asarray(constant - 0.5 * (nu + d + 1.0) * log_det - 0.5 * trace)


def _scaled_inverse_chi2(variance: Array, degrees: Array, psi: Array) -> Array:
    """``ln p(σ²)`` of ``σ² = ψ / χ²``."""
    half = degrees / 2.0
    return np.asarray(
        half * np.log(psi / 2.0) - gammaln(half) - (half + 1.0) * np.log(variance) - psi / variance / 2.0
    )


def log_dirichlet(weights: Array, shapes: Array) -> Array:
    """``ln Dir(w | shapes)`` over the last axis."""
    terms = ((shapes - 1.0) * np.log(weights) - gammaln(shapes)).sum(axis=-1)
    return np.asarray(terms + gammaln(shapes.sum(axis=-1)))


@dataclass(frozen=True, eq=False)
class GaussianMixtureModel:
    """``p(X, z, w, μ, Σ)`` with its three blocks: labels, weights, and components (μ and Σ together).

    Parameters
    ----------
    X : (n, d)
    n_components : K
    prior : Resolved
        In the units of X.
    kind : "full", "diag", "spherical" or "tied"
    """

    X: Array
    n_components: int
    prior: Resolved
    kind: Kind = "full"

    def prior_law(self) -> Law:
        """Return the law of the components before any event."""
        K, prior = self.n_components, self.prior.for_kind(self.kind == "spherical")
        Psi = prior.scale if self.kind in ("full", "tied") else np.diag(np.diag(prior.scale))
        return Law(
            self.kind,
            np.tile(prior.mean, (K, 1)),
            np.full(K, prior.strength),
            np.full(K, prior.degrees),
            np.tile(Psi, (K, 1, 1)),
        )

    def log_prior(self, weights: Array, means: Array, covariances: Array) -> Array:
        """``ln p(w, μ, Σ)``, over leading axes."""
        shapes = np.full(self.n_components, self.prior.concentration)
        return log_dirichlet(weights, shapes) + self.prior_law().log_density(means, covariances)

    def log_joint(self, state: State) -> float:
        """``ln p(X, z, w, μ, Σ)``, by plain formulas."""
        z = state.labels
        likelihood = _normal(self.X - state.means[z], state.covariances[z], np.ones(len(z))) + np.log(
            state.weights[z]
        )
        return float(likelihood.sum() + self.log_prior(state.weights, state.means, state.covariances))

    def log_conditional(self, block: Block, state: State) -> float:
        """``ln p(block | all else)`` at the state, as the kernels compute it."""
        if block == "labels":
            logs = self.log_responsibilities(state)
            return float(logs[np.arange(len(logs)), state.labels].sum())
        counts, sums, squares = self.statistics(state.labels)
        if block == "weights":
            shapes = blocks.weight_shapes(self.prior.concentration, counts)
            return float(log_dirichlet(state.weights, shapes))
        law = self.law(counts, sums, squares)
        return float(law.log_density(state.means, state.covariances))

    def draw(self, block: Block, state: State, rng: np.random.Generator) -> State:
        """Return the state with ``block`` drawn from its conditional, by the kernels."""
        if block == "labels":
            labels = np.empty(len(self.X), dtype=np.int64)
            A, b, c = triangles(state.means, state.covariances)
            kernels.draw_labels(
                np.ascontiguousarray(self.X.T),
                rng.random(len(self.X)),
                np.log(state.weights),
                A,
                b,
                c,
                self.kind in ("diag", "spherical"),
                labels,
            )
            return replace(state, labels=labels)
        counts, sums, squares = self.statistics(state.labels)
        if block == "weights":
            shapes = blocks.weight_shapes(self.prior.concentration, counts)
            return replace(state, weights=np.exp(blocks.draw_log_weights(rng, shapes)))
        law = self.law(counts, sums, squares)
        C, z = np.empty_like(law.Psi), np.empty_like(law.m)
        blocks.draw_noise(rng, KINDS[self.kind], law.degrees, C, z)
        means, covariances = from_noise(law, C, z)
        return replace(state, means=means, covariances=covariances)

    def log_responsibilities(self, state: State) -> Array:
        """``ln p(z_i = a | w, μ, Σ, x_i)``: (n, K)."""
        A, b, c = triangles(state.means, state.covariances)
        logs = log_components(self.X, A, b, c + np.log(state.weights), self.kind in ("diag", "spherical"))
        return np.asarray(logs - np.logaddexp.reduce(logs, axis=1)[:, None])

    def statistics(self, labels: Labels) -> tuple[Array, Array, Array]:
        """Return counts (K,), sums (K, d) and the lower triangles of the squares (K, d, d) by component."""
        K, d = self.n_components, self.X.shape[1]
        counts, sums, squares = np.empty(K), np.empty((K, d)), np.zeros((K, d, d))
        kernels.sufficient(
            np.ascontiguousarray(self.X.T),
            np.asarray(labels, dtype=np.int64),
            self.kind in ("diag", "spherical"),
            counts,
            sums,
            squares,
            np.empty((d, 4096)),
        )
        return counts, sums, squares

    def law(self, counts: Array, sums: Array, squares: Array) -> Law:
        """Return the law of the components given the statistics of the labels."""
        K, d = sums.shape
        m, kappa, degrees, Psi = np.empty((K, d)), np.empty(K), np.empty(K), np.empty((K, d, d))
        prior = self.prior.for_kind(self.kind == "spherical")
        blocks.posterior(
            KINDS[self.kind],
            counts,
            sums,
            squares,
            prior.mean,
            prior.strength,
            prior.degrees,
            np.ascontiguousarray(prior.scale),
            m,
            kappa,
            degrees,
            Psi,
        )
        return Law(self.kind, m, kappa, degrees, Psi)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.word("kind", *KINDS)
        state.count("n_components", 1, 255)
        p = state.floats("X", (None, None)).shape[1]
        state.expect(np.shape(state.part("prior", Resolved).mean) == (p,), "prior", f"a prior of {p} columns")


def triangles(means: Array, covariances: Array) -> tuple[Array, Array, Array]:
    """Return A (K, d, d) with ``Σ⁻¹ = AᵀA``, ``b = A μ`` and ``c = ln det A − ½ d ln 2π``."""
    A = np.linalg.inv(np.linalg.cholesky(covariances))
    A = np.ascontiguousarray(np.tril(A))
    b = np.einsum("...ij,...j->...i", A, means)
    c = np.log(np.diagonal(A, axis1=-2, axis2=-1)).sum(-1) - 0.5 * means.shape[-1] * np.log(2.0 * np.pi)
    return A, np.ascontiguousarray(b), np.ascontiguousarray(c)


def from_noise(law: Law, C: Array, z: Array) -> tuple[Array, Array]:
    """Return means (K, d) and covariances (K, d, d) that the kernel makes of the noise."""
    A, b, c = np.empty_like(law.Psi), np.empty_like(law.m), np.empty_like(law.kappa)
    blocks.components_from_noise(KINDS[law.kind], law.m, law.kappa, law.Psi, C, z, A, b, c)
    return from_triangles(A, b)


def from_triangles(A: Array, b: Array) -> tuple[Array, Array]:
    """Return ``μ = A⁻¹ b`` and ``Σ = A⁻¹ A⁻ᵀ``, over leading axes."""
    inverse = np.linalg.inv(A)
    means = np.asarray(np.einsum("...ij,...j->...i", inverse, b), dtype=np.float64)
    return means, np.asarray(inverse @ np.swapaxes(inverse, -1, -2), dtype=np.float64)


def log_components(X: Array, A: Array, b: Array, c: Array, diagonal: bool) -> Array:
    """``c_a − ½ ‖A_a x − b_a‖²``: (n, d) -> (n, K), tile by tile through the kernel."""
    n, K = len(X), len(c)
    columns = np.ascontiguousarray(X.T)
    out = np.empty((K, n))
    piece, work = np.empty((K, kernels.TILE)), np.empty(kernels.TILE)
    for start in range(0, n, kernels.TILE):
        m = min(kernels.TILE, n - start)
        kernels.log_densities(columns, start, m, A, b, c, diagonal, work, piece)
        out[:, start : start + m] = piece[:, :m]
    return out.T
