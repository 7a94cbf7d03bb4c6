"""What a metric is: a weighted score of predictions, and the same score under resampled multiplicities.

Every metric obeys three laws, which the tests check over the whole list: an event of weight k scores as k
copies of it, an event of weight 0 as if it were not there, and ``resampled`` at multiplicities c scores as
``value`` does on the rows repeated c times.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma._core.weights import signed
from fivesigma.risk.counted import counted_sums

Floats = NDArray[np.float64]
ROUNDING = 1e-14
"""How near to a bound of order one a score of weighted sums is on it."""
CHUNK = 2**19  # elements of counts worked on at a time: 4 MB of float64, what a cache holds


class Unit(Enum):
    """What a metric is in: how it goes when the target is taken ``c`` times, or column j ``a_j`` times as large."""

    NONE = "none"
    """It stays."""
    TARGET = "target"
    """It goes by c."""
    LOG_TARGET = "log target"
    """Of a density of the target: ln c is added."""
    LOG_COLUMNS = "log columns"
    """Of a log density of the columns: Σ ln a_j is taken off."""
    SQUARED_TARGET = "squared target"
    """It goes by c²."""


class Metric(ABC):
    """A weighted score of predictions against the truth.

    Attributes
    ----------
    name : str
        The name in a study file.
    scores : Output
        What it scores; a task has the metrics of what it puts out.
    needs_truth : bool
        Whether it holds predictions against a truth.
    greater_is_better : bool
        The direction in which it improves.
    lower, upper : float or None
        Its bounds; None where it has none.
    additive : bool
        Whether it is the weighted mean of one term per event.
    binary_only : bool
        Whether it needs exactly two classes, the last one being the signal.
    averaged : bool
        Whether the score of several folds is the mean of theirs: what is ranked is ranked by one model, and events of
        two folds, scored by two, are in no order. Any other score is of all their events at once.
    interval : bool
        False where its estimate is biased at finite size, so that no interval may be quoted.
    unit : Unit or None
        How it goes with a change of units; None where that is not said (`converted`).
    pure : str
        What it counts where it is a pure number that has a name: "nat" of an information, "σ" of a significance.
    assumes : str
        Of a significance, what it takes to be known of the background; "" of any other metric.
    unsigned : str
        Why it has no value where weights are negative; "" where it has one.
    of_yields : bool
        Whether it is of the numbers of events of the classes themselves, and not of ratios of these alone.
    on_request : bool
        Whether it means something of some targets alone, so that a study has it only where it names it.
    """

    name: str
    scores: ClassVar[Output]
    needs_truth: ClassVar[bool] = True
    greater_is_better: ClassVar[bool]
    lower: ClassVar[float | None] = None
    upper: ClassVar[float | None] = None
    additive: ClassVar[bool] = False
    binary_only: ClassVar[bool] = False
    averaged: ClassVar[bool] = False
    interval: ClassVar[bool] = True
    unit: ClassVar[Unit | None] = None
    pure: ClassVar[str] = ""
    unsigned: ClassVar[str] = ""
    of_yields: ClassVar[bool] = False
    on_request: ClassVar[bool] = False

    @property
    def reach(self) -> float:
        """How far apart two scores can be: the distance of its bounds, infinite where it lacks one."""
        return math.inf if self.lower is None or self.upper is None else self.upper - self.lower

    @property
    def assumes(self) -> str:
        """See the attributes."""
        return ""

    @property
    def has_cut(self) -> bool:
        """Whether it is scored at a threshold, or with a width, that `cut` chooses on out-of-fold predictions."""
        return type(self).cut is not Metric.cut

    @property
    def label(self) -> str:
        """The name as a reader knows it."""
        return self.name.replace("_", " ")

    @property
    def has_unit(self) -> bool:
        """Whether it is in the unit of the target, or the square of it."""
        return self.unit in (Unit.TARGET, Unit.SQUARED_TARGET)

    def squares(self, y: NDArray[Any], prediction: NDArray[Any]) -> Floats | None:
        """Return the (n,) squared residuals that the score is made of, whose heavy tail would carry it; else None."""
        return None

    def with_squares(self, value: float, ratio: float) -> float:
        """Return what the score ``value`` were, were the mean of its `squares` ``ratio`` times what it is."""
        return value

    @abstractmethod
    def value(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None = None,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> float:
        """Return the score; NaN where it is undefined, as with a class that is absent.

        Parameters
        ----------
        y : (n,) codes of the classes, or (n,) values
        prediction : what it `scores`, as `fivesigma._core.outputs.Output` has it
        w : (n,) weights of either sign; None means ones. With negative ones a score may leave its bounds
        cut : threshold on the signal's probability, for metrics that have one (see `cut`)
        scale : factor that takes the rows' yields to those of the whole sample

        Raises
        ------
        InputError
            Where shapes disagree, a number is not finite, or weights are negative and the metric is `unsigned`.
        """

    @abstractmethod
    def resampled(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> Floats:
        """Return the (B,) scores under the multiplicities ``counts`` (B, n); NaN where one is undefined."""

    def with_resamples(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> tuple[float, Floats]:
        """Return `value` and `resampled`: what both ask of the events is looked up once, where that is much."""
        value = self.value(y, prediction, w, cut=cut, scale=scale)
        return value, self.resampled(y, prediction, w, counts, cut=cut, scale=scale)

    def cut(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None, *, scale: float = 1.0
    ) -> float | None:
        """Return the threshold chosen on these rows (out-of-fold ones), or None if the metric has none."""
        return None

    def bounded(self, values: Any) -> Floats:
        """Return ``values`` without the rounding that carries a score beyond its bounds; NaN stays NaN.

        At an upper bound, and at a lower one where there are both, what is nearer than rounding lies on it.
        """
        found = np.asarray(values, dtype=np.float64)
        if self.upper is not None:
            found = np.where(found > self.upper - ROUNDING, self.upper, found)
        if self.lower is not None:
            reach = 0.0 if self.upper is None else ROUNDING
            found = np.where(found < self.lower + reach, self.lower, found)
        return found

    def within(self, values: Any, w: Floats) -> Floats:
        """Return ``values`` as `bounded` has them, or as they are where weights are negative, which knows no bounds."""
        return np.asarray(values, dtype=np.float64) if signed(w) else self.bounded(values)

    def weighed(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None
    ) -> tuple[NDArray[Any], Floats, Floats]:
        """Return what `checked` does; `InputError` too where weights are negative and the metric is `unsigned`."""
        found = checked(y, prediction, w)
        if self.unsigned and signed(found[2]):
            raise InputError(
                f"{self.name} takes no negative weights: {self.unsigned}; choose another metric."
            )
        return found

    def converted(self, value: float, factor: float) -> float:
        """Return the score of targets ``factor`` times as large: by its `unit`, as it is where that is not said.

        For ``LOG_COLUMNS`` the factor is the product of those of the columns.
        """
        if self.unit is Unit.TARGET:
            return float(value * factor)
        if self.unit is Unit.SQUARED_TARGET:
            return float(value * factor**2)
        if self.unit in (Unit.LOG_TARGET, Unit.LOG_COLUMNS):
            return float(value + (np.log(factor) if self.unit is Unit.LOG_TARGET else -np.log(factor)))
        return float(value)

    def merit(self, values: Any) -> Floats:
        """Return ``values`` turned so that more is better; a signed metric, best at 0, returns -|value|."""
        return np.asarray(values, dtype=np.float64) * (1.0 if self.greater_is_better else -1.0)


class Once(Metric):
    """A metric that prepares the events once for its value and for every resample: ``with_resamples`` says both."""

    def value(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None = None,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> float:
        """See `Metric.value`."""
        return self.with_resamples(y, prediction, w, np.empty((0, len(y)), np.uint8), cut=cut, scale=scale)[0]

    def resampled(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> Floats:
        """See `Metric.resampled`."""
        return self.with_resamples(y, prediction, w, counts, cut=cut, scale=scale)[1]


class Moments(Once):
    """A metric that is a function of weighted sums of per-event terms: ``combine(Σ w t)``."""

    @abstractmethod
    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Return the (n, m) terms of each event."""

    @abstractmethod
    def combine(self, sums: Floats, scale: float) -> Floats:
        """Return the (...) scores from the (..., m) weighted sums of the terms."""

    def scaled_terms(
        self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None
    ) -> tuple[Floats, float]:
        """Return the `terms`, and the factor that takes what `combine` makes of them to the target's own unit."""
        return self.terms(y, prediction, w, cut), 1.0

    def with_resamples(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> tuple[float, Floats]:
        """See `Metric.with_resamples`."""
        truth, predicted, weight = self.weighed(y, prediction, w)
        refuse_shape(counts, truth.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms, factor = self.scaled_terms(truth, predicted, weight, cut)
            whole = self.within(factor * self.combine(weight @ terms, scale), weight)
            if not len(counts):
                return float(whole), np.empty(0)
            sums = counted_sums(counts, weight[:, None] * terms)
            return float(whole), self.within(factor * self.combine(sums, scale), weight)


class Planned(Once):
    """A metric that prepares the events once (sorts them, or finds their cells) and then scores every resample."""

    @abstractmethod
    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> Any:
        """Return what is the same for every resample (orders, ties, sorted weights, cells of a table)."""

    @abstractmethod
    def scored(self, plan: Any, counts: NDArray[Any]) -> Floats:
        """Return the (b,) scores of a chunk of multiplicities (b, n)."""

    def with_resamples(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> tuple[float, Floats]:
        """See `Metric.with_resamples`."""
        truth, predicted, weight = self.weighed(y, prediction, w)
        plan, once = self.plan(truth, predicted, weight), np.ones((1, truth.size), dtype=np.uint8)
        value = float(self._each(plan, once, weight)[0])
        return value, self._each(plan, counts, weight) if len(counts) else np.empty(0)

    def _each(self, plan: Any, counts: NDArray[Any], w: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = [self.scored(plan, counts[rows]) for rows in chunks(counts, len(w), least=4)]
        return self.within(np.concatenate(scores), w)


def as_prepared(metric: Metric) -> bool:
    """Whether the score of a metric is what its `Metric.with_resamples` makes of it, and no class below that differs.

    >>> from fivesigma.risk.metrics import metric
    >>> class Twice(type(metric("mae"))):
    ...     def value(self, *events, **more):
    ...         return 2.0 * super().value(*events, **more)
    >>> as_prepared(metric("mae")), as_prepared(Twice())
    (True, False)
    """
    return _as_prepared(type(metric))


@cache
def _as_prepared(kind: type[Metric]) -> bool:
    own = [
        next(depth for depth, each in enumerate(kind.__mro__) if name in vars(each))
        for name in ("with_resamples", "value", "resampled")
    ]
    return own[0] <= min(own[1:])


def refuse_shape(counts: NDArray[Any], n: int) -> None:
    """Raise `InputError` where multiplicities are not of ``n`` events."""
    if counts.ndim != 2 or counts.shape[1] != n:
        raise InputError(f"counts have shape {counts.shape}; expected (resamples, {n}), one column an event.")


def chunks(counts: NDArray[Any], n: int, *, least: int = 1) -> Iterator[slice]:
    """Yield slices over the resamples, each small enough for a cache, or of the ``least`` number of them.

    Raise `InputError` where shapes disagree.
    """
    refuse_shape(counts, n)
    step = max(least, CHUNK // max(n, 1))
    for start in range(0, max(len(counts), 1), step):
        yield slice(start, start + step)


def checked(
    y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None
) -> tuple[NDArray[Any], Floats, Floats]:
    """Return ``y``, float predictions and float weights; `InputError` for what no metric can score."""
    truth, predicted = np.asarray(y), np.asarray(prediction, dtype=np.float64)
    if truth.ndim != 1 or truth.size == 0 or predicted.shape[:1] != truth.shape or predicted.ndim > 2:
        raise InputError(
            f"a metric got y of shape {truth.shape} and a prediction of shape {predicted.shape}; "
            "expected (n,) and (n,) or (n, classes), with n of at least 1."
        )
    if not np.isfinite(predicted).all():
        raise InputError("a prediction is not finite; a metric needs numbers, so treat the fit as failed.")
    return truth, predicted, checked_weights(w, truth.size, negative=True)


def checked_weights(w: NDArray[Any] | None, n: int, *, negative: bool = False) -> Floats:
    """Return (n,) float weights, ones for None; `InputError` where one is not finite, or negative and not ``negative``.

    >>> checked_weights(None, 2), checked_weights(np.array([1.0, -1.0]), 2, negative=True)
    (array([1., 1.]), array([ 1., -1.]))
    >>> checked_weights(np.array([1.0, -1.0]), 2)
    Traceback (most recent call last):
        ...
    fivesigma._core.errors.InputError: weights are negative (1 of 2); expected 0 or more, so drop them.
    """
    if w is None:
        return np.ones(n)
    weight = np.asarray(w, dtype=np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all():
        raise InputError(f"weights have shape {weight.shape}; expected {n} finite numbers, one an event.")
    if not negative and signed(weight):
        count = int((weight < 0).sum())
        raise InputError(f"weights are negative ({count} of {n}); expected 0 or more, so drop them.")
    refuse_extreme(weight, what="weights")
    return weight


def power_of_two(x: float) -> float:
    """Return the power of two next above ``x``, 1 for 0: to divide by it rounds nothing.

    >>> power_of_two(0.0), power_of_two(3.0), power_of_two(1e-200) > 1e-200
    (1.0, 4.0, True)
    """
    return 2.0 ** math.frexp(x)[1] if x > 0 else 1.0


def over_folds(values: Floats, weights: Floats) -> Floats:
    """Return the mean (...) of the scores (..., k) of k folds by their sums of weights, those that are NaN left out.

    >>> float(over_folds(np.array([0.5, np.nan, 0.8]), np.array([2.0, 7.0, 1.0])))
    0.6
    """
    known = np.isfinite(values)
    w = np.where(known, weights, 0.0)
    return np.asarray((w * np.where(known, values, 0.0)).sum(axis=-1) / w.sum(axis=-1))


def ratio(numerator: Any, denominator: Any) -> Any:
    """Return ``numerator / denominator``, NaN where the denominator is not above zero."""
    return np.where(denominator > 0, numerator / denominator, np.nan)
