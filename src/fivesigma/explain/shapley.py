"""Shapley values of trees: XGBoost's own exact ones, those of the package ``shap`` for scikit-learn's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError, require
from fivesigma.explain.predictions import refuse_unfitted

Array = NDArray[np.float64]


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


def shapley_values(model: Any, X: ArrayLike) -> ShapleyValues:
    """Return exact Shapley values of a fitted tree model (Lundberg et al. 2020, arXiv:1905.04610).

    Of a classifier the last class is explained, the signal.

    Raises
    ------
    MissingExtraError
        With the install command, if the package ``shap`` is needed and absent.
    InputError
        If the model is not fitted, or has no trees.
    """
    refuse_unfitted(model)
    table = as_table(X)
    if type(model).__module__.startswith("xgboost"):
        rows = require("xgboost", "boost").DMatrix(table)
        return _by_xgboost(model, model.get_booster().predict(rows, pred_contribs=True))
    if callable(getattr(model, "shapley", None)):
        return _by_xgboost(model, model.shapley(table))
    if not type(model).__module__.startswith(("sklearn.tree", "sklearn.ensemble")):
        raise InputError(f"{type(model).__name__} is no tree model; use permutation importance for it.")
    shap = require("shap", "shap")
    explainer = shap.TreeExplainer(model)
    values, base = np.asarray(explainer.shap_values(table)), np.atleast_1d(explainer.expected_value)
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
