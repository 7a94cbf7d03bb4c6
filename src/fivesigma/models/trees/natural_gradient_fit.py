"""How the parameters of a law are boosted: the descent of its likelihood, on all rows of a table or some of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from typing_extensions import override

from fivesigma.features.columns import Floats
from fivesigma.models.trees.binning import Bins
from fivesigma.models.trees.boosting_fit import boosted
from fivesigma.models.trees.boosting_losses import Descent
from fivesigma.models.trees.boosting_rounds import Plan
from fivesigma.models.trees.distributions import NAMED, Array, Distribution
from fivesigma.models.trees.nodes import Grown, Tree

_LONGEST = 1.0
"""Step of log s in one round before the learning rate: Fisher's step overshoots far from the optimum."""
_GRID = 2.0**36


@final
class Likelihood(Descent):
    """Minus the logarithm of the density of a law; its outputs are μ and log s of targets in standard scores.

    Of log s all curvatures are 1. Of μ they are 1/s where Fisher's information, a number times 1/s², was divided out
    of slopes, times s: a step is the mean of events' own natural gradients, that of t - μ for a normal law, each with
    weight 1/s. With 1/s², as the information asks for, those that are told well already are all that is followed.
    """

    curved = 1

    def __init__(self, law: Distribution) -> None:
        self.law = law
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
    descent: Descent
    plan: Plan
    tell: Told

    def boosted(self, rows: Any, n_rounds: int) -> tuple[Array, list[Tree]]:
        """Return where ``rows`` begin, and their trees of ``n_rounds``."""
        plan = self.plan._replace(rounds=n_rounds)
        return boosted(self.bins, self.X[rows], self.t[rows], self.w[rows], self.descent, plan, self.tell)

    def grown(self, trees: list[Tree], n_rounds: int) -> Grown:
        """Return the first ``n_rounds`` of the trees."""
        return Grown.of(self.bins, trees[: 2 * n_rounds], [0, 1] * n_rounds)


def residuals(t: Array, theta: Array) -> Array:
    """Return ``(t - μ)/s`` (n,) at outputs (n, 2)."""
    return np.asarray((t - theta[:, 0]) * np.exp(-theta[:, 1]))
