"""Standard errors of a linear law that no penalty holds: the textbook's, robust ones, and the bootstrap's.

A law minimises ``Σ w ℓ(x·θ + b, y)`` over the events; its scores are ``w (μ - y) x`` and its curvature ``Σ w v x x'``,
with ``μ`` what it predicts and ``v = dμ/dη``: 1 for least squares, ``μ (1 - μ)`` for the logistic law, ``μ`` for
Poisson's. Weights count how much an event stands for, so that their unit does not matter: twice as large, they leave
every error as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fivesigma._core.laws import t_ppf

Floats = NDArray[np.float64]

N_DRAWS = 1000
"""Weighted-bootstrap solutions: the error of an error is 2 %."""
AT_ONCE = 50
"""Solutions that are found together."""
MOST_WORK = 1e9
"""Multiplications beyond which the bootstrap takes its one Newton step with the curvature of the fit.

The covariance of such steps is known without drawing any.
"""
MOST_PRODUCTS = 4_000_000
"""Numbers of products of columns that are held at once."""
INDEPENDENT = 1e-10
"""Condition of the curvature below which columns are not told apart."""

LEAST_LEFT = 1e-6
"""Floor of what an event or block leaves of the curvature: one that alone tells a column apart leaves none."""

VARIANCES: dict[str, Callable[[Floats], Floats]] = {
    "squared": lambda mean: np.ones(len(mean)),
    "logistic": lambda mean: mean * (1 - mean),
    "poisson": lambda mean: mean,
}
"""``v`` of each law by the name of its loss."""


@dataclass(frozen=True, eq=False)
class Law:
    """A fitted law: its design (n, q), the intercept's ones among the columns, target, prediction, weights, blocks.

    ``loss`` is one of `VARIANCES`; ``blocks`` (n,) are the labels of what is drawn as a whole, None for single events.
    """

    design: Floats
    y: Floats
    mean: Floats
    loss: str = "squared"
    w: Floats | None = None
    blocks: NDArray[Any] | None = None

    @property
    def weights(self) -> Floats:
        """The weights (n,), of mean one."""
        w = np.ones(len(self.y)) if self.w is None else np.asarray(self.w, float)
        return np.asarray(w / w.mean(), float)


@dataclass(frozen=True, eq=False)
class StandardErrors:
    """Covariances (q, q) of the coefficients: classical, robust, of the bootstrap's solutions; and their ν."""

    classical: Floats
    robust: Floats
    bootstrap: Floats
    dof: float

    def through(self, change: Floats) -> StandardErrors:
        """Return the covariances of ``change @ θ``, for a matrix (q', q)."""
        classical, robust, bootstrap = (
            change @ each @ change.T for each in (self.classical, self.robust, self.bootstrap)
        )
        return StandardErrors(classical, robust, bootstrap, self.dof)

    def reach(self, level: float = 0.95) -> Floats:
        """Return half the width (q,) of the intervals that the robust errors give."""
        return np.asarray(t_ppf((1 + level) / 2, self.dof) * errors(self.robust), float)


def errors(covariance: Floats) -> Floats:
    """Return the standard errors (q,) of a covariance."""
    return np.sqrt(np.maximum(np.diag(covariance), 0.0))


