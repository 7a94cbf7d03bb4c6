"""Which solver takes which loss and penalty: the only file of this folder that knows them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma._core.errors import FitError
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.existence import RESOLVED
from fivesigma.models.linear.kinked import kinked_path
from fivesigma.models.linear.lasso import lasso_path
from fivesigma.models.linear.logistic import LogisticTask, logistic_path
from fivesigma.models.linear.newton import SmoothObjective, l1_share, minimise_smooth
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.models.linear.ridge import ridge_factor
from fivesigma.risk.losses import KinkedLoss, Logistic, SmoothLoss, Squared
from fivesigma.risk.penalties import L1, L2, ElasticNet, NoPenalty

Array = NDArray[np.float64]

WIDE = 1500
"""Features above which sparse problems are solved on working sets."""
BATCHED = 20_000
"""Numbers in the table above which a logistic path is one batch; below, each λ is exact at no cost."""
MARGIN = 0.5
"""Solvers aim at this share of the tolerance."""
EXACT_UP_TO = 1_000_000
"""Numbers in the table up to which that is done: beyond, it costs what the speed was for."""
EXACT = 1e-14
"""A logistic batch goes on to this share of λ_max where it can, so that copies and weights give the same fit."""


def solve_path(problem: Problem, lambdas: Array, *, tol: float) -> Solution:
    """Minimise at every λ (falling) to a violation of ``tol`` times λ_max."""
    loss, target = problem.loss, MARGIN * tol * problem.lambda_max
    if not problem.design.p:
        return _nothing_to_fit(problem, lambdas)
    if isinstance(loss, KinkedLoss):
        return kinked_path(problem, lambdas, target=target)
    if not isinstance(loss, SmoothLoss):
        raise FitError(
            f"{type(loss).__name__} has no curvature; fit it with LinearRegressor, which minimises by scipy"
        )
    closed = _quadratic(problem, lambdas, target) if isinstance(loss, Squared) else None
    if closed is not None:
        return closed
    if isinstance(loss, Logistic) and _makes_a_batch(problem, lambdas):
        return _logistic(problem, loss, lambdas, target)
    return _by_newton(problem, loss, lambdas, tol=tol, target=target)


def _makes_a_batch(problem: Problem, lambdas: Array) -> bool:
    design = problem.design
    large = len(lambdas) > 1 and design.n * design.p >= BATCHED and design.p <= min(WIDE, design.n)
    return large and isinstance(problem.penalty, L1 | L2 | ElasticNet)


def _quadratic(problem: Problem, lambdas: Array, target: float) -> Solution | None:
    """The squared loss: closed form or lasso; None for groups."""
    penalty = problem.penalty
    if isinstance(penalty, L2 | NoPenalty):
        return _ridge(problem, lambdas)
    if not isinstance(penalty, L1 | ElasticNet):
        return None
    ratio = l1_share(penalty)
    z, count = lasso_path(problem.design, problem.y, problem.w, ratio=ratio, lambdas=lambdas, target=target)
    return Solution(z, count)


def _by_newton(problem: Problem, loss: SmoothLoss, lambdas: Array, *, tol: float, target: float) -> Solution:
    """One λ after the other, on what is smallest: the rows' span, the features that matter, or all."""
    design, penalty = problem.design, problem.penalty
    if design.p > max(design.n, 100) and isinstance(penalty, L2 | NoPenalty):
        return _rotated(problem, lambdas, tol)
    if isinstance(penalty, L1 | ElasticNet) and design.p > WIDE and problem.outputs == 1:
        return _on_working_sets(problem, loss, lambdas, target)
    return _one_by_one(problem, loss, lambdas, target)


def _nothing_to_fit(problem: Problem, lambdas: Array) -> Solution:
    return Solution(np.tile(problem.null, (len(lambdas), 1)), np.zeros(len(lambdas), dtype=np.int64))


def _start(problem: Problem) -> Array:
    """The null model as a row of `Solution.z`."""
    z = np.zeros((problem.outputs, problem.design.size))
    if problem.design.intercept:
        z[:, -1] = problem.null
    return z.ravel()


