"""One tree of gradient boosting, grown leaf by leaf on binned columns: compiled.

The quality of a split is ``G_L²/(H_L + λ) + G_R²/(H_R + λ)``, its gain what that is above ``G²/(H + λ)``, and a leaf
steps by ``-G/(H + λ)`` (Chen & Guestrin 2016, arXiv:1603.02754, eqs. 6 and 7). The leaf of the largest gain is split
next (Shi 2007); of two children the lighter is counted into bins, and the heavier is what is left of their parent.

Several threads grow one tree: each parts and counts a block of the rows of its own, and then looks at columns of its
own, whose counts of all blocks it adds. All else each does for itself, and comes to the same.

Where no column says anything by itself, as of a product of signs, the tree is blind: leaves that gain nothing are cut
in two by columns that are drawn, and what several columns say together is found below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import borrowing
from fivesigma.models.trees.boosting_parts import meet
from fivesigma.models.trees.boosting_room import Events, Growth, Leaves, Outputs, Shared
from fivesigma.models.trees.boosting_splits import TIE, best_cut, even_cut, settled, step_of
from fivesigma.models.trees.boosting_sums import (
    Words,
    add_bins,
    block_sizes,
    most_silent,
    silence,
    tell,
    told,
    words_of,
)
from fivesigma.models.trees.draws import draw_to
from fivesigma.models.trees.nodes import Tree


@borrowing
def _draw_columns(leaves: Leaves, which: int, tried: int) -> None:
    """Draw the columns that are looked at for one of two leaves."""
    order, state, p = leaves.order, leaves.state, len(leaves.order)
    for at in range(tried):
        if tried < p:
            state[0] = draw_to(order, at, state[0])
        leaves.looked[which, at] = order[at]


@borrowing
def _may_split(leaves: Leaves, k: int, made: Words, growth: Growth) -> bool:
    weight = told(made, leaves.total[k])[2]
    return weight * made.weight >= 2 * growth.min_weight and leaves.depth[k] < growth.max_depth


@borrowing
def _look(
    events: Events, shared: Shared, leaves: Leaves, k: int, which: int, made: Words, growth: Growth
) -> None:
    """Find the best split of leaf ``k`` in each column of this part."""
    p, total, bounds = len(leaves.order), told(made, leaves.total[k]), leaves.bounds[k]
    step = step_of(total[0], total[1], growth.shrink, bounds)
    own = -(2.0 * total[0] + (total[1] + growth.shrink) * step) * step
    size, best = leaves.room.below.shape[1] * made.n, max(own, 0.0) * TIE
    for at in range(growth.tried):
        f = leaves.looked[which, at]
        if f * leaves.n_parts // p == leaves.part:
            bins = shared.bins[leaves.place[k], f * size : (f + 1) * size]
            found = best_cut(
                made, bins, events.n_bins[f], events.signs[f], (total, bounds), growth, best, leaves.room
            )
            shared.quality[which, f], shared.cuts[which, f, 0], shared.cuts[which, f, 1] = found
            best = max(
                best, found[0] / (TIE * TIE)
            )  # less by more than ties of columns of other parts could be


@borrowing
def _take(shared: Shared, leaves: Leaves, k: int, which: int, made: Words, growth: Growth) -> None:
    """Set the split of leaf ``k`` to the best of all columns, and what it gains: 0 where there is none."""
    total, split = told(made, leaves.total[k]), leaves.split[k]
    step = step_of(total[0], total[1], growth.shrink, leaves.bounds[k])
    own = -(2.0 * total[0] + (total[1] + growth.shrink) * step) * step
    best, split[0] = max(own, 0.0), -1
    for at in range(growth.tried):
        f = leaves.looked[which, at]
        if shared.quality[which, f] > best * TIE:
            best, split[0] = shared.quality[which, f], f
            split[1], split[2] = shared.cuts[which, f, 0], shared.cuts[which, f, 1]
    leaves.gain[k] = best - own if split[0] >= 0 else 0.0


@borrowing
def _look_at(
    events: Events, shared: Shared, leaves: Leaves, j: int, k: int, made: Words, growth: Growth
) -> None:
    """Find the best splits of leaves ``j`` and ``k``, which may be one."""
    for which in range(1 + (j != k)):
        leaf = k if which else j
        leaves.gain[leaf] = 0.0
        if _may_split(leaves, leaf, made, growth):
            _draw_columns(leaves, which, growth.tried)
            _look(events, shared, leaves, leaf, which, made, growth)
    meet(shared.flags, leaves.n_parts, leaves.part)
    for which in range(1 + (j != k)):
        leaf = k if which else j
        if _may_split(leaves, leaf, made, growth):
            _take(shared, leaves, leaf, which, made, growth)


@borrowing
def _take_blindly(
    events: Events,
    shared: Shared,
    leaves: Leaves,
    k: int,
    made: Words,
    growth: Growth,
    silent: float,
    if_all: bool,
) -> bool:
    """Set the split of leaf ``k`` to the most even one of a column that is drawn; return whether there is one.

    Asked to take it ``if_all`` columns are silent, it takes none where one tells rows apart.
    """
    p, total, split = len(leaves.order), told(made, leaves.total[k]), leaves.split[k]
    size = leaves.room.below.shape[1] * made.n
    meet(shared.flags, leaves.n_parts, leaves.part)
    for f in range(p):
        if f * leaves.n_parts // p == leaves.part:
            bins = shared.bins[leaves.place[k], f * size : (f + 1) * size]
            found = even_cut(made, bins, events.n_bins[f], total, growth, silent, leaves.room)
            shared.quality[0, f], shared.cuts[0, f, 0], shared.cuts[0, f, 1] = found
    meet(shared.flags, leaves.n_parts, leaves.part)
    loudest = 0.0
    for f in range(p):
        loudest = max(loudest, shared.quality[0, f])
    if if_all and loudest > 1.0:
        return False
    split[0] = -1
    for at in range(p):
        leaves.state[0] = draw_to(leaves.order, at, leaves.state[0])
        f = leaves.order[at]
        if split[0] < 0 and shared.quality[0, f] > 0.0 and events.signs[f] == 0:
            split[0], split[1], split[2] = f, shared.cuts[0, f, 0], shared.cuts[0, f, 1]
    return split[0] >= 0  # type: ignore[no-any-return]


@borrowing
def _begin_blindly(
    events: Events, shared: Shared, leaves: Leaves, slope: Any, made: Words, growth: Growth, total: Any
) -> float:
    """Split the root blindly where all columns are silent; return up to which gain they are, -1 where they are not."""
    gain: Any = leaves.gain[0]
    if gain > most_silent(shared.sizes, total) or not _may_split(leaves, 0, made, growth):
        return -1.0
    silent = silence(slope, events.counts, events.w, events.unit, total[1])
    if gain > silent or not _take_blindly(events, shared, leaves, 0, made, growth, silent, True):
        return -1.0
    leaves.gain[0] = 0.0
    return silent


@borrowing
def _look_blindly(
    events: Events, shared: Shared, leaves: Leaves, k: int, made: Words, growth: Growth, silent: float
) -> None:
    """Find an even split of leaf ``k`` of a blind tree, where none gains."""
    if leaves.gain[k] <= silent:
        leaves.gain[k], leaves.split[k, 0] = 0.0, -1
        if _may_split(leaves, k, made, growth):
            _take_blindly(events, shared, leaves, k, made, growth, silent, False)


@borrowing
def _parted(codes: Any, split: Any, rows: Any, spare: Any, start: int, end: int) -> Any:
    """Move the rows of a leaf that go left to the front, in their order; return where the others begin."""
    first, cut = split[1], split[2]
    at, n_right = np.uint64(start), np.uint64(0)
    for i in range(np.uint64(start), np.uint64(end)):
        row = rows[i]
        code = codes[np.uint64(row)]
        left = np.uint64((first <= code) & (code <= cut))
        rows[at], spare[n_right] = row, row
        at += left
        n_right += np.uint64(1) - left
    for i in range(n_right):
        rows[at + i] = spare[i]
    return np.int64(at)


@borrowing
def _divide(
    events: Events, shared: Shared, leaves: Leaves, j: int, k: int, tree: Tree, n_nodes: int, made: Words
) -> None:
    """Split leaf ``j``: the left child takes its place, the right one is leaf ``k``."""
    f, first, cut = leaves.split[j, 0], leaves.split[j, 1], leaves.split[j, 2]
    node, start, end = leaves.node[j], leaves.start[j], leaves.end[j]
    if events.columns.shape[1]:
        middle = _parted(events.columns[f], leaves.split[j], leaves.rows, leaves.spare, start, end)
    else:
        middle = _parted(events.codes[:, f], leaves.split[j], leaves.rows, leaves.spare, start, end)
    bins, size = shared.bins[leaves.place[j]], leaves.room.below.shape[1]
    for s in range(made.n):
        left = np.int64(0)
        for c in range(first, cut + 1):
            left += bins[(f * size + c) * made.n + s]
        leaves.total[k, s] = leaves.total[j, s] - left
        leaves.total[j, s] = left
    leaves.start[k], leaves.end[k], leaves.node[k] = middle, end, n_nodes + 1
    leaves.end[j], leaves.node[j] = middle, n_nodes
    leaves.depth[j] += 1
    leaves.depth[k] = leaves.depth[j]
    leaves.bounds[k, 0], leaves.bounds[k, 1] = leaves.bounds[j, 0], leaves.bounds[j, 1]
    if leaves.part == 0:
        begin, W = f * size * made.n, told(made, leaves.total[k])[2]
        if told(made, bins[begin : begin + made.n])[2] == 0.0 and told(made, leaves.total[j])[2] < W:
            first = np.int64(1)  # no value is missing here: one that is goes to the heavier side
        tree.feature[node], tree.first[node], tree.cut[node], tree.child[node] = f, first, cut, n_nodes
        tree.gain[node] = leaves.gain[j]
        tree.weight[n_nodes] = told(made, leaves.total[j])[2] * made.weight
        tree.weight[n_nodes + 1] = told(made, leaves.total[k])[2] * made.weight


@borrowing
def _bind(leaves: Leaves, j: int, k: int, growth: Growth, sign: int, made: Words) -> None:
    """Let no later step of leaves ``j`` (left) and ``k`` cross the middle between theirs, where there is a ``sign``."""
    middle, shrink = 0.0, growth.shrink
    for leaf in (j, k):
        g, h, _ = told(made, leaves.total[leaf])
        middle += 0.5 * step_of(g, h, shrink, leaves.bounds[leaf])
    if sign > 0:
        leaves.bounds[j, 1], leaves.bounds[k, 0] = middle, middle
    if sign < 0:
        leaves.bounds[j, 0], leaves.bounds[k, 1] = middle, middle


@borrowing
def _clear(bins: Any, n: int) -> None:
    for i in range(n):
        bins[i] = 0


@borrowing
def _add_up(counted: Any, begin: int, end: int, whole: Any) -> None:
    """Set the bins from ``begin`` to ``end`` to what all parts ``counted`` (parts, bins)."""
    for i in range(begin, end):
        whole[i] = counted[0, i]
    for part in range(1, len(counted)):
        for i in range(begin, end):
            whole[i] += counted[part, i]


@borrowing
def _take_off(whole: Any, begin: int, end: int, rest: Any) -> None:
    for i in range(begin, end):
        rest[i] -= whole[i]


@borrowing
def _largest(gain: Any, n: int) -> Any:
    """Return the first of ``n`` leaves that gains most."""
    best: Any = np.int64(0)
    for k in range(1, n):
        if gain[k] > gain[best]:
            best = k
    return best


@borrowing
def _next(leaves: Leaves, n: int, blind: bool) -> Any:
    """Return the leaf that is split next, -1 where there is none: of a ``blind`` tree one may gain nothing."""
    best = _largest(leaves.gain, n)
    if leaves.gain[best] > 0.0:
        return best
    for k in range(n if blind else 0):
        if leaves.split[k, 0] >= 0:
            return np.int64(k)
    return np.int64(-1)


@borrowing
def _count(events: Events, shared: Shared, leaves: Leaves, k: int, parent: int, made: Words) -> None:
    """Count the rows of leaf ``k`` into its bins, and take them from those at the place of its ``parent``, if any.

    Of several parts each counts its rows, and then adds up its columns.
    """
    p, size = len(leaves.order), leaves.room.below.shape[1] * made.n
    whole, alone = shared.bins[leaves.place[k]], leaves.n_parts == 1
    mine = whole if alone else shared.counted[leaves.part]
    _clear(mine, p * size)
    add_bins(
        made,
        events.codes,
        leaves.rows,
        leaves.start[k],
        leaves.end[k],
        shared.words,
        leaves.room.below.shape[1],
        mine,
    )
    meet(shared.flags, leaves.n_parts, leaves.part)
    begin, end = 0, p * size
    if not alone:
        begin, end = (
            -(-leaves.part * p // leaves.n_parts) * size,
            -(-(leaves.part + 1) * p // leaves.n_parts) * size,
        )
        _add_up(shared.counted, begin, end, whole)
    if parent >= 0:
        _take_off(whole, begin, end, shared.bins[parent])


@borrowing
def _share_out(events: Events, shared: Shared, leaves: Leaves, j: int, k: int, made: Words) -> None:
    """Give the bins of a leaf that was split, in the place of its left child ``j``, to that and the right one ``k``."""
    parent, left, right = leaves.place[j], told(made, leaves.total[j])[2], told(made, leaves.total[k])[2]
    light, heavy = (j, k) if left <= right else (k, j)
    leaves.place[heavy], leaves.place[light] = parent, k
    _count(events, shared, leaves, light, parent, made)


@borrowing
def _begin(events: Events, shared: Shared, leaves: Leaves, slope: Any, curvature: Any) -> Words:
    """Tell the rows of this part by words, all as one leaf; return how they are told."""
    n, n_rows, first = len(events.codes), len(leaves.rows), leaves.first
    for i in range(n_rows):
        leaves.rows[i] = first + i
    block_sizes(slope, curvature, first, first + n_rows, shared.sizes)
    meet(shared.flags, leaves.n_parts, leaves.part)
    made = words_of(shared.sizes, events.counts, events.unit, events.total, len(curvature) > 0, n)
    tell(made, slope, curvature, events.counts, events.w, first, first + n_rows, shared.words)
    leaves.start[0], leaves.end[0], leaves.node[0], leaves.depth[0], leaves.place[0] = 0, n_rows, 0, 0, 0
    leaves.bounds[0, 0], leaves.bounds[0, 1] = -np.inf, np.inf
    return made


@borrowing
def _sum_of_all(shared: Shared, leaves: Leaves, made: Words, events: Events) -> None:
    """Set the sums of the first leaf to those of all rows: the bins of any column have them."""
    for s in range(made.n):
        leaves.total[0, s] = 0
        for c in range(events.n_bins[0]):
            leaves.total[0, s] += shared.bins[0, c * made.n + s]


@borrowing
def grow(
    events: Events,
    outputs: Outputs,
    k: int,
    growth: Growth,
    shared: Shared,
    leaves: Leaves,
    tree: Tree,
    newton: bool,
) -> int:
    """Grow the ``tree`` of output ``k``; move the rows to their leaves; return its leaves.

    It may be blind where its steps are ``newton``'s. Searched for, they would follow the noise of leaves whose signs
    are as many by chance, and are not as exact as the sums that a blind tree asks for.
    """
    slope, longest = outputs.slope[k], outputs.longest[k]
    curvature = outputs.curvature[k] if k < len(outputs.curvature) else slope[:0]
    made = _begin(events, shared, leaves, slope, curvature)
    n_leaves: Any = np.int64(1)  # literals would be compiled for themselves
    n_nodes: Any = np.int64(1)
    root: Any = np.int64(0)
    _count(events, shared, leaves, root, root - 1, made)
    meet(shared.flags, leaves.n_parts, leaves.part)
    _sum_of_all(shared, leaves, made, events)
    g, h, count = told(made, leaves.total[0])
    growth = settled(growth, (g, h, count * made.weight))
    if leaves.part == 0:
        tree.weight[0] = count * made.weight
    silent = -1.0
    if growth.max_leaves > 1:
        _look_at(events, shared, leaves, root, root, made, growth)
        if newton:
            silent = _begin_blindly(events, shared, leaves, slope, made, growth, (g, h, count * made.weight))
    blind = silent >= 0.0
    while n_leaves < growth.max_leaves:
        best = _next(leaves, n_leaves, blind)
        if best < 0:
            break
        _divide(events, shared, leaves, best, n_leaves, tree, n_nodes, made)
        if growth.bounded:
            _bind(leaves, best, n_leaves, growth, events.signs[leaves.split[best, 0]], made)
        leaves.gain[best], leaves.gain[n_leaves] = 0.0, 0.0
        leaves.split[best, 0], leaves.split[n_leaves, 0] = -1, -1
        more = _may_split(leaves, best, made, growth) or _may_split(leaves, n_leaves, made, growth)
        if more and n_leaves + 1 < growth.max_leaves:
            _share_out(events, shared, leaves, best, n_leaves, made)
            _look_at(events, shared, leaves, best, n_leaves, made, growth)
            if blind:
                _look_blindly(events, shared, leaves, best, made, growth, silent)
                _look_blindly(events, shared, leaves, n_leaves, made, growth, silent)
        n_leaves += 1
        n_nodes += 2
    for j in range(n_leaves if leaves.part == 0 else 0):
        g, h, _ = told(made, leaves.total[j])
        step = step_of(g, h, growth.shrink, leaves.bounds[j])
        tree.value[leaves.node[j], 0] = growth.rate * min(max(step, -longest), longest)
    return n_leaves  # type: ignore[no-any-return]


@borrowing
def add_steps(leaves: Leaves, n_leaves: int, tree: Tree, raw: Any) -> None:
    """Add what each leaf says to ``raw`` (n,) of its rows of this part."""
    for k in range(n_leaves):
        step = tree.value[leaves.node[k], 0]
        for i in range(np.uint64(leaves.start[k]), np.uint64(leaves.end[k])):
            raw[np.uint64(leaves.rows[i])] += step


@borrowing
def nodes_of(trees: Tree, begin: int, end: int) -> Tree:
    """Return the nodes of one of several trees."""
    return Tree(
        trees.feature[begin:end],
        trees.first[begin:end],
        trees.cut[begin:end],
        trees.child[begin:end],
        trees.value[begin:end],
        trees.weight[begin:end],
        trees.gain[begin:end],
    )


@borrowing
def grow_all(
    events: Events,
    outputs: Outputs,
    growth: Growth,
    shared: Shared,
    leaves: Leaves,
    trees: Tree,
    newton: bool,
    n_leaves: Any,
) -> None:
    """Grow a tree of each output into its part of the nodes of ``trees``; of ``newton``'s steps add them.

    ``n_leaves`` (K,) takes the leaves of each.
    """
    K = len(outputs.raw)
    N = len(trees.feature) // K
    for k in range(K):
        tree = nodes_of(trees, k * N, (k + 1) * N)
        n = grow(events, outputs, k, growth, shared, leaves, tree, newton)
        meet(shared.flags, leaves.n_parts, leaves.part)
        if newton:
            add_steps(leaves, n, tree, outputs.raw[k])
        if leaves.part == 0:
            n_leaves[k] = n
