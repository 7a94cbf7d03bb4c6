"""What boosting descends: the slopes and curvatures of each loss, where it starts, and what a leaf says.

A loss whose curvature tells how far to go lets a leaf take Newton's step. The others are grown on slopes alone, and a
leaf takes the step that is best for its events: of straight pieces a weighted quantile of what is left (Friedman 2001,
doi:10.1214/aos/1013203451, algorithm 3), of a loss of one's own the root of its summed slope.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fivesigma._core.compiled import compiled
from fivesigma._core.errors import InputError, one_of
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees.binning import Array
from fivesigma.models.trees.boosting_loop import rounds_of_two_classes, slopes_of_two_classes
from fivesigma.models.trees.boosting_quantile import quantile, quantiles_left
from fivesigma.risk.losses import REGRESSION, Absolute, Huber, Loss, Poisson, Quantile, Squared
from fivesigma.risk.own_loss import check_slope, name_of, own_loss

_DOUBLINGS, _HALVINGS = 60, 40
_QUARTILES = 1.3489795003921634  # a Gaussian's quartiles lie this many standard deviations apart


class Descent(ABC):
    """A loss as boosting needs it: ``raw`` outputs are (K, n), as are slopes and curvatures."""

    curved: int = 2**31
    """Of how many outputs, the first ones, curvatures differ from event to event; of the others they are 1."""
    newton: bool = True
    """Whether a leaf takes Newton's step."""
    threads: bool = True
    """Whether parts of the rows may be asked at once."""

    rounds: ClassVar[Callable[..., None] | None] = None
    """What goes several rounds in one call; of most losses there is none."""

    def longest(self, k: int) -> float:
        """Return the longest step of output ``k`` in one round, before the learning rate."""
        del k
        return math.inf

    @abstractmethod
    def start(self, y: NDArray[Any], w: Array) -> Array:
        """Return the outputs (K,) that all events begin with."""

    @abstractmethod
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        """Set the derivatives of each event's loss by its outputs, first and, of those ``curved``, second."""

    def steps(
        self, raw: Array, y: Array, w: Array, rows: NDArray[np.int32], ends: NDArray[np.int64]
    ) -> Array:
        """Return the best step of each leaf, whose ``rows`` end at ``ends``, from outputs ``raw`` (n,) on."""
        raise NotImplementedError


@final
class CrossEntropy(Descent):
    """Of two classes, y their codes: ``log(1 + exp(f)) - y f``."""

    rounds = staticmethod(rounds_of_two_classes)

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        share = np.bincount(y, weights=w)
        return np.array([np.log(share[1] / share[0])])

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        slopes_of_two_classes(raw[0], y, slope[0], curvature[0])


@final
class SoftmaxEntropy(Descent):
    """Of K classes, y their codes: ``log Σ_k exp(f_k) - f_y``, each output's curvature alone."""

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        share = np.bincount(y, weights=w)
        return np.asarray(np.log(share / w.sum()))

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        _of_classes(raw, y, slope, curvature)


@final
class SquaredError(Descent):
    """``(f - y)² / 2``."""

    curved = 0

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        return np.zeros(1)  # the target is a standard score

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        np.subtract(raw[0], y, out=slope[0])


@final
class Counts(Descent):
    """Poisson's ``exp(f) - y f``, the mean of y being 1."""

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        return np.zeros(1)

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        np.exp(raw, out=curvature)
        np.subtract(curvature[0], y, out=slope[0])


@final
class Gamma(Descent):
    """``f + y exp(-f)``: of a positive target whose error is a share of it, the mean of y being 1."""

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        return np.zeros(1)

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        np.multiply(y, np.exp(-raw[0]), out=curvature[0])
        np.subtract(1.0, curvature[0], out=slope[0])


