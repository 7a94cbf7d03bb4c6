"""The score of the model that was chosen, where the events that chose it are all that there are."""

from __future__ import annotations

import numpy as np

from fivesigma._core.random import generator
from fivesigma.record.sections.selected import SelectedRecord
from fivesigma.risk import selection
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.crossfit import held_out
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.records import score_record
from fivesigma.study.tasks.task import VALIDATION


def selected(found: Evidence) -> SelectedRecord | None:
    """Return the corrected score of the best; None on a test, which has no say in the choice, and of one model."""
    metric, best, names = found.prepared.metric, found.best, candidates(found)
    if best is None or len(names) < 2 or found.judged_on in found.tests:
        return None
    if (choice := choice_of(found, metric, names)) is None:
        return None
    plain = found.scores.of(best, {metric.name: metric})[found.judged_on][metric.name]
    return SelectedRecord(
        model=best,
        metric=metric.name,
        part=found.judged_on,
        score=score_record(selection.corrected(metric, plain, choice)),
        optimism=choice.optimism,
        chosen=dict(zip(names, map(float, choice.shares), strict=True)),
        resamples=choice.resamples,
    )


def candidates(found: Evidence) -> list[str]:
    """Return the models of which the best was chosen: with a score of unseen rows, and not told the truth."""
    metric, fitted = found.prepared.metric, found.fitted
    if not found.parts.task.supervised and metric.scores in found.parts.task.own:
        return []  # labels of all events, held against a truth: folds have no part in them
    able = (name for name in found.ranked if not fitted[name].entry.informed)
    values = ((name, found.scores.value(metric, VALIDATION, name)) for name in able)
    return [name for name, value in values if value is not None and np.isfinite(value)]


def choice_of(
    found: Evidence, metric: Metric, names: list[str], most: int | None = None
) -> selection.Choice | None:
    """Return how the best of some models was chosen on the rows that folds held out, by ``most`` resamples."""
    predictions = [found.scores.whole(metric, VALIDATION, name) for name in names]
    counts = found.parts.truth(metric, VALIDATION).counts
    rng = generator(found.prepared.spec.study.seed, "choice")
    return selection.choice(
        metric,
        held_out(found.folds, metric, mean_at_cut=True),
        [each[counts] for each in predictions],
        rng,
        most=most,
    )