def _ridge(problem: Problem, lambdas: Array) -> Solution:
    design = problem.design
    factor = ridge_factor(design.X, problem.y, problem.w, intercept=design.intercept, unit=design.unit)
    free = isinstance(problem.penalty, NoPenalty)
    theta, intercept = factor.solve(np.zeros(len(lambdas)) if free else lambdas)
    return Solution(design.centred(theta, intercept), np.ones(len(lambdas), dtype=np.int64))


def _logistic(problem: Problem, loss: Logistic, lambdas: Array, target: float) -> Solution:
    """The batch; then what it missed, one by one from where it stood.

    Each λ goes on to where its minimum needs no proof: a step costs less than the proof does.
    """
    positive = (problem.y > 0).astype(float)
    task = LogisticTask(
        problem.design, positive, problem.w * loss.weight(problem.y), l1_share(problem.penalty)
    )
    exact = problem.design.n * problem.design.p <= EXACT_UP_TO
    aim = min(target, EXACT * problem.lambda_max) if exact else target
    aims = np.minimum(aim, MARGIN * RESOLVED * lambdas)
    z, count, violations = logistic_path(task, lambdas, _start(problem), targets=aims, enough=target)
    objective = SmoothObjective(problem, loss)
    for k in np.flatnonzero(~(violations <= 2 * target)):
        z[k], steps = minimise_smooth(objective, float(lambdas[k]), z[k], target=target)
        count[k] += steps
    return Solution(z, count)


def _one_by_one(problem: Problem, loss: SmoothLoss, lambdas: Array, target: float) -> Solution:
    objective = SmoothObjective(problem, loss)
    z = objective.inner(_start(problem))
    rows, count = [], []
    for lam in lambdas:
        z, steps = minimise_smooth(objective, float(lam), z, target=target)
        rows.append(objective.outer(z))
        count.append(steps)
    return Solution(np.stack(rows), np.array(count, dtype=np.int64))


def _rotated(problem: Problem, lambdas: Array, tol: float) -> Solution:
    """More features than events, a round penalty: θ is in the span of the rows, ``Xᵀ = QR``, ``θ = Qγ``."""
    design = problem.design
    Q, R = linalg.qr(np.asarray(design.X / design.unit).T, mode="economic", check_finite=False)
    small = Design(np.ascontiguousarray(R.T), problem.w, intercept=design.intercept)
    solution = solve_path(replace(problem, design=small), lambdas, tol=0.1 * tol)
    stacked = solution.z.reshape(len(lambdas), problem.outputs, small.size)
    gamma, intercepts = small.uncentred(stacked)
    z = design.centred(gamma @ Q.T / design.unit, intercepts)
    return replace(solution, z=z.reshape(len(lambdas), -1))


def _on_working_sets(problem: Problem, loss: SmoothLoss, lambdas: Array, target: float) -> Solution:
    """Solve on the features that matter; look at all of them; admit those that break their condition."""
    design, share = problem.design, l1_share(problem.penalty)
    z, rows, count = _start(problem), [], np.zeros(len(lambdas), dtype=np.int64)
    gradient = design.pull_back(problem.slope(design.predict(z)))[: design.p]
    members = np.zeros(0, dtype=np.int64)
    last = problem.lambda_max / share
    for i, lam in enumerate(lambdas):
        members = np.union1d(members, np.flatnonzero(np.abs(gradient) >= share * (2 * lam - last)))
        for _ in range(100):
            z, steps, gradient = _restricted(problem, loss, float(lam), z, members=members, target=target)
            count[i] += steps
            outside = np.setdiff1d(np.flatnonzero(np.abs(gradient) > share * lam + target), members)
            if not len(outside):
                break
            members = np.union1d(members, outside)
        members, last = np.flatnonzero(z[: design.p]), float(lam)
        rows.append(z)
    return Solution(np.stack(rows), count)


def _restricted(
    problem: Problem, loss: SmoothLoss, lam: float, z: Array, *, members: NDArray[np.int64], target: float
) -> tuple[Array, int, Array]:
    design = problem.design
    places = np.r_[members, np.arange(design.p, design.size)].astype(np.int64)
    small = Design(design.X[:, members], problem.w, intercept=design.intercept)
    objective = SmoothObjective(replace(problem, design=small), loss)
    part, steps = minimise_smooth(objective, lam, z[places], target=target)
    full = np.zeros(design.size)
    full[places] = part
    gradient = design.pull_back(problem.slope(design.predict(full)))[: design.p]
    return full, steps, gradient
