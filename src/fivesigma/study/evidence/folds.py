"""What the folds of the training rows say: a score, and the difference of two, by the corrected t test."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ErrorBudget, Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Part
from fivesigma.risk.influence import Scored
from fivesigma.risk.metric import Metric
from fivesigma.risk.tails import squares, tail_limits
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite
from fivesigma.study.tasks.task import VALIDATION, Truth

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Folds:
    """The folds of a study, on which out-of-fold predictions (n_train, ...) are scored."""

    parts: Parts
    _wholes: dict[Truth, Part] = field(default_factory=dict, init=False, repr=False)

    @property
    def several(self) -> bool:
        """Whether there are two folds or more, and not one validation set."""
        return self.parts.prepared.split.n_folds > 1

    def whole(self, metric: Metric) -> Part:
        """Return the events of all folds, without resamples: for the rules on how few are too few."""
        truth = self.parts.truth(metric, VALIDATION)
        if truth not in self._wholes:
            none = np.empty((0, len(truth.y)), np.uint8)
            self._wholes[truth] = Part(truth.y, truth.w, truth.groups, none)
        return self._wholes[truth]

    def too_few(self, metric: Metric) -> str:
        """Return why the folds allow no interval and no claim, or an empty string."""
        return evidence.refusal(self.whole(metric))

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Events that a fold's model is fitted to, and scored on."""
        split = self.parts.prepared.split
        n_validation = int(self.parts.validated.sum()) // split.n_folds
        n_near = int(split.near.sum()) // split.n_folds
        return len(split.train) - n_validation - n_near, n_validation

    def values(self, metric: Metric, prediction: Array) -> Array:
        """Return the score of an out-of-fold prediction on each fold, at a cut chosen on the other folds."""
        split, values = self.parts.prepared.split, []
        for fold in range(split.n_folds):
            held, others = split.folds == fold, self.parts.validated & (split.folds != fold)
            cut = self.cut(metric, prediction, others)
            truth = self.parts.of_rows(metric, split.train[held])
            said = prediction[held][truth.counts]
            values.append(metric.value(truth.y, said, truth.w, cut=cut, scale=truth.scale))
        return np.array(values)

    def cut(self, metric: Metric, prediction: Array, rows: Array) -> float | None:
        """Return the threshold of a metric that has one, chosen on some of the training rows, given by a mask."""
        truth = self.parts.of_rows(metric, self.parts.prepared.split.train[rows])
        return metric.cut(truth.y, prediction[rows][truth.counts], truth.w, scale=truth.scale)

    def score(self, metric: Metric, prediction: Array, value: float) -> Score:
        """Return the score ``value`` of an out-of-fold prediction with the interval that its folds give."""
        too_few = self.too_few(metric)
        if too_few or not metric.interval:
            return Score(
                finite(value), method=too_few or f"no interval: {metric.name} is biased at finite size"
            )
        values = self.values(metric, prediction)
        if not (np.isfinite(values).all() and np.isfinite(value)):
            return Score(finite(value), method="no interval: the score is not defined on every fold")
        n_fit, n_validation = self.sizes
        spread = evidence.cross_validated(values, n_fit=n_fit, n_validation=n_validation)
        if spread.low is None or spread.high is None:
            return Score(value, method=spread.method)
        half = (spread.high - spread.low) / 2
        low, high = _within(metric, *self._with_tail(metric, prediction, value, (value - half, value + half)))
        return Score(value, low, high, spread.level, spread.method, ErrorBudget())

    def held_out(self, metric: Metric, prediction: Array | None) -> Scored | None:
        """Return what an out-of-fold prediction says of training events, where a metric's error asks for their tail."""
        if prediction is None:
            return None
        truth = self.parts.truth(metric, VALIDATION)
        found = Scored(truth.y, prediction[truth.counts], truth.w, truth.groups)
        return None if metric.squares(found.y, found.prediction) is None else found

    def _with_tail(
        self, metric: Metric, prediction: Array, value: float, limits: tuple[float, float]
    ) -> tuple[float, float]:
        """Return the limits, wider where the squared residuals have a heavy tail, which the folds saw in part."""
        held_out = self.held_out(metric, prediction)
        z = None if held_out is None else squares(metric, held_out)
        reach = None if z is None else tail_limits(metric, value, z)
        return limits if reach is None else (min(limits[0], reach[0]), max(limits[1], reach[1]))

    def difference(self, metric: Metric, a: Array, b: Array, *, one_sided: bool = False) -> Difference:
        """Return the difference of two out-of-fold predictions, paired by fold."""
        if too_few := self.too_few(metric):
            return Difference(None, one_sided=one_sided, method=too_few)
        first, second = (metric.merit(self.values(metric, each)) for each in (a, b))
        n_fit, n_validation = self.sizes
        return evidence.compare_cross_validated(
            first,
            second,
            n_fit=n_fit,
            n_validation=n_validation,
            greater_is_better=True,
            units=self.whole(metric).units(additive=metric.additive),
            one_sided=one_sided,
        )


def _within(metric: Metric, low: float, high: float) -> tuple[float, float]:
    bottom = -np.inf if metric.lower is None else metric.lower
    top = np.inf if metric.upper is None else metric.upper
    return max(low, bottom), min(high, top)
