"""Every score of a fitted model with its error budget, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.threads import side_by_side
from fivesigma._core.weights import signed
from fivesigma.record.results import Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Measurement
from fivesigma.risk.influence import Scored
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.crossfit import CrossFits
from fivesigma.study.evidence.folds import Folds, FoldScores
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite, score_record
from fivesigma.study.fit.outcome import ByPart, Outcome
from fivesigma.study.fit.prediction import Predictions, scored
from fivesigma.study.plan import Sample
from fivesigma.study.tasks.task import CROSSFIT, TRAIN, VALIDATION, Claim, Judgement

Array = NDArray[Any]

MANY = 50_000
"""Training events from which on models are scored side by side: of fewer the interpreter is the most of it."""


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of the ``fitted`` models, by name."""

    folds: Folds
    fitted: Mapping[str, Outcome]
    _cuts: dict[tuple[str, str], float | None] = field(default_factory=dict, init=False, repr=False)
    _own_cuts: dict[tuple[str, str], list[float | None]] = field(default_factory=dict, init=False, repr=False)
    _folded: dict[tuple[str, str], FoldScores] = field(default_factory=dict, init=False, repr=False)
    _measured: dict[tuple[str, str, str], Measurement] = field(default_factory=dict, init=False, repr=False)
    _drawn: dict[Sample, Array] = field(default_factory=dict, init=False, repr=False)
    _scores: dict[str, dict[str, dict[str, Score]]] = field(default_factory=dict, init=False, repr=False)

    @property
    def parts(self) -> Parts:
        """The events that are scored."""
        return self.folds.parts

    @cached_property
    def crossfits(self) -> CrossFits:
        """The models on all events, each scored by a fit that has not seen it."""
        return CrossFits(self.folds, self.fitted)

    # --- predictions -------------------------------------------------------------------------------------------

    def has(self, metric: Metric, part: str, name: str) -> bool:
        """Whether a model says of a part what the metric scores, and the part has events to hold it against."""
        said, truth = scored(self.fitted[name].said(part), metric), self.parts.truth(metric, part)
        if said is None or not len(truth.y) or (metric.unsigned and signed(truth.w)):
            return False
        return part in (VALIDATION, CROSSFIT) or not metric.has_cut or self._can_cut(metric, name)

    def _can_cut(self, metric: Metric, name: str) -> bool:
        """Whether a model has predictions of rows that it has not seen, on which its threshold is chosen."""
        return scored(self.fitted[name].validation, metric) is not None

    def claim(self, judged: Judgement, *names: str) -> Claim:
        """Return what intervals and σ of some models are about: the procedure only where the refits of all show it.

        Of scores made elsewhere refits have no cut of their own: where the primary metric has one, they do not.
        """
        if judged.by == "folds":
            return judged.claim
        cut, outcomes = self.parts.prepared.metric.has_cut, [self.fitted[name] for name in names]
        whole = all(self._refitted(each) and not (cut and each.entry.given is not None) for each in outcomes)
        if judged.by == "halves":
            whole = all(self.fitted[name].halves for name in names)
        return judged.claim if whole else "fitted"

    def _refitted(self, outcome: Outcome) -> bool:
        """Whether refits show how a model varies: those made elsewhere if they are enough, two of a clustering's."""
        return outcome.entry.procedure and (self.parts.task.supervised or len(outcome.refits) > 1)

    def whole(self, metric: Metric, part: str, name: str) -> Array:
        """Return what the metric scores of a model on all rows of a part, NaN where no fold predicts."""
        found = scored(self.fitted[name].said(part), metric)
        assert found is not None
        return found

    def cut(self, metric: Metric, name: str) -> float | None:
        """Return the threshold that is chosen on the out-of-fold predictions of a model."""
        if (metric.name, name) not in self._cuts:
            self._cuts[metric.name, name] = self.cut_of(metric, self.fitted[name].validation)
        return self._cuts[metric.name, name]

    def own_cuts(self, metric: Metric, name: str) -> list[float | None]:
        """Return the thresholds that the refits of a model choose themselves; [] where they choose none."""
        if (metric.name, name) not in self._own_cuts:
            self._own_cuts[metric.name, name] = self.cuts_of(metric, self.fitted[name].crossed)
        return self._own_cuts[metric.name, name]

    def at_cuts_of(self, other: Scores, metric: Metric, name: str) -> None:
        """Read a model and its refits at the thresholds that ``other`` events chose, in place of such chosen here."""
        self._cuts[metric.name, name] = other.cut(metric, name)
        self._own_cuts[metric.name, name] = other.own_cuts(metric, name)

    def cut_of(self, metric: Metric, validation: Predictions) -> float | None:
        """Return the threshold of a metric that has one, chosen on predictions of the training rows."""
        said = scored(validation, metric)
        return None if said is None else self.folds.cut(metric, said, self.parts.validated)

    def cuts_of(self, metric: Metric, crossed: Mapping[Sample, Predictions]) -> list[float | None]:
        """Return the threshold that each refit chooses on what its own folds say of its events.

        As the study does, on as many events, which stand there as often as they were drawn; [] where the metric has
        none, or the refits have no folds.
        """
        if not metric.has_cut:
            return []
        said = {sample: scored(each, metric) for sample, each in crossed.items()}
        return [
            self.folds.cut(metric, each, self._places(sample))
            for sample, each in said.items()
            if each is not None
        ]

    def _places(self, sample: Sample) -> Array:
        """Return the places of the training rows of a sample that a fold holds out."""
        if sample not in self._drawn:
            prepared, validated = self.parts.prepared, self.parts.validated
            shared, seed = prepared.fit_data, int(prepared.plan.shared["seed"])
            places = shared.places(shared.rows(sample, seed))
            self._drawn[sample] = places[validated[places]]
        return self._drawn[sample]

    # --- values ------------------------------------------------------------------------------------------------

    def value(self, metric: Metric, part: str, name: str) -> float | None:
        """Return a score without its error; None where the model has none."""
        if not self.has(metric, part, name):
            return None
        if self.parts.judged(metric, part).by == "halves":
            return self.crossfits.of(metric, name).measured.value
        if self.parts.judged(metric, part).by == "folds":
            return self.folded(metric, name).value
        return self.value_of(metric, part, self.whole(metric, part, name), self.cut(metric, name))

    def value_of(self, metric: Metric, part: str, said: Array, cut: float | None) -> float:
        """Return the score of a prediction of all rows of a part."""
        truth = self.parts.truth(metric, part)
        return metric.value(truth.y, said[truth.counts], truth.w, cut=cut, scale=truth.scale)

    def folded(self, metric: Metric, name: str) -> FoldScores:
        """Return the scores of a model's out-of-fold predictions, in all repeats that it has."""
        key = (metric.name, name)
        if key not in self._folded:
            outcome = self.fitted[name]
            self._folded[key] = self.folded_of(metric, (outcome.validation, *outcome.repeats))
        return self._folded[key]

    def folded_of(self, metric: Metric, said: Sequence[Predictions]) -> FoldScores:
        """Return the scores of out-of-fold predictions, one of each repeat."""
        every = [scored(each, metric) for each in said]
        return self.folds.scored(metric, [each for each in every if each is not None])

    def measured(self, metric: Metric, part: str, name: str) -> Measurement:
        """Return value, resamples and refits of a score that the model has."""
        key = (metric.name, part, name)
        if key not in self._measured:
            outcome = self.fitted[name]
            self._measured[key] = self.measured_of(
                metric,
                part,
                outcome.said(part),
                refits=outcome.refits,
                seeds=outcome.seeds,
                cut=self.cut(metric, name),
                cuts=self.own_cuts(metric, name),
                held_out=self.folds.held_out(metric, scored(outcome.validation, metric)),
                share=outcome.share,
            )
        return self._measured[key]

    def measured_of(  # noqa: PLR0913 the keywords of `measure`
        self,
        metric: Metric,
        part: str,
        said: Predictions,
        *,
        refits: Sequence[ByPart],
        seeds: Sequence[ByPart] = (),
        cut: float | None,
        cuts: Sequence[float | None] = (),
        held_out: Scored | None = None,
        share: float | None = None,
    ) -> Measurement:
        """Return predictions of a part, and those of the refits that speak of it, scored on its resamples.

        Refits are read at their own ``cuts``, where they have any.
        """
        truth = self.parts.truth(metric, part)
        final, *others = (
            [_kept(each, metric, truth.counts) for each in every if scored(each, metric) is not None]
            for every in ([said], *([fit.get(part, {}) for fit in fits] for fits in (refits, seeds)))
        )
        events = self.parts.resampled(metric, part)
        return evidence.measure(
            metric,
            events,
            final[0],
            refits=others[0],
            seeds=others[1],
            cut=cut,
            cuts=cuts,
            scale=truth.scale,
            held_out=held_out,
            share=share,
        )

    # --- records -----------------------------------------------------------------------------------------------

    @property
    def many(self) -> bool:
        """Whether there are so many events that work on them is worth a thread of its own."""
        return len(self.parts.validated) >= MANY

    def look_ahead(self, n_threads: int) -> None:
        """Score as many models at a time: of many events most of it is done without the interpreter."""
        if min(n_threads, len(self.fitted)) < 2 or not self.many:
            return
        self._look_up_shared()
        _ = self.crossfits
        side_by_side([partial(self._all, name) for name in self.fitted], n_threads)

    def _look_up_shared(self) -> None:
        """Look up what all models are held against, once and not in every thread."""
        for metric in self.parts.prepared.metrics:
            for part in (TRAIN, VALIDATION, *self.parts.crossfitted, *self.parts.tests):
                self.parts.truth(metric, part)
                by = self.parts.judged(metric, part).by
                if by in ("resamples", "halves"):
                    self.parts.resampled(metric, part)
                if by == "folds":
                    self.folds.each_held(metric)

    def _all(self, name: str) -> dict[str, dict[str, Score]]:
        """Return the scores of a model by every metric, on every part."""
        if name not in self._scores:
            named = {metric.name: metric for metric in self.parts.prepared.metrics}
            self._scores[name] = self._by_part(name, named)
            if self.many:
                self.folds.forget_order()
        return self._scores[name]

    def of(self, name: str, metrics: Mapping[str, Metric] | None = None) -> dict[str, dict[str, Score]]:
        """Return the scores of a model by part and metric; what it does not have is left out."""
        found = self._all(name) if metrics is None else self._by_part(name, metrics)
        return {part: dict(scores) for part, scores in found.items()}

    def _by_part(self, name: str, named: Mapping[str, Metric]) -> dict[str, dict[str, Score]]:
        return {
            part: {
                word: self.score(metric, part, name)
                for word, metric in named.items()
                if self.has(metric, part, name)
            }
            for part in (TRAIN, VALIDATION, *self.parts.crossfitted, *self.parts.tests)
        }

    def score(self, metric: Metric, part: str, name: str) -> Score:
        """Return a score that the model has, with its interval where it can have one."""
        judged = self.parts.judged(metric, part)
        if judged.by == "resamples":
            claim = self.claim(judged, name)
            return score_record(evidence.score(self.measured(metric, part, name), claim=claim))
        if judged.by == "halves":
            return score_record(self.crossfits.score(metric, name, claim=self.claim(judged, name)))
        if judged.by == "folds":
            return self.folds.score(metric, self.folded(metric, name))
        value = self.value_of(metric, part, self.whole(metric, part, name), self.cut(metric, name))
        return Score(finite(value), method=judged.why)


def _kept(said: Predictions, metric: Metric, counts: Any) -> Array:
    found = scored(said, metric)
    assert found is not None
    kept: Array = found[counts]
    return kept
