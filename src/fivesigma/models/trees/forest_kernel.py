"""Trees of a forest, grown on binned columns to their last row: one compiled loop a tree.

A split maximises ``Σ_s (Σ_L w y_s)²/W_L + (Σ_R w y_s)²/W_R``: the least squared error of y, and of indicators of
classes Gini's impurity (Breiman et al. 1984, §4.3); of two classes one indicator is enough. Rows are moved as nodes are
split, so that a node is a range; its columns are counted into bins, as fine as its range allows, and of a few rows
sorted. Missing values go to the side that gains more. Of extra trees (Geurts, Ernst & Wehenkel 2006,
doi:10.1007/s10994-006-6226-1) each column has one cut, drawn evenly between the least and the greatest code in the
node, and missing values go to a side that is drawn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fivesigma._core.compiled import compiled
from fivesigma.models.trees.cuts import FEW, MOST_BINS, at_random, by_bins, coded, in_order, near_cut
from fivesigma.models.trees.draws import begun, below, draw_to, drawn
from fivesigma.models.trees.near import bring, room_near
from fivesigma.models.trees.nodes import Tree

_EXCESS = np.uint64(11)  # bits more than a float64 holds


class Rows(NamedTuple):
    """The rows of a tree, moved as nodes are split: place in the table, weight, and targets (m, S)."""

    place: Any
    w: Any
    y: Any


class Node(NamedTuple):
    """The rows from ``start`` to ``end``, and their weight."""

    start: int
    end: int
    weight: float


class Limits(NamedTuple):
    """How many columns a split looks at, the fewest rows of a leaf, the most splits on the way to one; and whether
    cuts are drawn.
    """

    tried: int
    min_leaf: int
    max_depth: int
    drawn: bool


class Room(NamedTuple):
    """Sums by bin (256, 2 + S): weight, rows, targets; a few rows in order; sums of a node, and left of a cut (S,); the
    codes of a node's rows.
    """

    bins: Any
    key: Any
    total: Any
    left: Any
    code: Any


@compiled
def _taken(counts: Any, w: Any, y: Any) -> Rows:
    """Return the rows with a count, which is their weight but for ``w``."""
    m, S = 0, y.shape[1]
    for i in range(len(counts)):
        m += counts[i] > 0
    rows, m = Rows(np.empty(m, np.int32), np.empty(m), np.empty((m, S))), 0
    for i in range(len(counts)):
        if counts[i] > 0:
            rows.place[m], rows.w[m] = i, w[i] * counts[i]
            for s in range(S):
                rows.y[m, s] = y[i, s]
            m += 1
    return rows


@compiled
def counted(seed: int, number: int, n_draws: int, w: Any) -> Any:
    """Return the state of the draws, and how often each row is drawn for tree ``number``: by its weight ``w`` (n,)."""
    counts, state, equal = np.zeros(len(w), np.int64), begun(seed, number), True
    for i in range(1, len(w)):
        equal = equal and w[i] == w[0]
    up_to = w[:0] if equal else np.cumsum(w)
    for _ in range(n_draws):
        state, bits = drawn(state)
        if equal:
            counts[below(bits, len(w))] += 1
        else:
            at = np.searchsorted(up_to, (bits >> _EXCESS) * 2.0**-53 * up_to[-1], side="right")
            counts[min(at, len(w) - 1)] += 1
    return state, counts


@compiled
def sampled(seed: int, number: int, n_draws: int, w: Any, y: Any) -> Any:
    """Return the state of the draws, and the `Rows` of tree ``number``: ``n_draws`` events with replacement.

    ``w`` (n,) and ``y`` (n, S) are weights and targets of all rows. An event of weight k is drawn as k events are, and
    weighs as often as it was.
    """
    state, counts = counted(seed, number, n_draws, w)
    return state, _taken(counts, np.ones(len(w)), y)


@compiled
def every(seed: int, number: int, w: Any, y: Any) -> Any:
    """Return the state of the draws, and the `Rows` of tree ``number`` where that sees each row once."""
    return begun(seed, number), _taken(np.ones(len(w), np.int64), w, y)


@compiled
def _split(
    codes: Any, rows: Rows, node: Node, limits: Limits, order: Any, state: Any, room: Room, S: int
) -> Any:
    """Return the best column of those that are looked at (-1: none), its first and last code, and the state of draws.

    More are looked at while none of them can be cut.
    """
    place, w, y = rows
    bins, key, total, left, code = room
    start, size, W, least = node.start, node.end - node.start, node.weight, limits.min_leaf
    best, feature, first, last, p, bits = -1.0, -1, 0, 0, len(order), np.uint64(0)
    for at in range(p):
        if at >= limits.tried and feature >= 0:
            break
        state = draw_to(order, at, state)
        f = order[at]
        if limits.drawn:
            state, bits = drawn(state)
        low, high, missing = coded(codes[f], place, start, size, code)
        if low > high or (low == high and not missing):
            continue
        if limits.drawn:
            found = at_random(
                code, size, w, y, start, least, W, low, high, missing, bits, left, total, S
            )  # fmt: skip
        elif size <= FEW:
            found = in_order(code, size, w, y, start, least, W, key, left, total, S)
        else:
            found = by_bins(code, size, w, y, start, least, W, bins, low, high, missing, left, total, S)
        if found[0] > best:
            feature, (best, first, last) = f, found
    if feature >= 0 and last > 0 and size > FEW and not limits.drawn:
        low, high, missing = coded(codes[feature], place, start, size, code)
        if high - low >= MOST_BINS:
            best, first, last = near_cut(
                code, size, w, y, start, least, W, bins, low, high, left, total, S, (best, first, last)
            )  # fmt: skip
    return feature, first, last, state


@compiled
def _parted(
    codes: Any, f: int, first: int, last: int, rows: Rows, start: int, end: int, aside: Rows, S: int
) -> Any:
    """Move the rows that go left to the front, both sides in their order; return where the others begin, and whether
    values were missing.

    Each row is written to both sides, and one of the two is overwritten: a guess which it is would often be wrong.
    """
    place, w, y = rows
    other_place, other_w, other_y = aside
    middle, n_right, n_missing = start, 0, 0
    for i in range(start, end):
        row, weight = place[i], w[i]
        code = codes[f, row]
        n_missing += code == 0
        left = (first <= code) & (code <= last)
        place[middle], w[middle] = row, weight
        other_place[n_right], other_w[n_right] = row, weight
        for s in range(S):
            target = y[i, s]
            y[middle, s] = target
            other_y[n_right, s] = target
        middle += left
        n_right += 1 - left
    for k in range(n_right):
        place[middle + k], w[middle + k] = other_place[k], other_w[k]
        for s in range(S):
            y[middle + k, s] = other_y[k, s]
    return middle, n_missing > 0


@compiled
def _summed(rows: Rows, start: int, end: int, room: Room, S: int) -> Any:
    """Set the sums of a node; return its weight, and whether all its rows have equal targets."""
    W, equal = 0.0, True
    room.total[:] = 0.0
    for i in range(start, end):
        W += rows.w[i]
        for s in range(S):
            room.total[s] += rows.w[i] * rows.y[i, s]
            equal = equal and rows.y[i, s] == rows.y[start, s]
    return W, equal


@compiled
def set_gains(tree: Tree, n_nodes: int, S: int) -> None:
    """Set what each split gains: the fall of the sum of squared errors.

    Where its gain was 0, it has seen no missing values, and sends them to the heavier side.
    """
    for node in range(n_nodes):
        if tree.feature[node] < 0:
            continue
        if tree.gain[node] == 0.0:
            tree.first[node] = tree.weight[tree.child[node] + 1] > tree.weight[tree.child[node]]
        found = 0.0
        for side in range(2):
            child = tree.child[node] + side
            for s in range(S):
                own = tree.value[node, s]
                found += tree.weight[child] * (tree.value[child, s] - own) ** 2
        tree.gain[node] = found


@compiled
def grow(codes: Any, rows: Rows, limits: Limits, state: Any, tree: Tree, several: Any) -> int:
    """Grow one ``tree`` on ``rows``; return how many nodes it has.

    ``several`` is None of one target, so that loops over targets are none when compiled, and any number of more.
    """
    S = 1 if several is None else rows.y.shape[1]
    m, n_nodes, top = len(rows.w), 1, 1
    room = Room(
        np.zeros((256, 2 + S)),
        np.empty(FEW, np.int64),
        np.empty(S),
        np.empty(S),
        np.empty(m, codes.dtype),
    )
    aside = Rows(np.empty(m, np.int32), np.empty(m), np.empty((m, S)))
    order, waiting = np.arange(len(codes)), np.empty((m + 1, 4), np.int32)
    near, last_near = room_near(codes, limits.tried), 0
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, m, 0, 0
    while top > 0:
        top -= 1
        start, end, depth, node = waiting[top]
        W, equal = _summed(rows, start, end, room, S)
        for s in range(S):
            tree.value[node, s] = room.total[s] / W
        tree.feature[node], tree.weight[node] = -1, W
        if equal or end - start < 2 * limits.min_leaf or depth >= limits.max_depth:
            continue
        if end > last_near and end - start <= near.shape[1]:
            bring(codes, rows.place, start, end, near)
            last_near = end
        table, own = near if end <= last_near else codes, Node(start, end, W)
        feature, first, last, state = _split(table, rows, own, limits, order, state, room, S)
        if feature < 0:
            continue
        middle, seen = _parted(table, feature, first, last, rows, start, end, aside, S)
        tree.feature[node], tree.first[node], tree.cut[node] = feature, first, last
        tree.child[node], tree.gain[node] = n_nodes, seen
        for side in range(2):
            begin, stop = (middle, end) if side == 0 else (start, middle)
            waiting[top, 0], waiting[top, 1] = begin, stop
            waiting[top, 2], waiting[top, 3] = depth + 1, n_nodes + 1 - side
            top += 1
        n_nodes += 2
    set_gains(tree, n_nodes, S)
    return n_nodes
