"""Coefficients of linear laws: what their classical and robust limits hold."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from benchmarks.scene import LEVEL, Scene, covered
from fivesigma.models.linear.errors import Law, errors, standard_errors

SLOPE = 2.0


def newton(A, y, loss, steps=12):
    """The unpenalised law by Newton's method."""
    theta = np.zeros(A.shape[1])
    for _ in range(steps):
        mean = special.expit(A @ theta) if loss == "logistic" else np.exp(A @ theta)
        v = mean * (1 - mean) if loss == "logistic" else mean
        theta = theta - np.linalg.solve(A.T @ (v[:, None] * A), A.T @ (mean - y))
    return theta


def slope(kind, *, spread, n=120):
    """The slope of a straight line whose noise grows with the distance from the middle by ``spread``."""

    def draw(rng):
        x = rng.normal(size=n)
        y = SLOPE * x + 1 + rng.normal(size=n) * (1 + spread * x**2)
        A = np.column_stack([x, np.ones(n)])
        theta = np.linalg.lstsq(A, y, rcond=None)[0]
        found = standard_errors(Law(A, y, A @ theta), rng, n_draws=2)
        reach = stats.t.ppf((1 + LEVEL) / 2, found.dof) * errors(getattr(found, kind))[0]
        return theta[0] - reach, theta[0] + reach, SLOPE

    return draw


def grouped(*, n_groups=40):
    """The slope of a line over groups that share a shift of slope and level."""

    def draw(rng):
        group = np.repeat(np.arange(n_groups), 8)
        level = rng.normal(size=n_groups)[group]
        x = rng.normal(size=n_groups)[group] + 0.5 * rng.normal(size=len(group))
        y = SLOPE * x + level + 0.5 * rng.normal(size=len(group))
        A = np.column_stack([x, np.ones(len(group))])
        theta = np.linalg.lstsq(A, y, rcond=None)[0]
        found = standard_errors(Law(A, y, A @ theta, blocks=group), rng, n_draws=2)
        return theta[0] - found.reach(LEVEL)[0], theta[0] + found.reach(LEVEL)[0], SLOPE

    return draw


def logistic(*, n=300):
    """The slope of a logistic law, by its robust limits."""

    def draw(rng):
        A = np.column_stack([rng.normal(size=n), np.ones(n)])
        y = (rng.random(n) < special.expit(A @ [1.0, -0.5])).astype(float)
        theta = newton(A, y, "logistic")
        found = standard_errors(Law(A, y, special.expit(A @ theta), "logistic"), rng, n_draws=2)
        return theta[0] - found.reach(LEVEL)[0], theta[0] + found.reach(LEVEL)[0], 1.0

    return draw


SCENES = {
    "slope-classical": Scene(
        "coefficient: slope, even noise, classical limits", slope("classical", spread=0.0)
    ),
    "slope-robust": Scene("coefficient: slope, even noise, robust limits", slope("robust", spread=0.0)),
    "slope-uneven": Scene("coefficient: slope, uneven noise, robust limits", slope("robust", spread=1.0)),
    "slope-uneven-classical": Scene(
        "coefficient: slope, uneven noise, classical limits", slope("classical", spread=1.0), promise="none"
    ),
    "slope-groups": Scene("coefficient: slope over 40 groups, robust limits", grouped()),
    "slope-logistic": Scene("coefficient: slope of a logistic law, robust limits", logistic()),
}


def in_small(name, studies):
    """The rate of a scene in ``studies`` studies, 1 where nothing is promised."""
    return 1.0 if SCENES[name].promise == "none" else covered(SCENES[name], studies, seed=2).rate
