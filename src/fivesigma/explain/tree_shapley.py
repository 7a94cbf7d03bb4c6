"""Exact Shapley values of trees, by an integral that a few points give exactly.

A leaf of value v that a row would reach but for the splits on its columns j is a product game: ``v Π_j (o_j or r_j)``,
``o_j`` one where the row passes every split on j on the way and zero where not, ``r_j`` the share of the weight that
passes them (Lundberg et al. 2020, arXiv:1905.04610, the values that depend on the path). The Shapley value of j in a
product game is ``v ∫₀¹ (o_j - r_j) Π_{k≠j} (r_k + t (o_k - r_k)) dt``, of a polynomial: n points of Gauss and Legendre
give it exactly for leaves below 2n columns. The products run down the tree and their sums up again, so that a row
costs a multiple of the nodes, however deep they are; four rows go together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled, inlined
from fivesigma.explain.nodes import Nodes

Array = NDArray[np.float64]
_FOUR = 4


class _Walk(NamedTuple):
    """The m nodes of a tree from the root down, and what is the same of each for all rows.

    The place among all nodes; the depth; the node above, and whether this is its left child; the column that was split
    there; the node above that was entered by a split on the same column, -1 where none was; the share of weight by this
    split alone; and, at each of Q points (m, 4, Q), by what the product of a row changes that has passed all splits on
    the column, and of one that fails here first, then what the sums below are worth to the column in both cases.
    """

    order: Any
    depth: Any
    up: Any
    is_left: Any
    column: Any
    before: Any
    share: Any
    steps: Any


def shares_of_columns(nodes: Nodes, roots: NDArray[np.int64], X: Array) -> Array:
    """Return each column's part (n, p) of the output of the rows of X (n, p).

    Parameters
    ----------
    roots : (T,) where each tree begins
    """
    n, p = X.shape
    levels = most_columns(nodes, roots, p)
    points, shares = np.polynomial.legendre.leggauss((levels + 1) // 2)
    rows = np.ascontiguousarray(np.pad(X, ((0, -n % _FOUR), (0, 0))))
    out = np.zeros(rows.shape)
    _explain(nodes, roots, (points + 1) / 2, shares / 2, rows, out)
    return out[:n]


@compiled
def expected(nodes: Any, roots: Any) -> float:
    """Return what the trees say of no row in particular: leaves by the share of weight that reaches them."""
    total = 0.0
    share = np.zeros(len(nodes.feature))
    for root in roots:
        share[root] = 1.0
    for at in range(len(nodes.feature)):
        if nodes.feature[at] < 0:
            total += share[at] * nodes.value[at]
            continue
        for child in (nodes.left[at], nodes.right[at]):
            share[child] = share[at] * _share(nodes.weight[child], nodes.weight[at])
    return total


@inlined
def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


@compiled
def most_columns(nodes: Any, roots: Any, p: int) -> int:
    """Return on how many columns the way to a leaf is split at most: at least one."""
    most = 1
    for root in roots:
        order, depth, up, _ = _downwards(nodes, root)
        seen = np.zeros((depth.max() + 1, p), np.bool_)
        for at in range(1, len(order)):
            d = depth[at]
            seen[d] = seen[d - 1]
            seen[d, nodes.feature[order[up[at]]]] = True
            most = max(most, seen[d].sum())
    return most


@compiled
def _downwards(nodes: Any, root: int) -> Any:
    """Return the nodes of a tree from the root down, the left branch first; their depths, parents and sides."""
    todo = [(root, 0, -1, False)]
    found = [(root, 0, -1, False)]
    found.clear()
    while todo:
        node = todo.pop()
        at, depth = node[0], node[1]
        found.append(node)
        if nodes.feature[at] >= 0:
            todo.append((nodes.right[at], depth + 1, len(found) - 1, False))
            todo.append((nodes.left[at], depth + 1, len(found) - 1, True))
    order, depths, up = (
        np.empty(len(found), np.int64),
        np.empty(len(found), np.int64),
        np.empty(len(found), np.int64),
    )
    is_left = np.empty(len(found), np.bool_)
    for k, each in enumerate(found):
        order[k], depths[k], up[k], is_left[k] = each
    return order, depths, up, is_left


@compiled
def _walk(nodes: Any, root: int, p: int, t: Any, w: Any) -> Any:
    order, depth, up, is_left = _downwards(nodes, root)
    m, Q = len(order), len(t)
    before, column = np.full(m, -1, np.int64), np.full(m, -1, np.int64)
    share, passed, steps = np.ones(m), np.ones(m), np.empty((m, 4, Q))
    last = np.full((depth.max() + 1, p), -1, np.int64)
    for at in range(1, m):
        d, above = depth[at], order[up[at]]
        column[at] = j = nodes.feature[above]
        before[at] = last[d - 1, j]
        last[d] = last[d - 1]
        last[d, j] = at
        share[at] = _share(nodes.weight[order[at]], nodes.weight[above])
        R = 1.0 if before[at] < 0 else passed[before[at]]
        passed[at] = R * share[at]
        for q in range(Q):
            _step(steps[at], q, t[q], w[q], R, passed[at])
    return _Walk(order, depth, up, is_left, column, before, share, steps)


@compiled
def _step(steps: Any, q: int, t: float, w: float, above: float, R: float) -> None:
    """Write the four numbers of a point: shares ``above`` and ``R`` of all splits on the column, without and with."""
    new, old = R + t * (1 - R), above + t * (1 - above)
    worth = (1 - above) * w / old
    steps[0, q], steps[1, q] = new / old, R * (1 - t) / old
    steps[2, q], steps[3, q] = (1 - R) * w / new - worth, -w / (1 - t) - worth


@compiled
def _explain(nodes: Any, roots: Any, t: Any, w: Any, X: Any, out: Any) -> None:
    """Add the parts of all trees to ``out`` (n, p); n is a multiple of four."""
    for root in roots:
        walk = _walk(nodes, root, X.shape[1], t, w)
        if len(walk.order) > 1:
            deep = walk.depth.max() + 1
            stack, sums = np.ones((deep, len(t), 4)), np.zeros((deep, len(t), 4))
            passes, open_ = np.ones((len(walk.order), 4)), np.zeros(deep, np.int64)
            for i in range(0, len(X), 4):
                _four(nodes, walk, X[i : i + 4], stack, sums, passes, open_, out[i : i + 4])


@inlined
def _four(nodes: Any, walk: Any, X: Any, stack: Any, sums: Any, passes: Any, open_: Any, out: Any) -> None:
    """Explain four rows by one tree: nodes from the root down, each left again when the next is not below it."""
    deepest = 0
    for at in range(1, len(walk.order)):
        d, node = walk.depth[at], walk.order[at]
        while deepest >= d:
            _leave(walk, sums, passes, open_[deepest], out)
            deepest -= 1
        _pass(nodes, walk, passes, at, X)
        if nodes.feature[node] < 0:
            _leaf(walk, stack, sums, passes, at, nodes.value[node], out)
        else:
            _enter(walk, stack, sums, passes, at)
            open_[d], deepest = at, d
    while deepest > 0:
        _leave(walk, sums, passes, open_[deepest], out)
        deepest -= 1


@inlined
def _pass(nodes: Any, walk: Any, passes: Any, at: int, X: Any) -> None:
    """Write whether the rows pass all splits on the column down to here."""
    above, j, before = walk.order[walk.up[at]], walk.column[at], walk.before[at]
    for k in range(4):
        x = X[k, j]
        goes_left = nodes.missing_left[above] if np.isnan(x) else x <= nodes.threshold[above]
        here = 1.0 if goes_left == walk.is_left[at] else 0.0
        passes[at, k] = here if before < 0 else here * passes[before, k]


@inlined
def _ways(walk: Any, passes: Any, at: int) -> Any:
    """Return of four rows what is one where all splits on the column are passed, and where all but this one are."""
    before = walk.before[at]
    a, b, c, d = passes[at, 0], passes[at, 1], passes[at, 2], passes[at, 3]
    if before < 0:
        return a, b, c, d, 1.0 - a, 1.0 - b, 1.0 - c, 1.0 - d
    return (
        a,
        b,
        c,
        d,
        passes[before, 0] - a,
        passes[before, 1] - b,
        passes[before, 2] - c,
        passes[before, 3] - d,
    )


@inlined
def _enter(walk: Any, stack: Any, sums: Any, passes: Any, at: int) -> None:
    """Go down to a node: its products, and no sums below it yet."""
    a, b, c, d, e, f, g, h = _ways(walk, passes, at)
    s, at_depth = walk.share[at], walk.depth[at]
    for q in range(stack.shape[1]):
        x, y = walk.steps[at, 0, q], walk.steps[at, 1, q]
        stack[at_depth, q, 0] = stack[at_depth - 1, q, 0] * (a * x + e * y + (1 - a - e) * s)
        stack[at_depth, q, 1] = stack[at_depth - 1, q, 1] * (b * x + f * y + (1 - b - f) * s)
        stack[at_depth, q, 2] = stack[at_depth - 1, q, 2] * (c * x + g * y + (1 - c - g) * s)
        stack[at_depth, q, 3] = stack[at_depth - 1, q, 3] * (d * x + h * y + (1 - d - h) * s)
        sums[at_depth, q, 0] = sums[at_depth, q, 1] = sums[at_depth, q, 2] = sums[at_depth, q, 3] = 0.0


@inlined
def _leaf(walk: Any, stack: Any, sums: Any, passes: Any, at: int, value: float, out: Any) -> None:
    """Go down to a leaf, whose products are its sums, and up again."""
    _enter(walk, stack, sums, passes, at)
    depth = walk.depth[at]
    for q in range(stack.shape[1]):
        sums[depth, q, 0] = stack[depth, q, 0] * value
        sums[depth, q, 1] = stack[depth, q, 1] * value
        sums[depth, q, 2] = stack[depth, q, 2] * value
        sums[depth, q, 3] = stack[depth, q, 3] * value
    _leave(walk, sums, passes, at, out)


@inlined
def _leave(walk: Any, sums: Any, passes: Any, at: int, out: Any) -> None:
    """Go up from a node: what the leaves below it are worth to the column that was split."""
    a, b, c, d, e, f, g, h = _ways(walk, passes, at)
    depth, j = walk.depth[at], walk.column[at]
    A = B = C = D = 0.0
    for q in range(sums.shape[1]):
        x, y = walk.steps[at, 2, q], walk.steps[at, 3, q]
        k, m, n, r = sums[depth, q, 0], sums[depth, q, 1], sums[depth, q, 2], sums[depth, q, 3]
        A, B, C, D = (
            A + k * (a * x + e * y),
            B + m * (b * x + f * y),
            C + n * (c * x + g * y),
            D + r * (d * x + h * y),
        )
        sums[depth - 1, q, 0] += k
        sums[depth - 1, q, 1] += m
        sums[depth - 1, q, 2] += n
        sums[depth - 1, q, 3] += r
    out[0, j] += A
    out[1, j] += B
    out[2, j] += C
    out[3, j] += D
