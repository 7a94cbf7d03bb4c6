"""Compiled sweeps of the spiked mixture with its centres integrated out: only the Gram matrix is looked at.

With ``s² = ρ/d`` and S_a the squared length of the sum of the events of component a,
``ln p(X | z, ρ) = const + Σ_a f(n_a, S_a)``, ``f(m, S) = −½ d ln(1 + m s²) + ½ s² S / (1 + m s²)``.
``h[m]`` and ``g[m]`` hold the two factors of f for every count, ``R[a, i] = Σ_{j in a} G_ij``.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit
from fivesigma.models.mixtures.log_odds import log_odds

Array = NDArray[np.float64]
Index = NDArray[np.int64]

REFRESHED = 200
"""Draws after which the sums are made afresh."""


@njit(cache=True, nogil=True, error_model="numpy")
def fill_tables(rho: float, d: int, h: Array, g: Array) -> None:
    """``h[m] = −½ d ln(1 + m s²)``, ``g[m] = ½ s² / (1 + m s²)``."""
    s2 = rho / d
    for m in range(h.size):
        h[m] = -0.5 * d * np.log1p(m * s2)
        g[m] = 0.5 * s2 / (1.0 + m * s2)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def fill_sums(G: Array, labels: Index, counts: Index, R: Array, S: Array) -> None:
    """Counts, R and S of a labelling from scratch."""
    n = labels.size
    counts[:] = 0
    R[:] = 0.0
    S[:] = 0.0
    for i in range(n):
        a = labels[i]
        counts[a] += 1
        for j in range(n):
            R[a, j] += G[i, j]
    for i in range(n):
        S[labels[i]] += R[labels[i], i]


@njit(cache=True, nogil=True, error_model="numpy")
def label_scores(
    i: int, a: int, own: float, counts: Index, R: Array, S: Array, h: Array, g: Array, out: Array
) -> None:
    """``out[b] = ln p(z_i = b | all other labels) + const``; a is the present label, ``own = G_ii``."""
    for b in range(counts.size):
        m = counts[b]
        if b == a:
            before = S[b] - 2.0 * R[b, i] + own
            out[b] = h[m] + g[m] * S[b] - h[m - 1] - g[m - 1] * before
        else:
            after = S[b] + 2.0 * R[b, i] + own
            out[b] = h[m + 1] + g[m + 1] * after - h[m] - g[m] * S[b]


@njit(cache=True, nogil=True, error_model="numpy")
def pick(scores: Array, u: float) -> int:
    """Invert the distribution ``exp scores`` at u."""
    K = scores.size
    if K == 2:
        return 1 if u >= 1.0 / (1.0 + np.exp(scores[1] - scores[0])) else 0
    most = scores.max()
    total = 0.0
    for b in range(K):
        scores[b] = np.exp(scores[b] - most)
        total += scores[b]
    threshold = u * total
    cumulative = 0.0
    for b in range(K - 1):
        cumulative += scores[b]
        if threshold < cumulative:
            return b
    return K - 1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def move(row: Array, losing: Array, gaining: Array) -> None:
    """Take an event's row of G from one component's R and give it to another's."""
    for j in range(row.size):
        losing[j] -= row[j]
        gaining[j] += row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(
    G: Array, u: Array, labels: Index, counts: Index, R: Array, S: Array, h: Array, g: Array, scores: Array
) -> int:
    """Draw each label in turn given all others; return how many changed."""
    changed = 0
    for i in range(labels.size):
        a = labels[i]
        own = G[i, i]
        label_scores(i, a, own, counts, R, S, h, g, scores)
        b = pick(scores, u[i])
        if b != a:
            S[a] += own - 2.0 * R[a, i]
            S[b] += own + 2.0 * R[b, i]
            counts[a] -= 1
            counts[b] += 1
            labels[i] = b
            move(G[i], R[a], R[b])
            changed += 1
    return changed


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def shift_row(row: Array, sums: Array, sign: float) -> None:
    """``sums += sign · row``."""
    for j in range(row.size):
        sums[j] += sign * row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def flip_scores(n0: int, n1: int, S0: float, S1: float, h: Array, g: Array, out: Array) -> None:
    """``out[4a : 4a + 4] · (1, G_ii, R_0i, total_i) = ln p(z_i = 0) / p(z_i = 1)`` for every event of label a: (8,).

    Of an empty component no event asks.
    """
    now = h[n0] + g[n0] * S0 + h[n1] + g[n1] * S1
    left, right = g[n0 - 1], g[n1 + 1]
    out[0] = now - h[n0 - 1] - h[n1 + 1] - left * S0 - right * S1
    out[1] = -(left + right)
    out[2] = 2.0 * (left + right)
    out[3] = -2.0 * right
    left, right = g[n0 + 1], g[n1 - 1]
    out[4] = h[n0 + 1] + h[n1 - 1] + left * S0 + right * S1 - now
    out[5] = left + right
    out[6] = 2.0 * (left + right)
    out[7] = -2.0 * right


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_two(
    G: Array, u: Array, labels: Index, counts: Index, R: Array, S: Array, h: Array, g: Array, room: Array
) -> int:
    """Do as `sweep` for two components, the same labels from the same u, at about half the time.

    Of R only the first row is kept up (R_1 = total − R_0); what decides is linear in an event's numbers until a label
    changes, without a jump; and u is turned into its log odds beforehand. ``room`` (4, n + 8) holds ``G_ii`` and
    ``total`` in its first two rows.
    """
    n = labels.size
    own, total, odds = room[0], room[1], room[3]
    log_odds(u, room[2])
    first, n0, n1, S0, S1 = R[0], counts[0], counts[1], S[0], S[1]
    flip_scores(n0, n1, S0, S1, h, g, odds)
    changed = 0
    for i in range(n):
        a = labels[i]
        mine = first[i]
        q = 4 * a
        limit = odds[q] + odds[q + 1] * own[i] + odds[q + 2] * mine + odds[q + 3] * total[i]
        if np.int64(u[i] >= limit) != a:
            step = 2 * a - 1
            sign = float(step)
            S0 = S0 + own[i] + 2.0 * sign * mine
            S1 = S1 + own[i] - 2.0 * sign * (total[i] - mine)
            n0, n1 = n0 + step, n1 - step
            labels[i] = 1 - a
            flip_scores(n0, n1, S0, S1, h, g, odds)
            shift_row(G[i], first, sign)
            changed += 1
    counts[0], counts[1], S[0], S[1] = n0, n1, S0, S1
    for i in range(n):
        R[1, i] = total[i] - first[i]
    return changed


