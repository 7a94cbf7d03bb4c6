"""The predictive law of an ensemble whose outputs are laws: the mixture of its members'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, ndtr, ndtri

from fivesigma._core.errors import InputError

Array = NDArray[np.float64]

_HALVINGS = 60  # of an interval that holds a quantile: to the last bit of float64


@dataclass(frozen=True, eq=False)
class MixtureLaw:
    """Mixtures of C normal laws, one for each of n rows, or for each of t targets of each row.

    Attributes
    ----------
    weight, centre, deviation : (n, C) or (n, t, C), in the unit of the target; the weights of a row sum to 1

    Examples
    --------
    >>> law = MixtureLaw(np.array([[0.5, 0.5]]), np.array([[-1.0, 1.0]]), np.ones((1, 2)))
    >>> law.mean, law.std.round(6), law.quantile(0.5).round(9) + 0.0
    (array([0.]), array([1.414214]), array([0.]))
    """

    weight: Array
    centre: Array
    deviation: Array

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def mean(self) -> Array:
        """(n,) or (n, t) mean."""
        return np.asarray((self.weight * self.centre).sum(axis=-1))

    @property
    def std(self) -> Array:
        """(n,) or (n, t) standard deviation: within the components and between them."""
        far = self.centre - self.mean[..., None]
        return np.asarray(np.sqrt((self.weight * (self.deviation**2 + far**2)).sum(axis=-1)))

    def cdf(self, y: ArrayLike) -> Array:
        """Return the probability of values up to ``y`` (n,) or (n, t)."""
        z = (np.asarray(y, dtype=np.float64)[..., None] - self.centre) / self.deviation
        return np.asarray((self.weight * ndtr(z)).sum(axis=-1))

    def logpdf(self, y: ArrayLike) -> Array:
        """Return the log density at ``y`` (n,) or (n, t)."""
        z = (np.asarray(y, dtype=np.float64)[..., None] - self.centre) / self.deviation
        with np.errstate(divide="ignore"):
            log = np.log(self.weight) - 0.5 * z**2 - np.log(self.deviation) - 0.5 * np.log(2 * np.pi)
        return np.asarray(logsumexp(log, axis=-1))

    def quantile(self, q: float | ArrayLike) -> Array:
        """Return the quantile of each law: (n,) or (n, t) for one level ``q`` in (0, 1), (..., m) for m levels.

        Raises
        ------
        InputError
            For a level that is not inside (0, 1).
        """
        levels = np.asarray(q, dtype=np.float64)
        if not ((levels > 0) & (levels < 1)).all() or levels.ndim > 1:
            raise InputError(f"q is {q!r}; expected probabilities between 0 and 1, both excluded.")
        found = np.stack([self._quantile(float(level)) for level in np.atleast_1d(levels)], axis=-1)
        return found if levels.ndim else found[..., 0]

    def interval(self, level: float) -> tuple[Array, Array]:
        """Return the ends of the central interval that holds the value with probability ``level``."""
        return self.quantile(0.5 * (1.0 - level)), self.quantile(0.5 * (1.0 + level))

    def _quantile(self, level: float) -> Array:
        """It lies between the lowest and the highest quantile of the components."""
        each = self.centre + self.deviation * ndtri(level)
        low, high = each.min(axis=-1), each.max(axis=-1)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            below = self.cdf(middle) < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(0.5 * (low + high))
