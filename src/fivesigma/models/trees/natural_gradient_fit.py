"""How the parameters of a law are boosted: the descent of its likelihood, on all rows of a table or some of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fivesigma.features.columns import Floats
from fivesigma.models.trees.binning import Bins
from fivesigma.models.trees.boosting_fit import boosted
from fivesigma.models.trees.boosting_losses import Descent
from fivesigma.models.trees.boosting_rounds import Plan
from fivesigma.models.trees.distributions import NAMED, Array, Distribution
from fivesigma.models.trees.nodes import Grown, Tree
from fivesigma.models.trees.predictive import NORMAL_SCORES, SHARES

_LONGEST = 1.0
"""Step of log s in one round before the learning rate: Fisher's step overshoots far from the optimum."""
_GRID = 2.0**36


@final
class Likelihood(Descent):
    """Minus the logarithm of the density of a law; its outputs are μ and log s of targets in standard scores.

    Slopes are divided by Fisher's information, a number for log s, whose curvatures are all 1, and a number times 1/s²
    for μ. A step of μ is the mean of events' own natural gradients, those of a normal law being t - μ, with weights
    1/s²; or, where a law is to be ``even``, 1/s (Seitzer et al. 2022, arXiv:2203.09168).
    """

    curved = 1

    def __init__(self, law: Distribution, even: bool = False) -> None:
        self.law, self.even = law, even
        self.threads = type(law) in {type(each) for each in NAMED.values()}  # of one's own, nobody knows

    @override
    def longest(self, k: int) -> float:
        return _LONGEST if k == 1 else math.inf

    @override
    def start(self, y: Array, w: Array) -> Array:
        """Weighted mean and log standard deviation, on a grid: of how they were summed nothing is left."""
        mean = np.average(y, weights=w)
        spread = 0.5 * np.log(max(np.average((y - mean) ** 2, weights=w), 1e-300))
        return np.asarray(np.round(np.array([mean, spread]) * _GRID) / _GRID)

    @override
    def set_slopes(self, raw: Array, y: Array, slope: Array, curvature: Array) -> None:
        per_scale = np.exp(-raw[1])
        of_mu, of_scale = self.law.slope((y - raw[0]) * per_scale)
        information = self.law.information
        np.divide(of_mu, information[0], out=slope[0])
        np.divide(of_scale, information[1], out=slope[1])
        curvature[0] = per_scale
        if not self.even:
            slope[0] *= per_scale
            curvature[0] *= per_scale


class Told:
    """Counts rounds, and tells who asked."""

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self) -> None:
        """Count one round more."""
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a fit, and how some of them are boosted."""

    bins: Bins
    X: Floats
    t: Array
    w: Array
    descent: Likelihood
    plan: Plan
    tell: Told

    def boosted(self, rows: Any, n_rounds: int) -> tuple[Array, list[Tree]]:
        """Return where ``rows`` begin, and their trees of ``n_rounds``."""
        plan = self.plan._replace(rounds=n_rounds)
        return boosted(self.bins, self.X[rows], self.t[rows], self.w[rows], self.descent, plan, self.tell)

    def grown(self, trees: list[Tree], n_rounds: int) -> Grown:
        """Return the first ``n_rounds`` of the trees."""
        return Grown.of(self.bins, trees[: 2 * n_rounds], [0, 1] * n_rounds)


@dataclass(frozen=True, eq=False)
class Held:
    """Rows ``out`` (n,) that a fold holds out: where they begin (n, 2), the trees of the others, and the sum of their
    negative log-likelihoods after each round.
    """

    rows: Rows
    out: NDArray[np.int64]
    begun: Array
    trees: list[Tree]
    losses: Array

    @classmethod
    def of(cls, rows: Rows, fold: NDArray[Any], k: int, n_rounds: int) -> Held:
        """Boost the rows that are not in fold ``k``."""
        out, law = np.flatnonzero(fold == k), rows.descent.law
        start, trees = rows.boosted(np.flatnonzero(fold != k), n_rounds)
        begun, losses = np.tile(start, (out.size, 1)), np.zeros(n_rounds)
        stages = rows.grown(trees, n_rounds).stages(rows.X[out], begun.copy(), n_rounds)
        for m, theta in enumerate(stages):
            density = law.log_density(residuals(rows.t[out], theta)) - theta[:, 1]
            losses[m] = -(rows.w[out] @ density)
        return cls(rows, out, begun, trees, losses)

    @property
    def best(self) -> int:
        """The rounds of the lowest loss."""
        return int(np.argmin(self.losses)) + 1

    def outputs(self, n_rounds: int) -> Array:
        """Return what so many rounds say of the rows that are held out (n, 2)."""
        return self.rows.grown(self.trees, n_rounds).added(self.rows.X[self.out], self.begun.copy())

    def score(self) -> float:
        """Return the `ranked_score` after the best rounds."""
        rows, out = self.rows, self.out
        return ranked_score(rows.descent.law, rows.t[out], self.outputs(self.best), rows.w[out])


def residuals(t: Array, theta: Array) -> Array:
    """Return ``(t - μ)/s`` (n,) at outputs (n, 2)."""
    return np.asarray((t - theta[:, 0]) * np.exp(-theta[:, 1]))


def ranked_score(law: Distribution, t: Array, theta: Array, w: Array) -> float:
    """Return the weighted mean of the continuous ranked probability score of ``t`` (n,) at outputs (n, 2).

    By the 401 quantiles of `PredictiveLaw.crps`, whose distance to a number is a sum over those on either side;
    infinite where outputs are beyond what a float holds.
    """
    e, z = law.from_normal(NORMAL_SCORES), residuals(t, theta)
    below, upto = np.searchsorted(e, z, side="right"), np.concatenate([[0.0], np.cumsum(SHARES)])
    sums = np.concatenate([[0.0], np.cumsum(SHARES * e)])
    distance = z * (2 * upto[below] - upto[-1]) + sums[-1] - 2 * sums[below]
    spread = SHARES * e @ (2 * np.cumsum(SHARES) - SHARES - 1)
    with np.errstate(over="ignore", invalid="ignore"):
        score = w @ (np.exp(theta[:, 1]) * (distance - spread)) / w.sum()
    return float(score) if np.isfinite(score) else math.inf
