"""The nodes of fitted trees as flat arrays.

Reading scikit-learn's needs no scikit-learn, so explanations and models share this file without knowing each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NODE = np.dtype([("threshold", "f4"), ("feature", "i4"), ("left", "i4"), ("right", "i4")])
"""16 bytes, four nodes a cache line; ``feature`` is -1 at a leaf, else twice the column, plus 1 where NaN goes left."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees laid one behind the other.

    Attributes
    ----------
    nodes : (n_nodes,) of `NODE`, children by their place in the whole array
    values : (n_nodes, S) mean target or class shares of the training rows in each node, or the step of boosting
    roots : (n_trees,)
    depth : levels below the root of the deepest tree
    outputs : (n_trees,) the first of the outputs that a tree speaks of; None where each speaks of all
    start : (K,) of trees that are summed up, what their sum begins with; None of trees that are averaged
    """

    nodes: NDArray[Any]
    values: NDArray[np.float64]
    roots: NDArray[np.int64]
    depth: int
    outputs: NDArray[np.int64] | None = None
    start: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Bag:
    """How often each of the rows that a forest was fitted to was drawn for a tree, and their targets as its nodes hold
    them.

    Attributes
    ----------
    n_rows : of the fit
    counts : number of a tree and the weights (n_rows,) of the fit -> (n_rows,)
    targets : targets, or codes of classes (n,) -> (n, S)
    """

    n_rows: int
    counts: Callable[[int, NDArray[np.float64]], NDArray[np.int64]]
    targets: Callable[[NDArray[Any]], NDArray[np.float64]]


class Divided(NamedTuple):
    """What Shapley values divide up where a prediction is no sum over the trees.

    Attributes
    ----------
    output : which one
    zero, unit : what it says where the sum is 0, and by how much more where it is 1
    name : what it is, in words
    """

    output: int
    zero: float
    unit: float
    name: str


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A fitted tree, or an ensemble of them: what those that explain it ask, whoever grew it.

    Attributes
    ----------
    forest : the nodes
    seen : columns (n, p) as float64 -> as the nodes compare them
    told : sums or means over the trees (..., K) -> predictions: probabilities (..., K') or values
    weight : (n_nodes,) weight of the training rows in each node
    importances : () -> (n_trees, p) what the splits on each column gain, as shares of their tree
    bag : the rows that its trees were fitted to; None where each saw all, or nobody knows
    gain : what a split gains, in words
    divided : what Shapley values divide up; None for the prediction, of classes for the last output
    """

    forest: Forest
    seen: Callable[[NDArray[np.float64]], NDArray[np.float32]]
    told: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    weight: NDArray[np.float64]
    importances: Callable[[], NDArray[np.float64]]
    bag: Bag | None = None
    gain: str = "decrease of impurity"
    divided: Divided | None = None


def read_forest(trees: Sequence[Any]) -> Forest:
    """Return the `Forest` of fitted scikit-learn ``trees`` of one output.

    Thresholds become the largest float32 not above them, which sorts every float32 value as the double did.
    """
    inner = [tree.tree_ for tree in trees]
    roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in inner])[:-1]]).astype(np.int64)
    nodes = np.concatenate([_nodes(tree, int(root)) for tree, root in zip(inner, roots, strict=True)])
    values = np.concatenate([tree.value[:, 0, :] for tree in inner])
    return Forest(nodes, np.ascontiguousarray(values), roots, max(int(tree.max_depth) for tree in inner))


def _nodes(tree: Any, root: int) -> NDArray[Any]:
    nodes = np.zeros(tree.node_count, dtype=NODE)
    below = tree.threshold.astype(np.float32)
    over = below > tree.threshold
    below[over] = np.nextafter(below[over], np.float32(-np.inf))
    nodes["threshold"] = below
    nodes["left"], nodes["right"] = tree.children_left + root, tree.children_right + root
    nodes["feature"] = np.where(tree.children_left < 0, -1, 2 * tree.feature + tree.missing_go_to_left)
    return nodes
