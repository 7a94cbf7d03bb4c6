"""What a fit says of events, each part of it by its name; how it is stored, and what a metric scores of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.risk.metric import Metric

__all__ = ["Output", "Predictions", "joined", "packed", "quantiles", "scored", "unpacked"]

Array = NDArray[Any]
Predictions = Mapping[Output, Array]
"""What a fit says of n events, by name; the first axis of each array is of the events."""

STANDS_FOR = {Output.LAW: Output.VALUE}
"""What is scored where a model has no such output: a value stands for a Gaussian about it (`Metric.cut`)."""


def scored(predictions: Predictions, metric: Metric) -> Array | None:
    """Return what ``metric`` scores of predictions; None where they have nothing of that.

    >>> from fivesigma.risk.metrics import metric
    >>> said = {Output.VALUE: np.array([1.0])}
    >>> scored(said, metric("crps")), scored(said, metric("overlap"))
    (array([1.]), None)
    """
    found = predictions.get(metric.scores)
    return predictions.get(STANDS_FOR.get(metric.scores, metric.scores)) if found is None else found


def each(predictions: Predictions, change: Callable[[Array], Array]) -> dict[Output, Array]:
    """Return predictions with every array changed.

    >>> each({Output.VALUE: np.array([1.0, 2.0])}, lambda values: values[1:])
    {<Output.VALUE: 'value'>: array([2.])}
    """
    return {output: change(values) for output, values in predictions.items()}


def joined(parts: Iterable[Predictions]) -> dict[Output, Array]:
    """Return the predictions of several sets of events as those of all of them, one after the other."""
    every = list(parts)
    return {output: np.concatenate([part[output] for part in every]) for output in every[0]}


def packed(parts: Mapping[str, Predictions]) -> dict[str, Array]:
    """Return predictions of some parts of the events as named arrays, of two probabilities the last one alone.

    >>> packed({"train": {Output.PROBABILITY: np.array([[0.25, 0.75]])}})
    {'train/probability': array([[0.75]])}
    """
    return {
        f"{part}/{output}": _kept(output, values)
        for part, said in parts.items()
        for output, values in said.items()
    }


def _kept(output: Output, values: Array) -> Array:
    alone = output is Output.PROBABILITY and values.shape[1] == 2
    return np.ascontiguousarray(values[:, 1:]) if alone else values


def unpacked(arrays: Mapping[str, Array]) -> dict[str, dict[Output, Array]]:
    """Return the predictions that `packed` named, by part.

    >>> unpacked({"train/probability": np.array([[0.75]])})["train"][Output.PROBABILITY]
    array([[0.25, 0.75]])
    """
    found: dict[str, dict[Output, Array]] = {}
    for name, values in arrays.items():
        part, _, word = name.rpartition("/")
        output = Output(word)
        alone = output is Output.PROBABILITY and values.shape[1] == 1
        found.setdefault(part, {})[output] = (
            np.column_stack([1.0 - values[:, 0], values[:, 0]]) if alone else values
        )
    return found


def quantiles(estimator: Any, X: Array, levels: Array) -> Array | None:
    """Return the predictive quantiles (n, ..., m) of a fitted recipe at m ``levels``; None where it has no law."""
    from fivesigma._core.threads import single_threaded
    from fivesigma.models import laws
    from fivesigma.models.per_target import PerTarget
    from fivesigma.models.tuned import Tuned

    while isinstance(estimator, Tuned):
        estimator = estimator.estimator_
    with single_threaded():
        if isinstance(estimator, PerTarget):
            return estimator.quantiles(X, levels)
        return laws.quantiles(estimator, X, levels)
