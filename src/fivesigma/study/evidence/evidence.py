"""The evidence of a run: every score with its error budget, every difference paired, the family corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fivesigma.record.results import Claim, Comparison, Generalisation
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference
from fivesigma.risk.generalisation import generalisation
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence import claims
from fivesigma.study.evidence.family import MODELS, Compared, Comparing, Family
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import comparison_record, finite
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.prepared import Prepared


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
        return {name: float(metric.merit(self.scores.validation_value(metric, name))) for name in self.fitted}

    @cached_property
    def ranked(self) -> list[str]:
        """The fitted models by out-of-fold score, the best first; the test set has no say."""
        merit = self._merits
        return sorted(merit, key=lambda name: -merit[name] if np.isfinite(merit[name]) else np.inf)

    @cached_property
    def best(self) -> str | None:
        """The name of the first of them, None where no model has a score."""
        return next((name for name in self.ranked if np.isfinite(self._merits[name])), None)

    @property
    def baseline(self) -> str | None:
        """The name of the model that the others are compared with, None where it was not fitted."""
        return self.prepared.baseline if self.prepared.baseline in self.fitted else None

    # --- differences -------------------------------------------------------------------------------------------

    def difference(self, metric: Metric, a: str, b: str) -> Difference:
        """Return the paired difference of model ``a`` over model ``b``, one-sided against the baseline."""
        one_sided = b == self.baseline
        if not self.tests:
            first, second = (self.scores.validation(name) for name in (a, b))
            return self.folds.difference(metric, first, second, one_sided=one_sided)
        ours, theirs = (self.scores.measurements[self.tests[0], metric.name, name] for name in (a, b))
        return evidence.compare(ours, theirs, one_sided=one_sided, claim=self.prepared.spec.evaluate.claim)

    @cached_property
    def family(self) -> Family:
        """All comparisons on the primary metric, with their significance among all of them."""
        models = [
            Compared(a, b, self.difference(self.prepared.metric, a, b), MODELS, (a, b))
            for a, b in self._pairs()
        ]
        return Family([*models, *(each for analysis in self.analyses for each in analysis.compared(self))])

    def _pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every model against the baseline, then all other pairs, the better by folds first."""
        others = [name for name in self.ranked if name != self.baseline]
        if self.baseline is not None:
            yield from ((name, self.baseline) for name in others)
        yield from ((a, b) for i, a in enumerate(others) for b in others[i + 1 :])

    def versus(self, name: str, other: str | None) -> dict[str, Comparison]:
        """Return the comparison of a model with another on every metric; σ among all is of the primary one."""
        if other is None or name == other:
            return {}
        found = {}
        for metric in self.prepared.metrics:
            if metric is self.prepared.metric:
                between = self.family.between(name, other)
                assert between is not None
                found[metric.name] = comparison_record(between)
            elif metric.interval:
                found[metric.name] = comparison_record(self.difference(metric, name, other))
        return found

    def claims(self) -> tuple[Claim, ...]:
        """Return the sentences of the page, the most asked for first."""
        return claims.claims(self)

    # --- generalisation ----------------------------------------------------------------------------------------

    def generalisation(self, name: str) -> Generalisation:
        """Return the gap between train and validation and the verdict of the neighbours in flexibility."""
        metric, outcome = self.prepared.metric, self.fitted[name]
        gap = self._gap(metric, name)
        if not self.folds.several or self.folds.too_few:
            return Generalisation(gap)
        folds = {"validation": self.scores.validation(name), **outcome.probes}
        merits = {part: metric.merit(self.folds.values(metric, each)) for part, each in folds.items()}
        if not all(np.isfinite(each).all() for each in merits.values()):
            return Generalisation(gap)
        n_fit, n_validation = self.folds.sizes
        found = generalisation(
            None,
            merits["validation"],
            greater_is_better=True,
            n_fit=n_fit,
            n_validation=n_validation,
            less=merits.get("less"),
            more=merits.get("more"),
            units=self.folds.whole.units(additive=metric.additive),
            family=sum(len(each.probes) for each in self.fitted.values()),
        )
        return Generalisation(gap, found.verdict, found.sigma)

    def _gap(self, metric: Metric, name: str) -> float | None:
        """Return the train score less the validation score, turned so that positive is optimism."""
        train = finite(self.scores.train_value(metric, name))
        if train is None:
            return None
        held_out = self.scores.validation_value(metric, name)
        return finite(float(metric.merit(train) - metric.merit(held_out)))
