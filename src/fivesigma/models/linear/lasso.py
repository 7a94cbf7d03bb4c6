"""The squared loss with L1 or the elastic net: active sets in the space of the Gram matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.linear.design import Design
from fivesigma.models.linear.quadratic import ActiveSet, Shrinkage

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FULL_GRAM = 1500
"""Up to this many features the whole Gram matrix is made at once, if there are as many events."""
AT_A_TIME = 1
"""λ solved between two looks at all features: more make the strong rule propose far too many of them."""
FORESIGHT = 0.3
"""How much of its largest possible growth a gradient is expected to show by the next λ (1: the strong rule)."""


def lasso_path(
    design: Design, y: Array, w: Array, *, ratio: float, lambdas: Array, target: float
) -> tuple[Array, Index]:
    """Minimise ``½ Σ w (y − Aᵀz)² + λ (ratio ‖θ‖₁ + (1 − ratio) ½ ‖θ‖²)`` for falling λ.

    Returns ``z (L, size)`` and how often each λ looked at all features. ``target`` is the violation to reach.
    """
    mean = float(w @ y / w.sum()) if design.intercept else 0.0
    centred = y - mean
    solver = _full if design.p <= min(FULL_GRAM, max(2 * design.n, 64)) else _wide
    theta, count = solver(design, centred, w, ratio=ratio, lambdas=lambdas, target=0.1 * target)
    z = np.zeros((len(lambdas), design.size))
    z[:, : design.p] = theta
    z[:, design.p :] = mean
    return z, count


def _full(
    design: Design, y: Array, w: Array, *, ratio: float, lambdas: Array, target: float
) -> tuple[Array, Index]:
    """One Gram matrix, then no look at the data."""
    p = design.p
    H = np.ascontiguousarray(design.gram(w)[:p, :p])
    q = -design.pull_back(w * y)[:p]
    z, active = np.zeros(p), ActiveSet()
    thetas = np.zeros((len(lambdas), p))
    for i, lam in enumerate(lambdas):
        if ratio < 1:
            active.forget()
        shrinkage = Shrinkage(ratio * lam, (1.0 - ratio) * lam, p)
        active.minimise(H, q, z, shrinkage=shrinkage, tolerance=target)
        thetas[i] = z
    return thetas, np.ones(len(lambdas), dtype=np.int64)


def _wide(
    design: Design, y: Array, w: Array, *, ratio: float, lambdas: Array, target: float
) -> tuple[Array, Index]:
    """A working set that grows: a rule proposes, a look at all features finds what it missed."""
    work = _WorkingSet(design, y, w)
    thetas = np.zeros((len(lambdas), design.p))
    count = np.zeros(len(lambdas), dtype=np.int64)
    gradient, last = work.pull, float(np.abs(work.pull).max(initial=0.0)) / ratio
    for start in range(0, len(lambdas), AT_A_TIME):
        chunk = np.arange(start, min(start + AT_A_TIME, len(lambdas)))
        work.admit(
            np.flatnonzero(
                np.abs(gradient) >= ratio * ((1 + FORESIGHT) * lambdas[chunk[-1]] - FORESIGHT * last)
            )
        )
        for _ in range(100):
            sub = work.solve(lambdas[chunk], ratio, target)
            full = work.gradients(sub)
            count[chunk] += 1
            outside = np.abs(full) > ratio * lambdas[chunk][:, None] + target
            outside[:, work.members] = False
            if not outside.any():
                break
            work.admit(np.flatnonzero(outside.any(axis=0)))
        thetas[np.ix_(chunk, work.members)] = sub
        gradient, last = full[-1], float(lambdas[chunk[-1]])
    return thetas, count


class _WorkingSet:
    """Some of the features: their Gram matrix and the active set on them, which only grow."""

    def __init__(self, design: Design, y: Array, w: Array) -> None:
        self.design, self.y, self.w = design, y, w
        self.pull = -design.pull_back(w * y)[: design.p]
        self.members: Index = np.zeros(0, dtype=np.int64)
        self.rows = np.zeros((0, design.n))
        self.H = np.zeros((0, 0))
        self.z = np.zeros(0)
        self.active = ActiveSet()

    def admit(self, features: Index) -> None:
        """Add features that are not yet in."""
        new = np.setdiff1d(features, self.members)
        if not len(new):
            return
        rows = np.concatenate([block[new] for _, block in self.design.blocks()], axis=1)
        self.rows = np.concatenate([self.rows, rows])
        cross = (self.rows * self.w) @ rows.T
        old, size = len(self.members), len(self.members) + len(new)
        H = np.empty((size, size))
        H[:old, :old] = self.H
        H[:, old:] = cross
        H[old:, :old] = cross[:old].T
        self.H, self.members = H, np.concatenate([self.members, new])
        self.z = np.concatenate([self.z, np.zeros(len(new))])
        self.active.grow(size)

    def solve(self, lambdas: Array, ratio: float, target: float) -> Array:
        """Solve for each λ on the members, from the last solution."""
        out = np.zeros((len(lambdas), len(self.members)))
        q = self.H @ self.z + self.pull[self.members]
        for i, lam in enumerate(lambdas):
            if ratio < 1:
                self.active.forget()
            shrinkage = Shrinkage(ratio * lam, (1.0 - ratio) * lam, len(self.members))
            self.active.minimise(self.H, q, self.z, shrinkage=shrinkage, tolerance=target)
            out[i] = self.z
        return out

    def gradients(self, sub: Array) -> Array:
        """Return the gradients of the loss at all features, for a stack of solutions."""
        residual = (sub @ self.rows - self.y) * self.w
        return self.design.pull_back(residual)[:, : self.design.p]
