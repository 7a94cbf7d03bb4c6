"""A loss of one's own, minimised by scipy.optimize, after its slope was checked against its value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from fivesigma._core.errors import InputError
from fivesigma.models.linear.newton import l1_share
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.risk.losses import CLASSIFICATION, FunctionLoss, KinkedLoss, Loss, LossLike, SmoothLoss
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1, NoPenalty

Array = NDArray[np.float64]

METHODS = ("L-BFGS-B", "trust-constr")
WALL = 1e3
"""What stands for an infinite objective, in units of that of the null model, where the descent begins."""


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


def minimise_by_scipy(problem: Problem, lam: float, *, method: str, target: float) -> Solution:
    """Minimise with L-BFGS-B or trust-constr; under an L1 norm over ``θ = θ⁺ − θ⁻`` with both parts >= 0.

    Whether it converged is for the certificate to say; scipy's own word is not taken for it.
    """
    if method not in METHODS:
        raise InputError(f"solver is {method!r}; expected auto, {', '.join(METHODS)} or a GradientDescent")
    if isinstance(problem.penalty, GroupL1):
        raise InputError(
            "a loss of one's own takes the penalties L1(), L2(), ElasticNet(ratio) or None, not GroupL1"
        )
    split = l1_share(problem.penalty) > 0
    objective = _Split(problem, lam) if split else _Plain(problem, lam)
    x, total = objective.start(), 0
    for _ in range(6):
        if method == "L-BFGS-B":
            options: dict[str, Any] = {
                "maxiter": 5000,
                "maxfun": 50000,
                "ftol": 0.0,
                "gtol": 0.5 * target,
                "maxcor": 30,
            }
        else:
            options = {"maxiter": 3000, "gtol": 0.5 * target, "xtol": 1e-15, "barrier_tol": 0.5 * target}
        result = minimize(
            objective.value_and_gradient, x, jac=True, method=method, bounds=objective.bounds, options=options
        )
        total += int(result.nit)
        moved = not np.array_equal(result.x, x)
        x = result.x
        if not moved or objective.violation(x) <= target:
            break
    return Solution(objective.z(objective.snapped(x))[None], np.array([total], dtype=np.int64))


class _Plain:
    """``R(z) + λ (1 − ratio) ½‖θ‖²`` as it is."""

    bounds: Bounds | None = None

    def __init__(self, problem: Problem, lam: float) -> None:
        self.problem, self.lam, self.p = problem, lam, problem.p
        self.cut = lam * l1_share(problem.penalty)
        self.ridge = lam - self.cut if isinstance(problem.penalty, L2 | ElasticNet) else 0.0

    def start(self) -> Array:
        z = np.zeros(self.problem.design.size)
        z[self.p :] = self.problem.null
        return z

    def z(self, x: Array) -> Array:
        return x

    def snapped(self, x: Array) -> Array:
        """Return x, with nothing to put on its bounds."""
        return x

    def smooth(self, z: Array) -> tuple[float, Array]:
        score = self.problem.design.predict(z)
        g = self.problem.design.pull_back(self.problem.slope(score))
        g[: self.p] += self.ridge * z[: self.p]
        value = float(self.problem.risk(score)) + 0.5 * self.ridge * float(z[: self.p] @ z[: self.p])
        if np.isfinite(value):
            return value, g
        # scipy's line search interpolates, which infinity spoils
        return WALL * self.problem.null_objective, np.where(np.isfinite(g), g, 0.0)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        return self.smooth(x)

    def violation(self, x: Array) -> float:
        z = self.z(x)
        _, g = self.smooth(z)
        theta = z[: self.p]
        penalty = L1() if self.cut else NoPenalty()
        distance = penalty.distance(g[: self.p], theta, self.cut)
        return max(float(distance.max(initial=0.0)), float(np.abs(g[self.p :]).max(initial=0.0)))


class _Split(_Plain):
    """The same plus ``cut Σ (θ⁺ + θ⁻)`` over x = (θ⁺, θ⁻, intercept), the first two >= 0: zeros are exact."""

    def __init__(self, problem: Problem, lam: float) -> None:
        super().__init__(problem, lam)
        floor = np.r_[np.zeros(2 * self.p), np.full(problem.design.size - self.p, -np.inf)]
        self.bounds = Bounds(floor, np.full(len(floor), np.inf))

    def start(self) -> Array:
        result: Array = np.r_[np.zeros(2 * self.p), super().start()[self.p :]]
        return result

    def z(self, x: Array) -> Array:
        # where both parts are positive their common part is cost without effect
        result: Array = np.r_[x[: self.p] - x[self.p : 2 * self.p], x[2 * self.p :]]
        return result

    def snapped(self, x: Array) -> Array:
        """Put on its bound what an interior method left just above it, where the gradient pushes it there."""
        _, gradient = self.value_and_gradient(x)
        parts = np.arange(len(x)) < 2 * self.p
        near = parts & (x <= 1e-4 * np.abs(x).max(initial=0.0)) & (gradient > 0)
        return np.where(near, 0.0, x)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        value, g = self.smooth(self.z(x))
        gradient = np.r_[g[: self.p] + self.cut, -g[: self.p] + self.cut, g[self.p :]]
        return value + self.cut * float(x[: 2 * self.p].sum()), gradient
