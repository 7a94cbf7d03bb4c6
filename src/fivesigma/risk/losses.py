"""Losses ℓ(f, y): what one event costs when f is predicted and y is true, with the calculus of each.

``prediction`` is the linear score f, ``(n,)`` (``(n, K)`` for `Softmax`), ``target`` is y, ``(n,)``; labels
of a binary loss may be written 0/1 or −1/+1. Every method works event by event; event weights are applied by
the caller, class weights by the loss.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fivesigma._core.errors import InputError
from fivesigma._core.later import special
from fivesigma._core.saved_state import SavedState

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLASSIFICATION = "classification"
REGRESSION = "regression"


@runtime_checkable
class LossLike(Protocol):
    """The least a loss of one's own must offer: its value and its slope, event by event."""

    def value(self, prediction: Array, target: Array) -> Array:
        """Return ℓ(f, y) for each event."""
        ...

    def slope(self, prediction: Array, target: Array) -> Array:
        """Return ∂ℓ/∂f for each event."""
        ...


class Loss(ABC):
    """ℓ(f, y), its slope in f, and the link from score to prediction."""

    task: str = REGRESSION
    curvature_bound: float = np.inf
    vector_valued: bool = False
    """Whether an event has one score for each class, ``(n, K)``, instead of one, ``(n,)``."""

    @abstractmethod
    def value(self, prediction: Array, target: Array) -> Array:
        """Return ℓ(f, y) for each event."""

    @abstractmethod
    def slope(self, prediction: Array, target: Array) -> Array:
        """Return ∂ℓ/∂f for each event (one subgradient where the loss has a kink)."""

    def link(self, prediction: Array) -> Array:
        """Return what the score predicts: the score itself unless the loss says otherwise."""
        return prediction

    def admits(self, target: Array) -> str | None:
        """Return why ``target`` cannot be used with this loss, or None."""
        return None

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.constructed()

    def recedes(self, target: Array) -> Mask:
        """Return the events whose loss falls for ever towards one side and nowhere reaches its infimum.

        Without a penalty a sum of such losses may have no minimum, for the coefficients grow for ever. Of a
        loss that does not say, this has to be assumed of all events.
        """
        return np.ones(len(target), dtype=bool)


class SmoothLoss(Loss):
    """A convex loss with a second derivative (almost everywhere) and a known convex conjugate."""

    @abstractmethod
    def curvature(self, prediction: Array, target: Array) -> Array:
        """Return ∂²ℓ/∂f² for each event."""

    @abstractmethod
    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ℓ*(u, y) = max over f of u f − ℓ(f, y), for u among the slopes of the loss."""


class KinkedLoss(Loss):
    """A convex loss of two straight pieces: ``ℓ(f) = max over low <= u <= high of u (f − kink)``."""

    @abstractmethod
    def pieces(self, target: Array) -> tuple[Array, Array, Array]:
        """Return ``(low, high, kink)`` for each event: the two slopes and where they meet."""

    def value(self, prediction: Array, target: Array) -> Array:
        """Return ``max(low (f − kink), high (f − kink))``."""
        low, high, kink = self.pieces(target)
        return np.maximum(low * (prediction - kink), high * (prediction - kink))

    def slope(self, prediction: Array, target: Array) -> Array:
        """Return ``low`` left of the kink, ``high`` right of it, and the slope nearest to zero on it."""
        low, high, kink = self.pieces(target)
        return np.where(prediction < kink, low, np.where(prediction > kink, high, np.clip(0.0, low, high)))

    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ``u · kink`` for ``low <= u <= high``."""
        return slope * self.pieces(target)[2]

    def recedes(self, target: Array) -> Mask:
        """Return none: what falls along a straight piece reaches its end, or has no infimum at all."""
        return np.zeros(len(target), dtype=bool)


@final
@dataclass(frozen=True)
class Squared(SmoothLoss):
    """``ℓ = (f − y)² / 2``, the L2 loss: its best constant is the mean.

    >>> Squared().value(np.array([3.0]), np.array([1.0]))
    array([2.])
    """

    curvature_bound = 1.0

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        return 0.5 * (prediction - target) ** 2

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        return prediction - target

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        return np.ones_like(prediction)

    @override
    def recedes(self, target: Array) -> Mask:
        return np.zeros(len(target), dtype=bool)

    @override
    def conjugate(self, slope: Array, target: Array) -> Array:
        return slope * target + 0.5 * slope**2


