"""The predictive law of a fitted recipe, as quantiles: what scores of laws take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from fivesigma.risk.metric import Metric
from fivesigma.risk.predictive import LEVELS, scores_law

Array = NDArray[Any]


def quantiles(recipe: Any, X: Array, levels: Array) -> Array | None:
    """Return the predictive quantiles (n, m) of a fitted recipe at m ``levels``; None where its model has no law."""
    model = _last(recipe)
    if not (has_density(model) or callable(getattr(model, "predict_quantiles", None))):
        return None
    table = recipe[:-1].transform(X) if isinstance(recipe, Pipeline) and len(recipe.steps) > 1 else X
    found = (
        model.predict_dist(table).quantile(levels)
        if has_density(model)
        else model.predict_quantiles(table, levels)
    )
    return np.asarray(found, dtype=np.float64)


def has_density(model: Any) -> bool:
    """Whether a model gives a law that has a density."""
    return callable(getattr(model, "predict_dist", None))


def predicted(recipe: Any, X: Array, metric: Metric) -> Array:
    """Return what ``metric`` scores of a regression: quantiles (n, 13) where it scores laws, else the values (n,)."""
    values = np.asarray(recipe.predict(X))
    if not scores_law(metric, dense=has_density(_last(recipe))):
        return values
    found = quantiles(recipe, X, LEVELS)
    return values if found is None else found


def _last(recipe: Any) -> Any:
    return recipe.steps[-1][1] if isinstance(recipe, Pipeline) else recipe