def correlation(covariance: Floats) -> Floats:
    """Return the correlations (q, q) of a covariance, NaN where an error is 0."""
    size = errors(covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(covariance / np.outer(size, size), float)


def standard_errors(law: Law, rng: np.random.Generator, *, n_draws: int = N_DRAWS) -> StandardErrors | None:
    """Return the errors of a law, None where its columns depend on each other or leave no degree of freedom.

    - classical: the inverse curvature; of least squares times the variance of the residuals, ``Σ w r²/Σw`` widened
      from N to N - q, N being Kish's number of events.
    - robust: the sandwich of the squared scores, each over ``1 - h`` with its leverage h (HC3): the sum of squared
      steps that leaving out one event takes; of blocks that of leaving out one block (CR3).
    - bootstrap: ``n_draws`` solutions under exponential weights of whole blocks: in closed form for least squares, by
      one Newton step from the fit for the others.

    References
    ----------
    MacKinnon & White (1985), J. Econometrics 29, 305 (HC3); Bell & McCaffrey (2002), Survey
    Methodology 28, 169 (blocks);
    Newton & Raftery (1994), J. R. Stat. Soc. B 56, 3 (weighted bootstrap).

    Examples
    --------
    >>> x, y = np.array([-1.0, 1.0, -1.0, 1.0]), np.array([-2.0, 0.0, 0.0, 2.0])
    >>> law = Law(np.column_stack([x, np.ones(4)]), y, mean=x)
    >>> found = standard_errors(law, np.random.default_rng(0))
    >>> errors(found.classical).round(4).tolist()  # sqrt(4 / (4 - 2)) / sqrt(4)
    [0.7071, 0.7071]
    """
    w, v = law.weights, law.weights * VARIANCES[law.loss](law.mean)
    curvature = law.design.T @ (v[:, None] * law.design)
    bread = _inverse(curvature)
    n, q = law.design.shape
    units = n if law.blocks is None else len(np.unique(law.blocks))
    effective = float(w.sum() ** 2 / (w**2).sum())
    dof = min(effective, units) - q
    if bread is None or dof < 1:
        return None
    scores = w * (law.mean - law.y)
    classical = bread @ _squared(law.design, np.sqrt(w * v)) @ bread
    if law.loss == "squared":
        classical *= float(w @ (law.mean - law.y) ** 2 / w.sum()) * effective / (effective - q)
    steps = _without_each(law, scores, v, curvature, bread)
    robust = steps.T @ steps
    return StandardErrors(classical, robust, _bootstrap(law, scores, v, bread, rng, n_draws), dof)


def _inverse(curvature: Floats) -> Floats | None:
    """Return the inverse of a curvature, scaled to a unit diagonal on the way; None where it has none."""
    size = np.sqrt(np.diag(curvature))
    if not (size > 0).all() or not np.isfinite(size).all():
        return None
    scaled = curvature / np.outer(size, size)
    values = np.linalg.eigvalsh(scaled)
    if values[0] < INDEPENDENT * values[-1]:
        return None
    inverse: Floats = linalg.cho_solve(linalg.cho_factor(scaled), np.eye(len(size))) / np.outer(size, size)
    return inverse


def _squared(design: Floats, factor: Floats) -> Floats:
    """Return ``Σ factor² x x'``."""
    rows = factor[:, None] * design
    return np.asarray(rows.T @ rows)


def _without_each(law: Law, scores: Floats, v: Floats, curvature: Floats, bread: Floats) -> Floats:
    """Return the Newton steps (G, q) that the solution takes where an event, or a block, is left out."""
    gradient = scores[:, None] * law.design
    left = np.maximum(1 - v * np.sum((law.design @ bread) * law.design, axis=1), LEAST_LEFT)
    single = np.ones(len(v), bool) if law.blocks is None else _alone(law.blocks)
    steps = (gradient[single] / left[single, None]) @ bread
    if law.blocks is None or single.all():
        return np.asarray(steps)
    together = law.blocks[~single], law.design[~single], v[~single], gradient[~single]
    return np.vstack([steps, *_without_blocks(*together, curvature)])


def _alone(blocks: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which events are the only ones of their block."""
    _, block, size = np.unique(blocks, return_inverse=True, return_counts=True)
    return np.asarray(size[block] == 1)


def _without_blocks(
    blocks: NDArray[Any], design: Floats, v: Floats, gradient: Floats, curvature: Floats
) -> Iterator[Floats]:
    """Yield the steps of leaving out whole blocks, so many at a time that their products fit into memory."""
    q, order = design.shape[1], np.argsort(blocks, kind="stable")
    starts = np.flatnonzero(np.r_[True, blocks[order][1:] != blocks[order][:-1]])
    size = np.sqrt(np.diag(curvature))
    whole = curvature / np.outer(size, size) + LEAST_LEFT * np.eye(q)
    batch = np.cumsum(np.diff(np.r_[starts, len(order)])) // max(MOST_PRODUCTS // q**2, 1)
    for number in np.unique(batch):
        first, last = (
            starts[batch == number][0],
            np.r_[starts, len(order)][np.flatnonzero(batch == number)[-1] + 1],
        )
        rows, at = order[first:last], starts[batch == number] - first
        own = np.add.reduceat(_products(design[rows] / size, v[rows]), at).reshape(-1, q, q)
        moved = np.add.reduceat(gradient[rows], at) / size
        yield np.linalg.solve(whole - own, moved[:, :, None])[:, :, 0] / size


def _products(design: Floats, v: Floats) -> Floats:
    """Return ``v x x'`` of each event, (n, q²)."""
    n, q = design.shape
    return np.asarray((v[:, None, None] * design[:, :, None] * design[:, None, :]).reshape(n, q * q))


def _of_blocks(rows: Floats, blocks: NDArray[Any] | None) -> Floats:
    """Return rows summed over each block."""
    if blocks is None:
        return rows
    order = np.argsort(blocks, kind="stable")
    starts = np.flatnonzero(np.r_[True, blocks[order][1:] != blocks[order][:-1]])
    return np.asarray(np.add.reduceat(rows[order], starts))


def _bootstrap(
    law: Law, scores: Floats, v: Floats, bread: Floats, rng: np.random.Generator, n_draws: int
) -> Floats:
    """Return the covariance of the solutions under exponential weights: ``θ - H_c⁻¹ g_c`` from the fit θ."""
    n, q = law.design.shape
    gradient = scores[:, None] * law.design
    if n_draws * n * q * q > MOST_WORK:
        steps = _of_blocks(gradient, law.blocks) @ bread
        return np.asarray(steps.T @ steps)
    both = _of_blocks(np.hstack([gradient, _products(law.design, v)]), law.blocks)
    solved = []
    for start in range(0, n_draws, AT_ONCE):
        sums = rng.standard_exponential((min(AT_ONCE, n_draws - start), len(both))) @ both
        solved.append(-np.linalg.solve(sums[:, q:].reshape(-1, q, q), sums[:, :q, None])[:, :, 0])
    return np.asarray(np.cov(np.concatenate(solved).T).reshape(q, q), float)
