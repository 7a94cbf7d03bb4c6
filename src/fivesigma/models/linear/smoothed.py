"""Losses of straight pieces under a group penalty: kinks rounded off less and less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fivesigma._core.errors import FitError
from fivesigma.models.linear.newton import SmoothObjective, minimise_smooth
from fivesigma.models.linear.problem import Problem
from fivesigma.risk.losses import KinkedLoss, SmoothLoss

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Rounded(SmoothLoss):
    """``max over low <= u <= high of u (f − kink) − μ u²/2``.

    Nesterov (2005), doi:10.1007/s10107-004-0552-5.
    """

    sharp: KinkedLoss
    mu: float

    def _inside(self, prediction: Array, target: Array) -> Array:
        return (prediction - self.sharp.pieces(target)[2]) / self.mu

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        low, high, _ = self.sharp.pieces(target)
        return np.clip(self._inside(prediction, target), low, high)

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        u = self.slope(prediction, target)
        result: Array = u * (prediction - self.sharp.pieces(target)[2]) - 0.5 * self.mu * u**2
        return result

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        low, high, _ = self.sharp.pieces(target)
        inside = self._inside(prediction, target)
        return np.where((inside > low) & (inside < high), 1.0 / self.mu, 0.0)

    @override
    def recedes(self, target: Array) -> NDArray[np.bool_]:
        return self.sharp.recedes(target)

    @override
    def conjugate(self, slope: Array, target: Array) -> Array:
        result: Array = slope * self.sharp.pieces(target)[2] + 0.5 * self.mu * slope**2
        return result


def smoothed_minimum(problem: Problem, lam: float) -> tuple[Array, Array, int]:
    """Return z near the optimum, the slopes of all events there (weighted) and the Newton steps taken."""
    loss = problem.loss
    if not isinstance(loss, KinkedLoss):
        raise FitError(f"{type(loss).__name__} is not a loss of straight pieces")
    spread = max(float(np.abs(loss.pieces(problem.y)[2]).mean()), 1e-3)
    z = np.zeros(problem.design.size)
    z[problem.design.p :] = problem.null
    total = 0
    for power in range(1, 8):
        rounded = Rounded(loss, spread * 10.0**-power)
        objective = SmoothObjective(replace(problem, loss=rounded), rounded)
        z, steps = minimise_smooth(objective, lam, z, target=1e-6 * problem.lambda_max, most=30)
        total += steps
    return z, problem.w * rounded.slope(problem.design.predict(z), problem.y), total
