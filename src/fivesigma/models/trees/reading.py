"""Our trees as those read them that explain: nodes with thresholds between codes, and columns as codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.forest import NODE, Bag, Divided, Ensemble, Forest
from fivesigma.models.trees.binning import Array
from fivesigma.models.trees.nodes import Grown


def ensemble(
    grown: Grown,
    told: Callable[[Array], Array],
    gain: str,
    start: Array | None = None,
    bag: Bag | None = None,
    divided: Divided | None = None,
) -> Ensemble:
    """Return trees for those that explain them; the outputs of trees that are summed up begin with ``start``."""
    return Ensemble(
        _forest(grown, start),
        lambda X: _codes(grown, X),
        told,
        grown.weight,
        lambda: _shares(grown),
        bag,
        gain,
        divided,
    )


def _forest(grown: Grown, start: Array | None) -> Forest:
    nodes = np.zeros(len(grown.feature), dtype=NODE)
    left = grown.child + np.repeat(grown.roots[:-1], np.diff(grown.roots))
    split = grown.feature >= 0
    nodes["threshold"] = grown.cut
    nodes["left"], nodes["right"] = left, left + 1
    nodes["feature"] = np.where(split, 2 * grown.feature + (grown.first == 0), -1)
    outputs = None if start is None else grown.outputs
    return Forest(
        nodes, grown.value, grown.roots[:-1].copy(), _depth(left, split, grown.roots[:-1]), outputs, start
    )


def _depth(left: NDArray[Any], split: NDArray[np.bool_], roots: NDArray[np.int64]) -> int:
    """Return the levels below the root of the deepest tree."""
    depth, level = 0, roots[split[roots]]
    while level.size:
        depth += 1
        below = np.concatenate([left[level], left[level] + 1])
        level = below[split[below]]
    return depth


def _codes(grown: Grown, X: Array) -> NDArray[np.float32]:
    """Return the codes (n, p) of values, NaN of those that are missing."""
    codes = grown.bins.codes(X).T.astype(np.float32, order="C")
    codes[codes == 0] = np.nan
    return codes


def _shares(grown: Grown) -> Array:
    """Return (T, p): what the splits on each column gain, as shares of their tree."""
    T, p = len(grown.roots) - 1, len(grown.bins.starts) - 1
    split = grown.feature >= 0
    tree = np.repeat(np.arange(T), np.diff(grown.roots))[split]
    gains = np.bincount(tree * p + grown.feature[split], weights=grown.gain[split], minlength=T * p).reshape(
        T, p
    )
    whole = gains.sum(axis=1, keepdims=True)
    return np.asarray(gains / np.where(whole > 0, whole, 1.0))
