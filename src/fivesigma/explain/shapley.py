"""Shapley values of trees: XGBoost's own exact ones, and ours for all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError, require
from fivesigma.explain.nodes import Summed, has_log_link, of_histograms, of_ours, of_sklearn
from fivesigma.explain.predictions import grown_by_sklearn, refuse_unfitted, trees_in

Array = NDArray[np.float64]
_ROWS = 100  # explained at a time where progress is told


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """Each column's part of each prediction: ``base + values.sum(axis=1)`` is what the trees say.

    Attributes
    ----------
    values : (n, p), in units of ``scale``
    base : expected output
    scale : "prediction", its logarithm "log prediction", "probability" or "log odds": the output that is divided up;
        of a law its "location", or the "location of the logarithm"
    """

    values: Array
    base: float
    scale: str

    @property
    def importance(self) -> Array:
        """(p,) mean absolute part of each column."""
        return np.asarray(np.abs(self.values).mean(axis=0))


def shapley_values(
    model: Any, X: ArrayLike, *, progress: Callable[[int, int], None] | None = None
) -> ShapleyValues:
    """Return exact Shapley values of a fitted tree model (Lundberg et al. 2020, arXiv:1905.04610).

    Of a classifier the last class is explained, the signal, of natural gradient boosting the location μ of its law.
    ``progress`` is called with (rows done, n); the values of a row do not depend on the others.

    Raises
    ------
    InputError
        If the model is not fitted, has no trees, or trees that put categories into sets.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> tree = DecisionTreeRegressor().fit([[0.0, 5.0], [1.0, 5.0]], [2.0, 4.0])
    >>> found = shapley_values(tree, [[1.0, 5.0]])
    >>> found.base, found.values.tolist()
    (3.0, [[1.0, 0.0]])
    """
    refuse_unfitted(model)
    table, explain = as_table(X), _explainer(model)
    parts = []
    step = _ROWS if progress is not None else len(table)
    for start in range(0, len(table), step):
        parts.append(explain(table[start : start + step]))
        if progress is not None:
            progress(min(start + step, len(table)), len(table))
    return ShapleyValues(np.concatenate([part.values for part in parts]), parts[0].base, parts[0].scale)


def _explainer(model: Any) -> Callable[[Array], ShapleyValues]:
    """Return what divides up the predictions of rows; `InputError` for a model without trees."""
    if type(model).__module__.startswith("xgboost"):
        xgboost, booster = require("xgboost", "boost"), model.get_booster()
        return lambda rows: _by_xgboost(model, booster.predict(xgboost.DMatrix(rows), pred_contribs=True))
    if callable(getattr(model, "shapley", None)):
        return lambda rows: _by_xgboost(model, model.shapley(rows))
    if callable(getattr(model, "as_trees", None)):
        ensemble = model.as_trees()
        ours = of_ours(model, ensemble)
        return lambda rows: _by_nodes(ours, ensemble.seen(rows).astype(np.float64), model)
    if (trees := trees_in(model)) is not None:
        theirs = of_sklearn(trees)
        return lambda rows: _by_nodes(theirs, rows.astype(np.float32).astype(np.float64), model)
    if hasattr(model, "_predictors") and grown_by_sklearn(model):
        boosted = of_histograms(model)
        return lambda rows: _by_nodes(boosted, rows, model)
    raise InputError(f"{type(model).__name__} is no tree model; use permutation importance for it.")


def _by_nodes(trees: Summed, rows: Array, model: Any) -> ShapleyValues:
    from fivesigma.explain.tree_shapley import expected, shares_of_columns

    base = trees.start + float(expected(trees.nodes, trees.roots))
    values = shares_of_columns(trees.nodes, trees.roots, rows)
    return ShapleyValues(values, base, trees.name or _scale(model))


def _by_xgboost(model: Any, contributions: Any) -> ShapleyValues:
    parts = np.asarray(contributions, dtype=np.float64)
    parts = parts[:, -1] if parts.ndim == 3 else parts
    scale = "log odds" if hasattr(model, "predict_proba") else _scale(model)
    return ShapleyValues(parts[:, :-1], float(parts[0, -1]), scale)


def _scale(model: Any) -> str:
    if not hasattr(model, "predict_proba"):
        return "log prediction" if has_log_link(model) else "prediction"
    return "log odds" if "Boosting" in type(model).__name__ else "probability"
