"""Predictive laws in a study: asked of the models that have one, kept beside the values, read from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fivesigma.models import laws
from fivesigma.models.tuned import Tuned
from fivesigma.risk.predictive import LEVELS, has_law
from fivesigma.study.fit import recipe

Array = NDArray[Any]


def predicted(estimator: Any, X: Array, n_classes: int | None) -> Array:
    """Return what a study keeps of a prediction: as `recipe.predict`, with 13 quantiles where the model has a law."""
    values = recipe.predict(estimator, X, n_classes)
    if n_classes is not None:
        return values
    found = quantiles(estimator, X, LEVELS)
    return values if found is None else np.column_stack([values, found])


def quantiles(estimator: Any, X: Array, levels: Array) -> Array | None:
    """Return the predictive quantiles (n, m) of a fitted recipe at m ``levels``; None where its model has no law."""
    while isinstance(estimator, Tuned):
        estimator = estimator.estimator_
    with threadpool_limits(1):
        return laws.quantiles(estimator, X, levels)


def column(name: str, level: float) -> str:
    """Return the name of a column of quantiles.

    >>> column("forest", 0.15865525393145707)
    'forest:q0.1587'
    """
    return f"{name}:q{level:.4f}"


def columns(name: str, prediction: Array) -> dict[str, Array]:
    """Return the columns of ``predictions.parquet`` of a regression: the values, then the quantiles if it has any."""
    if not has_law(prediction):
        return {name: prediction}
    named = {column(name, level): prediction[:, j + 1] for j, level in enumerate(LEVELS)}
    return {name: prediction[:, 0], **named}


def stored(table: Mapping[str, Array], name: str) -> Array:
    """Return the prediction that `columns` wrote."""
    values = np.asarray(table[name], dtype=np.float64)
    if column(name, LEVELS[0]) not in table:
        return values
    return np.column_stack([values, *(table[column(name, level)] for level in LEVELS)]).astype(np.float64)