@final
@dataclass(frozen=True)
class Huber(SmoothLoss):
    """``ℓ(r) = r²/2`` where ``|r| <= δ``, else ``δ (|r| − δ/2)``, with ``r = f − y``.

    Huber (1964), doi:10.1214/aoms/1177703732.

    Parameters
    ----------
    delta : float or None
        Size of the residual, in units of y, beyond which the loss grows linearly. None, the default, is one
        standard deviation of the target, told by its quartiles at the fit; in the formulas here it counts as 1.

    Raises
    ------
    InputError
        If ``delta`` is not positive.

    >>> Huber(1.0).value(np.array([0.5, 3.0]), np.zeros(2))
    array([0.125, 2.5  ])
    """

    delta: float | None = None
    curvature_bound = 1.0

    def __post_init__(self) -> None:
        if self.delta is not None and not self.delta > 0:
            raise InputError(f"Huber's delta is {self.delta}; it must be positive, in units of the target")

    @property
    def _delta(self) -> float:
        return 1.0 if self.delta is None else self.delta

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        size, delta = np.abs(prediction - target), self._delta
        return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        return np.clip(prediction - target, -self._delta, self._delta)

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        return (np.abs(prediction - target) <= self._delta).astype(float)

    @override
    def recedes(self, target: Array) -> Mask:
        return np.zeros(len(target), dtype=bool)

    @override
    def conjugate(self, slope: Array, target: Array) -> Array:
        return slope * target + 0.5 * slope**2


@final
@dataclass(frozen=True)
class Absolute(KinkedLoss):
    """``ℓ = |f − y|``, the L1 loss: its best constant is the median.

    >>> Absolute().value(np.array([3.0]), np.array([1.0]))
    array([2.])
    """

    @override
    def pieces(self, target: Array) -> tuple[Array, Array, Array]:
        return -np.ones_like(target), np.ones_like(target), target


@final
@dataclass(frozen=True)
class Quantile(KinkedLoss):
    """``ℓ = τ (y − f)`` where y > f, else ``(1 − τ)(f − y)``: its best constant is the τ-quantile.

    Koenker & Bassett (1978), doi:10.2307/1913643.

    Raises
    ------
    InputError
        If ``tau`` does not lie strictly between 0 and 1.

    >>> Quantile(0.9).value(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    array([0.9, 0.1])
    """

    tau: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.tau < 1:
            raise InputError(f"the quantile's tau is {self.tau}; it must lie strictly between 0 and 1")

    @override
    def pieces(self, target: Array) -> tuple[Array, Array, Array]:
        one = np.ones_like(target)
        return -self.tau * one, (1.0 - self.tau) * one, target


