"""What is to be minimised, ``Σ w ℓ(Xθ + b, y) + λ Ω(θ)``, and how close a point is to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.roots import brent
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.units import TargetUnit
from fivesigma.risk.losses import KinkedLoss, Loss, SmoothLoss
from fivesigma.risk.penalties import Penalty

Array = NDArray[np.float64]

AT_KINK = 1e-9
"""An event lies on its kink when its score is this close to it, relative to the largest score or kink."""
ROUNDING = 1e-14
"""A gradient below this share of the slopes times the largest number of the table is nothing but rounding."""
SCORE_BYTES = 16_000_000
"""Scores of all λ at once are kept below this size, or below a twentieth of the table."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The table, the loss, the penalty; λ comes later.

    ``outputs`` is the number of scores of an event (K for a softmax), ``null`` the best intercept without
    features, ``lambda_max`` the largest |gradient| of a coefficient there (the unit of every violation) and
    ``null_objective`` the loss there (the unit of every gap). ``unit`` is the way back to the target.
    """

    design: Design
    y: Array
    w: Array
    loss: Loss
    penalty: Penalty
    outputs: int
    null: Array
    lambda_max: float
    null_objective: float
    unit: TargetUnit

    @property
    def p(self) -> int:
        """Number of features."""
        result: int = self.design.p
        return result

    def slope(self, score: Array) -> Array:
        """Return ``w ∂ℓ/∂f`` for scores ``(n,)``, ``(L, n)`` or, with a vector-valued loss, ``(n, K)``."""
        raw = self._each(self.loss.slope, score)
        result: Array = raw * (self.w[:, None] if self.loss.vector_valued else self.w)
        return result

    def risk(self, score: Array) -> Array:
        """Return ``Σ w ℓ``."""
        result: Array = self._each(self.loss.value, score) @ self.w
        return result

    def _each(self, method: Callable[[Array, Array], Array], score: Array) -> Array:
        """Call a method of the loss with one λ at a time: a loss is promised predictions ``(n,)``."""
        if self.loss.vector_valued or score.ndim == 1:
            return method(score, self.y)
        return np.stack([method(row, self.y) for row in score]) if len(score) else score

    def chunks(self, n_lambdas: int) -> list[slice]:
        """Cut the λ into runs whose scores fit in memory."""
        n = len(self.y)
        step = max(1, SCORE_BYTES // (8 * n), self.p // 20)
        return [slice(start, min(start + step, n_lambdas)) for start in range(0, n_lambdas, step)]


def make_problem(
    design: Design, y: Array, w: Array, *, loss: Loss, penalty: Penalty, unit: TargetUnit | None = None
) -> Problem:
    """Solve the model without features, and with it set the units of violations and gaps."""
    outputs = int(y.max()) + 1 if loss.vector_valued else 1
    null = null_scores(loss, y, w, outputs) if design.intercept else np.zeros(outputs)
    score = np.tile(null, (len(y), 1)) if loss.vector_valued else np.full(len(y), null[0])
    slope = loss.slope(score, y)
    r = slope.T * w
    if design.intercept and isinstance(loss, KinkedLoss):
        r = balanced(r[None])[0]
    gradient = design.pull_back(r)[..., : design.p]
    lambda_max = float(np.abs(gradient).max(initial=0.0))
    natural = float(np.abs(r).sum()) * design.largest
    return Problem(
        design=design,
        y=y,
        w=w,
        loss=loss,
        penalty=penalty.tiled(outputs),
        outputs=outputs,
        null=null,
        lambda_max=lambda_max if lambda_max > ROUNDING * natural else natural or 1.0,
        null_objective=max(abs(float(w @ loss.value(score, y))), np.finfo(float).tiny),
        unit=unit or TargetUnit(loss, loss),
    )


def balanced(r: Array) -> Array:
    """Shrink the heavier sign of each row of r until the row sums to zero.

    Every loss here admits all slopes between its own slope and zero, so the result stays admissible.
    """
    up = np.maximum(r, 0.0).sum(axis=-1, keepdims=True)
    down = -np.minimum(r, 0.0).sum(axis=-1, keepdims=True)
    least = np.minimum(up, down)
    tiny = np.finfo(float).tiny
    result: Array = r * np.where(r > 0, least / np.maximum(up, tiny), least / np.maximum(down, tiny))
    return result


def null_scores(loss: Loss, y: Array, w: Array, outputs: int) -> Array:
    """Return the best constant score."""
    if isinstance(loss, KinkedLoss):
        return np.array([_null_kinked(loss, y, w)])
    if loss.vector_valued:
        wrong_by = np.minimum(loss.slope(np.zeros((len(y), outputs)), y), 0.0)
        share = np.log(np.maximum(-(w @ wrong_by), np.finfo(float).tiny))
        return np.asarray(share - share.mean())
    return np.array([_null_smooth(loss, y, w)])


def _null_kinked(loss: KinkedLoss, y: Array, w: Array) -> float:
    """The kink at which the sum of slopes changes sign."""
    low, high, kink = loss.pieces(y)
    order = np.argsort(kink, kind="stable")
    slopes = w @ low + np.cumsum((w * (high - low))[order])
    first = int(np.searchsorted(slopes, -1e-12 * float(w.sum())))
    return float(kink[order][min(first, len(y) - 1)])


def _null_smooth(loss: Loss, y: Array, w: Array) -> float:
    """The root of the slope by Brent's method; by bisection on its sign where it has no finite ends."""

    def total(b: float) -> float:
        return float(w @ loss.slope(np.full(len(y), b), y))

    reach = 2.0 * (1.0 + float(np.abs(y).max(initial=0.0)))
    low, high = (-reach, reach) if loss.task == "regression" else (-700.0, 700.0)
    low, high = max(low, -1e300), min(high, 1e300)
    with np.errstate(over="ignore"):
        ends = total(low), total(high)
    if np.isfinite(ends).all() and ends[0] < 0 < ends[1]:
        return brent(total, low, high, xtol=4e-16)
    for _ in range(1100):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (low, middle) if total(middle) > 0 else (middle, high)
    return 0.5 * (low + high)


