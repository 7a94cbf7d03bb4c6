"""Losses of two straight pieces (absolute, quantile, hinge): an interior point, then the exact face.

Every loss ``max over low <= u <= high of u (aᵀz − kink)`` is a row; so is ``l1 |θ_j|`` (a the unit vector,
kink 0, −l1 <= u <= l1). With ``Q = diag(l2)`` the problem is ``min Σ rows + ½ zᵀQz``, its duals the u.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma._core.errors import FitError
from fivesigma.models.linear.newton import l1_share
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.models.linear.quadratic import factorise, solve
from fivesigma.models.linear.smoothed import smoothed_minimum
from fivesigma.risk.losses import KinkedLoss
from fivesigma.risk.penalties import L2, ElasticNet, GroupL1, Penalty

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COMPLEMENTARITY = 1e-13
"""The interior point stops when the mean of slack times multiplier has fallen by this factor."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Bounds and kinks of all rows: events first, then (under an L1 norm) one for each coefficient."""

    low: Array
    high: Array
    kink: Array
    n: int
    ridge: Array


def kinked_path(problem: Problem, lambdas: Array, *, target: float) -> Solution:
    """Minimise at every λ; the duals of the events come with the solution."""
    z = np.zeros((len(lambdas), problem.design.size))
    duals = np.zeros((len(lambdas), problem.design.n))
    count = np.zeros(len(lambdas), dtype=np.int64)
    for i, lam in enumerate(lambdas):
        z[i], duals[i], count[i] = _minimise(problem, float(lam))
    return Solution(z, count, duals)


def _minimise(problem: Problem, lam: float) -> tuple[Array, Array, int]:
    penalty = problem.penalty
    if isinstance(penalty, GroupL1):
        z, u, count = smoothed_minimum(problem, lam)
        return (*polish(problem, lam, z, u), count)
    rows = _rows(problem, lam)
    z, u, count = _interior_point(problem, rows)
    z = z.copy()
    held = np.abs(u[rows.n :]) < (1.0 - 1e-6) * rows.high[rows.n :]
    scale = float(np.abs(z).max(initial=0.0))
    z[: len(held)][held & (np.abs(z[: len(held)]) < 1e-4 * scale)] = 0.0
    return (*polish(problem, lam, z, u[: rows.n]), count)


def _rows(problem: Problem, lam: float) -> Rows:
    loss, design, penalty = problem.loss, problem.design, problem.penalty
    if not isinstance(loss, KinkedLoss):
        raise FitError(f"{type(loss).__name__} is not a loss of straight pieces")
    low, high, kink = loss.pieces(problem.y)
    cut = lam * l1_share(penalty)
    bounds = np.full(design.p, cut) if cut else np.zeros(0)
    ridge = np.zeros(design.size)
    ridge[: design.p] = lam * ridge_share(penalty)
    w = problem.w
    return Rows(
        low=np.r_[w * low, -bounds],
        high=np.r_[w * high, bounds],
        kink=np.r_[kink, np.zeros(len(bounds))],
        n=design.n,
        ridge=ridge,
    )


def ridge_share(penalty: Penalty) -> float:
    """Return the share of ``½‖θ‖²`` in a penalty that is not grouped."""
    return 1.0 - l1_share(penalty) if isinstance(penalty, L2 | ElasticNet) else 0.0


@dataclass(frozen=True, eq=False)
class _Step:
    """The linear equations of one interior-point step, reduced to z and factorised."""

    problem: Problem
    rows: Rows
    u: Array
    t: Array
    v: Array
    dual: Array
    primal: Array

    def __post_init__(self) -> None:
        rows, design = self.rows, self.problem.design
        E = self.t / (rows.high - self.u) + self.v / (self.u - rows.low)
        H = design.gram(1.0 / E[: rows.n])
        H[np.arange(design.size), np.arange(design.size)] += rows.ridge
        extra = np.arange(len(E) - rows.n)
        H[extra, extra] += 1.0 / E[rows.n :]
        object.__setattr__(self, "_E", E)
        object.__setattr__(self, "_factor", factorise(H))

    def direction(self, rt: Array, rv: Array) -> tuple[Array, Array, Array, Array]:
        """Return Δz, Δu, Δt, Δv for the right-hand sides of the two products."""
        up, down = self.rows.high - self.u, self.u - self.rows.low
        E: Array = self._E  # type: ignore[attr-defined]
        rho = self.primal + rt / up - rv / down
        dz = solve(self._factor, self.dual + _back(self.problem, self.rows, rho / E))  # type: ignore[attr-defined]
        du = (_forward(self.problem, self.rows, dz) - rho) / E
        return dz, du, (rt + self.t * du) / up, (rv - self.v * du) / down


