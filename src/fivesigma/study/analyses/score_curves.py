"""What the pictures of the page need, computed here so that the page computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fivesigma._core.random import generator
from fivesigma.risk import curves as shapes
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses import mixture
from fivesigma.study.analyses import predictive as intervals
from fivesigma.study.analyses import regions as plane
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.prediction import Output, each
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Truth

MOST_POINTS = 2000
CRPS = metric("crps")


def _said(found: Evidence, part: str, name: str) -> tuple[Truth, dict[Output, Any]]:
    """Return the truth of the events of a part, and what a model says of them."""
    truth = found.parts.truth(found.prepared.metric, part)
    return truth, each(found.fitted[name].said(part), lambda values: values[truth.counts])


def curves(found: Evidence, name: str) -> dict[str, Any]:
    """Return the section ``curve`` of one model, named: on the first opened test, else on the out-of-fold predictions.

    {} of what is not held against a truth that fits have seen, of several targets (see `targets`), and where there is
    neither.
    """
    data, output = found.prepared.data, found.parts.task.outputs[0]
    drawn = {Output.VALUE: "regression", Output.PROBABILITY: "classification"}.get(output)
    if drawn is None or not found.parts.task.supervised or data.several:
        return {}

    def scored(part: str) -> shapes.Scored | None:
        truth, said = _said(found, part, name)
        return shapes.Scored(truth.y, said[output], truth.w) if output in said else None

    counts = found.parts.resampled(found.prepared.metric, found.tests[0]).counts if found.tests else None
    if (held := scored(found.tests[0] if found.tests else VALIDATION)) is None:
        return {}
    return {"curve": shapes.curves(drawn, held, train=scored(TRAIN), counts=counts, classes=data.classes)}


def predictive(found: Evidence, name: str) -> dict[str, Any]:
    """Return the section ``predictive`` of a regression, named: on the first opened test, else fold by fold."""
    if Output.LAW not in found.parts.task.outputs or found.prepared.data.several:
        return {}
    truth, said = _said(found, VALIDATION, name)
    if not said:  # neither a width nor conformal intervals can be had of rows that its models have seen
        return {}
    held, width = (truth.y, said, truth.w), found.scores.cut(CRPS, name)
    if found.tests:
        truth, said = _said(found, found.tests[0], name)
        kept = intervals.section(truth.y, said, truth.w, held, width)
    else:
        kept = intervals.section(*held, None, width)
    return {} if kept is None else {"predictive": kept}


def pictures(prepared: Prepared) -> Mapping[str, Any]:
    """Return what pictures of the data need, from training rows only: the test stays sealed here too."""
    if not task(prepared.data.task).supervised:
        return mixture.pictures(prepared)
    return {"target_unit": prepared.data.target_unit, **_feature_pictures(prepared)}


def _feature_pictures(prepared: Prepared) -> dict[str, Any]:
    """Return ``histograms`` of the features, the most informative first; for a regression ``points``, some events."""
    data, train = prepared.data, prepared.split.train
    assert data.y is not None
    w = None if data.w is None else data.w[train]
    X, y = data.X[train], None if data.several else data.y[train]
    pictures: dict[str, Any] = {
        "histograms": shapes.feature_histograms(
            X, y, w, names=data.names, units=data.units, classes=data.classes
        )
    }
    if y is None:
        return pictures
    if data.classes is None:
        pictures["points"] = _points(prepared)
    elif data.n_features == 2 and not data.categories:
        rng = generator(prepared.spec.study.seed, "points")
        pictures["plane"] = plane.events(X, y, data.names, rng)
    return pictures


def _points(prepared: Prepared) -> dict[str, Any]:
    data, train = prepared.data, prepared.split.train
    assert data.y is not None
    if len(train) > MOST_POINTS:
        rng = generator(prepared.spec.study.seed, "points")
        train = np.sort(rng.choice(train, MOST_POINTS, replace=False))
    return {"names": list(data.names), "values": data.X[train].tolist(), "target": data.y[train].tolist()}


class ScoreCurves(Experiment):
    """The curves behind the scores of a model."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section ``curve``."""
        return curves(found, name)


class Predictive(Experiment):
    """The law that a model predicts, held against the events."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section ``predictive``."""
        return predictive(found, name)


ANALYSIS = Analysis("score_curves", experiment=ScoreCurves)
PREDICTIVE = Analysis("predictive", experiment=Predictive)
