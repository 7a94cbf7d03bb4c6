"""Whether the sealed test and the folds tell the same of the best model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fivesigma._core.random import generator
from fivesigma.record.sections.tension import TensionRecord
from fivesigma.risk.influence import Units
from fivesigma.risk.intervals import refusal, stat_error
from fivesigma.risk.metric import Metric
from fivesigma.risk.prevalence import between_classes, slopes
from fivesigma.risk.resampling import Measurement
from fivesigma.risk.selection import corrected_value
from fivesigma.risk.strata import Strata
from fivesigma.risk.tension import Tension, error_on_folds, tension
from fivesigma.study.evidence.crossfit import held_out
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.selected import candidates, choice_of
from fivesigma.study.tasks.task import VALIDATION

FEW_CHOICES, FEWEST_CHOICES = 200, 30
"""Resamples that choose, and where events and models are many: the optimism is a small part of the error here."""
MOST_SCORED = 20_000_000
"""Events times models times resamples that are scored: about a second."""


def tension_of(found: Evidence) -> TensionRecord | None:
    """Return the best model's folds beside its first test; None where one of them has no score with an error."""
    metric, best, test = found.prepared.metric, found.best, next(iter(found.tests), None)
    if best is None or test is None or not _comparable(found, metric, best, test):
        return None
    on_test, folds = found.scores.measured(metric, test, best).value, _honest(found, metric, best)
    if folds is None or (between := _between(found, metric, best, folds, on_test)) is None:
        return None
    return TensionRecord(
        model=best,
        metric=metric.name,
        test=test,
        folds=folds,
        on_test=on_test,
        difference=between.difference,
        error=between.error,
        p=between.p,
        sigma=between.sigma,
        n_folds=found.folds.sizes[0],
        n_final=len(found.prepared.split.train),
        told=between.told,
    )


def _comparable(found: Evidence, metric: Metric, best: str, test: str) -> bool:
    """Whether folds and test are of unseen rows, and enough for an error."""
    if not found.folds.several or metric.scores in found.parts.task.own or not metric.interval:
        return False
    if not found.scores.has(metric, test, best) or not found.scores.has(metric, VALIDATION, best):
        return False
    return not (refusal(found.scores.measured(metric, test, best).part) or found.folds.too_few(metric))


def _honest(found: Evidence, metric: Metric, best: str) -> float | None:
    """Return the score of the best on the folds, less the optimism of having been chosen there."""
    value, names = found.scores.value(metric, VALIDATION, best), candidates(found)
    if value is None or len(names) < 2:
        return value
    able = MOST_SCORED // (len(found.parts.truth(metric, VALIDATION).y) * len(names))
    choice = choice_of(found, metric, names, most=min(max(able, FEWEST_CHOICES), FEW_CHOICES))
    return value if choice is None else corrected_value(metric, value, choice)


def _between(found: Evidence, metric: Metric, best: str, folds: float, on_test: float) -> Tension | None:
    """Return how far the two lie apart."""
    test, spec = found.tests[0], found.prepared.spec
    events, measured = (
        held_out(found.folds, metric, mean_at_cut=True),
        found.scores.measured(metric, test, best),
    )
    said = found.scores.whole(metric, VALIDATION, best)[found.parts.truth(metric, VALIDATION).counts]
    units = (part.units(additive=metric.additive) for part in (found.folds.whole(metric), measured.part))
    rng, strata = generator(spec.study.seed, "tension"), _shared_classes(found)
    return tension(
        float(metric.merit(folds) - metric.merit(on_test)),
        folds=error_on_folds(metric, events, said, rng, strata=strata),
        test=stat_error(measured) if strata is None else _within_classes(measured),
        train=measured.refits.main_effect**0.5,
        units=min(units),
        refits=len(measured.refits),
    )


def _shared_classes(found: Evidence) -> Strata | None:
    """Return the classes of the rows that folds held out, where the test has the same share of each: none varies."""
    split, strata = found.prepared.split, found.parts.strata(VALIDATION)
    if strata is None or split.given or not split.stratified:
        return None
    return replace(strata, spread=np.zeros(strata.n))


def _within_classes(measured: Measurement) -> float:
    """Return the standard error of a test without what the numbers of its classes bring, which the folds share."""
    part, stat = measured.part, stat_error(measured)
    if part.strata is None:
        return stat
    slope = slopes(measured.metric, measured.scored, part.strata)
    off = between_classes(slope, part.strata, Units.of(part.groups, len(part.y)))
    return float(max(stat**2 - off, 0.0) ** 0.5)


def sentence(kept: TensionRecord) -> str:
    """Return what is said of it."""
    side = "worse" if kept.difference > 0 else "better"
    return (
        f"{kept.model}: its {kept.metric} on {kept.test}, {kept.on_test:.4g}, is in tension with the folds, which put "
        f"it at {kept.folds:.4g} less the optimism of the choice: {side} by {abs(kept.difference):.2g} ± "
        f"{kept.error:.2g}, p = {kept.p:.2g}; a fold's fit has {kept.n_folds:,} training events, the tested one "
        f"{kept.n_final:,}. Either draw may be unlucky (one study in twenty is at p < 0.05), or the events of "
        f"{kept.test} are of another kind"
    )
