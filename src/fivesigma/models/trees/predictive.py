"""A predictive law for each row: its moments, quantiles, density and scores, all of one recalibrated distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from fivesigma._core.errors import InputError
from fivesigma.models.trees.distributions import Distribution
from fivesigma.models.trees.recalibration import Recalibration
from fivesigma.risk.metric import checked_weights

Array = NDArray[np.float64]
NORMAL_SCORES = np.linspace(-8.0, 8.0, 401)
"""Normal scores at which expectations are summed."""
SHARES = np.exp(-0.5 * NORMAL_SCORES**2) / np.exp(-0.5 * NORMAL_SCORES**2).sum()
"""What each of them counts for."""
_ROWS = 4096  # rows at a time where a sum needs (rows, 401) numbers


@dataclass(frozen=True, eq=False)
class PredictiveLaw:
    """The laws of n rows, ``y = g(μ + s e)`` with e recalibrated: one law for every question asked of it.

    Attributes
    ----------
    distribution : the family
    parameters : (n, 2) μ and log s, before recalibration
    recalibration : the monotone map of the probability integral transform

    Examples
    --------
    >>> from fivesigma.models.trees.distributions import Normal
    >>> law = PredictiveLaw(Normal(), np.zeros((1, 2)))
    >>> law.quantile(0.8413447460685429).round(9), law.logpdf([0.0]).round(6)
    (array([1.]), array([-0.918939]))
    """

    distribution: Distribution
    parameters: Array
    recalibration: Recalibration = field(default_factory=Recalibration.identity)

    def __len__(self) -> int:
        return len(self.parameters)

    @cached_property
    def _base(self) -> Array:
        """Return (401,) values of e at the normal scores `NORMAL_SCORES`."""
        return self.recalibration.backward(self.distribution.from_normal(NORMAL_SCORES))

    @cached_property
    def mean(self) -> Array:
        """(n,) mean, in the unit of y."""
        if not self.distribution.logarithmic:
            return np.asarray(self.parameters[:, 0] + self._scale * (SHARES @ self._base))
        return self._summed(lambda y, rows: y @ SHARES)

    @cached_property
    def std(self) -> Array:
        """(n,) standard deviation, in the unit of y."""
        if not self.distribution.logarithmic:
            centred = self._base - SHARES @ self._base
            return np.asarray(self._scale * (SHARES @ centred**2) ** 0.5)
        return self._summed(lambda y, rows: np.sqrt((y - (y @ SHARES)[:, None]) ** 2 @ SHARES))

    def quantile(self, q: float | ArrayLike) -> Array:
        """Return the quantile of each row: (n,) for one level ``q`` in (0, 1), (n, m) for m levels."""
        levels = np.asarray(q, dtype=np.float64)
        if not ((levels > 0) & (levels < 1)).all() or levels.ndim > 1:
            raise InputError(f"q is {q!r}; expected probabilities between 0 and 1, both excluded.")
        e = self.recalibration.backward(self.distribution.from_normal(np.atleast_1d(ndtri(levels))))
        y = self.distribution.outer(self.parameters[:, :1] + self._scale[:, None] * e)
        return y if levels.ndim else y[:, 0]

    def interval(self, level: float) -> tuple[Array, Array]:
        """Return the ends (n,) of the central interval that holds y with probability ``level``."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def cdf(self, y: ArrayLike) -> Array:
        """Return the probability integral transform (n,) of ``y`` (n,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            below = ndtr(self.distribution.to_normal(self.recalibration.forward(self._z(y))))
        return np.where(np.isnan(below), 0.0, below)  # beyond the support: y <= 0 of a log-normal

    def logpdf(self, y: ArrayLike) -> Array:
        """Return the log density (n,) at ``y`` (n,); -inf beyond the support."""
        values, z = np.asarray(y, dtype=np.float64), self._z(y)
        # log f(T(z)) + log T'(z) - log s + log |dt/dy|
        base = self.distribution.log_density(self.recalibration.forward(z)) - self.parameters[:, 1]
        density = base + np.log(self.recalibration.slope(z)) + self.distribution.log_jacobian(values)
        return np.where(np.isnan(density), -np.inf, density)

    def crps(self, y: ArrayLike) -> Array:
        """Return the continuous ranked probability score (n,), in the unit of y; 0 is best.

        ``E|Y - y| - ½ E|Y - Y'|``, Gneiting & Raftery (2007), eq. 21; summed over 401 quantiles, good to 1e-4 s.
        """
        values, spread = self._given(y), SHARES * (2 * np.cumsum(SHARES) - SHARES - 1)
        return self._summed(lambda t, rows: np.abs(t - values[rows, None]) @ SHARES - t @ spread)

    def sample(self, n_draws: int, rng: np.random.Generator) -> Array:
        """Return (n, n_draws) independent draws from the law of each row."""
        x = rng.standard_normal((len(self), n_draws))
        e = self.recalibration.backward(self.distribution.from_normal(x))
        return self.distribution.outer(self.parameters[:, :1] + self._scale[:, None] * e)

    @cached_property
    def _scale(self) -> Array:
        return np.asarray(np.exp(self.parameters[:, 1]))

    def _given(self, y: ArrayLike) -> Array:
        values = np.asarray(y, dtype=np.float64)
        if values.shape != (len(self),):
            raise InputError(f"y has shape {values.shape}; expected ({len(self)},), one value a row.")
        return values

    def _z(self, y: ArrayLike) -> Array:
        return np.asarray((self.distribution.inner(self._given(y)) - self.parameters[:, 0]) / self._scale)

    def _summed(self, term: Callable[[Array, slice], Any]) -> Array:
        """Return ``term`` of the (rows, 401) values of y at `NORMAL_SCORES`, some rows at a time."""
        done = []
        for start in range(0, len(self), _ROWS):
            rows = slice(start, start + _ROWS)
            t = self.parameters[rows, :1] + self._scale[rows, None] * self._base
            done.append(np.asarray(term(self.distribution.outer(t), rows)))
        return np.concatenate(done)


def negative_log_likelihood(law: PredictiveLaw, y: ArrayLike, w: ArrayLike | None = None) -> float:
    """Return the weighted mean of -log p(y), in nats; infinite where an event lies beyond the support."""
    return _averaged(-law.logpdf(y), w)


def continuous_ranked_probability_score(
    law: PredictiveLaw, y: ArrayLike, w: ArrayLike | None = None
) -> float:
    """Return the weighted mean of `PredictiveLaw.crps`, in the unit of y."""
    return _averaged(law.crps(y), w)


def _averaged(terms: Array, w: ArrayLike | None) -> float:
    weight = np.ones(terms.size) if w is None else checked_weights(np.asarray(w), terms.size)
    return float(weight[weight > 0] @ terms[weight > 0] / weight.sum())
