"""What the folds of the training rows say: a score, and the difference of two, by the corrected t test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ErrorBudget, Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Part
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Folds:
    """The folds of a study, on which out-of-fold predictions (n_train, ...) are scored."""

    parts: Parts

    @property
    def several(self) -> bool:
        """Whether there are two folds or more, and not one validation set."""
        return self.parts.prepared.split.n_folds > 1

    @cached_property
    def whole(self) -> Part:
        """The events of all folds, without resamples: for the rules on how few are too few."""
        rows = self.parts.held_out
        y, w, _ = self.parts.events(rows)
        return Part(y, w, self.parts.groups(rows), np.empty((0, len(rows)), np.uint8))

    @cached_property
    def too_few(self) -> str:
        """Why the folds allow no interval and no claim, or an empty string."""
        return evidence.refusal(self.whole)

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Events that a fold's model is fitted to, and scored on."""
        split = self.parts.prepared.split
        n_validation = len(self.parts.held_out) // split.n_folds
        return len(split.train) - n_validation, n_validation

    def values(self, metric: Metric, prediction: Array) -> Array:
        """Return the score of an out-of-fold prediction on each fold, at a cut chosen on the other folds."""
        split, values = self.parts.prepared.split, []
        for fold in range(split.n_folds):
            held, others = split.folds == fold, self.parts.validated & (split.folds != fold)
            y, w, scale = self.parts.events(split.train[others])
            cut = metric.cut(y, prediction[others], w, scale=scale)
            y, w, scale = self.parts.events(split.train[held])
            values.append(metric.value(y, prediction[held], w, cut=cut, scale=scale))
        return np.array(values)

    def score(self, metric: Metric, prediction: Array, value: float) -> Score:
        """Return the score ``value`` of an out-of-fold prediction with the interval that its folds give."""
        if self.too_few or not metric.interval:
            why = self.too_few or f"no interval: {metric.name} is biased at finite size"
            return Score(finite(value), method=why)
        values = self.values(metric, prediction)
        if not (np.isfinite(values).all() and np.isfinite(value)):
            return Score(finite(value), method="no interval: the score is not defined on every fold")
        n_fit, n_validation = self.sizes
        spread = evidence.cross_validated(values, n_fit=n_fit, n_validation=n_validation)
        if spread.low is None or spread.high is None:
            return Score(value, method=spread.method)
        half = (spread.high - spread.low) / 2
        low, high = _within(metric, value - half, value + half)
        return Score(value, low, high, spread.level, spread.method, ErrorBudget())

    def difference(self, metric: Metric, a: Array, b: Array, *, one_sided: bool = False) -> Difference:
        """Return the difference of two out-of-fold predictions, paired by fold."""
        if not self.several:
            why = "no interval: one validation set and no test set"
            return Difference(None, one_sided=one_sided, method=why)
        if self.too_few:
            return Difference(None, one_sided=one_sided, method=self.too_few)
        first, second = (metric.merit(self.values(metric, each)) for each in (a, b))
        n_fit, n_validation = self.sizes
        return evidence.compare_cross_validated(
            first,
            second,
            n_fit=n_fit,
            n_validation=n_validation,
            greater_is_better=True,
            units=self.whole.units(additive=metric.additive),
            one_sided=one_sided,
        )


def _within(metric: Metric, low: float, high: float) -> tuple[float, float]:
    bottom = -np.inf if metric.lower is None else metric.lower
    top = np.inf if metric.upper is None else metric.upper
    return max(low, bottom), min(high, top)
