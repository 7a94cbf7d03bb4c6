"""The events that scores are of: training rows, held-out folds, opened tests; with the resamples that all share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.data.yields import to_whole
from fivesigma.risk.evidence import Part
from fivesigma.risk.metric import Metric
from fivesigma.risk.strata import Strata
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import CROSSFIT, TRAIN, VALIDATION, Judgement, Task, Truth

Array = NDArray[Any]
Sort = tuple[str, bool, bool, bool]


@dataclass(frozen=True, eq=False)
class Parts:
    """The events of each part of a study; ``opened`` is False while the test sets stay sealed."""

    prepared: Prepared
    opened: bool
    _truths: dict[Sort, Truth] = field(default_factory=dict, init=False, repr=False)
    _resampled: dict[Sort, Part] = field(default_factory=dict, init=False, repr=False)

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the opened test sets; the first is the one that claims are made on."""
        return tuple(self.prepared.split.tests) if self.opened else ()

    @property
    def crossfitted(self) -> tuple[str, ...]:
        """The part of all events, each scored by a fit that has not seen it, where claims are made on it."""
        return (CROSSFIT,) if self.prepared.spec.evaluate.crossfit else ()

    @cached_property
    def task(self) -> Task:
        """What is learnt."""
        return task(self.prepared.data.task)

    @cached_property
    def validated(self) -> Array:
        """Which training rows are held out by a fold."""
        return np.asarray(self.prepared.split.folds >= 0)

    def judged(self, metric: Metric, part: str) -> Judgement:
        """Return how a score of a part is judged."""
        n_folds, claim = self.prepared.split.n_folds, self.prepared.spec.evaluate.claim
        if part == CROSSFIT:
            return Judgement("halves", claim)
        return self.task.judged(metric, part, n_folds=n_folds, claim=claim)

    def of_rows(self, metric: Metric, rows: Array) -> Truth:
        """Return what a metric holds predictions of ``rows`` against; its weights are yields where it is of these."""
        found = self.task.truth(self.prepared.data, metric, rows)
        by = self.to_whole(rows) if self.of_yields(metric) else None
        return found if by is None else replace(found, w=np.asarray(found.w) * by[found.counts], scale=1.0)

    def of_yields(self, metric: Metric) -> bool:
        """Whether a metric counts events as their samples' yields, which are declared."""
        return metric.of_yields and self._samples is not None

    def to_whole(self, rows: Array) -> Array | None:
        """Return what takes the yields of ``rows`` to those of all events (n_rows,); None where none are declared."""
        if self._samples is None:
            return None
        w = self.prepared.data.w
        assert w is not None
        return to_whole(w, self._samples[0], rows)

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of the samples that have a declared yield."""
        return () if self._samples is None else self._samples[1]

    def n_of_samples(self, part: str) -> dict[str, int]:
        """Return how many events of each sample that has a declared yield a part holds."""
        if self._samples is None:
            return {}
        split, (of, names) = self.prepared.split, self._samples
        rows = split.train[self.validated] if part == VALIDATION else split.tests[part]
        count = np.bincount(of[rows], minlength=len(names)).tolist()
        return dict(zip(names, count, strict=True))

    @cached_property
    def _samples(self) -> tuple[Array, tuple[str, ...]] | None:
        weights = self.prepared.spec.weights
        return None if weights is None or not weights.yields else weights.sample_of(self.prepared.data)

    def truth(self, metric: Metric, part: str) -> Truth:
        """Return what a metric holds predictions of a part against: the same for all metrics of a sort.

        Predictions of the training rows are of all of them; those that folds make count where there is one.
        """
        sort = self._sort(metric, part)
        if sort not in self._truths:
            self._truths[sort] = self._truth(metric, part)
        return self._truths[sort]

    def _truth(self, metric: Metric, part: str) -> Truth:
        split = self.prepared.split
        if part not in (TRAIN, VALIDATION, CROSSFIT):
            return self.of_rows(metric, split.tests[part])
        if part == TRAIN or metric.scores in self.task.own:
            return self.of_rows(metric, split.train)
        found = self.of_rows(metric, split.train[self.validated])
        return replace(found, counts=np.flatnonzero(self.validated)[found.counts])

    def _sort(self, metric: Metric, part: str) -> Sort:
        return part, metric.needs_truth, metric.scores in self.task.own, self.of_yields(metric)

    def resamples_of(self, metric: Metric, part: str, resampled: Part) -> None:
        """Take these resamples of a part, for all metrics of the sort, in place of fresh ones."""
        self._resampled[self._sort(metric, part)] = resampled

    def resampled(self, metric: Metric, part: str) -> Part:
        """Return the events of a part with their resamples: the same for all models, and all metrics of a sort."""
        sort = self._sort(metric, part)
        if sort not in self._resampled:
            truth, spec = self.truth(metric, part), self.prepared.spec
            rng = generator(spec.study.seed, "bootstrap", part)
            self._resampled[sort] = Part.draw(
                truth.y,
                rng,
                w=truth.w,
                groups=truth.groups,
                n_boot=spec.evaluate.bootstrap,
                strata=self.strata(part),
            )
        return self._resampled[sort]

    def strata(self, part: str) -> Strata | None:
        """Return the classes of a part that the division holds to their shares, None where it holds none."""
        split, fraction = self.prepared.split, self.prepared.fraction
        if fraction is None or part == TRAIN:
            return None
        if part == CROSSFIT and fraction.prevalence == "random":  # all events vary as the table does
            return None
        test = part not in (VALIDATION, CROSSFIT)
        rows = split.tests[part] if test else split.train[self.validated]
        return split.held(rows, prevalence=fraction.prevalence, test=test)
