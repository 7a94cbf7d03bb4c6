"""Every score of a fitted model with its error budget, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from fivesigma.record.results import Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Measurement
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite, score_record
from fivesigma.study.fit.outcome import Outcome

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of the ``fitted`` models, by name."""

    folds: Folds
    fitted: Mapping[str, Outcome]

    @property
    def parts(self) -> Parts:
        """The events that are scored."""
        return self.folds.parts

    def out_of_fold(self, name: str) -> Array:
        """Return the out-of-fold predictions of a model for the rows that have one."""
        return self.validation(name)[self.parts.validated]

    def validation(self, name: str) -> Array:
        """Return the out-of-fold predictions of a model for the training rows, NaN where there is none."""
        prediction = self.fitted[name].validation
        assert prediction is not None
        return prediction

    @cached_property
    def _cuts(self) -> dict[tuple[str, str], float | None]:
        metrics = self.parts.prepared.metrics
        return {
            (metric.name, name): self.chosen_cut(metric, self.validation(name))
            for metric in metrics
            for name in self.fitted
        }

    def chosen_cut(self, metric: Metric, prediction: Array) -> float | None:
        """Return the threshold of a metric that has one, chosen on an out-of-fold prediction of the training rows."""
        y, w, scale = self.parts.events(self.parts.held_out)
        return metric.cut(y, prediction[self.parts.validated], w, scale=scale)

    def cut(self, metric: Metric, name: str) -> float | None:
        """Return the threshold that is chosen on the out-of-fold predictions of a model."""
        return self._cuts[metric.name, name]

    # --- values ------------------------------------------------------------------------------------------------

    def validation_value(self, metric: Metric, name: str) -> float:
        """Return the score of the stored out-of-fold predictions."""
        return self.folded_value(metric, self.validation(name), self.cut(metric, name))

    def folded_value(self, metric: Metric, prediction: Array, cut: float | None) -> float:
        """Return the score of an out-of-fold prediction of the training rows."""
        y, w, scale = self.parts.events(self.parts.held_out)
        return metric.value(y, prediction[self.parts.validated], w, cut=cut, scale=scale)

    def train_value(self, metric: Metric, name: str) -> float:
        """Return the score on the rows that the model was fitted to."""
        y, w, scale = self.parts.events(self.parts.prepared.split.train)
        prediction = self.fitted[name].train
        assert prediction is not None
        return metric.value(y, prediction, w, cut=self.cut(metric, name), scale=scale)

    @cached_property
    def measurements(self) -> dict[tuple[str, str, str], Measurement]:
        """Value, resamples and refits by (test, metric, model)."""
        return {
            (test, metric.name, name): self._measured(metric, test, outcome)
            for test in self.parts.tests
            for metric in self.parts.prepared.metrics
            for name, outcome in self.fitted.items()
        }

    def _measured(self, metric: Metric, test: str, outcome: Outcome) -> Measurement:
        refits, seeds = ([each[test] for each in fits] for fits in (outcome.refits, outcome.seeds))
        cut = self.cut(metric, outcome.entry.name)
        return self.measured(metric, test, outcome.tests[test], refits=refits, seeds=seeds, cut=cut)

    def measured(
        self,
        metric: Metric,
        test: str,
        prediction: Array,
        *,
        refits: Sequence[Array],
        seeds: Sequence[Array] = (),
        cut: float | None,
    ) -> Measurement:
        """Return a prediction of a test, and those of its refits, scored on its resamples."""
        part, scale = self.parts.resampled[test], self.parts.scale(test)
        return evidence.measure(metric, part, prediction, refits=refits, seeds=seeds, cut=cut, scale=scale)

    # --- records -----------------------------------------------------------------------------------------------

    def of(self, name: str) -> dict[str, dict[str, Score]]:
        """Return the scores of a model by part and metric."""
        metrics = self.parts.prepared.metrics
        found = {
            "train": {metric.name: self._train(metric, name) for metric in metrics},
            "validation": {metric.name: self._validation(metric, name) for metric in metrics},
        }
        for test in self.parts.tests:
            found[test] = {metric.name: self._test(metric, test, name) for metric in metrics}
        return found

    def _test(self, metric: Metric, test: str, name: str) -> Score:
        claim = self.parts.prepared.spec.evaluate.claim
        return score_record(evidence.score(self.measurements[test, metric.name, name], claim=claim))

    def _train(self, metric: Metric, name: str) -> Score:
        value = self.train_value(metric, name)
        return Score(finite(value), method="on the rows it was fitted to: no interval")

    def _validation(self, metric: Metric, name: str) -> Score:
        value = self.validation_value(metric, name)
        if self.folds.several:
            return self.folds.score(metric, self.validation(name), value)
        rows, cut = self.parts.held_out, self.cut(metric, name)
        part, scale = self.parts.drawn(rows, "validation bootstrap"), self.parts.events(rows)[2]
        measured = evidence.measure(metric, part, self.out_of_fold(name), cut=cut, scale=scale)
        return score_record(evidence.score(measured, claim="fitted"))
