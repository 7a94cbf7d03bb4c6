"""Does the objective have a minimum, and is this point near it: a proof that no unit of the data can shrink.

Separable classes without a penalty have none: the gradient falls below every tolerance as the coefficients
grow. The proof is of the Newton step instead, in the metric of the curvature, which falls with the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma.models.linear.newton import l1_share
from fivesigma.models.linear.problem import Problem
from fivesigma.risk.losses import KinkedLoss, SmoothLoss
from fivesigma.risk.own_loss import name_of
from fivesigma.risk.penalties import L2, ElasticNet, NoPenalty

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PROVED = 0.5
"""The decrement below which a minimum is taken for proved; below 1 there is one."""
RESOLVED = 0.01
"""A violation below this share of λ leaves no doubt: the penalty alone makes the objective grow."""
MANY = 1500
"""Directions beyond which a point under a penalty, which has a minimum, is taken at its word."""
FAR = 1e6
"""How many times further from the null model an objective without curvature is looked at."""


def has_minimum(problem: Problem, lambdas: Array, z: Array, violations: Array) -> Mask:
    """Return whether each point ``z`` (L, K · size), with its violation over λ_max, is near a minimum.

    True without more ado where the penalty outweighs what is left of the gradient, or where every loss reaches
    its infimum (squares, Huber's, all losses of straight pieces). Else by `decrement`, or for a loss without a
    curvature by `rises_beyond`.
    """
    free = isinstance(problem.penalty, NoPenalty)
    doubtful = np.full(len(lambdas), free) | (violations * problem.lambda_max > RESOLVED * lambdas)
    result: Mask = ~doubtful
    frame = cache(partial(_Frame, problem))
    for i in np.flatnonzero(doubtful):
        result[i] = _found(problem, 0.0 if free else float(lambdas[i]), z[i], float(violations[i]), frame)
    return result


def _found(problem: Problem, lam: float, z: Array, violation: float, frame: Callable[[], _Frame]) -> bool:
    loss = problem.loss
    if not np.isfinite(z).all():
        return False
    if isinstance(loss, SmoothLoss):
        return not loss.recedes(problem.y).any() or decrement(problem, lam, z, frame()) <= PROVED
    return isinstance(loss, KinkedLoss) or violation == 0.0 or lam > 0.0 or rises_beyond(problem, z)


def rises_beyond(problem: Problem, z: Array) -> bool:
    """Return whether the objective is larger far out on the ray from the null model through ``z`` (size,)."""
    start = np.zeros_like(z)
    start[problem.p :] = problem.null
    if np.array_equal(z, start):
        return True
    with np.errstate(all="ignore"):
        here, there = (
            float(problem.risk(problem.design.predict(start + length * (z - start)))) for length in (1.0, FAR)
        )
    return not there <= here


def decrement(problem: Problem, lam: float, z: Array, frame: _Frame | None = None) -> float:
    """Return ``‖g‖_{H⁻¹} max_i ‖a_i‖_{H⁻¹}``, g gradient and H curvature at z, a_i the events.

    It is the most by which the next Newton step can change a score, the same in all units of columns and
    weights. For losses with ``|ℓ'''| <= ℓ''`` in the score (logistic, Poisson; the softmax with the range of the
    scores, at most √2 ‖·‖) a value below 1 proves that there is a minimum, within about twice that of every
    score; on separable data it stays of the order of 1. Bach (2010), doi:10.1214/09-EJS521, proposition 2.
    The ``frame`` of a problem is the same at every point.
    """
    frame = frame or _Frame(problem)
    if not frame.rank or (lam and frame.rank > MANY):
        return 0.0
    score = problem.design.predict(z.reshape(problem.outputs, -1))
    g, H = frame.derivatives(score, lam, z)
    try:
        factor = linalg.cholesky(H, lower=True)
    except linalg.LinAlgError:
        return np.inf
    whitened = linalg.solve_triangular(factor, np.eye(len(H)), lower=True)
    return float(np.linalg.norm(whitened @ g)) * frame.longest(whitened)


class _Frame:
    """Coordinates in which the events are white, without the directions that change no score.

    With a softmax the scores of an event are taken in K − 1 contrasts: one constant added to all is nothing.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        _, s, right = linalg.svd(_triangle(problem), full_matrices=False)
        kept = s > np.finfo(float).eps * max(problem.design.n, problem.design.size) * s.max(initial=0.0)
        self.maps = (right[kept] / s[kept, None]) * np.sqrt(problem.design.n)
        self.contrasts = (
            linalg.null_space(np.ones((1, problem.outputs))) if problem.outputs > 1 else np.eye(1)
        )
        self.rank = int(kept.sum()) * self.contrasts.shape[1]

    def _blocks(self) -> Iterator[tuple[slice, Array]]:
        for rows, block in self.problem.design.blocks():
            yield rows, self.maps @ block

    def derivatives(self, score: Array, lam: float, z: Array) -> tuple[Array, Array]:
        """Return gradient and curvature of the loss and the round part of the penalty at scores ``(K, n)``."""
        problem, C = self.problem, self.contrasts
        many = problem.loss.vector_valued
        f = score.T if many else score[0]
        slope = np.atleast_2d(problem.slope(f).T)
        assert isinstance(problem.loss, SmoothLoss)
        local = problem.loss.curvature(f, problem.y) * (problem.w[:, None, None] if many else problem.w)
        bent = C.T @ local @ C if many else local[:, None, None]
        size = C.shape[1]
        g, H = np.zeros((size, len(self.maps))), np.zeros((size, len(self.maps), size, len(self.maps)))
        for rows, u in self._blocks():
            g += C.T @ slope[:, rows] @ u.T
            for a in range(size):
                for b in range(size):
                    H[a, :, b] += (u * bent[rows, a, b]) @ u.T
        self._add_penalty(g, H, lam, z)
        return g.ravel(), H.reshape(self.rank, self.rank)

    def _add_penalty(self, g: Array, H: Array, lam: float, z: Array) -> None:
        """Add ``l2 ½‖θ‖²``: in these coordinates its matrix is ``l2 maps mapsᵀ`` over the features."""
        problem, C = self.problem, self.contrasts
        penalty, p = problem.penalty, problem.p
        if not lam or not isinstance(penalty, L2 | ElasticNet):
            return
        l2, maps = lam * (1.0 - l1_share(penalty)), self.maps[:, :p]
        g += l2 * C.T @ z.reshape(problem.outputs, -1)[:, :p] @ maps.T
        for a in range(C.shape[1]):
            H[a, :, a] += l2 * maps @ maps.T

    def longest(self, whitened: Array) -> float:
        """Return ``max_i ‖a_i‖`` in the metric whose inverse factor is ``whitened``."""
        size = self.contrasts.shape[1]
        parts = whitened.reshape(len(whitened), size, -1)
        most = 0.0
        for _, u in self._blocks():
            most = max(most, float(sum(((parts[:, a] @ u) ** 2).sum(axis=0) for a in range(size)).max()))
        return float(np.sqrt(2.0 * most if self.problem.outputs > 1 else most))


def _triangle(problem: Problem) -> Array:
    """R of ``Aᵀ = QR``, block by block."""
    R = np.zeros((0, problem.design.size))
    for _, block in problem.design.blocks():
        R = linalg.qr(np.concatenate([R, block.T]), mode="r", check_finite=False)[0][: problem.design.size]
    return R


def without_minimum(problem: Problem, count: int) -> str:
    """Return what to tell a user of ``count`` points that are near no minimum."""
    name = name_of(problem.loss)
    if not isinstance(problem.loss, SmoothLoss):
        return f"{name} falls for ever as the coefficients grow: it has no minimum; give a penalty"
    if not problem.loss.recedes(problem.y).any():
        return "coefficients are not finite; bring the columns to units in which their numbers are moderate"
    held = "" if isinstance(problem.penalty, NoPenalty) else f" that tol can resolve at {count} λ"
    return (
        f"{name} has no minimum{held}: the columns separate events of these targets, and the coefficients grow for "
        "ever; give a larger penalty, or leave out the columns that separate"
    )
