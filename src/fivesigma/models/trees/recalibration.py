"""The monotone map that makes predicted probabilities come true: Kuleshov, Fenner & Ermon (2018), arXiv:1807.00263."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fivesigma.risk.quantiles import quantiles

Array = NDArray[np.float64]
_KNOTS = np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
_STEEPEST = 20.0  # slopes outside [1/20, 20] are accidents of a handful of events
_EVENTS_PER_TAIL = 8  # events wanted beyond the outermost knot


@dataclass(frozen=True, eq=False)
class Recalibration:
    """``R(u) = Φ(T(Φ⁻¹(u)))``: T rises in straight pieces and goes on straight at both ends.

    Working on normal scores instead of on u keeps the tails: a Gaussian that is overconfident by a factor c has
    ``T(x) = x/c``, exactly one straight line. R maps the probability integral transform u = F(y) of held-out events
    to a uniform one; then R∘F is the law, ``F⁻¹∘R⁻¹`` its quantile, ``R'(F(y)) f(y)`` its density.

    Attributes
    ----------
    given, wanted : (m,) knots of T, both rising
    """

    given: Array
    wanted: Array

    @classmethod
    def identity(cls) -> Recalibration:
        """Return T(x) = x."""
        return cls(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))

    @classmethod
    def of(cls, x: Array, w: Array | None = None) -> Recalibration:
        """Return the map that takes the normal scores ``x`` (n,) of held-out events to a standard Gaussian.

        T passes through the weighted quantiles of x at those of a Gaussian from -2σ to 2σ by halves; fewer where
        events are few, and none below 20.

        >>> x = 2 * np.random.default_rng(0).normal(size=100_000)
        >>> Recalibration.of(x).slope(np.zeros(1)).round(2)
        array([0.5])
        """
        same = np.unique(x, return_inverse=True)[
            1
        ]  # copies of an event are one event, as its weight would be
        weight = np.bincount(same, weights=w)
        n = float(weight.sum() ** 2 / (weight @ weight))
        knots = _KNOTS[n * ndtr(-np.abs(_KNOTS)) >= _EVENTS_PER_TAIL]
        if n < 20 or knots.size < 2:
            return cls.identity()
        given = quantiles(x, ndtr(knots), w)
        return cls(_rising(given, knots), knots)

    def forward(self, x: Array) -> Array:
        """Return T(x)."""
        return _straight(x, self.given, self.wanted)

    def backward(self, x: Array) -> Array:
        """Return T⁻¹(x)."""
        return _straight(x, self.wanted, self.given)

    def slope(self, x: Array) -> Array:
        """Return T'(x)."""
        piece = np.searchsorted(self.given[1:-1], x, side="right")
        return (np.diff(self.wanted) / np.diff(self.given))[piece]


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
