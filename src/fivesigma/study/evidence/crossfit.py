"""All events, each scored by a fit that has not seen it: scores and differences of the procedure, by halves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk import crossfit
from fivesigma.risk.crossfit import CrossFitted, Halving
from fivesigma.risk.evidence import Difference
from fivesigma.risk.findings import Score
from fivesigma.risk.folded import Folded
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import scored
from fivesigma.study.tasks.task import CROSSFIT, VALIDATION, Claim

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class CrossFits:
    """The ``fitted`` models, by name, on all events."""

    folds: Folds
    fitted: Mapping[str, Outcome]
    _kept: dict[tuple[str, str], CrossFitted] = field(default_factory=dict, init=False, repr=False)

    def of(self, metric: Metric, name: str) -> CrossFitted:
        """Return value, resamples and halves of a score that the model has."""
        key = (metric.name, name)
        if key not in self._kept:
            counts = self.folds.parts.truth(metric, CROSSFIT).counts
            said = scored(self.fitted[name].validation, metric)
            assert said is not None
            part = self.folds.parts.resampled(metric, CROSSFIT)
            halvings = tuple(self._halvings(metric, name, counts))
            self._kept[key] = crossfit.cross_fitted(metric, self.events(metric), part, said[counts], halvings)
        return self._kept[key]

    def events(self, metric: Metric) -> Folded:
        """Return all events, with the fold of each."""
        return held_out(self.folds, metric)

    def _halvings(self, metric: Metric, name: str, counts: Array) -> Iterator[Halving]:
        n_folds = self.folds.parts.prepared.split.n_folds
        for cells, predictions in zip(
            self.folds.parts.prepared.halves, self.fitted[name].halves, strict=False
        ):
            said = scored(predictions, metric)
            assert said is not None
            half, fold = np.divmod(cells[counts], n_folds)
            yield Halving(half, fold, said[counts])

    def score(self, metric: Metric, name: str, *, claim: Claim) -> Score:
        """Return the score of a model with its interval."""
        return crossfit.score(self.of(metric, name), claim=claim)

    def difference(
        self, metric: Metric, a: str, b: str, *, one_sided: bool = False, claim: Claim
    ) -> Difference:
        """Return the difference of model ``a`` over ``b``, paired by event and half."""
        ours, theirs = (self.of(metric, name) for name in (a, b))
        return crossfit.compare(ours, theirs, one_sided=one_sided, claim=claim)


def held_out(folds: Folds, metric: Metric, *, mean_at_cut: bool = False) -> Folded:
    """Return the rows that folds held out, with the fold of each; see `Folded` for ``mean_at_cut``."""
    truth = folds.parts.truth(metric, VALIDATION)
    fold = folds.parts.prepared.split.folds[truth.counts]
    return Folded(truth.y, truth.w, fold, truth.groups, truth.scale, mean_at_cut)
