"""Proximal Newton's method in float64: any smooth loss, any penalty, one λ after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.linear.group import solve_group_model
from fivesigma.models.linear.problem import Problem
from fivesigma.models.linear.quadratic import ActiveSet, Shrinkage, solve_model
from fivesigma.risk.losses import SmoothLoss, Squared
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1, Penalty

Array = NDArray[np.float64]

FLOOR = 1e-13
"""Changes of the objective below this share of it are rounding."""


def l1_share(penalty: Penalty) -> float:
    """Return the share of the L1 norm in a penalty that is not grouped."""
    if isinstance(penalty, ElasticNet):
        return penalty.ratio
    return 1.0 if isinstance(penalty, L1) else 0.0


class SmoothObjective:
    """``R(z) + λ Ω(θ)`` with z ordered as all coefficients, then all intercepts."""

    def __init__(self, problem: Problem, loss: SmoothLoss) -> None:
        self.problem, self.loss = problem, loss
        design, K = problem.design, problem.outputs
        self.penalised = K * design.p
        grid = np.arange(K * design.size).reshape(K, design.size)
        self.order = np.concatenate([grid[:, : design.p].ravel(), grid[:, design.p :].ravel()])
        self._constant: Array | None = None

    def inner(self, flat: Array) -> Array:
        """Reorder a row of `Solution.z` for the solver."""
        result: Array = flat[self.order]
        return result

    def outer(self, z: Array) -> Array:
        """Reorder the solver's z for `Solution.z`."""
        flat = np.empty_like(z)
        flat[self.order] = z
        return flat

    def score(self, z: Array) -> Array:
        """Return the scores ``(n,)`` or ``(n, K)``."""
        problem = self.problem
        stack = problem.design.predict(self.outer(z).reshape(problem.outputs, -1))
        return stack.T if self.loss.vector_valued else stack[0]

    def gradient(self, score: Array) -> Array:
        """Return the gradient of the loss."""
        slope = self.problem.slope(score)
        pulled = self.problem.design.pull_back(slope.T if self.loss.vector_valued else slope[None])
        return self.inner(pulled.ravel())

    def curvature(self, score: Array) -> Array:
        """Return the Hessian of the loss; of the squared loss it is the same everywhere and made once."""
        if self._constant is not None:
            return self._constant
        problem, design = self.problem, self.problem.design
        local = self.loss.curvature(score, problem.y)
        if not self.loss.vector_valued:
            H = design.gram(problem.w * local)
            self._constant = H if isinstance(self.loss, Squared) else None
            return H
        K = problem.outputs
        blocks = [[design.gram(problem.w * local[:, a, b]) for b in range(K)] for a in range(K)]
        return np.ascontiguousarray(np.block(blocks)[np.ix_(self.order, self.order)])

    def value(self, z: Array, score: Array, lam: float) -> float:
        """Return the objective."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.problem.risk(score) + lam * self.problem.penalty.value(z[: self.penalised]))

    def violation(self, z: Array, g: Array, lam: float) -> float:
        """Return the violation of the optimality conditions of the centred design."""
        distance = self.problem.penalty.distance(g[: self.penalised], z[: self.penalised], lam)
        return max(float(distance.max(initial=0.0)), float(np.abs(g[self.penalised :]).max(initial=0.0)))

    def model_minimum(self, H: Array, g: Array, z: Array, *, lam: float, tolerance: float) -> Array:
        """Minimise ``gᵀ(x − z) + ½ (x − z)ᵀH(x − z) + λ Ω`` over x."""
        penalty = self.problem.penalty
        if isinstance(penalty, GroupL1):
            return solve_group_model(H, g, z, penalty=penalty, lam=lam, tolerance=tolerance)
        share = l1_share(penalty)
        ridge = 1.0 - share if isinstance(penalty, L2 | ElasticNet) else 0.0
        shrinkage = Shrinkage(share * lam, ridge * lam, self.penalised)
        if share == 0:
            slope = g.copy()
            slope[: self.penalised] += shrinkage.l2 * z[: self.penalised]
            return z + solve_model(H, slope, z, shrinkage=shrinkage, tolerance=tolerance)
        new, q = z.copy(), g.copy()
        ActiveSet().minimise(H, q, new, shrinkage=shrinkage, tolerance=tolerance)
        return new


def minimise_smooth(
    objective: SmoothObjective, lam: float, start: Array, *, target: float, most: int = 100
) -> tuple[Array, int]:
    """Minimise at one λ from ``start``; return the best z seen and the number of Newton steps.

    One step more is taken after ``target`` is met: it costs little and squares the error.
    """
    z, damping, met = start.copy(), 0.0, False
    score = objective.score(z)
    best, least, stalled = z, np.inf, 0
    for turn in range(most):
        g = objective.gradient(score)
        violation = objective.violation(z, g, lam)
        stalled = 0 if violation < 0.5 * least else stalled + 1
        if violation < least:
            best, least = z, violation
        if met or (stalled > 12 and least <= target) or stalled > 40 or violation == 0:
            return best, turn
        met = violation <= target
        H = objective.curvature(score)
        if damping:
            H = H + damping * np.diag(_spread(objective, H))
        new = objective.model_minimum(H, g, z, lam=lam, tolerance=1e-3 * violation)
        length, z, score = _search(objective, lam, z, score, g, new)
        damping = (
            0.1 * damping * (damping > 1e-9)
            if length == 1.0
            else max(10 * damping, 1e-6)
            if length < 0.1
            else damping
        )
    return best, most


def _spread(objective: SmoothObjective, H: Array) -> Array:
    """A diagonal for damping: the Hessian's own, nowhere below a thousandth of its mean."""
    diagonal = np.diag(H)
    bound = objective.loss.curvature_bound
    floor = float(objective.problem.w.sum()) * (bound if np.isfinite(bound) else 1.0)
    result: Array = np.maximum(diagonal, 1e-3 * diagonal.mean()) + 1e-6 * floor
    return result


def _search(
    objective: SmoothObjective, lam: float, z: Array, score: Array, g: Array, new: Array
) -> tuple[float, Array, Array]:
    """Armijo's rule on the composite objective. Tseng & Yun (2009), doi:10.1007/s10107-007-0170-0, eq. 9."""
    penalty, p = objective.problem.penalty, objective.penalised
    d = new - z
    change = objective.score(d)
    before = objective.value(z, score, lam)
    promise = float(g @ d) + lam * float(penalty.value(new[:p]) - penalty.value(z[:p]))
    slack = FLOOR * abs(before)
    length = 1.0
    for _ in range(40):
        point = new if length == 1.0 else z + length * d
        trial = score + length * change
        if objective.value(point, trial, lam) <= before + 1e-4 * length * min(promise, 0.0) + slack:
            return length, point, trial if length != 1.0 else objective.score(point)
        length *= 0.5
    return 0.0, z, score
