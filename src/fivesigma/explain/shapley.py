"""Shapley values of trees: XGBoost's own exact ones, those of the package ``shap`` for scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError, require
from fivesigma.explain.predictions import grown_by_sklearn, refuse_unfitted

Array = NDArray[np.float64]
_ROWS = 100  # explained at a time where progress is told


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """Each column's part of each prediction: ``base + values.sum(axis=1)`` is what the trees say.

    Attributes
    ----------
    values : (n, p), in units of ``scale``
    base : expected output
    scale : "prediction", "probability" or "log odds": the output that is divided up
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

    Of a classifier the last class is explained, the signal. ``progress`` is called with (rows done, n); the values of
    a row do not depend on the others.

    Raises
    ------
    MissingExtraError
        With the install command, if the package ``shap`` is needed and absent.
    InputError
        If the model is not fitted, or has no trees.
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
    if not grown_by_sklearn(model):
        raise InputError(f"{type(model).__name__} is no tree model; use permutation importance for it.")
    explainer = require("shap", "shap").TreeExplainer(model)
    return lambda rows: _by_shap(model, explainer, rows)


def _by_shap(model: Any, explainer: Any, rows: Array) -> ShapleyValues:
    values, base = np.asarray(explainer.shap_values(rows)), np.atleast_1d(explainer.expected_value)
    values = values[..., -1] if values.ndim == 3 else values
    return ShapleyValues(values, float(base[-1]), _scale(model))


def _by_xgboost(model: Any, contributions: Any) -> ShapleyValues:
    parts = np.asarray(contributions, dtype=np.float64)
    parts = parts[:, -1] if parts.ndim == 3 else parts
    scale = "log odds" if hasattr(model, "predict_proba") else "prediction"
    return ShapleyValues(parts[:, :-1], float(parts[0, -1]), scale)


def _scale(model: Any) -> str:
    if not hasattr(model, "predict_proba"):
        return "prediction"
    return "log odds" if "Boosting" in type(model).__name__ else "probability"