@final
class Pinball(Descent):
    """``τ (y - f)`` where y > f, else ``(1 - τ)(f - y)``: the τ-quantile; the median's is half the absolute error.

    Where the weight up to a value is τ of all to rounding, the quantile lies midway to the next: copies of events
    and their weights have one.
    """

    curved = 0
    newton = False

    def __init__(self, tau: float) -> None:
        self.tau = tau

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        return np.array([quantile(y.copy(), w.copy(), self.tau)])

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        _of_quantile(raw[0], y, self.tau, slope[0])

    @override
    def steps(
        self, raw: Array, y: Array, w: Array, rows: NDArray[np.int32], ends: NDArray[np.int64]
    ) -> Array:
        return np.asarray(quantiles_left(y, raw, w, rows, ends, self.tau))


@final
class OneSOwn(Descent):
    """A loss of this package or of the user's, of which its slope is known: in units of the target."""

    curved = 0
    newton = False
    threads = False

    def __init__(self, loss: Loss, spread: float) -> None:
        self.loss, self.spread = loss, spread

    @override
    def start(self, y: NDArray[Any], w: Array) -> Array:
        middle = quantile(y.copy(), w.copy(), 0.5)
        rows, ends = np.arange(len(y), dtype=np.int32), np.array([len(y)])
        return np.asarray(middle + self.steps(np.full(len(y), middle), y, w, rows, ends))

    @override
    def set_slopes(self, raw: Array, y: NDArray[Any], slope: Array, curvature: Array) -> None:
        slope[0] = self.loss.slope(raw[0], y)
        if not np.isfinite(slope[0]).all():
            at = int(np.flatnonzero(~np.isfinite(slope[0]))[0])
            raise InputError(
                f"the slope of the loss is {slope[0, at]:g} at prediction {raw[0, at]:.4g}, target {y[at]:.4g}; "
                "expected a number."
            )

    @override
    def steps(
        self, raw: Array, y: Array, w: Array, rows: NDArray[np.int32], ends: NDArray[np.int64]
    ) -> Array:
        """Where the summed slope of a leaf has its root: bracketed by doubled steps, then halved (Illinois)."""
        begins = np.concatenate([[0], ends[:-1]])
        f, target, weight, sizes = raw[rows], y[rows], w[rows], np.diff(np.concatenate([[0], ends]))

        def summed(step: Array) -> Array:
            return np.asarray(
                np.add.reduceat(weight * self.loss.slope(f + np.repeat(step, sizes), target), begins)
            )

        return _roots(summed, len(ends), self.spread)


def _roots(summed: Any, n: int, spread: float) -> Array:
    """Return where each of ``n`` rising functions has its root; 0 of one that has none."""
    low = np.zeros(n)
    at_low = summed(low)
    away, open_ = -np.sign(at_low) * 1e-3 * spread, at_low != 0
    high, at_high = low.copy(), at_low.copy()
    for _ in range(_DOUBLINGS):
        if not open_.any():
            break
        tried = np.where(open_, high + away, high)
        found = summed(tried)
        across = open_ & (found * at_low <= 0)
        low, at_low = np.where(open_ & ~across, tried, low), np.where(open_ & ~across, found, at_low)
        high, at_high = np.where(open_, tried, high), np.where(open_, found, at_high)
        away, open_ = 2.0 * away, open_ & ~across
    if open_.any():  # for ever downhill: no step is best
        low[open_] = high[open_] = at_high[open_] = at_low[open_] = 0.0
    for _ in range(_HALVINGS):
        inside = (at_high != 0) & (np.abs(high - low) > 1e-9 * (np.abs(high) + np.abs(low)))
        if not inside.any():
            break
        with np.errstate(invalid="ignore", divide="ignore"):
            tried = (low * at_high - high * at_low) / (at_high - at_low)
        tried = np.where(inside & np.isfinite(tried), tried, high)
        found = summed(tried)
        across = found * at_high < 0
        low, at_low = np.where(across, high, low), np.where(across, at_high, 0.5 * at_low)
        high, at_high = np.where(inside, tried, high), np.where(inside, found, at_high)
    return high


NAMES = ("squared_error", "absolute_error", "poisson", "gamma")
"""Losses of a regression that have a name; each other is an object."""
_NAMED = {"squared_error": Squared(), "absolute_error": Absolute(), "poisson": Poisson()}
Settled = tuple[Descent, TargetScale | None, float | None, Array]


