"""Scores of some of the events: the same models, resamples and rules, on the rows of a slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Part
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite, score_record
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.outcome import ByPart, Outcome
from fivesigma.study.fit.prediction import Predictions, each
from fivesigma.study.tasks.task import VALIDATION, Claim

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sliced:
    """The scores of a study on the rows ``keep`` (n_samples,) of one ``part``, beside those of the ``whole`` part.

    Thresholds are those of the whole; resamples are the whole's, so that a slice and the whole are compared as they
    vary together.
    """

    whole: Scores
    part: str
    keep: Array
    scores: Scores

    @classmethod
    def of(cls, whole: Scores, metric: Metric, part: str, keep: Array) -> Sliced:
        """Return the scores of ``metric`` on the rows ``keep`` of a part."""
        prepared = whole.parts.prepared
        split = prepared.split
        kept = keep[split.train]
        tests = {} if part == VALIDATION else {part: split.tests[part][keep[split.tests[part]]]}
        fewer = replace(split.kept(kept), tests=tests)
        masks = {name: keep[rows] for name, rows in split.tests.items() if name in tests}
        fitted = {name: _restricted(outcome, kept, masks) for name, outcome in whole.fitted.items()}
        parts = Parts(replace(prepared, split=fewer), whole.parts.opened)
        found = cls(whole, part, keep, Scores(Folds(parts), fitted))
        if part != VALIDATION and found.n:
            found._share(metric, masks[part])
        return found

    def _share(self, metric: Metric, mask: Array) -> None:
        """Take the resamples and the thresholds of the whole."""
        parts, truth = self.scores.parts, self.scores.parts.truth(metric, self.part)
        counts = self.whole.parts.resampled(metric, self.part).counts[:, mask]
        parts.resamples_of(metric, self.part, Part(truth.y, truth.w, truth.groups, counts))
        for name in self.scores.fitted:
            self.scores.at_cuts_of(self.whole, metric, name)

    @property
    def _rows(self) -> Array:
        split = self.scores.parts.prepared.split
        return split.train[split.folds >= 0] if self.part == VALIDATION else split.tests[self.part]

    @property
    def n(self) -> int:
        """How many events of the part there are."""
        return len(self._rows)

    @property
    def weights(self) -> Array:
        """Their weights, ones where there are none."""
        w = self.scores.parts.prepared.data.w
        return np.ones(self.n) if w is None else w[self._rows]

    def unjudged(self, metric: Metric) -> str:
        """Return why the folds of a slice say no more than a value, or an empty string."""
        if self.part != VALIDATION:
            return ""
        if metric.has_cut:
            return "no interval: its cut is chosen on all events of the folds"
        split = self.scores.parts.prepared.split
        held = (split.folds_of(r) == k for r in range(split.n_repeats) for k in range(split.n_folds))
        if not all(each.any() for each in held):
            return "no interval: a fold has none of these events"
        return ""

    def score(self, metric: Metric, name: str, *, claim: Claim | None = None) -> Score | None:
        """Return a score of a model with its interval; None where there are no events, or it has none."""
        scores, part = self.scores, self.part
        if not self.n or not scores.has(metric, part, name):
            return None
        judged, why = scores.parts.judged(metric, part), self.unjudged(metric)
        if judged.by == "resamples" and not why:
            about = claim or scores.claim(judged, name)
            return score_record(evidence.score(scores.measured(metric, part, name), claim=about))
        if judged.by == "folds" and not why:
            return scores.folds.score(metric, scores.folded(metric, name))
        said = scores.whole(metric, part, name)
        value = scores.value_of(metric, part, said, self.whole.cut(metric, name))
        return Score(finite(value), method=why or judged.why)

    def versus(self, metric: Metric, a: str, b: str) -> Difference:
        """Return the difference of model ``a`` over the baseline ``b`` in this slice, one-sided."""
        if not self.n or not all(self.scores.has(metric, self.part, name) for name in (a, b)):
            return Difference(None, one_sided=True, method="no such score in this slice")
        if why := self._alone(metric):
            return Difference(None, one_sided=True, method=why)
        judged = self.scores.parts.judged(metric, self.part)
        if judged.by == "folds":
            both = (self.scores.folded(metric, name) for name in (a, b))
            return self.scores.folds.difference(metric, *both, one_sided=True)
        ours, theirs = (self.scores.measured(metric, self.part, name) for name in (a, b))
        return evidence.compare(ours, theirs, one_sided=True, claim=self.scores.claim(judged, a, b))

    def versus_whole(self, metric: Metric, name: str) -> Difference:
        """Return the difference of a model's score in this slice over its score on all events of the part."""
        if not self.n or not self.scores.has(metric, self.part, name):
            return Difference(None, method="no such score in this slice")
        if why := self._alone(metric):
            return Difference(None, method=why)
        judged = self.scores.parts.judged(metric, self.part)
        if judged.by == "folds":
            both = (each.folded(metric, name) for each in (self.scores, self.whole))
            return self.scores.folds.difference(metric, *both)
        ours, all_of_it = (each.measured(metric, self.part, name) for each in (self.scores, self.whole))
        return evidence.compare(ours, all_of_it, claim=self.scores.claim(judged, name))

    def _alone(self, metric: Metric) -> str:
        return self.unjudged(metric) or self.scores.parts.judged(metric, self.part).alone


def _restricted(outcome: Outcome, kept: Array, masks: Mapping[str, Array]) -> Outcome:
    """Return what a model says of some training rows, and of some rows of a test."""

    def of(said: Predictions, mask: Array) -> Predictions:
        return each(said, lambda values: values[mask]) if mask.any() else {}

    def by_part(said: ByPart) -> ByPart:
        return {name: of(said[name], mask) for name, mask in masks.items() if name in said}

    return replace(
        outcome,
        train=of(outcome.train, kept),
        validation=of(outcome.validation, kept),
        repeats=tuple(of(said, kept) for said in outcome.repeats),
        tests=by_part(outcome.tests),
        refits=tuple(map(by_part, outcome.refits)),
        seeds=tuple(map(by_part, outcome.seeds)),
        probes={},
    )