@dataclass(frozen=True, eq=False)
class Solution:
    """One path as a solver leaves it: ``z (L, K · size)`` of the centred design, iterations ``(L,)``.

    ``duals`` ``(L, n)`` are the slopes that a solver of a kinked loss chose for events on their kinks.
    """

    z: Array
    n_iterations: NDArray[np.int64]
    duals: Array | None = None


@dataclass(frozen=True, eq=False)
class Certificate:
    """Violations over λ_max and relative duality gaps (NaN without a useful dual), one for each λ."""

    violations: Array
    gaps: Array


def certify(problem: Problem, lambdas: Array, solution: Solution) -> Certificate:
    """Measure every point of a path, whatever solver it came from.

    ``violation = max(‖distance of −∇R(θ) from λ∂Ω(θ)‖∞, |∂R/∂b|) / λ_max``. The gap is the objective minus the
    dual objective at the slopes shrunk until they are feasible, over the objective of the null model.
    """
    measure = _measure_vector if problem.loss.vector_valued else _measure
    parts = [measure(problem, lambdas, solution, chunk) for chunk in problem.chunks(len(lambdas))]
    return Certificate(
        violations=np.concatenate([part.violations for part in parts]),
        gaps=np.concatenate([part.gaps for part in parts]),
    )


def _measure(problem: Problem, lambdas: Array, solution: Solution, chunk: slice) -> Certificate:
    design, lam = problem.design, lambdas[chunk]
    z = solution.z[chunk]
    score = design.predict(z)
    r = (
        problem.slope(score)
        if solution.duals is None
        else chosen_slopes(problem, score, solution.duals[chunk])
    )
    pulled = design.pull_back(r)
    theta = z[:, : problem.p]
    gradient = pulled[:, : problem.p]
    unbalanced = pulled[:, problem.p :]
    original = gradient + unbalanced * design.moved if design.intercept else gradient
    distance = problem.penalty.distance(original, theta, lam).max(axis=-1, initial=0.0)
    violation = np.maximum(distance, np.abs(unbalanced).max(axis=-1, initial=0.0)) / problem.lambda_max
    return Certificate(violation, _gap(problem, lam, theta, score=score, r=r, gradient=gradient))


def _gap(problem: Problem, lam: Array, theta: Array, *, score: Array, r: Array, gradient: Array) -> Array:
    """``P − D`` with ``D = −Σ w ℓ*(u/w) − (λΩ)*(−Xᵀu)``, u the slopes balanced (Σu = 0) and shrunk."""
    loss, penalty, w = problem.loss, problem.penalty, problem.w
    if not isinstance(loss, SmoothLoss | KinkedLoss) or not np.any(penalty.shrink(gradient, lam)):
        return np.full(len(lam), np.nan)
    dual, pull = r, gradient
    if problem.design.intercept:
        dual = balanced(r)
        pull = gradient + problem.design.pull_back(dual - r)[:, : problem.p] if problem.p else gradient
    shrink = penalty.shrink(pull, lam)[:, None]
    weighted = w > 0
    unit = np.where(weighted, dual * shrink / np.where(weighted, w, 1.0), 0.0)
    value = -(loss.conjugate(unit, problem.y) @ w) - penalty.conjugate(-pull * shrink, lam)
    primal = problem.risk(score) + lam * penalty.value(theta)
    result: Array = np.maximum(primal - value, 0.0) / problem.null_objective
    return result


def chosen_slopes(problem: Problem, score: Array, duals: Array) -> Array:
    """The solver's slopes for events on their kink, the loss's own elsewhere."""
    loss = problem.loss
    if not isinstance(loss, KinkedLoss):
        return problem.slope(score)
    low, high, kink = loss.pieces(problem.y)
    near = AT_KINK * max(1.0, float(np.abs(kink).max()), float(np.abs(score).max(initial=0.0)))
    on_kink = np.abs(score - kink) <= near
    inside = np.clip(duals, problem.w * low, problem.w * high)
    result: Array = np.where(on_kink, inside, problem.w * np.where(score < kink, low, high))
    return result


def _measure_vector(problem: Problem, lambdas: Array, solution: Solution, chunk: slice) -> Certificate:
    """The same for scores ``(n, K)``; its dual is on the simplex, where shrinking leaves it: no gap."""
    design, violations = problem.design, []
    for lam, flat in zip(lambdas[chunk], solution.z[chunk], strict=True):
        z = flat.reshape(problem.outputs, design.size)
        pulled = design.pull_back(problem.slope(design.predict(z).T).T)
        unbalanced = pulled[:, problem.p :]
        gradient = pulled[:, : problem.p] + (unbalanced * design.moved if design.intercept else 0.0)
        distance = problem.penalty.distance(gradient.ravel(), z[:, : problem.p].ravel(), lam)
        violations.append(
            max(distance.max(initial=0.0), np.abs(unbalanced).max(initial=0.0)) / problem.lambda_max
        )
    return Certificate(np.array(violations), np.full(len(violations), np.nan))