def descent_of(loss: Any, y: Array, w: Array) -> Settled:
    """Return how to descend a loss of a regression on targets (n,) of weights (n,): the descent, the scale or the mean
    that the targets are divided by, and the targets as it sees them.

    Raises
    ------
    InputError
        For an unknown loss, one of classes, one whose slope is not its derivative, or targets that it does not admit.
    """
    if loss == "gamma":
        return _of_mean(Gamma(), y, w, "positive values for loss = 'gamma'", bool(y.min() > 0))
    found = _loss_of(loss)
    if isinstance(found, Poisson):
        counts = bool(y.min() >= 0 and y.max() > 0)
        return _of_mean(Counts(), y, w, "counts for loss = 'poisson': none negative, and not all 0", counts)
    if isinstance(found, Squared | Absolute | Quantile):
        scale = TargetScale.of(y, w)
        tau = found.tau if isinstance(found, Quantile) else 0.5
        return SquaredError() if isinstance(found, Squared) else Pinball(tau), scale, None, scale.rounded(y)
    return _own_descent(found, y, w), None, None, y


def _of_mean(descent: Descent, y: Array, w: Array, expected: str, admitted: bool) -> Settled:
    """Return a descent on targets in units of their mean; `InputError` where the loss does not admit them."""
    if not admitted:
        raise InputError(f"y goes from {y.min():g} to {y.max():g}; expected {expected}.")
    mean = float(np.average(y, weights=w))
    return descent, None, mean, y / mean


def _own_descent(loss: Loss, y: Array, w: Array) -> Descent:
    """Return the descent of a loss of which the slope alone is known."""
    if loss.task != REGRESSION:
        raise InputError(f"{name_of(loss)} is a loss of classes; expected one of a regression.")
    if said := loss.admits(y):
        raise InputError(f"{said}.")
    check_slope(loss, y)
    spread = TargetScale.of(y, w).deviation or 1.0
    if isinstance(loss, Huber) and loss.delta is None:
        low, high = (quantile(y.copy(), w.copy(), tau) for tau in (0.25, 0.75))
        loss = Huber((high - low) / _QUARTILES or spread)
    return OneSOwn(loss, spread)


def said_of(loss: Any, raw: Array, scale: TargetScale | None, mean: float | None) -> Array:
    """Return what outputs say of the target, in its units."""
    if scale is not None:
        return scale.values(raw)
    return _loss_of(loss).link(raw) if mean is None else np.asarray(mean * np.exp(raw))


def costs_of(loss: Any, raw: Array, y: Array, scale: TargetScale | None, mean: float | None) -> Array:
    """Return the loss of each event at these outputs: of standard scores where the targets have a scale."""
    if mean is not None:
        fraction = y / mean
        return raw + fraction * np.exp(-raw) if loss == "gamma" else np.exp(raw) - fraction * raw
    found = _loss_of(loss)
    return found.value(raw, y if scale is None else scale.scores(y))


def _loss_of(loss: Any) -> Loss:
    if loss is None or isinstance(loss, str):
        return _NAMED[one_of(loss or NAMES[0], NAMES, "loss")]
    return own_loss(loss)


@compiled
def _of_classes(raw: Any, y: Any, slope: Any, curvature: Any) -> None:
    K, n = raw.shape
    for i in range(n):
        top, total = raw[0, i], 0.0
        for k in range(1, K):
            top = max(top, raw[k, i])
        for k in range(K):
            slope[k, i] = np.exp(raw[k, i] - top)
            total += slope[k, i]
        for k in range(K):
            p = slope[k, i] / total
            slope[k, i] = p - (y[i] == k)
            curvature[k, i] = p * (1.0 - p)


@compiled
def _of_quantile(raw: Any, y: Any, tau: float, slope: Any) -> None:
    for i in range(len(raw)):
        slope[i] = 1.0 - tau if raw[i] > y[i] else (-tau if raw[i] < y[i] else 0.0)
