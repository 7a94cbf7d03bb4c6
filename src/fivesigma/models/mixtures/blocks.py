"""Compiled blocks of the Gibbs sampler: what is known of the components given the labels, and their draw."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit
from fivesigma.models.mixtures.kernels import draw_labels, sufficient

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FULL, DIAGONAL, SPHERICAL, TIED = 0, 1, 2, 3


@njit(cache=True, nogil=True, error_model="numpy")
def posterior(
    kind: int,
    counts: Array,
    sums: Array,
    squares: Array,
    m0: Array,
    kappa0: float,
    degrees0: float,
    Psi0: Array,
    m: Array,
    kappa: Array,
    degrees: Array,
    Psi: Array,
) -> None:
    """Fill m (K, d), κ (K,), degrees (K,) and Ψ (K, d, d) of the normal-inverse-Wishart law given the labels.

    ``κ = κ0 + n``, ``m = (κ0 m0 + Σx) / κ``, ``Ψ = Ψ0 + S + κ0 n/κ (x̄ − m0)(x̄ − m0)ᵀ``, S the scatter about x̄.
    Murphy (2007), "Conjugate Bayesian analysis of the Gaussian distribution", eqs. 219-222. ``degrees`` is
    ``ν − d + 1``, the degrees of freedom of a variance; a tied law is summed over components into place 0, a
    spherical one is the mean over features.
    """
    K, d = sums.shape
    for a in range(K):
        n = counts[a]
        kappa[a] = kappa0 + n
        degrees[a] = degrees0 + (n * d if kind == SPHERICAL else n)
        for r in range(d):
            m[a, r] = (kappa0 * m0[r] + sums[a, r]) / kappa[a]
        scatter(a, n, sums, squares, m0, kappa0, kappa, Psi)
    if kind == TIED:
        tie(counts, degrees, Psi)
    elif kind == SPHERICAL:
        share_trace(Psi)
    for a in range(K):
        Psi[a] += Psi0
    if kind in (DIAGONAL, SPHERICAL):
        for a in range(K):
            keep_diagonal(Psi[a])


@njit(cache=True, nogil=True, error_model="numpy")
def scatter(
    a: int, n: float, sums: Array, squares: Array, m0: Array, kappa0: float, kappa: Array, Psi: Array
) -> None:
    """Fill ``Psi[a]`` with ``S + κ0 n/κ (x̄ − m0)(x̄ − m0)ᵀ``; zero of a component without events."""
    d = m0.size
    offset = np.empty(d)
    for r in range(d):
        offset[r] = sums[a, r] / n - m0[r] if n > 0.0 else 0.0
    for r in range(d):
        for s in range(r + 1):
            value = 0.0
            if n > 0.0:
                value = squares[a, r, s] - sums[a, r] * sums[a, s] / n
                value += kappa0 * n / kappa[a] * offset[r] * offset[s]
            Psi[a, r, s] = value
            Psi[a, s, r] = value


@njit(cache=True, nogil=True, error_model="numpy")
def tie(counts: Array, degrees: Array, Psi: Array) -> None:
    """Sum the degrees of freedom and Ψ over components, and give all the sum."""
    K = counts.size
    for a in range(1, K):
        degrees[0] += counts[a]
        Psi[0] += Psi[a]
    for a in range(1, K):
        degrees[a] = degrees[0]
        Psi[a] = Psi[0]


@njit(cache=True, nogil=True, error_model="numpy")
def share_trace(Psi: Array) -> None:
    """Put the trace of each Ψ in all places of its diagonal: one variance for all features."""
    K, d, _ = Psi.shape
    for a in range(K):
        total = 0.0
        for r in range(d):
            total += Psi[a, r, r]
        for r in range(d):
            Psi[a, r, r] = total


@njit(cache=True, nogil=True, error_model="numpy")
def keep_diagonal(matrix: Array) -> None:
    """Clear what stands off the diagonal."""
    for r in range(matrix.shape[0]):
        for s in range(matrix.shape[1]):
            if r != s:
                matrix[r, s] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def components_from_noise(
    kind: int, m: Array, kappa: Array, Psi: Array, C: Array, z: Array, A: Array, b: Array, c: Array
) -> None:
    """Turn noise into components: ``A = C L⁻¹`` with ``Ψ = L Lᵀ``, and ``b = A m + z / √κ``.

    C is lower triangular, Gaussian below the diagonal and on it the root of χ² with ``degrees + r`` degrees of
    freedom in row r (the decomposition of Bartlett 1933, read from the last row up, so that ``CᵀC`` is Wishart);
    without off-diagonal terms each χ² has ``degrees``.
    """
    K, d = m.shape
    L = np.empty((d, d))
    inverse = np.empty((d, d))
    for a in range(K):
        if kind == TIED and a > 0:
            A[a] = A[0]
        elif kind in (DIAGONAL, SPHERICAL):
            A[a] = 0.0
            for r in range(d):
                A[a, r, r] = C[a, r, r] / np.sqrt(Psi[a, r, r])
        else:
            cholesky(Psi[a], L)
            invert(L, inverse)
            for r in range(d):
                for s in range(d):
                    value = 0.0
                    for t in range(s, r + 1):
                        value += C[a, r, t] * inverse[t, s]
                    A[a, r, s] = value
        c[a] = -0.5 * d * np.log(2.0 * np.pi)
        for r in range(d):
            c[a] += np.log(A[a, r, r])
            value = z[a, r] / np.sqrt(kappa[a])
            for s in range(r + 1):
                value += A[a, r, s] * m[a, s]
            b[a, r] = value


@njit(cache=True, nogil=True, error_model="numpy")
def cholesky(M: Array, L: Array) -> None:
    """``M = L Lᵀ`` for a small positive definite matrix."""
    d = M.shape[0]
    L[:] = 0.0
    for r in range(d):
        for s in range(r + 1):
            value = M[r, s]
            for t in range(s):
                value -= L[r, t] * L[s, t]
            L[r, s] = np.sqrt(value) if r == s else value / L[s, s]


@njit(cache=True, nogil=True, error_model="numpy")
def invert(L: Array, inverse: Array) -> None:
    """Invert a lower triangle."""
    d = L.shape[0]
    inverse[:] = 0.0
    for s in range(d):
        inverse[s, s] = 1.0 / L[s, s]
        for r in range(s + 1, d):
            value = 0.0
            for t in range(s, r):
                value -= L[r, t] * inverse[t, s]
            inverse[r, s] = value / L[r, r]


@njit(cache=True, nogil=True, error_model="numpy")
def draw_noise(rng: np.random.Generator, kind: int, degrees: Array, C: Array, z: Array) -> None:
    """Draw C and z as `components_from_noise` wants them."""
    K, d = z.shape
    C[:] = 0.0
    for a in range(K):
        for r in range(d):
            z[a, r] = rng.standard_normal()
            if kind == SPHERICAL and r > 0:
                C[a, r, r] = C[a, 0, 0]
                continue
            rise = 0 if kind in (DIAGONAL, SPHERICAL) else r
            C[a, r, r] = np.sqrt(rng.chisquare(degrees[a] + rise))
            if kind in (FULL, TIED):
                for s in range(r):
                    C[a, r, s] = rng.standard_normal()


@njit(cache=True, nogil=True, error_model="numpy")
def weight_shapes(concentration: float, counts: Array) -> Array:
    """``α + n_a``: the Dirichlet law of the weights given the labels."""
    return concentration + counts


@njit(cache=True, nogil=True, error_model="numpy")
def draw_log_weights(rng: np.random.Generator, shapes: Array) -> Array:
    """Logarithms of a Dirichlet draw; a Gamma of shape below one is ``Γ(s + 1) u^(1/s)``, so none underflows."""
    logs = np.empty(shapes.size)
    for a in range(shapes.size):
        logs[a] = np.log(rng.standard_gamma(shapes[a] + 1.0)) + np.log1p(-rng.random()) / shapes[a]
    top = logs.max()
    normalised: Array = logs - (top + np.log(np.exp(logs - top).sum()))
    return normalised


@njit(cache=True, nogil=True, error_model="numpy")
def run_sweeps(
    rng: np.random.Generator,
    kind: int,
    X: Array,
    concentration: float,
    m0: Array,
    kappa0: float,
    degrees0: float,
    Psi0: Array,
    labels: Index,
    thin: int,
    watched: Index,
    log_likelihood: Array,
    log_weights: Array,
    A: Array,
    b: Array,
    counts: Array,
    sums: Array,
    squares: Array,
    seen: NDArray[np.uint8],
) -> None:
    """Go ``thin`` sweeps for each of the draws that the output arrays have room for; ``labels`` is the state."""
    n_draws, K, d = b.shape
    n = X.shape[1]
    tile = np.empty((d, 4096))
    now_counts, now_sums, now_squares = np.empty(K), np.empty((K, d)), np.zeros((K, d, d))
    m, kappa, degrees = np.empty((K, d)), np.empty(K), np.empty(K)
    Psi, C, z = np.empty((K, d, d)), np.empty((K, d, d)), np.empty((K, d))
    now_A, now_b, now_c = np.empty((K, d, d)), np.empty((K, d)), np.empty(K)
    u = np.empty(n)
    diagonal = kind in (DIAGONAL, SPHERICAL)
    sufficient(X, labels, diagonal, now_counts, now_sums, now_squares, tile)
    for draw in range(n_draws):
        for _ in range(thin):
            posterior(
                kind, now_counts, now_sums, now_squares, m0, kappa0, degrees0, Psi0, m, kappa, degrees, Psi
            )
            draw_noise(rng, kind, degrees, C, z)
            components_from_noise(kind, m, kappa, Psi, C, z, now_A, now_b, now_c)
            now_log_weights = draw_log_weights(rng, weight_shapes(concentration, now_counts))
            for i in range(n):
                u[i] = rng.random()
            now = draw_labels(X, u, now_log_weights, now_A, now_b, now_c, diagonal, labels)
            sufficient(X, labels, diagonal, now_counts, now_sums, now_squares, tile)
        log_likelihood[draw] = now
        log_weights[draw] = now_log_weights
        A[draw] = now_A
        b[draw] = now_b
        counts[draw] = now_counts
        sums[draw] = now_sums
        squares[draw] = now_squares
        for i in range(watched.size):
            seen[draw, i] = labels[watched[i]]
