"""Compiled inner loops, compiled at the first call and cached.

The active-set kernels work on ``½ zᵀHz + cᵀz + l1 Σ|z_j| + ½ l2 Σ z_j²`` (sums over the first ``penalised``
coordinates) with ``q = Hz + c`` kept up to date, ``support[:k]`` the coordinates that are free, ``place``
their places there (−1: not free), ``sign`` the signs they are held to and ``inverse[:k, :k]`` the inverse of
``H + l2`` on the support.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit

Function = TypeVar("Function", bound=Callable[..., Any])

Array = NDArray[np.float64]
Index = NDArray[np.int64]

DONE, STALLED, SINGULAR = 0, 1, 2
REFINEMENTS = 4
"""Steps on one support before rounding is taken to have won."""


def compiled(function: Function) -> Function:
    """Compile ``function`` when it is first called, not at import: few who import these loops run them all."""
    made: Function = njit(cache=True, error_model="numpy")(function)
    return made


@compiled
def descend(H: Array, q: Array, z: Array, l1: float, l2: float, penalised: int, sweeps: int) -> None:
    """Coordinate descent. Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01, eq. 5."""
    for _ in range(sweeps):
        moved = False
        for j in range(z.size):
            curvature = H[j, j]
            if curvature <= 0.0:
                continue
            old = z[j]
            point = curvature * old - q[j]
            new = point / curvature
            if j < penalised:
                new = max(abs(point) - l1, 0.0) / (curvature + l2)
                new = new if point > 0.0 else -new
            change = new - old
            if change != 0.0:
                moved = True
                z[j] = new
                for i in range(q.size):
                    q[i] += change * H[j, i]
        if not moved:
            break


@compiled
def remove(inverse: Array, support: Index, place: Index, k: int, a: int) -> int:
    """Take the coordinate at place ``a`` out of the inverse; return the new k."""
    last = k - 1
    if a != last:
        for b in range(k):
            inverse[a, b], inverse[last, b] = inverse[last, b], inverse[a, b]
        for b in range(k):
            inverse[b, a], inverse[b, last] = inverse[b, last], inverse[b, a]
        support[a], support[last] = support[last], support[a]
        place[support[a]] = a
    place[support[last]] = -1
    pivot = inverse[last, last]
    for b in range(last):
        factor = inverse[b, last] / pivot
        if factor != 0.0:
            for c in range(last):
                inverse[b, c] -= factor * inverse[last, c]
    return last


@compiled
def insert(
    H: Array, inverse: Array, support: Index, place: Index, k: int, j: int, lift: float, work: Array
) -> int:
    """Border the inverse by coordinate ``j``; return the new k, the old one if j depends on the others."""
    for a in range(k):
        work[a] = 0.0
    for b in range(k):
        value = H[j, support[b]]
        if value != 0.0:
            for a in range(k):
                work[a] += value * inverse[b, a]
    pivot = H[j, j] + lift
    for a in range(k):
        pivot -= work[a] * H[j, support[a]]
    if pivot <= 1e-11 * (H[j, j] + lift):
        return k
    for b in range(k):
        factor = work[b] / pivot
        for a in range(k):
            inverse[b, a] += factor * work[a]
        inverse[b, k] = -factor
        inverse[k, b] = -factor
    inverse[k, k] = 1.0 / pivot
    support[k] = j
    place[j] = k
    return k + 1


@compiled
def support_residual(
    q: Array,
    z: Array,
    l1: float,
    l2: float,
    penalised: int,
    support: Index,
    sign: Array,
    k: int,
    residual: Array,
) -> float:
    """Write the slope of the objective on the support, and return the largest."""
    worst = 0.0
    for a in range(k):
        j = support[a]
        residual[a] = q[j]
        if j < penalised:
            residual[a] += l1 * sign[j] + l2 * z[j]
        worst = max(worst, abs(residual[a]))
    return worst


@compiled
def support_step(inverse: Array, residual: Array, k: int, step: Array) -> None:
    """Write the step to the optimum of the signs that hold: ``−(H + l2)⁻¹ residual``."""
    for a in range(k):
        step[a] = 0.0
    for b in range(k):
        value = -residual[b]
        for a in range(k):
            step[a] += value * inverse[b, a]


@compiled
def first_turn(
    z: Array, step: Array, support: Index, sign: Array, penalised: int, k: int
) -> tuple[float, int]:
    """Return how much of the step can be taken, and the place whose sign turns there (−1: all of it, none)."""
    length = 1.0
    hit = -1
    for a in range(k):
        j = support[a]
        if j < penalised and (z[j] + step[a]) * sign[j] <= 0.0:
            ratio = abs(z[j]) / max(abs(step[a]), 1e-300)
            if ratio < length or hit < 0:
                length = min(ratio, length)
                hit = a
    return length, hit


@compiled
def move(H: Array, q: Array, z: Array, support: Index, k: int, step: Array, length: float, hit: int) -> None:
    """Take the step; what turns its sign is put to zero."""
    for a in range(k):
        j = support[a]
        change = length * step[a]
        if a == hit:
            change = -z[j]
            z[j] = 0.0
        else:
            z[j] += change
        if change != 0.0:
            for i in range(z.size):
                q[i] += change * H[j, i]


@compiled
def worst_outsider(
    q: Array, place: Index, barred: NDArray[np.bool_], penalised: int, l1: float, tolerance: float
) -> int:
    """Return the coordinate at zero that breaks its condition the most, −1 for none."""
    enter = -1
    excess = tolerance
    for j in range(penalised):
        if place[j] < 0 and not barred[j] and abs(q[j]) - l1 > excess:
            excess = abs(q[j]) - l1
            enter = j
    return enter


@compiled
def verdict(q: Array, barred: NDArray[np.bool_], penalised: int, l1: float, tolerance: float) -> int:
    """Return DONE, or SINGULAR where a coordinate that depends on the others was left out against its wish."""
    for j in range(penalised):
        if barred[j] and abs(q[j]) - l1 > tolerance:
            return SINGULAR
    return DONE


@compiled
def pivot_to_optimum(
    H: Array,
    q: Array,
    z: Array,
    l1: float,
    l2: float,
    penalised: int,
    inverse: Array,
    support: Index,
    place: Index,
    sign: Array,
    k: int,
    tolerance: float,
    most: int,
) -> tuple[int, int]:
    """Active-set method: solve on the support, stop at the first sign that turns, let in the worst outsider.

    Returns the size of the support and DONE, STALLED (no more progress) or SINGULAR (dependent columns).
    """
    residual, step, work = np.empty(z.size), np.empty(z.size), np.empty(z.size)
    barred = np.zeros(z.size, dtype=np.bool_)
    refinements = 0
    for _ in range(most):
        worst = support_residual(q, z, l1, l2, penalised, support, sign, k, residual)
        if worst > tolerance:
            if refinements == REFINEMENTS:
                break
            refinements += 1
            support_step(inverse, residual, k, step)
            length, hit = first_turn(z, step, support, sign, penalised, k)
            move(H, q, z, support, k, step, length, hit)
            if hit >= 0:
                refinements = 0
                sign[support[hit]] = 0.0
                k = remove(inverse, support, place, k, hit)
            continue
        refinements = 0
        enter = worst_outsider(q, place, barred, penalised, l1, tolerance)
        if enter < 0:
            return k, verdict(q, barred, penalised, l1, tolerance)
        grown = insert(H, inverse, support, place, k, enter, l2, work)
        barred[enter] = grown == k
        if grown > k:
            sign[enter] = -1.0 if q[enter] > 0.0 else 1.0
        k = grown
    return k, STALLED
