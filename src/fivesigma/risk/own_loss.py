"""A loss of one's own: what a user gave made a `Loss`, and its slope checked against its value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.losses import CLASSIFICATION, FunctionLoss, KinkedLoss, Loss, LossLike, SmoothLoss

Array = NDArray[np.float64]


class BorrowedLoss(Loss):
    """A loss of one's own, made a `Loss`: handed copies of predictions and targets, both ``(n,)``, it has to
    answer with one number an event.

    `InputError` by its name where it raises, answers with another shape, or with NaN where the prediction is a
    number.
    """

    def __init__(self, own: LossLike, task: str | None = None) -> None:
        self.own = own
        self.task = str(task or getattr(own, "task", Loss.task))

    def value(self, prediction: Array, target: Array) -> Array:
        """Return the object's value."""
        return self._asked("value", prediction, target)

    def slope(self, prediction: Array, target: Array) -> Array:
        """Return the object's slope."""
        return self._asked("slope", prediction, target)

    def link(self, prediction: Array) -> Array:
        """Return what the object says that a score predicts."""
        return self.own.link(prediction) if isinstance(self.own, Loss) else prediction

    def admits(self, target: Array) -> str | None:
        """Return why the object cannot be used with these targets."""
        return self.own.admits(target) if isinstance(self.own, Loss) else None

    def _asked(self, method: str, prediction: Array, target: Array) -> Array:
        try:
            answer = np.array(getattr(self.own, method)(prediction.copy(), target.copy()), dtype=np.float64)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(
                f"the {method} of {self.name} failed ({type(error).__name__}: {error}); it is handed arrays of "
                "predictions and targets, both (n,), and expected to return one number an event"
            ) from error
        if answer.shape != prediction.shape:
            raise InputError(
                f"the {method} of {self.name} has shape {answer.shape} for {len(prediction)} predictions; "
                "expected one number an event"
            )
        wrong = np.flatnonzero(np.isnan(answer) & np.isfinite(prediction))
        if len(wrong) and not self._overflows(method, prediction, target, wrong):
            raise InputError(
                f"the {method} of {self.name} is NaN at prediction {prediction[wrong[0]]:.4g}, target "
                f"{target[wrong[0]]:.4g}; expected a number for every prediction"
            )
        return answer

    def _overflows(self, method: str, prediction: Array, target: Array, wrong: NDArray[np.int64]) -> bool:
        """Whether a slope is NaN only where the value is infinite: a line search steps back from there."""
        if method == "value":
            return False
        with np.errstate(all="ignore"):
            return bool(np.isinf(self._asked("value", prediction, target)[wrong]).all())

    @property
    def name(self) -> str:
        """The object's class, or the function's name."""
        if isinstance(self.own, FunctionLoss):
            return getattr(self.own.function, "__name__", "function")
        return type(self.own).__name__


def own_loss(loss: Any) -> Loss:
    """Make a `Loss` of what a user gave: a loss, an object with value and slope, or a plain function."""
    if isinstance(loss, SmoothLoss | KinkedLoss | BorrowedLoss):
        return loss
    if isinstance(loss, LossLike):
        return BorrowedLoss(loss)
    if callable(loss):
        return BorrowedLoss(FunctionLoss(loss))
    raise InputError(
        f"loss is {loss!r}; expected a Loss, a function of (prediction, target), or value and slope methods"
    )


def of_classes(loss: Any) -> Loss:
    """Make a loss of classes of what a user gave: of the linear score, and of targets that are 0 and 1."""
    found = own_loss(loss)
    return BorrowedLoss(found.own, CLASSIFICATION) if isinstance(found, BorrowedLoss) else found


def name_of(loss: Loss) -> str:
    """Return the name under which a user knows the loss."""
    return loss.name if isinstance(loss, BorrowedLoss) else type(loss).__name__


def check_slope(loss: Loss, y: Array) -> None:
    """Refuse a loss, by name, whose slope is not the derivative of its value.

    Central differences at scores around the targets, near and far; kinks may spoil one point in a hundred, a
    slope that is wrong by more than 1 in 1,000 spoils more.
    """
    rng = np.random.default_rng(0)
    target = y[rng.integers(0, len(y), 1000)]
    spread = float(np.std(y)) or float(np.abs(y).max()) or 1.0
    f = target + spread * rng.normal(size=1000) * rng.choice([0.1, 1.0, 5.0], 1000)
    h = 1e-5 * np.maximum(spread, 1e-3 * np.abs(f))
    slope = loss.slope(f, target)
    if not np.all(np.isfinite(slope)):
        raise InputError(f"the slope of {name_of(loss)} is not finite; expected one number an event")
    difference = (loss.value(f + h, target) - loss.value(f - h, target)) / (2 * h)
    error = np.abs(difference - slope)
    wrong = error > 1e-3 * np.maximum(np.abs(slope), np.abs(difference)) + 1e-6 * np.abs(slope).max()
    if wrong.mean() > 0.01:
        worst = int(np.argmax(np.where(wrong, error / (np.abs(difference) + 1e-300), 0.0)))
        raise InputError(
            f"the slope of {name_of(loss)} is {slope[worst]:.6g} at prediction {f[worst]:.4g}, "
            f"target {target[worst]:.4g}, where its value changes by {difference[worst]:.6g}; "
            "make slope the derivative of value"
        )
