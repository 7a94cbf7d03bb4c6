"""Sweeps of the spiked mixture that draw the centres too: no Gram matrix, so any number of events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.mixtures import spiked_kernels as kernels

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def run_sweeps(  # noqa: PLR0913 one place for each output
    rng: np.random.Generator,
    X: Array,
    rhos: Array,
    labels: Labels,
    n_components: int,
    thin: int,
    likelihood: Array,
    rho: Array,
    seen: NDArray[np.uint8],
) -> None:
    """Go ``thin`` sweeps for each draw that the outputs have room for; ``labels`` is the state.

    A sweep draws ρ given the labels, U given both, and all labels at once given ρ and U. What is recorded is as of
    the labels alone: ``ln p(X | z, ρ)`` less what no label changes.
    """
    now = float(rhos[len(rhos) // 2])
    for draw in range(len(likelihood)):
        for _ in range(thin):
            counts, sums = totals(X, labels, n_components)
            now = draw_rho(rng, rhos, X.shape[1], counts, sums) if len(rhos) > 1 else now
            labels[:] = draw_labels(rng, X, now, draw_centres(rng, now, counts, sums))
        likelihood[draw], rho[draw] = log_likelihood(now, *totals(X, labels, n_components)), now
        if seen.shape[1]:
            seen[draw] = labels


def totals(X: Array, labels: Labels, K: int) -> tuple[Labels, Array]:
    """Return how many events each component has, and their sums: (K,) and (K, d)."""
    Z = (labels[:, None] == np.arange(K)).astype(np.float64)
    return np.bincount(labels, minlength=K), Z.T @ X


def draw_rho(rng: np.random.Generator, rhos: Array, d: int, counts: Labels, sums: Array) -> float:
    """Draw ρ from the grid given the labels."""
    scores = np.empty(len(rhos))
    kernels.rho_scores(rhos, d, counts, (sums**2).sum(axis=1), scores)
    return float(rhos[kernels.pick(scores, rng.random())])


def draw_centres(rng: np.random.Generator, rho: float, counts: Labels, sums: Array) -> Array:
    """``U_a ~ N(s Σx / (1 + n s²), 1/(1 + n s²))`` with ``s² = ρ/d``: (K, d)."""
    s = np.sqrt(rho / sums.shape[1])
    variance = 1.0 / (1.0 + counts * s**2)
    return np.asarray(
        s * variance[:, None] * sums + np.sqrt(variance)[:, None] * rng.standard_normal(sums.shape)
    )


def draw_labels(rng: np.random.Generator, X: Array, rho: float, U: Array) -> Labels:
    """``ln p(z_i = a) = s x_i·U_a − ½ s² |U_a|²`` up to a constant, all events at once: (n,)."""
    s = np.sqrt(rho / X.shape[1])
    logits = s * (X @ U.T) - 0.5 * s**2 * (U**2).sum(axis=1)
    cumulative = np.cumsum(np.exp(logits - logits.max(axis=1, keepdims=True)), axis=1)
    u = rng.random(len(X)) * cumulative[:, -1]
    return np.asarray((u[:, None] >= cumulative[:, :-1]).sum(axis=1), dtype=np.int64)


def log_likelihood(rho: float, counts: Labels, sums: Array) -> float:
    """``Σ_a −(d/2) ln(1 + n_a s²) + ½ s² |Σx|² / (1 + n_a s²)``."""
    d = sums.shape[1]
    scale = 1.0 + counts * rho / d
    return float((-0.5 * d * np.log(scale) + 0.5 * rho / d * (sums**2).sum(axis=1) / scale).sum())