def _forward(problem: Problem, rows: Rows, z: Array) -> Array:
    """``Az``, events first."""
    result: Array = np.r_[problem.design.predict(z), z[: len(rows.low) - rows.n]]
    return result


def _back(problem: Problem, rows: Rows, u: Array) -> Array:
    """``Aᵀu``."""
    g = problem.design.pull_back(u[: rows.n])
    g[: len(u) - rows.n] += u[rows.n :]
    return g


def _interior_point(problem: Problem, rows: Rows) -> tuple[Array, Array, int]:
    """Mehrotra's predictor and corrector. Mehrotra (1992), doi:10.1137/0802028.

    ``Az − kink = t − v`` with ``t, v >= 0``, ``t (high − u) = v (u − low) = μ`` and ``Qz + Aᵀu = 0``; eliminating
    t, v and u leaves ``(Q + Aᵀ E⁻¹ A) Δz``, ``E = t/(high − u) + v/(u − low)``.
    """
    z = np.zeros(problem.design.size)
    u = 0.5 * (rows.low + rows.high)
    spread = max(float(np.abs(rows.kink).mean()), 1e-3)
    t, v = np.maximum(-rows.kink, 0.0) + spread, np.maximum(rows.kink, 0.0) + spread
    start = mu = _mean_product(rows, u, t, v)
    for turn in range(100):
        dual = -(rows.ridge * z + _back(problem, rows, u))
        primal = rows.kink - _forward(problem, rows, z) + t - v
        if mu <= COMPLEMENTARITY * start and np.abs(primal).max() <= 1e-12 * (
            spread + np.abs(rows.kink).max()
        ):
            return z, u, turn
        step = _Step(problem, rows, u, t, v, dual, primal)
        up, down = rows.high - u, u - rows.low
        _, du, dt, dv = step.direction(-t * up, -v * down)
        length = _longest(rows, u, t, v, du=du, dt=dt, dv=dv)
        ahead = _mean_product(rows, u + length * du, t + length * dt, v + length * dv)
        centre = mu * min(1.0, (ahead / mu) ** 3)
        dz, du, dt, dv = step.direction(centre - t * up + dt * du, centre - v * down - dv * du)
        length = min(1.0, 0.9995 * _longest(rows, u, t, v, du=du, dt=dt, dv=dv))
        z, u, t, v = z + length * dz, u + length * du, t + length * dt, v + length * dv
        mu = _mean_product(rows, u, t, v)
        if length < 1e-10:
            break
    return z, u, 100


def _mean_product(rows: Rows, u: Array, t: Array, v: Array) -> float:
    return float(t @ (rows.high - u) + v @ (u - rows.low)) / (2 * len(u))


def _longest(rows: Rows, u: Array, t: Array, v: Array, *, du: Array, dt: Array, dv: Array) -> float:
    """The longest step up to 1/0.9995 that keeps t, v and both slacks positive."""
    length = 1.0 / 0.9995
    for value, change in ((t, dt), (v, dv), (rows.high - u, -du), (u - rows.low, du)):
        falling = change < 0
        if falling.any():
            length = min(length, float((-value[falling] / change[falling]).min()))
    return length


def polish(problem: Problem, lam: float, z: Array, u: Array) -> tuple[Array, Array]:
    """Solve the optimality conditions exactly on the face the point lies near; keep the better of the two.

    On the face events on their kinks stay there, others keep their piece, zero coefficients stay zero:
    ``λ∇Ω(θ) + Aᵀu = 0`` on the live coefficients and ``a_iᵀz = kink_i`` for the events on their kinks.
    """
    loss, design = problem.loss, problem.design
    if not isinstance(loss, KinkedLoss):
        return z, u
    low, high, kink = (problem.w * part for part in loss.pieces(problem.y))
    kink = loss.pieces(problem.y)[2]
    width = high - low
    inside = np.minimum(high - u, u - low) / width
    off = np.abs(design.predict(z) - kink) / max(float(np.abs(kink).max()), 1e-300)
    for threshold in (1.0, 1e2, 1e-2, 1e4):
        on = inside > threshold * off
        new = _face(problem, lam, z, np.where(on, u, _nearest(u, low, high)), on=on)
        if new is not None and _valid(problem, *new, on=on):
            return new
    return z, u


