"""The logistic path: a few Newton anchors, the rest filled in, then all λ corrected as one batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.linear.design import Design
from fivesigma.models.linear.quadratic import ActiveSet, Shrinkage, ridge_factor, solve, solve_model

Array = NDArray[np.float64]

SMALL = 200_000
"""Tables of fewer numbers than this are worked on in float64 throughout."""
REFRESH = 0.3
"""A Hessian is renewed when the Newton decrement falls by less than this factor."""
LARGE_DECREMENT = 3.0
"""Squared decrement above which a step is tried before it is taken."""
SPACING = 6
"""Every how many λ an anchor is set, at most."""
POOR = 30.0
"""Squared decrement of a predicted start above which the next anchor is set nearer."""
ENOUGH = 5e-3
"""Squared decrement of the last Newton step at an anchor."""
PROGRESS = 0.5
"""What already meets the tolerance stalls where a look at the data does not lower its violation by this factor."""
PATIENCE = 2
"""Stalls after which it is left as it is."""
MEMORY = 3
"""Differences kept by Anderson's acceleration."""


@dataclass(frozen=True, eq=False)
class LogisticTask:
    """``Σ w log(1 + exp(−s f))`` on a design with ``λ (ratio ‖θ‖₁ + (1 − ratio) ½‖θ‖²)``."""

    design: Design
    positive: Array
    w: Array
    ratio: float

    @property
    def single(self) -> bool:
        """Whether early steps are taken in float32."""
        result: bool = self.design.n * self.design.p >= SMALL
        return result

    def shrinkage(self, lam: float) -> Shrinkage:
        """Return the penalty at λ."""
        return Shrinkage(self.ratio * lam, (1.0 - self.ratio) * lam, self.design.p)

    def gradients(self, Z: Array, *, single: bool) -> Array:
        """Return the gradients of the loss ``(L, size)`` at the rows of Z: two matrix products a block."""
        total = np.zeros_like(Z)
        dtype = np.float32 if single else np.float64
        points: NDArray[Any] = Z.astype(dtype)
        half, shift = (0.5 * self.w).astype(dtype), (self.w * (0.5 - self.positive)).astype(dtype)
        blocks: Iterator[tuple[slice, NDArray[Any]]]
        blocks = self.design.single_blocks() if single else self.design.blocks()
        for rows, block in blocks:
            r = points @ block
            r *= dtype(0.5)
            np.tanh(r, out=r)
            r *= half[rows]
            r += shift[rows]
            total += r @ block.T
        return total

    def curvature(self, z: Array, *, single: bool) -> Array:
        """Return the Hessian of the loss at z."""
        f = self.design.single_predict(z) if single else self.design.predict(z)
        d = self.w * (0.25 - 0.25 * np.tanh(0.5 * f) ** 2)
        if not single:
            return self.design.gram(d)
        H = self.design.single_gram(d)
        H[np.diag_indices_from(H)] += 1e-7 * np.diag(H)
        return H

    def value(self, z: Array, lam: float) -> float:
        """Return the objective at z, near enough to compare steps that change it by more than one."""
        f = self.design.single_predict(z) if self.single else self.design.predict(z)
        loss = np.maximum(f, 0.0) - self.positive * f + np.log1p(np.exp(-np.abs(f)))
        theta = z[: self.design.p]
        size = self.ratio * np.abs(theta).sum() + 0.5 * (1.0 - self.ratio) * (theta @ theta)
        return float(self.w @ loss + lam * size)


@dataclass(eq=False)
class Anchor:
    """The quadratic model ``½ zᵀHz + cᵀz`` of the loss around the optimum z of one λ."""

    lam: float
    z: Array
    H: Array
    c: Array


def logistic_path(
    task: LogisticTask, lambdas: Array, start: Array, *, targets: Array, enough: float
) -> tuple[Array, NDArray[np.int64], Array]:
    """Minimise at every λ (falling); return ``z (L, size)``, the gradients each took and the violations left.

    ``targets`` are the violations to aim at, in the units of the gradient, and ``enough`` the one that is asked
    for: what meets it is given up where it no longer improves, what misses it is left to the caller.
    """
    anchors = _anchors(task, lambdas, start, spacing=SPACING)
    return _Batch(task, lambdas, anchors).run(targets, enough)


class _Models:
    """Solves quadratic models one after the other; the Cholesky factor of a round one is kept for the next."""

    def __init__(self, task: LogisticTask) -> None:
        self.task = task
        self._of: tuple[Array, float] | None = None
        self._factor = np.empty((0, 0))

    def solve(
        self,
        H: Array,
        c: Array,
        start: Array,
        *,
        lam: float,
        tolerance: float,
        active: ActiveSet | None = None,
    ) -> Array:
        """Minimise ``½ zᵀHz + cᵀz`` under the penalty at λ."""
        shrinkage = self.task.shrinkage(lam)
        if shrinkage.l1 > 0:
            return solve_model(H, c, start, shrinkage=shrinkage, tolerance=tolerance, active=active)
        if self._of is None or self._of[0] is not H or self._of[1] != lam:
            self._of, self._factor = (H, lam), ridge_factor(H, shrinkage.l2, shrinkage.penalised)
        return -solve(self._factor, c)


