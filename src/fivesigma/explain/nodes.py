"""The nodes of any fitted trees, for one output: what Shapley values are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.forest import Ensemble

Array = NDArray[np.float64]
Roots = NDArray[np.int64]
_LOG_LINKS = {"poisson", "gamma", "count:poisson", "reg:gamma", "reg:tweedie"}


class Nodes(NamedTuple):
    """The nodes of trees one behind the other, for one output.

    Attributes
    ----------
    feature : (N,) the column of a split, -1 of a leaf
    left, right : (N,) children by their place among all nodes, behind their parent
    threshold : (N,) the largest value that goes left
    missing_left : (N,) whether a missing value does
    weight : (N,) of the training rows in a node
    value : (N,) what a leaf adds to the output
    """

    feature: Any
    left: Any
    right: Any
    threshold: Any
    missing_left: Any
    weight: Any
    value: Any


@dataclass(frozen=True, eq=False)
class Summed:
    """Trees whose leaves add up to an output: nodes, where each tree begins (T,), what the sum begins with, and its
    name where it is no prediction.
    """

    nodes: Nodes
    roots: Roots
    start: float = 0.0
    name: str | None = None


def has_log_link(model: Any) -> bool:
    """Whether trees of a regression add up to the logarithm of what it predicts."""
    return not _LOG_LINKS.isdisjoint(str(getattr(model, name, "")) for name in ("loss", "objective"))


def of_ours(model: Any, trees: Ensemble) -> Summed:
    """Return trees of ours of the last output, in the unit of what the model says (its logarithm for a log link), or
    of the one that it divides up.
    """
    forest = trees.forest
    inner = forest.nodes["feature"] >= 0
    outputs = np.zeros(len(forest.roots), np.int64) if forest.outputs is None else forest.outputs
    if trees.divided is not None:
        last, zero, unit, name = trees.divided
    else:
        last, name = int(outputs.max()), None
        unit, zero = (1.0, 0.0) if hasattr(model, "predict_proba") else _unit(model, trees)
    start = zero if forest.start is None else zero + unit * float(forest.start[last])
    share = unit / len(forest.roots) if forest.start is None else unit
    nodes = Nodes(
        np.where(inner, forest.nodes["feature"] >> 1, -1).astype(np.int64),
        forest.nodes["left"].astype(np.int64),
        forest.nodes["right"].astype(np.int64),
        forest.nodes["threshold"].astype(np.float64),
        (forest.nodes["feature"] & 1).astype(bool),
        trees.weight,
        forest.values[:, -1] * share,
    )
    return Summed(nodes, forest.roots[outputs == last], start, name)


def _unit(model: Any, trees: Ensemble) -> tuple[float, float]:
    """Return factor and offset from what the nodes of a regression hold to its predictions, or their logarithm."""
    zero, one = trees.told(np.array([[0.0], [1.0]]))
    return (1.0, float(np.log(zero))) if has_log_link(model) else (float(one - zero), float(zero))


def of_sklearn(trees: Sequence[Any]) -> Summed:
    """Return scikit-learn's trees, whose mean is what they say; of a classifier the last class."""
    inner = [tree.tree_ for tree in trees]
    roots, shift = _begun([tree.node_count for tree in inner])

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in inner])

    left = all_of("children_left")
    nodes = Nodes(
        np.where(left < 0, -1, all_of("feature")).astype(np.int64),
        np.maximum(left, 0) + shift,
        np.maximum(all_of("children_right"), 0) + shift,
        all_of("threshold"),
        all_of("missing_go_to_left").astype(bool),
        all_of("weighted_n_node_samples"),
        np.concatenate([tree.value[:, 0, -1] for tree in inner]) / len(trees),
    )
    return Summed(nodes, roots)


def of_histograms(model: Any) -> Summed:
    """Return scikit-learn's histogram boosting, of the last class.

    Raises
    ------
    InputError
        Where a split puts categories into sets.
    """
    each = [rounds[-1].nodes for rounds in model._predictors]
    found, (roots, shift) = np.concatenate(each), _begun([len(nodes) for nodes in each])
    if found["is_categorical"].any():
        raise InputError(
            f"{type(model).__name__} puts categories into sets; use permutation importance for it."
        )
    leaf = found["is_leaf"].astype(bool)
    nodes = Nodes(
        np.where(leaf, -1, found["feature_idx"]).astype(np.int64),
        np.where(leaf, 0, found["left"]) + shift,
        np.where(leaf, 0, found["right"]) + shift,
        found["num_threshold"],
        found["missing_go_to_left"].astype(bool),
        found["count"].astype(np.float64),
        found["value"],
    )
    return Summed(nodes, roots, float(np.ravel(model._baseline_prediction)[-1]))


def _begun(sizes: Sequence[int]) -> tuple[Roots, Roots]:
    """Return where trees of so many nodes begin (T,), and for each node where its own tree does (N,)."""
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return roots, np.repeat(roots, sizes)
