"""The nodes of fitted scikit-learn trees as flat arrays, and the one step down that every walk of them takes.

Reading needs no scikit-learn, so explanations and models share this file without knowing each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

NODE = np.dtype([("threshold", "f4"), ("feature", "i4"), ("left", "i4"), ("right", "i4")])
"""16 bytes, four nodes a cache line; ``feature`` is -1 at a leaf, else twice the column, plus 1 where NaN goes left."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees laid one behind the other.

    Attributes
    ----------
    nodes : (n_nodes,) of `NODE`, children by their place in the whole array
    values : (n_nodes, K) mean target or class shares of the training rows in each node
    roots : (n_trees,)
    depth : levels below the root of the deepest tree
    """

    nodes: NDArray[Any]
    values: NDArray[np.float64]
    roots: NDArray[np.int64]
    depth: int


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


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def child(node: Any, x: np.float32) -> int:
    """Return the place of the child to which the value ``x`` of the node's column goes."""
    if np.isnan(x):
        return node.left if node.feature & 1 else node.right  # type: ignore[no-any-return]
    return node.left if x <= node.threshold else node.right  # type: ignore[no-any-return]
