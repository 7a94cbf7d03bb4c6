"""What the pictures of the page need, computed here so that the page computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.random import generator
from fivesigma.risk import curves as shapes
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses import predictive as intervals
from fivesigma.study.analyses import regions as plane
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared

MOST_POINTS = 2000
CRPS = metric("crps")


def curves(found: Evidence, name: str) -> dict[str, Any]:
    """Return the curves of one model: on the first opened test, else on the out-of-fold predictions."""
    prepared, outcome = found.prepared, found.fitted[name]
    split, data = prepared.split, prepared.data
    assert outcome.train is not None
    y, w, _ = found.parts.events(split.train)
    train = shapes.Scored(y, outcome.train, w)
    if not found.tests:
        y, w, _ = found.parts.events(found.parts.held_out)
        held = shapes.Scored(y, found.scores.out_of_fold(name), w)
        return shapes.curves(data.task, held, train=train, classes=data.classes)
    test = found.tests[0]
    y, w, _ = found.parts.events(split.tests[test])
    rows = shapes.Scored(y, outcome.tests[test], w)
    return shapes.curves(
        data.task, rows, train=train, counts=found.parts.resampled[test].counts, classes=data.classes
    )


def predictive(found: Evidence, name: str) -> dict[str, Any]:
    """Return the section ``predictive`` of a regression, named: on the first opened test, else fold by fold."""
    prepared = found.prepared
    if prepared.data.task != "regression":
        return {}
    train = found.parts.held_out
    y, w, _ = found.parts.events(train)
    held = y, found.scores.out_of_fold(name), w
    width = found.scores.cut(CRPS, name)
    if found.tests:
        y, w, _ = found.parts.events(prepared.split.tests[found.tests[0]])
        kept = intervals.section(y, found.fitted[name].tests[found.tests[0]], w, held, width)
    else:
        kept = intervals.section(*held, None, width)
    return {} if kept is None else {"predictive": kept}


def feature_pictures(prepared: Prepared) -> dict[str, Any]:
    """Return what pictures of the data need, from training rows only: the test stays sealed here too.

    ``histograms`` of the features, the most informative first; for a regression ``points``, a sample of events.
    """
    data, train = prepared.data, prepared.split.train
    assert data.y is not None
    w = None if data.w is None else data.w[train]
    X, y = data.X[train], data.y[train]
    pictures: dict[str, Any] = {
        "histograms": shapes.feature_histograms(
            X, y, w, names=data.names, units=data.units, classes=data.classes
        )
    }
    if data.task == "regression":
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
