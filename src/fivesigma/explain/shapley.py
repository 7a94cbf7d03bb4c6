"""Shapley values of trees: XGBoost's own exact ones, and ours for all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError, require
from fivesigma._core.forest import Ensemble, Nodes
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
        return _of_ours(model, model.as_trees())
    if (trees := trees_in(model)) is not None:
        nodes, roots = _of_trees(trees)
        return lambda rows: _by_nodes(nodes, roots, rows.astype(np.float32).astype(np.float64), model)
    if hasattr(model, "_predictors") and grown_by_sklearn(model):
        nodes, roots, start = _of_boosting(model)
        return lambda rows: _by_nodes(nodes, roots, rows, model, start)
    raise InputError(f"{type(model).__name__} is no tree model; use permutation importance for it.")


def _of_ours(model: Any, trees: Ensemble) -> Callable[[Array], ShapleyValues]:
    """Return what divides up the last output of trees of ours, in the unit of what the model says."""
    forest = trees.forest
    inner = forest.nodes["feature"] >= 0
    outputs = np.zeros(len(forest.roots), np.int64) if forest.outputs is None else forest.outputs
    unit, zero = (1.0, 0.0) if hasattr(model, "predict_proba") else _unit(trees)
    summed = forest.start is not None
    nodes = Nodes(
        np.where(inner, forest.nodes["feature"] >> 1, -1).astype(np.int64),
        forest.nodes["left"].astype(np.int64),
        forest.nodes["right"].astype(np.int64),
        np.full(len(inner), -np.inf),
        forest.nodes["threshold"].astype(np.float64),
        (forest.nodes["feature"] & 1).astype(bool),
        trees.weight,
        forest.values[:, -1] * (unit if summed else unit / len(forest.roots)),
    )
    roots = forest.roots[outputs == outputs.max()]
    start = zero + (unit * float(forest.start[-1]) if forest.start is not None else 0.0)
    return lambda rows: _by_nodes(nodes, roots, trees.seen(rows).astype(np.float64), model, start)


def _unit(trees: Ensemble) -> tuple[float, float]:
    """Return factor and offset from what the nodes of a regression hold to its predictions."""
    zero, one = trees.told(np.array([[0.0], [1.0]]))
    return float(one - zero), float(zero)


def _by_nodes(
    nodes: Nodes, roots: NDArray[np.int64], rows: Array, model: Any, start: float = 0.0
) -> ShapleyValues:
    from fivesigma._core.tree_shapley import expected, shares_of_columns

    base = start + float(expected(nodes, roots))
    return ShapleyValues(shares_of_columns(nodes, roots, rows), base, _scale(model))


def _of_trees(trees: Sequence[Any]) -> tuple[Nodes, NDArray[np.int64]]:
    """Return the nodes of scikit-learn's trees, whose mean is what they say; of a classifier the last class."""
    inner = [tree.tree_ for tree in trees]
    sizes = [tree.node_count for tree in inner]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in inner])

    shift, left = np.repeat(roots, sizes), all_of("children_left")
    nodes = Nodes(
        np.where(left < 0, -1, all_of("feature")).astype(np.int64),
        np.maximum(left, 0) + shift,
        np.maximum(all_of("children_right"), 0) + shift,
        np.full(len(left), -np.inf),
        all_of("threshold"),
        all_of("missing_go_to_left").astype(bool),
        all_of("weighted_n_node_samples"),
        np.concatenate([tree.value[:, 0, -1] for tree in inner]) / len(trees),
    )
    return nodes, roots


def _of_boosting(model: Any) -> tuple[Nodes, NDArray[np.int64], float]:
    """Return the nodes of scikit-learn's boosted trees, of the last class, and the output that they start from."""
    each = [rounds[-1].nodes for rounds in model._predictors]
    found = np.concatenate(each)
    if found["is_categorical"].any():
        raise InputError(
            f"{type(model).__name__} puts categories into sets; use permutation importance for it."
        )
    roots = np.concatenate([[0], np.cumsum([len(nodes) for nodes in each])[:-1]]).astype(np.int64)
    shift, leaf = np.repeat(roots, [len(nodes) for nodes in each]), found["is_leaf"].astype(bool)
    nodes = Nodes(
        np.where(leaf, -1, found["feature_idx"]).astype(np.int64),
        np.where(leaf, 0, found["left"]) + shift,
        np.where(leaf, 0, found["right"]) + shift,
        np.full(len(found), -np.inf),
        found["num_threshold"],
        found["missing_go_to_left"].astype(bool),
        found["count"].astype(np.float64),
        found["value"],
    )
    return nodes, roots, float(np.ravel(model._baseline_prediction)[-1])


def _by_xgboost(model: Any, contributions: Any) -> ShapleyValues:
    parts = np.asarray(contributions, dtype=np.float64)
    parts = parts[:, -1] if parts.ndim == 3 else parts
    own = getattr(model, "shapley_scale", "log odds")
    scale = own if hasattr(model, "predict_proba") else "prediction"
    return ShapleyValues(parts[:, :-1], float(parts[0, -1]), scale)


def _scale(model: Any) -> str:
    if not hasattr(model, "predict_proba"):
        return "prediction"
    return "log odds" if "Boosting" in type(model).__name__ else "probability"