@final
@dataclass(frozen=True)
class Poisson(SmoothLoss):
    """``ℓ = exp(f) − y f``: minus the log likelihood of a count y whose mean is exp(f), up to a constant.

    >>> Poisson().slope(np.array([0.0]), np.array([3.0]))
    array([-2.])
    """

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        return _exponential(prediction) - target * prediction

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        return _exponential(prediction) - target

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        return _exponential(prediction)

    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ``(u + y) log(u + y) − (u + y)``."""
        mean = np.maximum(slope + target, 0.0)
        result: Array = special.xlogy(mean, mean) - mean
        return result

    def link(self, prediction: Array) -> Array:
        """Return the mean count ``exp(f)``."""
        return _exponential(prediction)

    @override
    def admits(self, target: Array) -> str | None:
        if np.any(target < 0):
            return f"the Poisson loss needs counts, but the smallest target is {target.min():g}"
        return (
            None
            if np.any(target > 0)
            else "the Poisson loss needs a positive count, but every target is zero"
        )

    def recedes(self, target: Array) -> Mask:
        """Return the events without a count: exp(f) falls for ever as f goes to −∞."""
        result: Mask = target == 0
        return result


@final
@dataclass(frozen=True)
class Logistic(SmoothLoss):
    """``ℓ = c_y log(1 + exp(−s f))`` with s = ±1 the label: the sigmoid cross entropy.

    Parameters
    ----------
    class_weights : tuple of two floats, optional
        ``c`` of the first and of the second class (the weighted cross entropy); 1 and 1 by default.

    Raises
    ------
    InputError
        If ``class_weights`` are not two positive numbers.

    >>> Logistic().value(np.zeros(2), np.array([0.0, 1.0]))
    array([0.69314718, 0.69314718])
    """

    class_weights: tuple[float, float] | None = None
    task = CLASSIFICATION

    def __post_init__(self) -> None:
        _check_class_weights(self.class_weights, 2)

    @property
    def curvature_bound(self) -> float:  # type: ignore[override]
        """A quarter of the larger class weight."""
        return 0.25 * max(self.class_weights or (1.0, 1.0))

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        margin = _sign(target) * prediction
        result: Array = self.weight(target) * (np.maximum(-margin, 0.0) + np.log1p(np.exp(-np.abs(margin))))
        return result

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        return self.weight(target) * (sigmoid(prediction) - (target > 0))

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        return self.weight(target) * (0.25 - 0.25 * np.tanh(0.5 * prediction) ** 2)

    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ``c (a log a + (1 − a) log(1 − a))`` with ``a = −s u / c``."""
        c = self.weight(target)
        a = np.clip(slope * (-_sign(target) / c), 0.0, 1.0)
        result: Array = -c * (special.entr(a) + special.entr(1.0 - a))
        return result

    def link(self, prediction: Array) -> Array:
        """Return the probability of the second class."""
        return sigmoid(prediction)

    def weight(self, target: Array) -> Array:
        """Return the class weight of each event."""
        first, second = self.class_weights or (1.0, 1.0)
        return np.where(target > 0, second, first)


@final
@dataclass(frozen=True)
class Hinge(KinkedLoss):
    """``ℓ = max(0, 1 − s f)`` with s = ±1 the label: the support vector machine's loss.

    Cortes & Vapnik (1995), doi:10.1007/BF00994018.

    >>> Hinge().value(np.array([0.5, 2.0]), np.array([1.0, 1.0]))
    array([0.5, 0. ])
    """

    task = CLASSIFICATION

    @override
    def pieces(self, target: Array) -> tuple[Array, Array, Array]:
        sign = _sign(target)
        return np.minimum(-sign, 0.0), np.maximum(-sign, 0.0), sign


@final
@dataclass(frozen=True)
class SquaredHinge(SmoothLoss):
    """``ℓ = max(0, 1 − s f)²`` with s = ±1 the label (no ½: λ = 1/C of scikit-learn's LinearSVC).

    >>> SquaredHinge().value(np.array([0.5, 2.0]), np.array([1.0, 1.0]))
    array([0.25, 0.  ])
    """

    task = CLASSIFICATION
    curvature_bound = 2.0

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        return np.maximum(1.0 - _sign(target) * prediction, 0.0) ** 2

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        sign = _sign(target)
        return -2.0 * sign * np.maximum(1.0 - sign * prediction, 0.0)

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        return np.where(_sign(target) * prediction < 1.0, 2.0, 0.0)

    @override
    def recedes(self, target: Array) -> Mask:
        return np.zeros(len(target), dtype=bool)

    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ``s u + u²/4`` for slopes on the label's side."""
        return _sign(target) * slope + 0.25 * slope**2


