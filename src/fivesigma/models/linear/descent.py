"""Full and stochastic gradient descent, step by step in the open: to teach, and to check the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.risk.losses import Squared

Array = NDArray[np.float64]


@final
@dataclass(frozen=True)
class GradientDescent:
    """``z_{t+1} = prox(z_t − η_t ∇R_batch / Σw + momentum (z_t − z_{t−1}))``, the penalty by its proximal map.

    Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Robbins & Monro (1951), doi:10.1214/aoms/1177729586; with a
    proximal map Ochs et al. (2014), doi:10.1137/130942954.

    Parameters
    ----------
    step : float, optional
        η, in units of the mean loss; by default one over the largest curvature of the mean loss.
    batch : int, optional
        Events a step; all of them by default.
    momentum : float
        Between 0 (none) and 1, excluded.
    schedule : {"constant", "inverse", "root"}
        ``η_t = η``, ``η / (1 + t/T)`` or ``η / √(1 + t/T)``, with T the steps of one pass over the data.
    epochs : int
        Passes over the data.
    seed : int
        Of the order of events.

    Raises
    ------
    InputError
        If a parameter is outside its range.

    >>> GradientDescent(batch=32, momentum=0.9).schedule
    'constant'
    """

    step: float | None = None
    batch: int | None = None
    momentum: float = 0.0
    schedule: Literal["constant", "inverse", "root"] = "constant"
    epochs: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.step is not None and not self.step > 0:
            raise InputError(f"GradientDescent's step is {self.step}; expected a positive number")
        if self.batch is not None and self.batch < 1:
            raise InputError(f"GradientDescent's batch is {self.batch}; expected at least one event")
        if not 0 <= self.momentum < 1:
            raise InputError(f"GradientDescent's momentum is {self.momentum}; expected 0 <= momentum < 1")
        if self.schedule not in ("constant", "inverse", "root"):
            raise InputError(
                f"GradientDescent's schedule is {self.schedule!r}; expected constant, inverse or root"
            )
        if self.epochs < 1:
            raise InputError(f"GradientDescent's epochs are {self.epochs}; expected at least one")

    def factor(self, t: float) -> float:
        """Return η_t / η after t passes over the data."""
        factors: dict[str, float] = {"constant": 1.0, "inverse": 1.0 / (1.0 + t), "root": (1.0 + t) ** -0.5}
        return factors[self.schedule]


def descend_gradient(problem: Problem, lam: float, method: GradientDescent) -> tuple[Solution, Array]:
    """Run the steps; return the last point and the objective (over Σw) each step saw on its batch."""
    if problem.outputs > 1:
        raise InputError("GradientDescent fits one score an event; use the default solver for a softmax")
    design, total = problem.design, float(problem.w.sum())
    A = np.concatenate([block for _, block in design.blocks()], axis=1)
    n, p = design.n, design.p
    eta = method.step if method.step is not None else 1.0 / _largest_curvature(problem, A)
    batch = n if method.batch is None else min(method.batch, n)
    steps_a_pass = -(-n // batch)
    rng = np.random.default_rng(method.seed)
    z = np.zeros(design.size)
    z[p:] = problem.null
    before = z
    losses = np.empty(method.epochs * steps_a_pass)
    for t in range(len(losses)):
        place = t % steps_a_pass
        if place == 0:
            order = rng.permutation(n) if batch < n else np.arange(n)
        rows = order[place * batch : (place + 1) * batch]
        value, gradient = _batch(problem, A, z, rows, scale=n / (len(rows) * total))
        losses[t] = value + lam / total * float(problem.penalty.value(z[:p]))
        size = eta * method.factor(t / steps_a_pass)
        z, before = z - size * gradient + method.momentum * (z - before), z
        z[:p] = problem.penalty.prox(z[:p], size * lam / total)
        if not np.all(np.isfinite(z)) or losses[t] > 1e6 * (1.0 + abs(losses[0])):
            raise InputError(
                f"gradient descent diverged at step {t}: the step {eta:g} is too large; make it smaller"
            )
    return Solution(z[None], np.array([len(losses)], dtype=np.int64)), losses


def _batch(
    problem: Problem, A: Array, z: Array, rows: NDArray[np.int64], *, scale: float
) -> tuple[float, Array]:
    """Mean loss and gradient on some events, scaled so that both are unbiased for the whole table."""
    part = A if len(rows) == A.shape[1] else A[:, rows]
    y, w = problem.y[rows], problem.w[rows]
    score = z @ part
    return scale * float(w @ problem.loss.value(score, y)), scale * (
        part @ (w * problem.loss.slope(score, y))
    )


def _largest_curvature(problem: Problem, A: Array) -> float:
    """A bound on the curvature of the mean loss, by the power method."""
    bound = problem.loss.curvature_bound
    bound = bound if np.isfinite(bound) else Squared.curvature_bound
    x = np.ones(A.shape[0])
    for _ in range(50):
        x = A @ (problem.w * (x @ A))
        x /= max(float(np.linalg.norm(x)), 1e-300)
    return max(1.1 * bound * float(x @ (A @ (problem.w * (x @ A)))) / float(problem.w.sum()), 1e-300)
