"""A loss of one's own, minimised by scipy.optimize, after its slope was checked against its value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.later import optimize
from fivesigma.models.linear.newton import l1_share
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1, NoPenalty

Array = NDArray[np.float64]

METHODS = ("L-BFGS-B", "trust-constr")
WALL = 1e3
"""What stands for an infinite objective, in units of that of the null model, where the descent begins."""


def minimise_by_scipy(problem: Problem, lam: float, *, method: str, target: float) -> Solution:
    """Minimise with L-BFGS-B or trust-constr; under an L1 norm over ``θ = θ⁺ − θ⁻`` with both parts >= 0.

    Whether it converged is for the certificate to say; scipy's own word is not taken for it.
    """
    if method not in METHODS:
        raise InputError(f"solver is {method!r}; expected auto, {', '.join(METHODS)} or a GradientDescent")
    if isinstance(problem.penalty, GroupL1):
        raise InputError(
            "a loss of one's own takes the penalties L1(), L2(), ElasticNet(ratio) or None, not GroupL1"
        )
    split = l1_share(problem.penalty) > 0
    objective = _Split(problem, lam) if split else _Plain(problem, lam)
    x, total = objective.start(), 0
    for _ in range(6):
        if method == "L-BFGS-B":
            options: dict[str, Any] = {
                "maxiter": 5000,
                "maxfun": 50000,
                "ftol": 0.0,
                "gtol": 0.5 * target,
                "maxcor": 30,
            }
        else:
            options = {"maxiter": 3000, "gtol": 0.5 * target, "xtol": 1e-15, "barrier_tol": 0.5 * target}
        result = optimize.minimize(
            objective.value_and_gradient, x, jac=True, method=method, bounds=objective.bounds, options=options
        )
        total += int(result.nit)
        moved = not np.array_equal(result.x, x)
        x = result.x
        if not moved or objective.violation(x) <= target:
            break
    return Solution(objective.z(objective.snapped(x))[None], np.array([total], dtype=np.int64))


class _Plain:
    """``R(z) + λ (1 − ratio) ½‖θ‖²`` as it is."""

    bounds: Any = None

    def __init__(self, problem: Problem, lam: float) -> None:
        self.problem, self.lam, self.p = problem, lam, problem.p
        self.cut = lam * l1_share(problem.penalty)
        self.ridge = lam - self.cut if isinstance(problem.penalty, L2 | ElasticNet) else 0.0

    def start(self) -> Array:
        z = np.zeros(self.problem.design.size)
        z[self.p :] = self.problem.null
        return z

    def z(self, x: Array) -> Array:
        return x

    def snapped(self, x: Array) -> Array:
        """Return x, with nothing to put on its bounds."""
        return x

    def smooth(self, z: Array) -> tuple[float, Array]:
        score = self.problem.design.predict(z)
        g = self.problem.design.pull_back(self.problem.slope(score))
        g[: self.p] += self.ridge * z[: self.p]
        value = float(self.problem.risk(score)) + 0.5 * self.ridge * float(z[: self.p] @ z[: self.p])
        if np.isfinite(value):
            return value, g
        # scipy's line search interpolates, which infinity spoils
        return WALL * self.problem.null_objective, np.where(np.isfinite(g), g, 0.0)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        return self.smooth(x)

    def violation(self, x: Array) -> float:
        z = self.z(x)
        _, g = self.smooth(z)
        theta = z[: self.p]
        penalty = L1() if self.cut else NoPenalty()
        distance = penalty.distance(g[: self.p], theta, self.cut)
        return max(float(distance.max(initial=0.0)), float(np.abs(g[self.p :]).max(initial=0.0)))


class _Split(_Plain):
    """The same plus ``cut Σ (θ⁺ + θ⁻)`` over x = (θ⁺, θ⁻, intercept), the first two >= 0: zeros are exact."""

    def __init__(self, problem: Problem, lam: float) -> None:
        super().__init__(problem, lam)
        floor = np.r_[np.zeros(2 * self.p), np.full(problem.design.size - self.p, -np.inf)]
        self.bounds = optimize.Bounds(floor, np.full(len(floor), np.inf))

    def start(self) -> Array:
        result: Array = np.r_[np.zeros(2 * self.p), super().start()[self.p :]]
        return result

    def z(self, x: Array) -> Array:
        # where both parts are positive their common part is cost without effect
        result: Array = np.r_[x[: self.p] - x[self.p : 2 * self.p], x[2 * self.p :]]
        return result

    def snapped(self, x: Array) -> Array:
        """Put on its bound what an interior method left just above it, where the gradient pushes it there."""
        _, gradient = self.value_and_gradient(x)
        parts = np.arange(len(x)) < 2 * self.p
        near = parts & (x <= 1e-4 * np.abs(x).max(initial=0.0)) & (gradient > 0)
        return np.where(near, 0.0, x)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        value, g = self.smooth(self.z(x))
        gradient = np.r_[g[: self.p] + self.cut, -g[: self.p] + self.cut, g[self.p :]]
        return value + self.cut * float(x[: 2 * self.p].sum()), gradient
