"""One study of a crossing: every model fitted once, and its output followed against a column of the test events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.study.analyses.crossing.points import column, models
from fivesigma.study.fit.prediction import unpacked
from fivesigma.study.plan import Fit
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.fitter import Fitter

Array = NDArray[Any]


def curves(prepared: Prepared) -> dict[str, Any]:
    """Return the curves of each model by test set, and the messages of those that failed.

    A curve has the values ``x`` of the column, and at each the ``mean`` and the ``variance`` of the output over events.
    """
    asked = prepared.spec.crossing
    assert asked is not None
    along = column(prepared, asked.over).astype(float)
    fitter = Fitter(prepared.fit_data, prepared.plan, prepared.own)
    found: dict[str, dict[str, Any]] = {"curves": {}, "messages": {}}
    for name in models(prepared):
        arrays, meta = fitter.attempted(Fit(name))
        if "error" in meta:
            found["messages"][name] = meta["error"]
            continue
        said = unpacked(arrays)
        found["curves"][name] = {
            test: curve(
                along[rows], output(said[test]), None if prepared.data.w is None else prepared.data.w[rows]
            )
            for test, rows in prepared.split.tests.items()
        }
    return found


def output(said: Mapping[Output, Array]) -> Array:
    """Return the one number that a model says of each event: the probability of the last class, or its value."""
    if Output.PROBABILITY in said:
        return said[Output.PROBABILITY][:, -1]
    return said[Output.VALUE]


def curve(along: Array, said: Array, w: Array | None) -> dict[str, list[float]]:
    """Return mean and variance of an output at each value of a column, with the events' weights.

    >>> curve(np.array([2.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.0]), None)
    {'x': [1.0, 2.0], 'mean': [0.5, 0.5], 'variance': [0.0, 0.25]}
    """
    x, at = np.unique(along, return_inverse=True)
    weights = np.ones(len(along)) if w is None else np.asarray(w, float)
    total = np.bincount(at, weights)
    mean = np.bincount(at, weights * said) / total
    variance = np.bincount(at, weights * (said - mean[at]) ** 2) / total
    return {"x": x.tolist(), "mean": mean.tolist(), "variance": variance.tolist()}
