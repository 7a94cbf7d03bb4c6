"""One tree of gradient boosting, grown leaf by leaf on binned columns: compiled.

The quality of a split is ``G_L²/(H_L + λ) + G_R²/(H_R + λ)``, its gain what that is above ``G²/(H + λ)``, and a leaf
steps by ``-G/(H + λ)`` (Chen & Guestrin 2016, arXiv:1603.02754, eqs. 6 and 7). The leaf of the largest gain is split
next (Shi 2007); of two children the smaller is counted into bins, and the larger is what is left of their parent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fivesigma._core.compiled import compiled
from fivesigma.models.trees.draws import below, drawn
from fivesigma.models.trees.nodes import Tree

SLOPE, CURVATURE, WEIGHT = range(3)
_TIE = 1.0 + 1e-9  # times the best by which a later split must win: equal ones differ by rounding only


class Growth(NamedTuple):
    """The most leaves, the most splits on the way to one, the least weight and curvature in one; λ; the step's part;
    how many columns a split looks at; and whether some must not fall, or not rise.
    """

    max_leaves: int
    max_depth: int
    min_weight: float
    min_curvature: float
    shrink: float
    rate: float
    tried: int
    bounded: bool


class Events(NamedTuple):
    """Binned rows (n, p), and of each row slope, curvature and size of its weight (n,)."""

    codes: Any
    slope: Any
    curvature: Any
    weight: Any


class Leaves(NamedTuple):
    """How many bins each column has (p,), and -1, 0 or 1: whether outputs fall or rise with it. Of the leaves: where
    their rows begin and end, their nodes, depths and sums; between which steps they must stay; their best split
    (column, first code, last code) and its gain; and their bins (leaves, p, width, 3). The order of columns, and the
    state of draws.
    """

    n_bins: Any
    signs: Any
    start: Any
    end: Any
    node: Any
    depth: Any
    total: Any
    bounds: Any
    split: Any
    gain: Any
    bins: Any
    order: Any
    state: Any


def room_for_leaves(max_leaves: int, n_bins: Any, signs: Any) -> Leaves:
    """Return room for the leaves of a tree on columns with ``n_bins`` (p,) bins, that every tree of a fit uses."""
    start, end, node, depth = np.zeros((4, max_leaves), np.int64)
    total, split, gain = np.zeros((max_leaves, 3)), np.zeros((max_leaves, 3), np.int64), np.zeros(max_leaves)
    bins = np.zeros((max_leaves, len(n_bins), int(n_bins.max()), 3))
    bounds, order = np.zeros((max_leaves, 2)), np.arange(len(n_bins))
    state = np.zeros(1, np.uint64)
    return Leaves(n_bins, signs, start, end, node, depth, total, bounds, split, gain, bins, order, state)


@compiled
def _counted(events: Events, rows: Any, start: int, end: int, bins: Any) -> None:
    """Sum the rows of a node into ``bins`` (p, width, 3)."""
    codes, slope, curvature, weight = events
    bins[:] = 0.0
    for i in range(start, end):
        row = rows[i]
        g, h, w = slope[row], curvature[row], weight[row]
        for f in range(codes.shape[1]):
            at = bins[f, codes[row, f]]
            at[0] += g
            at[1] += h
            at[2] += w


@compiled
def _step(g: float, h: float, shrink: float, bounds: Any) -> float:
    """Return the step of a leaf within its ``bounds``, 0 where the curvature is none."""
    if not h + shrink > 0.0:
        return 0.0
    return min(max(-g / (h + shrink), bounds[0]), bounds[1])  # type: ignore[no-any-return]


@compiled
def _bounded(g: float, h: float, G: float, H: float, shrink: float, bounds: Any, sign: int) -> float:
    """Return the quality of a split whose steps stay in bounds, -inf where they part against the ``sign``."""
    left, right = _step(g, h, shrink, bounds), _step(G - g, H - h, shrink, bounds)
    if sign * (right - left) < 0.0:
        return -np.inf
    return -(2.0 * g + (h + shrink) * left) * left - (2.0 * (G - g) + (H - h + shrink) * right) * right


@compiled
def _cut(bins: Any, n_bins: int, total: Any, growth: Growth, bounds: Any, sign: int, to_win: float) -> Any:
    """Return quality, first and last code of the best split of a column by ``bins`` (width, 3) that wins, else 0.

    Where values are missing, they go to either side.
    """
    G, H, W = total[0], total[1], total[2]
    least_w, least_h, shrink, bounded = growth.min_weight, growth.min_curvature, growth.shrink, growth.bounded
    best, begin, cut = 0.0, 0, 0
    for first in range(1 + (bins[0, 2] > 0.0)):
        g, h, w = 0.0, 0.0, 0.0
        for c in range(first, n_bins):
            g += bins[c, 0]
            h += bins[c, 1]
            w += bins[c, 2]
            if w < least_w or h < least_h or H - h < least_h:
                continue
            if W - w < least_w:
                break
            if bounded:
                quality = _bounded(g, h, G, H, shrink, bounds, sign)
            else:
                quality = g * g / (h + shrink) + (G - g) * (G - g) / (H - h + shrink)
            if quality > to_win:
                to_win = quality * _TIE
                best, begin, cut = quality, first, c
    return best, begin, cut


@compiled
def _find_split(leaves: Leaves, k: int, growth: Growth) -> float:
    """Set the split (column, first, cut) of leaf ``k`` to the best one; return its gain, 0 for none.

    Where not all columns are looked at, those that are are drawn.
    """
    total, bounds, order, state, p = (
        leaves.total[k],
        leaves.bounds[k],
        leaves.order,
        leaves.state,
        len(leaves.order),
    )
    step = _step(total[0], total[1], growth.shrink, bounds)
    own = -(2.0 * total[0] + (total[1] + growth.shrink) * step) * step
    best, column, begin, cut, bits = max(own, 0.0), -1, 0, 0, np.uint64(0)
    for at in range(growth.tried):
        if growth.tried < p:
            state[0], bits = drawn(state[0])
            other = at + below(bits, p - at)
            order[at], order[other] = order[other], order[at]
        f = order[at]
        found = _cut(leaves.bins[k, f], leaves.n_bins[f], total, growth, bounds, leaves.signs[f], best * _TIE)
        if found[0] > 0.0:
            column, (best, begin, cut) = f, found
    split = leaves.split[k]
    split[0], split[1], split[2] = column, begin, cut
    return best - own if column >= 0 else 0.0


@compiled
def _look_at(leaves: Leaves, k: int, growth: Growth) -> None:
    """Find the best split of leaf ``k``, if it may be split."""
    enough = leaves.total[k, WEIGHT] >= 2 * growth.min_weight and leaves.depth[k] < growth.max_depth
    leaves.gain[k] = 0.0
    if enough:
        found = _find_split(leaves, k, growth)
        leaves.gain[k] = found


@compiled
def _parted(codes: Any, split: Any, rows: Any, start: int, end: int) -> int:
    """Move the rows that go left to the front; return where the others begin."""
    f, first, cut = split
    i, k = start, end - 1
    while True:
        while i <= k and first <= codes[rows[i], f] <= cut:
            i += 1
        while i <= k and not first <= codes[rows[k], f] <= cut:
            k -= 1
        if i >= k:
            return i
        rows[i], rows[k] = rows[k], rows[i]


@compiled
def _divide(events: Events, rows: Any, leaves: Leaves, j: int, k: int, tree: Tree, n_nodes: int) -> None:
    """Split leaf ``j``: the left child takes its place, the right one is leaf ``k``."""
    f, first, cut = leaves.split[j]
    node, start, end = leaves.node[j], leaves.start[j], leaves.end[j]
    middle = _parted(events.codes, leaves.split[j], rows, start, end)
    tree.feature[node], tree.first[node], tree.cut[node], tree.child[node] = f, first, cut, n_nodes
    tree.gain[node] = leaves.gain[j]
    for s in range(3):
        left = 0.0
        for c in range(first, cut + 1):
            left += leaves.bins[j, f, c, s]
        leaves.total[k, s] = leaves.total[j, s] - left
        leaves.total[j, s] = left
    leaves.start[k], leaves.end[k], leaves.node[k] = middle, end, n_nodes + 1
    leaves.end[j], leaves.node[j] = middle, n_nodes
    leaves.depth[j] += 1
    leaves.depth[k] = leaves.depth[j]
    leaves.bounds[k] = leaves.bounds[j]
    tree.weight[n_nodes], tree.weight[n_nodes + 1] = leaves.total[j, WEIGHT], leaves.total[k, WEIGHT]


@compiled
def _bind(leaves: Leaves, j: int, k: int, growth: Growth, sign: int) -> None:
    """Let no later step of leaves ``j`` (left) and ``k`` cross the middle between theirs, where there is a ``sign``."""
    middle, shrink = 0.0, growth.shrink
    for leaf in (j, k):
        total = leaves.total[leaf]
        middle += 0.5 * _step(total[SLOPE], total[CURVATURE], shrink, leaves.bounds[leaf])
    if sign > 0:
        leaves.bounds[j, 1], leaves.bounds[k, 0] = middle, middle
    if sign < 0:
        leaves.bounds[j, 0], leaves.bounds[k, 1] = middle, middle


@compiled
def _shared_out(events: Events, rows: Any, leaves: Leaves, j: int, k: int) -> None:
    """Give the bins of a leaf that was split, in the place of its left child ``j``, to that and the right one ``k``."""
    small = j if leaves.end[j] - leaves.start[j] <= leaves.end[k] - leaves.start[k] else k
    whole, part = leaves.bins[j].reshape(-1), leaves.bins[k].reshape(-1)
    _counted(events, rows, leaves.start[small], leaves.end[small], leaves.bins[k])
    for i in range(whole.size):
        whole[i] -= part[i]
    if small == j:
        for i in range(whole.size):
            whole[i], part[i] = part[i], whole[i]


@compiled
def grow(events: Events, rows: Any, growth: Growth, leaves: Leaves, tree: Tree, raw: Any) -> int:
    """Grow one ``tree`` on ``rows`` (n,), which are moved; add its steps to ``raw`` (n,); return its nodes."""
    n, n_leaves, n_nodes = len(rows), 1, 1
    leaves.start[0], leaves.end[0], leaves.node[0], leaves.depth[0] = 0, n, 0, 0
    leaves.total[0] = 0.0
    leaves.bounds[0, 0], leaves.bounds[0, 1] = -np.inf, np.inf
    for i in range(n):
        leaves.total[0, SLOPE] += events.slope[i]
        leaves.total[0, CURVATURE] += events.curvature[i]
        leaves.total[0, WEIGHT] += events.weight[i]
    tree.feature[:], tree.gain[:], tree.weight[0] = -1, 0.0, leaves.total[0, WEIGHT]
    if growth.max_leaves > 1:
        _counted(events, rows, 0, n, leaves.bins[0])
        _look_at(leaves, 0, growth)
    while n_leaves < growth.max_leaves:
        best = int(np.argmax(leaves.gain[:n_leaves]))
        if leaves.gain[best] <= 0.0:
            break
        _divide(events, rows, leaves, best, n_leaves, tree, n_nodes)
        if growth.bounded:
            _bind(leaves, best, n_leaves, growth, leaves.signs[leaves.split[best, 0]])
        if n_leaves + 1 < growth.max_leaves:
            _shared_out(events, rows, leaves, best, n_leaves)
            _look_at(leaves, best, growth)
            _look_at(leaves, n_leaves, growth)
        n_leaves += 1
        n_nodes += 2
    for k in range(n_leaves):
        total = leaves.total[k]
        step = growth.rate * _step(total[SLOPE], total[CURVATURE], growth.shrink, leaves.bounds[k])
        tree.value[leaves.node[k], 0] = step
        for i in range(leaves.start[k], leaves.end[k]):
            raw[rows[i]] += step
    return n_nodes
