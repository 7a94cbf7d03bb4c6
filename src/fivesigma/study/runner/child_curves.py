"""One study of a crossing: every model fitted once, and its output followed against a column of the test events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.later import special
from fivesigma._core.outputs import Output
from fivesigma.study.analyses.crossing.points import column, models
from fivesigma.study.fit.prediction import unpacked
from fivesigma.study.plan import Fit
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.fitter import Fitter

Array = NDArray[Any]
CERTAIN = 1e-12
"""Probabilities are held to this far from 0 and 1 before their log odds are taken."""


def curves(prepared: Prepared) -> dict[str, Any]:
    """Return the curves of each model by test set, and the messages of those that failed."""
    asked = prepared.spec.crossing
    assert asked is not None
    along = column(prepared, asked.over).astype(float)
    w = np.ones(len(along)) if prepared.data.w is None else np.asarray(prepared.data.w, float)
    fitter = Fitter(prepared.fit_data, prepared.plan, prepared.own)
    found: dict[str, dict[str, Any]] = {"curves": {}, "messages": {}}
    for name in models(prepared):
        arrays, meta = fitter.attempted(Fit(name))
        if "error" in meta:
            found["messages"][name] = meta["error"]
            continue
        said = unpacked(arrays)
        found["curves"][name] = {
            test: curve(along[rows], *outputs(said[test]), w[rows])
            for test, rows in prepared.split.tests.items()
        }
    return found


def outputs(said: Mapping[Output, Array]) -> tuple[Array, Array]:
    """Return the one number that a model says of each event, and what its variance is taken of.

    That is the probability of the last class with its log odds, which do not end where the model is certain, or a value
    twice.
    """
    if Output.PROBABILITY not in said:
        return said[Output.VALUE], said[Output.VALUE]
    probability = said[Output.PROBABILITY][:, -1]
    return probability, special.logit(np.clip(probability, CERTAIN, 1 - CERTAIN))


def curve(along: Array, said: Array, swings: Array, w: Array) -> dict[str, list[float]]:
    """Return mean and variance of an output at each value of a column, with the events' weights.

    Parameters
    ----------
    along : (n,) the values of the column
    said : (n,) the output
    swings : (n,) what the variance is of
    w : (n,) weights

    >>> curve(np.array([2.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0, 2.0]), np.ones(3))
    {'x': [1.0, 2.0], 'mean': [0.5, 0.5], 'variance': [0.0, 1.0]}
    """
    x, at = np.unique(along, return_inverse=True)
    total = np.bincount(at, w)
    mean, middle = (np.bincount(at, w * each) / total for each in (said, swings))
    variance = np.bincount(at, w * (swings - middle[at]) ** 2) / total
    return {"x": x.tolist(), "mean": mean.tolist(), "variance": variance.tolist()}