@njit(cache=True, nogil=True, error_model="numpy")
def log_likelihood(counts: Index, S: Array, h: Array, g: Array) -> float:
    """``Σ_a f(n_a, S_a)``."""
    total = 0.0
    for a in range(counts.size):
        total += h[counts[a]] + g[counts[a]] * S[a]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def rho_scores(rhos: Array, d: int, counts: Index, S: Array, out: Array) -> None:
    """``ln p(ρ | z, X) + const`` on the grid of an even prior."""
    for r in range(rhos.size):
        s2 = rhos[r] / d
        total = 0.0
        for a in range(counts.size):
            scale = 1.0 + counts[a] * s2
            total += -0.5 * d * np.log(scale) + 0.5 * s2 * S[a] / scale
        out[r] = total


@njit(cache=True, nogil=True, error_model="numpy")
def run_sweeps(
    rng: np.random.Generator,
    G: Array,
    d: int,
    rhos: Array,
    labels: Index,
    n_components: int,
    thin: int,
    likelihood: Array,
    rho: Array,
    seen: NDArray[np.uint8],
) -> None:
    """Go ``thin`` sweeps for each draw that the outputs have room for; ``labels`` is the state.

    Sums are made afresh every `REFRESHED` draws, so that rounding never accumulates.
    """
    n = labels.size
    u, scores, room = np.empty(n), np.empty(n_components), np.empty((4, n + 8))
    counts, R, S = np.empty(n_components, dtype=np.int64), np.empty((n_components, n)), np.empty(n_components)
    hs, gs, grid = np.empty((rhos.size, n + 2)), np.empty((rhos.size, n + 2)), np.empty(rhos.size)
    for r in range(rhos.size):
        fill_tables(rhos[r], d, hs[r], gs[r])
    for i in range(n):
        room[0, i] = G[i, i]
    now = rhos.size // 2
    for draw in range(likelihood.size):
        if draw % REFRESHED == 0:
            fill_sums(G, labels, counts, R, S)
            if n_components == 2:
                for i in range(n):
                    room[1, i] = R[0, i] + R[1, i]
        for _ in range(thin):
            if rhos.size > 1:
                for r in range(rhos.size):
                    grid[r] = log_likelihood(counts, S, hs[r], gs[r])
                now = pick(grid, rng.random())
            for i in range(n):
                u[i] = rng.random()
            if n_components == 2:
                sweep_two(G, u, labels, counts, R, S, hs[now], gs[now], room)
            else:
                sweep(G, u, labels, counts, R, S, hs[now], gs[now], scores)
        likelihood[draw] = log_likelihood(counts, S, hs[now], gs[now])
        rho[draw] = rhos[now]
        if seen.shape[1] > 0:
            for i in range(n):
                seen[draw, i] = labels[i]