def _anchors(task: LogisticTask, lambdas: Array, start: Array, *, spacing: int) -> list[Anchor]:
    """Newton's method at every few λ; the last anchor's model predicts each start without the data.

    Where the prediction turns out poor the stride is halved.
    """
    z, H, last, models = start, task.curvature(start, single=task.single), 0, _Models(task)
    anchors: list[Anchor] = []
    c = task.gradients(z[None], single=task.single)[0] - H @ z
    place, stride = 0, spacing
    while True:
        lam = float(lambdas[place])
        guess = models.solve(H, c, z, lam=lam, tolerance=1e-3 * lam)
        if place - last > 1:
            g = task.gradients(guess[None], single=task.single)[0]
            step = models.solve(H, g - H @ guess, guess, lam=lam, tolerance=1e-2 * lam) - guess
            if float(step @ (H @ step)) > POOR:
                stride = max(1, (place - last) // 2)
                place = last + stride
                continue
        z, H, c = _newton(task, models, lam, guess, H)
        anchors.append(Anchor(lam, z, H, c))
        if place == len(lambdas) - 1:
            return anchors
        last, place = place, min(place + stride, len(lambdas) - 1)
        stride = min(spacing, stride + 1)


def _newton(
    task: LogisticTask, models: _Models, lam: float, z: Array, H: Array
) -> tuple[Array, Array, Array]:
    """Newton steps at one λ with a Hessian renewed only when it has grown stale."""
    single, last, fresh = task.single, np.inf, False
    active = ActiveSet()
    for _ in range(30):
        g = task.gradients(z[None], single=single)[0]
        c = g - H @ z
        new = models.solve(H, c, z, lam=lam, tolerance=1e-4 * lam, active=active)
        step = new - z
        decrement = float(step @ (H @ step))
        if not fresh and decrement > REFRESH**2 * last and decrement > 1e-4:
            H, fresh, active = task.curvature(z, single=single), True, ActiveSet()
            continue
        z = z + step if decrement <= LARGE_DECREMENT else _backtrack(task, lam, z, step)
        if decrement <= ENOUGH:
            break
        last, fresh = decrement, False
    return z, H, c


def _backtrack(task: LogisticTask, lam: float, z: Array, step: Array) -> Array:
    """Halve the step until the objective falls."""
    before = task.value(z, lam)
    for power in range(12):
        new = z + 0.5**power * step
        if task.value(new, lam) <= before:
            return new
    return z


class _Batch:
    """All λ at once: two products for all gradients, a stale factor for each, Anderson's mixing."""

    def __init__(self, task: LogisticTask, lambdas: Array, anchors: list[Anchor]) -> None:
        self.task, self.lambdas, self.anchors = task, lambdas, anchors
        self.count = np.zeros(len(lambdas), dtype=np.int64)
        self.stalls = np.zeros(len(lambdas), dtype=np.int64)
        self.active = [ActiveSet() for _ in lambdas]
        self.factors: list[Array | None] = [None] * len(lambdas)
        self.z = np.stack([self._fill(k) for k in range(len(lambdas))])
        self.best, self.least = self.z.copy(), np.full(len(lambdas), np.inf)

    def _bracket(self, k: int) -> tuple[Anchor, Anchor, float]:
        """The anchors on both sides of λ_k and where it lies between them, in log λ."""
        lam = float(self.lambdas[k])
        after = next(i for i, anchor in enumerate(self.anchors) if anchor.lam <= lam)
        right = self.anchors[after]
        left = self.anchors[max(after - 1, 0)]
        if left.lam == right.lam or right.lam == lam:
            return right, right, 0.0
        return left, right, float(np.log(left.lam / lam) / np.log(left.lam / right.lam))

    def _model(self, k: int) -> Array:
        left, right, t = self._bracket(k)
        return right.H if t == 0.0 else (1.0 - t) * left.H + t * right.H

    def _fill(self, k: int) -> Array:
        """Solve the interpolated model at λ_k."""
        left, right, t = self._bracket(k)
        shrinkage = self.task.shrinkage(float(self.lambdas[k]))
        H = self._model(k)
        c = right.c if t == 0.0 else (1.0 - t) * left.c + t * right.c
        if shrinkage.l1 == 0:
            factor = ridge_factor(H, shrinkage.l2, shrinkage.penalised)
            self.factors[k] = factor
            return -solve(factor, c) if t else right.z
        if t == 0.0:
            return right.z
        nearest = left.z if t < 0.5 else right.z
        return solve_model(
            H, c, nearest, shrinkage=shrinkage, tolerance=1e-3 * shrinkage.l1, active=self.active[k]
        )

    def run(self, targets: Array, enough: float) -> tuple[Array, NDArray[np.int64], Array]:
        """Correct until every λ meets its target or no longer improves, sooner below ``enough``."""
        live = np.arange(len(self.lambdas))
        history: list[tuple[Array, Array, Array]] = []
        single = self.task.single
        for turn in range(14):
            g = self.task.gradients(self.z[live], single=single)
            self.count[live] += 1
            before, target = self.least[live], targets[live]
            violation = self._record(live, g, certain=not single)
            keep = (violation > target) & (violation < 1e3 * np.maximum(self.least[live], target))
            self.stalls[live] += (before <= enough) & (violation > PROGRESS * before)
            keep &= self.stalls[live] < PATIENCE
            if single:
                keep[:] = True
                single = bool(turn < 2 and np.median(violation / target) > 1e4)
            live = live[keep]
            if not len(live):
                break
            history = [(z[keep], d[keep], s[keep]) for z, d, s in history]
            history = self._step(live, g[keep], history)
        return self.best, self.count, self.least

    def _record(self, live: NDArray[np.int64], g: Array, *, certain: bool) -> Array:
        """Measure violations; remember the best point of each λ."""
        p, z = self.task.design.p, self.z[live]
        lam = self.lambdas[live][:, None]
        full = g[:, :p] + (1.0 - self.task.ratio) * lam * z[:, :p]
        cut = self.task.ratio * lam
        distance = np.where(
            z[:, :p] == 0, np.maximum(np.abs(full) - cut, 0.0), np.abs(full + cut * np.sign(z[:, :p]))
        )
        violation = np.maximum(distance.max(axis=1, initial=0.0), np.abs(g[:, p:]).max(axis=1, initial=0.0))
        better = violation < self.least[live]
        if certain:
            self.least[live[better]] = violation[better]
        if certain or not np.isfinite(self.least[live]).any():
            self.best[live[better]] = z[better]
        result: Array = violation
        return result

    def _step(
        self, live: NDArray[np.int64], g: Array, history: list[tuple[Array, Array, Array]]
    ) -> list[tuple[Array, Array, Array]]:
        """One stale Newton step for each live λ, mixed with the last differences where the signs held."""
        z = self.z[live]
        d = np.stack([self._direction(k, z[i], g[i]) for i, k in enumerate(live)])
        p, lam = self.task.design.p, self.lambdas[live][:, None]
        s = g.copy()
        s[:, :p] += (1.0 - self.task.ratio) * lam * z[:, :p] + self.task.ratio * lam * np.sign(z[:, :p])
        history = [*history, (z, d, s)][-(MEMORY + 1) :]
        self.z[live] = z + d
        if len(history) > 1:
            same = self._signs_held(history, z + d)
            mixed = _anderson([tuple(a[same] for a in entry) for entry in history])
            keep = np.all(np.sign(mixed[:, :p]) == np.sign(z[same][:, :p]), axis=1) | (self.task.ratio == 0)
            self.z[live[same][keep]] = mixed[keep]
        return history

    def _signs_held(self, history: list[tuple[Array, Array, Array]], new: Array) -> NDArray[np.bool_]:
        if self.task.ratio == 0:
            return np.ones(len(new), dtype=bool)
        p = self.task.design.p
        result: NDArray[np.bool_] = np.all(
            [np.all(np.sign(z[:, :p]) == np.sign(new[:, :p]), axis=1) for z, _, _ in history], axis=0
        )
        return result

    def _direction(self, k: int, z: Array, g: Array) -> Array:
        """The step of the stale model: a solve, or for L1 the active set's."""
        shrinkage = self.task.shrinkage(float(self.lambdas[k]))
        p = shrinkage.penalised
        factor = self.factors[k]
        if factor is not None:
            full = g.copy()
            full[:p] += shrinkage.l2 * z[:p]
            return -solve(factor, full)
        H = self._model(k)
        new, q = z.copy(), g.copy()
        now = shrinkage.violation(g, z)
        self.active[k].minimise(H, q, new, shrinkage=shrinkage, tolerance=1e-3 * now)
        return new - z


def _anderson(history: list[tuple[Array, ...]]) -> Array:
    """Type-II mixing in the metric M of the model, for which ``M d = −s``: one small system for each λ.

    ``γ = argmin ‖d − Σ γ_i Δd_i‖_M``, then ``z + d − Σ γ_i (Δz_i + Δd_i)``.
    Walker & Ni (2011), doi:10.1137/10078356X.
    """
    z, d, s = history[-1]
    dz = np.stack([b[0] - a[0] for a, b in pairwise(history)], axis=1)
    dd = np.stack([b[1] - a[1] for a, b in pairwise(history)], axis=1)
    ds = np.stack([b[2] - a[2] for a, b in pairwise(history)], axis=1)
    A = -np.einsum("lis,ljs->lij", dd, ds)
    A = 0.5 * (A + A.transpose(0, 2, 1))
    diagonal = np.einsum("lii->li", A)
    lift = 1e-10 * np.abs(diagonal).max(axis=1, initial=0.0) + np.finfo(float).tiny
    A[:, range(A.shape[1]), range(A.shape[1])] += lift[:, None]
    b = -np.einsum("lis,ls->li", dd, s)
    gamma = np.linalg.solve(A, b[:, :, None])[:, :, 0]
    result: Array = z + d - np.einsum("li,lis->ls", gamma, dz + dd)
    return result
