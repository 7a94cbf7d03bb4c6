"""The quadratic model of a loss, solved under a penalty: ``min ½ zᵀHz + cᵀz + l1‖θ‖₁ + ½ l2‖θ‖²``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from fivesigma.models.linear.kernels import DONE, descend, insert, pivot_to_optimum, remove

Array = NDArray[np.float64]

SWEEPS = (0, 3, 200, 200)
"""Coordinate descent before each try of the active-set method: a start from the last λ needs none."""


def factorise(M: Array) -> Array:
    """Return the lower Cholesky factor of M, its diagonal raised as little as makes it definite."""
    factor, info = lapack.dpotrf(M, lower=1, clean=0)
    if info == 0:
        return np.asarray(factor)
    scale = float(np.diag(M).max(initial=0.0)) or 1.0
    for power in range(-15, 1):
        factor, info = lapack.dpotrf(M + scale * 10.0**power * np.eye(len(M)), lower=1, clean=0)
        if info == 0:
            return np.asarray(factor)
    result: Array = np.sqrt(scale) * np.eye(len(M))
    return result


def solve(factor: Array, right: Array) -> Array:
    """Return ``M⁻¹ right`` from the lower Cholesky factor of M."""
    return np.asarray(lapack.dpotrs(factor, right, lower=1)[0]) if right.size else right.copy()


def inverted(M: Array) -> Array:
    """Return the inverse of a symmetric positive definite M, contiguous."""
    if not M.size:
        return M.copy()
    inverse = np.tril(lapack.dpotri(factorise(M), lower=1)[0])
    inverse += np.tril(inverse, -1).T
    return np.ascontiguousarray(inverse)


def ridge_factor(H: Array, l2: float, penalised: int) -> Array:
    """Factorise ``H + l2`` with l2 on the first ``penalised`` diagonal elements."""
    M = H.copy()
    M[np.arange(penalised), np.arange(penalised)] += l2
    return factorise(M)


@dataclass(frozen=True)
class Shrinkage:
    """``l1 Σ|z_j| + ½ l2 Σ z_j²`` over the first ``penalised`` coordinates."""

    l1: float
    l2: float
    penalised: int

    def violation(self, q: Array, z: Array) -> float:
        """Return the largest distance of ``−q`` from the subdifferential of the penalty at z."""
        p = self.penalised
        g = q[:p] + self.l2 * z[:p]
        inside = np.maximum(np.abs(g) - self.l1, 0.0)
        live = np.abs(g + self.l1 * np.sign(z[:p]))
        distance = np.where(z[:p] == 0, inside, live).max(initial=0.0)
        return max(float(distance), float(np.abs(q[p:]).max(initial=0.0)))


class ActiveSet:
    """The free coordinates of an L1 problem and the inverse of the Hessian on them, kept from solve to solve.

    It belongs to one matrix H and one l2; `forget` it when they change.
    """

    def __init__(self) -> None:
        self.k = -1
        self.support = np.zeros(0, dtype=np.int64)
        self.place = np.zeros(0, dtype=np.int64)
        self.sign = np.zeros(0)
        self.inverse = np.zeros((0, 0))

    def forget(self) -> None:
        """Drop the inverse: the next solve makes a new one."""
        self.k = -1

    def grow(self, size: int) -> None:
        """Make room for coordinates appended to the problem, which are not free yet."""
        old = len(self.place)
        if self.k < 0 or size <= old:
            return
        inverse = np.zeros((size, size))
        inverse[: self.k, : self.k] = self.inverse[: self.k, : self.k]
        self.inverse = inverse
        self.support = np.concatenate([self.support, np.zeros(size - old, dtype=np.int64)])
        self.place = np.concatenate([self.place, np.full(size - old, -1, dtype=np.int64)])
        self.sign = np.concatenate([self.sign, np.zeros(size - old)])

    def minimise(self, H: Array, q: Array, z: Array, *, shrinkage: Shrinkage, tolerance: float) -> None:
        """Minimise from z, in place with ``q = Hz + c``, to a violation of ``tolerance``."""
        l1, l2, p = shrinkage.l1, shrinkage.l2, shrinkage.penalised
        best = (shrinkage.violation(q, z), q.copy(), z.copy())
        for sweeps in SWEEPS:
            descend(H, q, z, l1, l2, p, sweeps)
            self._match(H, z, l2, p)
            self.k, outcome = pivot_to_optimum(
                H,
                q,
                z,
                l1,
                l2,
                p,
                self.inverse,
                self.support,
                self.place,
                self.sign,
                self.k,
                tolerance,
                3 * len(z) + 50,
            )
            violation = shrinkage.violation(q, z)
            if violation < best[0]:
                best = (violation, q.copy(), z.copy())
            if outcome == DONE and violation <= 2 * tolerance:
                return
            self.forget()
        q[:], z[:] = best[1], best[2]

    def _match(self, H: Array, z: Array, l2: float, p: int) -> None:
        """Bring the support to the non-zero coordinates of z, by bordering when few have changed."""
        free = np.flatnonzero(z[:p])
        self_size = len(z)
        if self.k >= 0 and len(self.place) == self_size:
            gone = [int(j) for j in self.support[: self.k] if j < p and z[j] == 0]
            come = [int(j) for j in free if self.place[j] < 0]
            if 4 * (len(gone) + len(come)) <= max(8, self.k):
                self._border(H, gone, come, l2)
                self.sign[:p] = np.sign(z[:p])
                return
        self._rebuild(H, np.r_[free, np.arange(p, self_size)], l2, p)
        self.sign = np.sign(z)

    def _border(self, H: Array, gone: list[int], come: list[int], l2: float) -> None:
        work = np.empty(len(self.place))
        for j in gone:
            self.k = remove(self.inverse, self.support, self.place, self.k, int(self.place[j]))
        for j in come:
            self.k = insert(H, self.inverse, self.support, self.place, self.k, j, l2, work)

    def _rebuild(self, H: Array, free: NDArray[np.int64], l2: float, p: int) -> None:
        size = len(H)
        if len(self.place) != size:
            self.support, self.inverse = np.zeros(size, dtype=np.int64), np.zeros((size, size))
        M = H[free[:, None], free]
        M[np.arange(len(free)), np.arange(len(free))] += np.where(free < p, l2, 0.0)
        self.k = len(free)
        self.support[: self.k] = free
        self.place = np.full(size, -1, dtype=np.int64)
        self.place[free] = np.arange(self.k)
        self.inverse[: self.k, : self.k] = inverted(M)


def solve_model(
    H: Array,
    c: Array,
    start: Array,
    *,
    shrinkage: Shrinkage,
    tolerance: float,
    active: ActiveSet | None = None,
) -> Array:
    """Minimise the penalised quadratic model from ``start`` to a violation of ``tolerance``."""
    if shrinkage.l1 == 0:
        return -solve(ridge_factor(H, shrinkage.l2, shrinkage.penalised), c)
    z = start.copy()
    q = H @ z + c
    (active or ActiveSet()).minimise(H, q, z, shrinkage=shrinkage, tolerance=tolerance)
    return z
