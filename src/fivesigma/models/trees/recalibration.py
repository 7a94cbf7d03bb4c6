"""The monotone map that makes predicted probabilities come true: Kuleshov, Fenner & Ermon (2018), arXiv:1807.00263."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fivesigma._core.saved_state import SavedState
from fivesigma.models.trees.distributions import Distribution
from fivesigma.risk.quantiles import quantiles

Array = NDArray[np.float64]
_KNOTS = np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
_STEEPEST = 20.0  # slopes outside [1/20, 20] are accidents of a handful of events
_EVENTS_PER_TAIL = 8  # events wanted beyond the outermost knot


@dataclass(frozen=True, eq=False)
class Recalibration:
    """``R(u) = F(T(F⁻¹(u)))``: T rises in straight pieces and goes on straight at both ends; F is the base law.

    Working on ``z = (t - μ)/s`` instead of on u = F(z) keeps the tails: a law that is overconfident by a factor c has
    ``T(z) = z/c``, exactly one straight line. R maps the probability integral transform of held-out events to a
    uniform one; then F∘T is their distribution, ``T⁻¹∘F⁻¹`` its quantile, ``f(T(z)) T'(z)`` its density.

    Attributes
    ----------
    given, wanted : (m,) knots of T, both rising
    """

    given: Array
    wanted: Array

    @classmethod
    def identity(cls) -> Recalibration:
        """Return T(z) = z."""
        return cls(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))

    @classmethod
    def of(
        cls, z: Array, base: Distribution, w: Array | None = None, groups: NDArray[Any] | None = None
    ) -> Recalibration:
        """Return the map that takes the residuals ``z`` (n,) of held-out events to the base law.

        T takes the weighted quantiles of z to those of the base law, at the probabilities that a Gaussian has from
        -2σ to 2σ by halves; fewer where events (or their groups) are few, and none below 20.

        >>> from fivesigma.models.trees.distributions import Normal
        >>> z = 2 * np.random.default_rng(0).normal(size=100_000)
        >>> abs(float(Recalibration.of(z, Normal()).slope(np.zeros(1))[0]) - 0.5) < 0.02
        True
        """
        # copies of an event are one event, as its weight would be
        same = np.unique(z if groups is None else groups, return_inverse=True)[1]
        weight = np.bincount(same, weights=w)
        n = float(weight.sum() ** 2 / (weight @ weight))
        knots = _KNOTS[n * ndtr(-np.abs(_KNOTS)) >= _EVENTS_PER_TAIL]
        if n < 20 or knots.size < 2:
            return cls.identity()
        wanted = base.from_normal(knots)
        return cls(_rising(quantiles(z, ndtr(knots), w), wanted), wanted)

    def forward(self, z: Array) -> Array:
        """Return T(z)."""
        return _straight(z, self.given, self.wanted)

    def backward(self, e: Array) -> Array:
        """Return T⁻¹(e)."""
        return _straight(e, self.wanted, self.given)

    def slope(self, z: Array) -> Array:
        """Return T'(z)."""
        piece = np.searchsorted(self.given[1:-1], z, side="right")
        return (np.diff(self.wanted) / np.diff(self.given))[piece]

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        m = len(state.floats("given", (None,)))
        state.floats("wanted", (m,))
        rising = m > 1 and (np.diff(self.given) > 0).all() and (np.diff(self.wanted) > 0).all()
        state.expect(rising, "given", "two or more knots, rising in both")


def _rising(given: Array, wanted: Array) -> Array:
    """Return ``given`` with steps no smaller and no larger than the steepest slope allows."""
    steps = np.diff(wanted)
    bounded = np.clip(np.diff(given), steps / _STEEPEST, steps * _STEEPEST)
    middle = len(given) // 2
    path = np.concatenate([[0.0], np.cumsum(bounded)])
    return np.asarray(path - path[middle] + given[middle])


def _straight(x: Array, a: Array, b: Array) -> Array:
    """Return the line through (a, b), continued straight."""
    piece = np.searchsorted(a[1:-1], x, side="right")
    return np.asarray(b[piece] + (x - a[piece]) * (np.diff(b) / np.diff(a))[piece])