@final
@dataclass(frozen=True)
class Softmax(SmoothLoss):
    """``ℓ = c_y (log Σ_k exp f_k − f_y)``: the cross entropy of K classes, y their codes 0 … K − 1.

    The slope is ``(n, K)``, the curvature ``(n, K, K)``: ``c_y (diag p − p pᵀ)``.

    >>> Softmax().value(np.zeros((1, 4)), np.array([2]))
    array([1.38629436])
    """

    class_weights: tuple[float, ...] | None = None
    task = CLASSIFICATION
    vector_valued = True

    def __post_init__(self) -> None:
        _check_class_weights(self.class_weights, None)

    @property
    def curvature_bound(self) -> float:  # type: ignore[override]
        """Half of the largest class weight bounds every eigenvalue of the curvature."""
        return 0.5 * max(self.class_weights or (1.0,))

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        top = prediction.max(axis=-1)
        total = top + np.log(np.exp(prediction - top[:, None]).sum(axis=-1))
        result: Array = self.weight(target) * (total - prediction[np.arange(len(target)), target.astype(int)])
        return result

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        difference = self.link(prediction)
        difference[np.arange(len(target)), target.astype(int)] -= 1.0
        return self.weight(target)[:, None] * difference

    @override
    def curvature(self, prediction: Array, target: Array) -> Array:
        p = self.link(prediction)
        full: Array = -p[:, :, None] * p[:, None, :]
        classes = np.arange(p.shape[1])
        full[:, classes, classes] += p
        return self.weight(target)[:, None, None] * full

    def conjugate(self, slope: Array, target: Array) -> Array:
        """Return ``c Σ_k p_k log p_k`` with ``p = u/c + e_y``."""
        c = self.weight(target)
        p = slope / c[:, None]
        p[np.arange(len(target)), target.astype(int)] += 1.0
        result: Array = c * special.xlogy(np.maximum(p, 0.0), np.maximum(p, 0.0)).sum(axis=-1)
        return result

    def link(self, prediction: Array) -> Array:
        """Return the probabilities ``(n, K)``."""
        raised: Array = np.exp(prediction - prediction.max(axis=-1, keepdims=True))
        result: Array = raised / raised.sum(axis=-1, keepdims=True)
        return result

    def weight(self, target: Array) -> Array:
        """Return the class weight of each event."""
        if self.class_weights is None:
            return np.ones(len(target))
        result: Array = np.asarray(self.class_weights, dtype=float)[target.astype(int)]
        return result

    @override
    def admits(self, target: Array) -> str | None:
        n_classes = int(target.max()) + 1
        if self.class_weights is not None and len(self.class_weights) != n_classes:
            return f"the softmax loss has {len(self.class_weights)} class weights for {n_classes} classes"
        return None


LOSSES: Mapping[str, type[Loss]] = {
    "squared": Squared,
    "huber": Huber,
    "absolute": Absolute,
    "quantile": Quantile,
    "poisson": Poisson,
    "logistic": Logistic,
    "hinge": Hinge,
    "squared-hinge": SquaredHinge,
}
"""By the name that a study file has; the fields of each class are its settings there."""


@final
@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A plain function of (prediction, target), one cost an event; its slope is a central difference.

    ``slope = (8 (ℓ(f+h) − ℓ(f−h)) − (ℓ(f+2h) − ℓ(f−2h))) / 12 h`` with ``h = 1e-3 max(1, |f|)``.

    >>> FunctionLoss(lambda f, y: (f - y) ** 4).slope(np.array([1.0]), np.array([0.0])).round(9)
    array([4.])
    """

    function: Callable[[Array, Array], Array]

    @override
    def value(self, prediction: Array, target: Array) -> Array:
        return np.asarray(self.function(prediction, target), dtype=float)

    @override
    def slope(self, prediction: Array, target: Array) -> Array:
        h = 1e-3 * np.maximum(1.0, np.abs(prediction))
        near = self.value(prediction + h, target) - self.value(prediction - h, target)
        far = self.value(prediction + 2 * h, target) - self.value(prediction - 2 * h, target)
        return (8.0 * near - far) / (12.0 * h)


def sigmoid(prediction: Array) -> Array:
    """Return ``1 / (1 + exp(−f))``, by tanh, which neither overflows nor branches.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return 0.5 + 0.5 * np.tanh(0.5 * prediction)


def _sign(target: Array) -> Array:
    """Labels 0/1 or −1/+1 as −1/+1."""
    return np.where(target > 0, 1.0, -1.0)


def _exponential(prediction: Array) -> Array:
    """``exp(f)`` that becomes infinite without a warning, so that a line search may step back."""
    with np.errstate(over="ignore"):
        return np.exp(prediction)


def _check_class_weights(weights: tuple[float, ...] | None, expected: int | None) -> None:
    if weights is None:
        return
    if (expected is not None and len(weights) != expected) or not all(0 < c < np.inf for c in weights):
        raise InputError(f"class_weights are {weights}; expected one positive number for each class")
