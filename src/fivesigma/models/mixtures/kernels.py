"""Compiled loops of the Gibbs sampler of a general Gaussian mixture; the randomness comes in as numbers.

Every component is held as the triangle A of its precision (``Σ⁻¹ = Aᵀ A``, A lower triangular) with ``b = A μ``,
so ``ln N(x | μ, Σ) = c − ½ ‖A x − b‖²`` with ``c = ln det A − ½ d ln 2π``. Events are stored by feature, X (d, n),
and taken in tiles that stay in the first cache; every inner loop runs over the events of a tile.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit

Array = NDArray[np.float64]
Index = NDArray[np.int64]

TILE = 512
_RUN = 64  # events whose totals are multiplied before one logarithm is taken: at most K^64


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def log_densities(
    X: Array, start: int, m: int, A: Array, b: Array, c: Array, diagonal: bool, work: Array, out: Array
) -> None:
    """``out[a, i] = c_a − ½ ‖A_a x_i − b_a‖²`` for the m events from ``start`` on."""
    K, d = b.shape
    for a in range(K):
        for i in range(m):
            out[a, i] = c[a]
        for r in range(d):
            offset = -b[a, r]
            for i in range(m):
                work[i] = offset
            first = r if diagonal else 0
            left = (r + 1 - first) % 4
            for s in range(first, first + left):
                f = A[a, r, s]
                for i in range(m):
                    work[i] += f * X[s, start + i]
            for s in range(first + left, r + 1, 4):
                f0, f1, f2, f3 = A[a, r, s], A[a, r, s + 1], A[a, r, s + 2], A[a, r, s + 3]
                for i in range(m):
                    j = start + i
                    work[i] += f0 * X[s, j] + f1 * X[s + 1, j] + f2 * X[s + 2, j] + f3 * X[s + 3, j]
            for i in range(m):
                out[a, i] -= 0.5 * work[i] * work[i]


@njit(cache=True, nogil=True, error_model="numpy")
def exponential(x: Array, powers: Index, floats: Array, m: int) -> None:
    """``x[i] = exp(x[i])`` for ``x <= 0`` within 2 ulp; ``floats`` is ``powers`` seen as float64.

    ``exp x = 2^k exp r``, ``r = x − k ln 2`` in two parts, |r| <= ln 2 / 2, Taylor to r¹³; written without a call,
    so that the compiler does eight events at once. Below −700 it is exp(−700), which no sum can see.
    """
    for i in range(m):
        v = max(x[i], -700.0)
        k = np.int64(v * 1.4426950408889634 - 0.5)
        r = v - k * 0.693147180369123816490
        r -= k * 1.90821492927058770002e-10
        p = 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        x[i] = p
        powers[i] = (k + 1023) << 52
    for i in range(m):
        x[i] *= floats[i]


@njit(cache=True, nogil=True, error_model="numpy")
def draw_labels(
    X: Array, u: Array, log_weights: Array, A: Array, b: Array, c: Array, diagonal: bool, labels: Index
) -> float:
    """Draw every label from its conditional by inverting its distribution at u; return ``Σ ln p(x | w, μ, Σ)``."""
    K = b.shape[0]
    n = X.shape[1]
    work, most, total = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    powers = np.empty(TILE, dtype=np.int64)
    floats = powers.view(np.float64)
    p = np.empty((K, TILE))
    found = np.empty(TILE, dtype=np.int64)
    constant = c + log_weights
    result = 0.0
    for start in range(0, n, TILE):
        m = min(TILE, n - start)
        log_densities(X, start, m, A, b, constant, diagonal, work, p)
        for i in range(m):
            most[i] = p[0, i]
        for a in range(1, K):
            for i in range(m):
                most[i] = max(most[i], p[a, i])
        for i in range(m):
            total[i] = 0.0
            found[i] = 0
        for a in range(K):
            for i in range(m):
                p[a, i] -= most[i]
            exponential(p[a], powers, floats, m)
            for i in range(m):
                total[i] += p[a, i]
                p[a, i] = total[i]
        for i in range(m):
            work[i] = u[start + i] * total[i]
        for a in range(K - 1):
            for i in range(m):
                found[i] += 1 if work[i] >= p[a, i] else 0
        for i in range(m):
            labels[start + i] = found[i]
        result += sum_of_logs(total, m)
        for i in range(m):
            result += most[i]
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def sum_of_logs(total: Array, m: int) -> float:
    """``Σ ln total[i]``, one logarithm for each run of numbers between 1 and K."""
    result = 0.0
    for start in range(0, m, _RUN):
        product = 1.0
        for i in range(start, min(start + _RUN, m)):
            product *= total[i]
        result += np.log(product)
    return result


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def folded(x: Array, y: Array, low: int, high: int, work: Array) -> float:
    """``Σ x_i y_i`` over ``low <= i < high``, in an order that is written down.

    A compiler that may choose the order of a sum chooses it anew wherever the sum is inlined: the first run after an
    installation would differ in its last bits from the next, which loads what the first has compiled.
    """
    e = (high - low) // 8
    for i in range(e):
        j = low + i
        work[i] = (
            x[j] * y[j]
            + x[j + e] * y[j + e]
            + x[j + 2 * e] * y[j + 2 * e]
            + x[j + 3 * e] * y[j + 3 * e]
            + x[j + 4 * e] * y[j + 4 * e]
            + x[j + 5 * e] * y[j + 5 * e]
            + x[j + 6 * e] * y[j + 6 * e]
            + x[j + 7 * e] * y[j + 7 * e]
        )
    result, left = 0.0, low + 8 * e
    while e >= 8:
        f = e // 4
        for i in range(f):
            work[i] = (work[i] + work[i + f]) + (work[i + 2 * f] + work[i + 3 * f])
        for i in range(4 * f, e):
            result += work[i]
        e = f
    for i in range(e):
        result += work[i]
    for j in range(left, high):
        result += x[j] * y[j]
    return result


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def sufficient(
    X: Array, labels: Index, diagonal: bool, counts: Array, sums: Array, squares: Array, tile: Array
) -> None:
    """``counts (K,)``, ``sums (K, d) = Σ x``, ``squares (K, d, d) = Σ x xᵀ`` (lower triangle) by component.

    The events of a tile are sorted by component first, so that every sum is one plain dot product.
    """
    K = counts.size
    d, n = X.shape
    width = tile.shape[1]
    counts[:] = 0.0
    sums[:] = 0.0
    squares[:] = 0.0
    place = np.empty(K + 1, dtype=np.int64)
    ends = np.empty(K, dtype=np.int64)
    order = np.empty(width, dtype=np.int64)
    ones, work = np.ones(width), np.empty(width // 8 + 1)
    for start in range(0, n, width):
        m = min(width, n - start)
        place[:] = 0
        for i in range(m):
            place[labels[start + i] + 1] += 1
        for a in range(K):
            counts[a] += place[a + 1]
            place[a + 1] += place[a]
            ends[a] = place[a]
        for i in range(m):
            a = labels[start + i]
            order[ends[a]] = start + i
            ends[a] += 1
        for r in range(d):
            for i in range(m):
                tile[r, i] = X[r, order[i]]
        for a in range(K):
            low, high = place[a], place[a + 1]
            if low == high:
                continue
            for r in range(d):
                sums[a, r] += folded(tile[r], ones, low, high, work)
                for s in range(r if diagonal else 0, r + 1):
                    squares[a, r, s] += folded(tile[r], tile[s], low, high, work)
