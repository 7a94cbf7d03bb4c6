"""Permutation of the columns of trees by path masking: only the part of a path below the column is walked again.

A tree answers a permuted row as the original one unless the column stands on the row's path; then the walk restarts
at its first node there, for all repeats together, which part company only at nodes of that column. Sums run over the
trees in the order of a prediction, so every one equals the direct one to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit
from fivesigma._core.forest import Forest
from fivesigma._core.tree_step import child

Array = NDArray[np.float64]
_BLOCK = 512  # rows whose sums stay in the cache while all trees pass


def masked_predictions(
    forest: Forest, X: NDArray[np.float32], places: NDArray[np.int32], group_of: NDArray[np.int32]
) -> Array:
    """Return (G, R, n, K): means, or sums, over the trees with each group of columns permuted R times.

    Parameters
    ----------
    places : (n, G, R) row that stands in for row i
    group_of : (p,) group of each column, -1 for none
    """
    n, G, R = places.shape
    T = len(forest.roots)
    outputs = np.zeros(T, np.int64) if forest.outputs is None else forest.outputs
    first = np.zeros(forest.values.shape[1]) if forest.start is None else forest.start
    out = np.tile(first, (n, G, R, 1))
    for start in range(0, n, _BLOCK):
        rows = (start, min(n, start + _BLOCK))
        _add(
            forest.nodes, forest.values, forest.roots, outputs, X, places, group_of, *rows, forest.depth, out
        )
    if forest.start is None and T > 1:
        out /= T
    return np.ascontiguousarray(out.transpose(1, 2, 0, 3))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _add(
    nodes: Any,
    values: Array,
    roots: NDArray[np.int64],
    outputs: NDArray[np.int64],
    X: NDArray[np.float32],
    places: NDArray[np.int32],
    group_of: NDArray[np.int32],
    first_row: int,
    end_row: int,
    depth: int,
    out: Array,
) -> None:
    """Add to ``out`` (n, G, R, K) each tree's leaf, for rows ``first_row`` to ``end_row``."""
    G, R, K = out.shape[1], out.shape[2], values.shape[1]
    seen = np.full(G, -1, dtype=np.int64)
    met = np.empty((min(depth, G) + 1, 2), dtype=np.int64)  # group, and its first node on the path
    repeats = np.arange(R)
    stack = np.empty((R + 1, 3), dtype=np.int64)
    visit = 0
    for t in range(len(roots)):
        root, of = roots[t], outputs[t]
        for i in range(first_row, end_row):
            visit += 1
            at, n_met = root, 0
            while nodes[at].feature >= 0:
                f = nodes[at].feature >> 1
                g = group_of[f]
                if g >= 0 and seen[g] != visit:
                    seen[g] = visit
                    met[n_met, 0], met[n_met, 1] = g, at
                    n_met += 1
                at = child(nodes[at], X[i, f])
            for g in range(G):
                if seen[g] != visit:
                    for r in range(R):
                        for k in range(K):
                            out[i, g, r, of + k] += values[at, k]
            for m in range(n_met):
                g = met[m, 0]
                told = out[i, g, :, of : of + K]
                _walk(nodes, values, X, i, places[i, g], group_of, g, met[m, 1], repeats, stack, told)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _walk(
    nodes: Any,
    values: Array,
    X: NDArray[np.float32],
    i: int,
    places: NDArray[np.int32],
    group_of: NDArray[np.int32],
    g: int,
    start: int,
    repeats: NDArray[np.int64],
    stack: NDArray[np.int64],
    out: Array,
) -> None:
    """Walk all repeats from node ``start``, parting them at the nodes of group ``g``."""
    R, K = out.shape
    stack[0, 0], stack[0, 1], stack[0, 2] = start, 0, R
    waiting = 1
    while waiting:
        waiting -= 1
        at, first, end = stack[waiting]
        while nodes[at].feature >= 0:
            f = nodes[at].feature >> 1
            if group_of[f] != g:
                at = child(nodes[at], X[i, f])
                continue
            left, middle = nodes[at].left, first
            for s in range(first, end):
                r = repeats[s]
                if child(nodes[at], X[places[r], f]) == left:
                    repeats[s], repeats[middle] = repeats[middle], r
                    middle += 1
            right = nodes[at].right
            if middle == first:
                at = right
            else:
                if middle < end:
                    stack[waiting, 0], stack[waiting, 1], stack[waiting, 2] = right, middle, end
                    waiting += 1
                at, end = left, middle
        for s in range(first, end):
            r = repeats[s]
            for k in range(K):
                out[r, k] += values[at, k]


@njit(cache=True)  # type: ignore[untyped-decorator]
def split_gains(
    nodes: Any, values: Array, root: int, X: NDArray[np.float32], y: Array, w: Array, gains: Array
) -> None:
    """Add to ``gains`` (p,) what each column's splits explain of ``y`` (n, K): ``Σ_i w_i (v_child - v_node)·y_i``.

    Summed over in-bag rows this is the decrease of impurity; over rows not fitted to it is free of its bias towards
    columns of many values: Li et al. (2019), arXiv:1906.10845, eq. 5.
    """
    for i in range(len(X)):
        at = root
        while nodes[at].feature >= 0:
            f = nodes[at].feature >> 1
            below = child(nodes[at], X[i, f])
            for k in range(y.shape[1]):
                gains[f] += w[i] * (values[below, k] - values[at, k]) * y[i, k]
            at = below
