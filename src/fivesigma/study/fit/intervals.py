"""The intervals of a regression that has a law: what its folds said of events held out makes them hold their level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.weights import signed
from fivesigma.risk.conformal import STATED, ConformalIntervals, refusal, units_of, values_as_law
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.prediction import Output, Predictions

Array = NDArray[Any]


def law_of(said: Predictions) -> QuantileLaw:
    """Return the laws (n,) of one target; values are laws without a width."""
    if Output.LAW in said:
        return QuantileLaw.of(said[Output.LAW]) or values_as_law(said[Output.VALUE])
    return values_as_law(said[Output.VALUE])


def of_target(said: Predictions, at: int) -> Predictions:
    """Return what is said of one of several targets."""
    return {output: values[:, at] for output, values in said.items()}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Events that folds held out, and what each fold's model says of its own: of one target.

    Attributes
    ----------
    y, w, fold : (n,)
    groups : (n,) what stays together; None where that is each event alone
    said : of these events
    """

    y: Array
    w: Array
    fold: Array
    groups: Array | None
    said: Predictions

    @classmethod
    def of(cls, data: FitData, validation: Predictions, target: int | None = None) -> HeldOut:
        """Return the training events that a fold held out, with what is said of all training events."""
        held = data.folds >= 0
        rows = data.train[held]
        y = data.y[rows] if target is None else data.y[rows, target]
        units = data.units[rows]
        said = validation if target is None else of_target(validation, target)
        return cls(
            y=y,
            w=np.ones(len(rows)) if data.w is None else np.asarray(data.w[rows], dtype=np.float64),
            fold=data.folds[held],
            groups=units if data.n_units < len(data.train) and len(np.unique(units)) < len(units) else None,
            said={output: values[held] for output, values in said.items()},
        )

    def calibrated(self, rows: Array | None = None) -> ConformalIntervals:
        """Return the intervals that held these events, or some of them by a mask; of signed weights there are none."""
        at = np.ones(len(self.y), dtype=bool) if rows is None else rows
        if (self.w[at] < 0).any():
            return ConformalIntervals(STATED, (None,) * len(STATED), 1.0, 0.0)
        groups = None if self.groups is None else self.groups[at]
        law = law_of({output: values[at] for output, values in self.said.items()})
        return ConformalIntervals.calibrated(law, self.y[at], self.w[at], groups)

    def ends(self) -> Array | None:
        """Return the intervals (n, L, 2) of these events by those that other folds held out; None with one fold."""
        folds = np.unique(self.fold)
        if len(folds) < 2:
            return None
        found = np.full((len(self.y), len(STATED), 2), np.nan)
        for fold in folds:
            own = self.fold == fold
            law = law_of({output: values[own] for output, values in self.said.items()})
            found[own] = self.calibrated(~own).of(law)
        return found

    @property
    def refused(self) -> tuple[str, ...]:
        """Why there are no intervals, at each level that has none."""
        if signed(self.w):
            return (
                "no conformal intervals: some weights are negative, and a rank of signed events means nothing",
            )
        units, grouped = units_of(self.w, self.groups), self.groups is not None
        return tuple(why for level in STATED if (why := refusal(units, level, grouped=grouped)))


def intervals_of(data: FitData, validation: Predictions, how: str) -> tuple[ConformalIntervals, ...]:
    """Return the intervals of a model, one entry a target; () of one without a law.

    ``how`` is "conformal", or "law" for the law's own intervals.
    """
    if Output.LAW not in validation:
        return ()
    targets = [None] if data.y.ndim == 1 else list(range(data.n_targets))
    if how == "law":
        return tuple(ConformalIntervals.of_law() for _ in targets)
    return tuple(HeldOut.of(data, validation, target).calibrated() for target in targets)


def with_intervals(said: Predictions, intervals: Sequence[ConformalIntervals]) -> Predictions:
    """Return predictions with the intervals beside their laws; the predictions alone where either is not there."""
    if Output.LAW not in said or not intervals:
        return said
    several = said[Output.LAW].ndim == 3
    each = [of_target(said, at) for at in range(len(intervals))] if several else [said]
    ends = [one.of(law_of(part)) for one, part in zip(intervals, each, strict=True)]
    return {**said, Output.INTERVAL: np.stack(ends, axis=1) if several else ends[0]}


def out_of_fold(data: FitData, validation: Predictions, how: str) -> Predictions:
    """Return what folds said of all training events with the intervals beside, NaN where none can be had."""
    if how == "law" or Output.LAW not in validation:
        return with_intervals(validation, intervals_of(data, validation, how))
    several = data.y.ndim == 2
    ends = np.full((len(data.train), data.n_targets, len(STATED), 2), np.nan)
    for at in range(data.n_targets):
        found = HeldOut.of(data, validation, at if several else None).ends()
        if found is not None:
            ends[data.folds >= 0, at] = found
    return {**validation, Output.INTERVAL: ends if several else ends[:, 0]}