def _nearest(u: Array, low: Array, high: Array) -> Array:
    result: Array = np.where(u - low < high - u, low, high)
    return result


def _valid(problem: Problem, z: Array, u: Array, *, on: Mask) -> bool:
    """Whether u stays in its box and the events off their kinks are on the side of their slope."""
    loss, w = problem.loss, problem.w
    if not isinstance(loss, KinkedLoss):
        return False
    low, high, kink = loss.pieces(problem.y)
    slack = 1e-9 * w * (high - low)
    if np.any(u < w * low - slack) or np.any(u > w * high + slack):
        return False
    side = problem.design.predict(z) - kink
    near = 1e-9 * max(1.0, float(np.abs(kink).max()))
    right = u > 0.5 * w * (low + high)
    return not (np.any(side[~on & right] < -near) or np.any(side[~on & ~right] > near))


def _face(problem: Problem, lam: float, z: Array, u: Array, *, on: Mask) -> tuple[Array, Array] | None:
    """Newton's method on the equations of one face (linear but for groups)."""
    design = problem.design
    live = np.r_[_live(problem.penalty, z[: design.p]), np.ones(design.size - design.p, dtype=bool)]
    places = np.flatnonzero(live)
    columns = np.concatenate([block[:, on[rows]] for rows, block in design.blocks()], axis=1)[places]
    kink = problem.loss.pieces(problem.y)[2][on] if isinstance(problem.loss, KinkedLoss) else np.zeros(0)
    z, u = np.where(live, z, 0.0), u.copy()
    for _ in range(8):
        slope, curvature = _penalty_calculus(problem.penalty, lam, z, design.p)
        upper = design.pull_back(u)[places] + slope[places]
        lower = design.predict(z)[on] - kink
        size = len(places) + len(lower)
        matrix = np.zeros((size, size))
        matrix[: len(places), : len(places)] = curvature[np.ix_(places, places)]
        matrix[: len(places), len(places) :] = columns
        matrix[len(places) :, : len(places)] = columns.T
        step = _least_squares(matrix, -np.r_[upper, lower])
        z[places] += step[: len(places)]
        u[on] += step[len(places) :]
        if not np.all(np.isfinite(z)):
            return None
        if np.abs(step).max(initial=0.0) <= 1e-13 * max(1.0, float(np.abs(z).max()), float(np.abs(u).max())):
            break
    return z, u


def _least_squares(matrix: Array, right: Array) -> Array:
    """Solve, or where the face is degenerate take the shortest solution."""
    scale = np.sqrt(np.maximum(np.abs(matrix).max(axis=1, initial=0.0), 1e-300))
    scaled = matrix / scale / scale[:, None]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", linalg.LinAlgWarning)
        try:
            return np.asarray(linalg.solve(scaled, right / scale, assume_a="sym") / scale)
        except (linalg.LinAlgError, linalg.LinAlgWarning):
            return np.asarray(linalg.lstsq(scaled, right / scale, cond=1e-12)[0] / scale)


def _live(penalty: Penalty, theta: Array) -> Mask:
    sparse = l1_share(penalty) > 0 or isinstance(penalty, GroupL1)
    return theta != 0 if sparse else np.ones(len(theta), dtype=bool)


def _penalty_calculus(penalty: Penalty, lam: float, z: Array, p: int) -> tuple[Array, Array]:
    """Slope and curvature of λΩ where no live coefficient (group) is zero."""
    slope, curvature = np.zeros(len(z)), np.zeros((len(z), len(z)))
    if isinstance(penalty, GroupL1):
        for members, weight in zip(penalty.members(), penalty.weights, strict=True):
            norm = float(np.linalg.norm(z[members]))
            if norm > 0:
                unit = z[members] / norm
                slope[members] = lam * weight * unit
                curvature[np.ix_(members, members)] = (
                    lam * weight / norm * (np.eye(len(unit)) - np.outer(unit, unit))
                )
        return slope, curvature
    cut, ridge = lam * l1_share(penalty), lam * ridge_share(penalty)
    slope[:p] = cut * np.sign(z[:p]) + ridge * z[:p]
    curvature[np.arange(p), np.arange(p)] = ridge
    return slope, curvature
