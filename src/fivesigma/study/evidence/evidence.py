"""The evidence of a run: every score with its error budget, every difference paired, the family corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import Comparison, Generalisation
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference
from fivesigma.risk.generalisation import generalisation
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.family import MODELS, Compared, Comparing, Family
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import comparison_record, finite
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import Predictions, scored
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import TRAIN, VALIDATION


@dataclass(frozen=True, eq=False)
class Evidence:
    """What can be said of the fitted models.

    ``opened`` is False while the test sets stay sealed; then, and where there is none, differences are judged on the
    folds. The comparisons that ``analyses`` ask for belong to the family too.
    """

    prepared: Prepared
    outcomes: Sequence[Outcome]
    opened: bool
    analyses: Sequence[Comparing] = ()

    @cached_property
    def fitted(self) -> dict[str, Outcome]:
        """The fitted models by name."""
        return {outcome.entry.name: outcome for outcome in self.outcomes if outcome.ok}

    @cached_property
    def parts(self) -> Parts:
        """The events that are scored."""
        return Parts(self.prepared, self.opened)

    @cached_property
    def folds(self) -> Folds:
        """The folds of the training rows."""
        return Folds(self.parts)

    @cached_property
    def scores(self) -> Scores:
        """The scores of the fitted models."""
        return Scores(self.folds, self.fitted)

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the opened test sets; the first is the one that claims are made on."""
        return self.parts.tests

    # --- which model -------------------------------------------------------------------------------------------

    @cached_property
    def _merits(self) -> dict[str, float]:
        metric = self.prepared.metric
        values = {name: self.scores.value(metric, VALIDATION, name) for name in self.fitted}
        return {name: float(metric.merit(value)) for name, value in values.items() if value is not None}

    @cached_property
    def ranked(self) -> list[str]:
        """The models that have the primary score, the best on the folds first; the test set has no say."""
        merit = self._merits
        return sorted(merit, key=lambda name: -merit[name] if np.isfinite(merit[name]) else np.inf)

    @cached_property
    def best(self) -> str | None:
        """The first of them with a score, None where there is none; one that starts at the truth cannot be it."""
        honest = (name for name in self.ranked if not self.fitted[name].entry.informed)
        return next((name for name in honest if np.isfinite(self._merits[name])), None)

    @property
    def baseline(self) -> str | None:
        """The name of the model that the others are compared with, None where it was not fitted."""
        return self.prepared.baseline if self.prepared.baseline in self.fitted else None

    # --- differences -------------------------------------------------------------------------------------------

    @cached_property
    def judged_on(self) -> str:
        """The part that claims are made on: the first opened test if every ranked model has its score there, all events
        where they are cross-fitted, else the folds.
        """
        test, metric = next(iter((*self.tests, *self.parts.crossfitted)), VALIDATION), self.prepared.metric
        return test if all(self.scores.has(metric, test, name) for name in self.ranked) else VALIDATION

    def difference(self, metric: Metric, a: str, b: str, part: str | None = None) -> Difference:
        """Return the paired difference of model ``a`` over model ``b``, one-sided against the baseline.

        On the ``part`` that claims are made on, or on another.
        """
        one_sided, part = b == self.baseline, part or self.judged_on
        judged = self.parts.judged(metric, part)
        if not all(self.scores.has(metric, part, name) for name in (a, b)):
            return Difference(None, one_sided=one_sided, method="one of them has no such score")
        if judged.alone:
            return Difference(None, one_sided=one_sided, method=judged.alone)
        if judged.by == "halves":
            claim = self.scores.claim(judged, a, b)
            return self.scores.crossfits.difference(metric, a, b, one_sided=one_sided, claim=claim)
        if judged.by == "folds":
            both = (self.scores.folded(metric, name) for name in (a, b))
            return self.folds.difference(metric, *both, one_sided=one_sided)
        ours, theirs = (self.scores.measured(metric, part, name) for name in (a, b))
        return evidence.compare(ours, theirs, one_sided=one_sided, claim=self.scores.claim(judged, a, b))

    @cached_property
    def family(self) -> Family:
        """All comparisons on the primary metric, with their significance among all of them."""
        models = [
            Compared(a, b, self.difference(self.prepared.metric, a, b), MODELS, (a, b))
            for a, b in self.pairs()
        ]
        return Family([*models, *(each for analysis in self.analyses for each in analysis.compared(self))])

    @cached_property
    def compared(self) -> list[str]:
        """The models that enter comparisons: those ranked, then those that have a test score and no other."""
        metric, part = self.prepared.metric, self.judged_on
        tested = (name for name in self.fitted if part != VALIDATION and self.scores.has(metric, part, name))
        return list(dict.fromkeys([*self.ranked, *tested]))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every model against the baseline, then all other pairs, the better by folds first."""
        others = [name for name in self.compared if name != self.baseline]
        if self.baseline in self.compared and self.baseline is not None:
            yield from ((name, self.baseline) for name in others)
        yield from ((a, b) for i, a in enumerate(others) for b in others[i + 1 :])

    def versus(self, name: str, other: str | None) -> dict[str, Comparison]:
        """Return the comparison of a model with another on every metric that both have, σ among all on one."""
        if other is None or name == other:
            return {}
        found = {}
        for metric in self.prepared.metrics:
            if metric is self.prepared.metric:
                if (between := self.family.between(name, other)) is not None:
                    found[metric.name] = comparison_record(between)
            elif metric.interval:
                found[metric.name] = comparison_record(self.difference(metric, name, other))
        return found

    # --- generalisation ----------------------------------------------------------------------------------------

    def generalisation(self, name: str) -> Generalisation:
        """Return the gap between train and held-out score and the verdict of the neighbours in flexibility."""
        metric = self._held_out(name)
        if metric is None:
            return Generalisation()
        gap = self._gap(metric, name)
        if not self.folds.several or self.folds.too_few(metric):
            return Generalisation(gap)
        outcome = self.fitted[name]
        said = {"validation": outcome.validation, **outcome.probes}
        merits = {part: self._on_folds(metric, each) for part, each in said.items()}
        if not all(np.isfinite(each).all() for each in merits.values()):
            return Generalisation(gap)
        n_fit, n_validation = self.folds.sizes
        slopes = {part: self._slopes(metric, each) for part, each in said.items()}
        between = {
            side: self.folds.between(metric, slopes[side], slopes["validation"]) for side in outcome.probes
        }
        found = generalisation(
            None,
            merits["validation"],
            greater_is_better=True,
            n_fit=n_fit,
            n_validation=n_validation,
            less=merits.get("less"),
            more=merits.get("more"),
            units=self.folds.whole(metric).units(additive=metric.additive),
            family=sum(len(each.probes) for each in self.fitted.values()),
            between=between,
        )
        return Generalisation(gap, found.verdict, found.sigma)

    def _held_out(self, name: str) -> Metric | None:
        """Return the first metric, the primary before others, of what folds say of the rows that they held out."""
        every = (self.prepared.metric, *self.prepared.metrics)
        able = (each for each in every if each.scores not in self.parts.task.own)
        return next((each for each in able if self.scores.has(each, VALIDATION, name)), None)

    def _on_folds(self, metric: Metric, said: Predictions) -> NDArray[np.float64]:
        prediction = scored(said, metric)
        assert prediction is not None
        return metric.merit(self.folds.values(metric, prediction))

    def _slopes(self, metric: Metric, said: Predictions) -> NDArray[np.float64] | None:
        prediction = scored(said, metric)
        assert prediction is not None
        return self.folds.slopes(metric, [prediction])

    def _gap(self, metric: Metric, name: str) -> float | None:
        """Return the train score less the validation score, turned so that positive is optimism."""
        train, held_out = (finite(self.scores.value(metric, part, name)) for part in (TRAIN, VALIDATION))
        if train is None or held_out is None:
            return None
        return finite(float(metric.merit(train) - metric.merit(held_out)))
