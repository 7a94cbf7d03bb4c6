"""What the pictures of the page need, computed here so that the page computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fivesigma._core.random import generator
from fivesigma.record.document import tuples
from fivesigma.record.sections.columns import HistogramsRecord, PointsRecord, TargetUnitRecord
from fivesigma.record.sections.predictive import PredictiveRecord
from fivesigma.record.sections.regions import PlaneRecord
from fivesigma.record.sections.score_curves import ScoreCurvesRecord
from fivesigma.record.sections.section import Section, named
from fivesigma.risk import curves as shapes
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses import mixture
from fivesigma.study.analyses import predictive as intervals
from fivesigma.study.analyses import regions as plane
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.calibrated import calibrated, said_of
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.intervals import HeldOut, law_of
from fivesigma.study.fit.prediction import Output
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION

MOST_POINTS = 2000
CRPS = metric("crps")


def curves(found: Evidence, name: str) -> ScoreCurvesRecord | None:
    """Return the curves of one model: on the first opened test, else on the out-of-fold predictions.

    None of what is not held against a truth that fits have seen, of several targets (see `targets`), and where there is
    neither.
    """
    data, output = found.prepared.data, found.parts.task.outputs[0]
    drawn = {Output.VALUE: "regression", Output.PROBABILITY: "classification"}.get(output)
    if drawn is None or not found.parts.task.supervised or data.several:
        return None

    def scored(part: str) -> shapes.Scored | None:
        truth, said = said_of(found, part, name)
        return shapes.Scored(truth.y, said[output], truth.w, truth.groups) if output in said else None

    counts = found.parts.resampled(found.prepared.metric, found.tests[0]).counts if found.tests else None
    if (held := scored(found.tests[0] if found.tests else VALIDATION)) is None:
        return None
    made = shapes.curves(drawn, held, train=scored(TRAIN), counts=counts, classes=data.classes)
    kept = ScoreCurvesRecord.from_document(made)
    if drawn == "regression" or not found.tests:
        return kept
    return replace(kept, calibrated=calibrated(found, found.tests[0], name))


def predictive(found: Evidence, name: str) -> PredictiveRecord | None:
    """Return what intervals of a regression hold: on the first opened test, else fold by fold."""
    if Output.LAW not in found.parts.task.outputs or found.prepared.data.several:
        return None
    truth, said = said_of(found, VALIDATION, name)
    if not said:  # neither a width nor conformal intervals can be had of rows that its models have seen
        return None
    held = HeldOut.of(found.prepared.fit_data, found.fitted[name].validation)
    if found.tests:
        truth, said = said_of(found, found.tests[0], name)
    return intervals.recorded(
        intervals.Judged(truth.y, said, truth.w, truth.groups),
        found.scores.cut(CRPS, name),
        conformal=held.calibrated().of(law_of(said)) if found.tests else held.ends(),
        given=found.prepared.spec.evaluate.intervals if Output.LAW in said else None,
        refused=held.refused,
    )


def pictures(prepared: Prepared) -> Mapping[str, Section]:
    """Return what pictures of the data need, from training rows only: the test stays sealed here too."""
    data = prepared.data
    if not task(data.task).supervised:
        return mixture.pictures(prepared)
    units = set(data.target_units) or {None}
    unit = TargetUnitRecord(unit=units.pop() if len(units) == 1 else None)
    if data.kind != "table":
        return named(unit)
    events = None if data.several else _points(prepared) if data.classes is None else _plane(prepared)
    return named(unit, _histograms(prepared), events)


def _histograms(prepared: Prepared) -> HistogramsRecord:
    """Return histograms of the features."""
    data, train = prepared.data, prepared.split.train
    assert data.y is not None
    w = None if data.w is None else data.w[train]
    X = data.columnwise(train) if data.X.ndim == 2 else data.events(train)
    y = None if data.several else data.y[train]
    groups = None if data.groups is None else data.groups[train]
    drawn = shapes.feature_histograms(
        X, y, w, names=data.names, units=data.units, classes=data.classes, groups=groups
    )
    return HistogramsRecord.from_document(drawn)


def _plane(prepared: Prepared) -> PlaneRecord | None:
    """Return some events of a classification of two numeric columns."""
    data, train = prepared.data, prepared.split.train
    if data.y is None or data.n_features != 2 or data.categories:
        return None
    rng = generator(prepared.spec.study.seed, "points")
    return plane.events(data.events(train), data.y[train], data.names, rng)


def _points(prepared: Prepared) -> PointsRecord:
    """Return some events of a regression."""
    data, train = prepared.data, prepared.split.train
    assert data.y is not None
    if len(train) > MOST_POINTS:
        rng = generator(prepared.spec.study.seed, "points")
        train = np.sort(rng.choice(train, MOST_POINTS, replace=False))
    values, target = tuples(data.events(train)), tuples(data.y[train])
    return PointsRecord(names=data.names, values=values, target=target)


class ScoreCurves(Experiment):
    """The curves behind the scores of a model."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the curves, named."""
        return named(curves(found, name))


class Predictive(Experiment):
    """The law that a model predicts, held against the events."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return what the intervals hold, named."""
        return named(predictive(found, name))


ANALYSIS = Analysis("score_curves", experiment=ScoreCurves)
PREDICTIVE = Analysis("predictive", experiment=Predictive)
