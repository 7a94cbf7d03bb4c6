"""Trees of a forest, grown on binned columns to their last row: one compiled loop a tree.

A split maximises ``Σ_s (Σ_L w y_s)²/W_L + (Σ_R w y_s)²/W_R``: the least squared error of y, and of indicators of
classes Gini's impurity (Breiman et al. 1984, §4.3); of two classes one indicator is enough. Rows are moved as nodes are
split, so that a node is a range; its columns are counted into bins, and of a few rows sorted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fivesigma.models.trees.draws import begun, below, drawn
from fivesigma.models.trees.nodes import Tree, compiled

FEW = 24
"""Rows up to which a node is sorted by insertion."""


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
    """How many columns a split looks at, the fewest rows of a leaf, and the most splits on the way to one."""

    tried: int
    min_leaf: int
    max_depth: int


class Room(NamedTuple):
    """Sums by bin (bins, 2 + S): weight, rows, targets; a few rows in order; sums of a node, and left of a cut (S,)."""

    bins: Any
    key: Any
    weight: Any
    target: Any
    total: Any
    left: Any


@compiled
def _taken(counts: Any, w: Any, y: Any) -> Rows:
    """Return the rows that were drawn, with what they weigh as often as they were."""
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
def sampled(seed: int, number: int, n_draws: int, w: Any, y: Any) -> Any:
    """Return the state of the draws, and the `Rows` of tree ``number``: ``n_draws`` with replacement.

    ``w`` (n,) and ``y`` (n, S) are weights and targets of all rows.
    """
    counts, state = np.zeros(len(w), np.int64), begun(seed, number)
    for _ in range(n_draws):
        state, bits = drawn(state)
        counts[below(bits, len(w))] += 1
    return state, _taken(counts, w, y)


@compiled
def _quality(W: float, left_w: float, room: Room, S: int) -> float:
    found, right_w = 0.0, W - left_w
    for s in range(S):
        a = room.left[s]
        b = room.total[s] - a
        found += a * a / left_w + b * b / right_w
    return found


@compiled
def _by_sorting(column: Any, rows: Rows, node: Node, least: int, room: Room, S: int) -> Any:
    """Return the best quality of a cut of a few rows, and the cut; -1 where there is none."""
    key, weight, target, start, size = room.key, room.weight, room.target, node.start, node.end - node.start
    for i in range(size):
        c, k = np.int64(column[rows.place[start + i]]), i
        while k > 0 and key[k - 1] > c:
            key[k], weight[k] = key[k - 1], weight[k - 1]
            for s in range(S):
                target[k, s] = target[k - 1, s]
            k -= 1
        key[k], weight[k] = c, rows.w[start + i]
        for s in range(S):
            target[k, s] = rows.w[start + i] * rows.y[start + i, s]
    best, cut, left_w = -1.0, np.int64(-1), 0.0
    room.left[:] = 0.0
    for i in range(size - least):
        left_w += weight[i]
        for s in range(S):
            room.left[s] += target[i, s]
        if i + 1 >= least and key[i] != key[i + 1]:
            quality = _quality(node.weight, left_w, room, S)
            if quality > best:
                best, cut = quality, key[i]
    return best, cut


@compiled
def _by_bins(column: Any, rows: Rows, node: Node, least: int, room: Room, S: int) -> Any:
    """Return the best quality of a cut of many rows, and the cut; the bins are empty before and after."""
    low, high, size = 255, 0, node.end - node.start
    for i in range(node.start, node.end):
        c = int(column[rows.place[i]])
        low, high, bins = min(low, c), max(high, c), room.bins[c]
        bins[0] += rows.w[i]
        bins[1] += 1.0
        for s in range(S):
            bins[2 + s] += rows.w[i] * rows.y[i, s]
    best, cut, left_w, n_left = -1.0, -1, 0.0, 0.0
    room.left[:] = 0.0
    for c in range(low, high):
        bins = room.bins[c]
        if bins[1] == 0.0:
            continue
        left_w += bins[0]
        n_left += bins[1]
        for s in range(S):
            room.left[s] += bins[2 + s]
        bins[:] = 0.0
        if n_left >= least and size - n_left >= least:
            quality = _quality(node.weight, left_w, room, S)
            if quality > best:
                best, cut = quality, c
    room.bins[high][:] = 0.0
    return best, cut


@compiled
def _split(
    codes: Any, rows: Rows, node: Node, limits: Limits, order: Any, state: Any, room: Room, S: int
) -> Any:
    """Return the best column of those that are looked at and its cut (-1: none); and the state of the draws.

    More are looked at while none of them can be cut.
    """
    best, feature, cut, p = -1.0, np.int64(-1), np.int64(-1), len(order)
    for at in range(p):
        if at >= limits.tried and feature >= 0:
            break
        state, bits = drawn(state)
        other = at + below(bits, p - at)
        f = order[other]
        order[other], order[at] = order[at], f
        if node.end - node.start <= FEW:
            quality, here = _by_sorting(codes[f], rows, node, limits.min_leaf, room, S)
        else:
            quality, here = _by_bins(codes[f], rows, node, limits.min_leaf, room, S)
        if quality > best:
            best, feature, cut = quality, f, here
    return feature, cut, state


@compiled
def _parted(column: Any, cut: int, rows: Rows, start: int, end: int, S: int) -> int:
    """Move the rows that go left to the front; return where the others begin."""
    i, k = start, end - 1
    while True:
        while i <= k and column[rows.place[i]] <= cut:
            i += 1
        while i <= k and column[rows.place[k]] > cut:
            k -= 1
        if i >= k:
            return i
        rows.place[i], rows.place[k] = rows.place[k], rows.place[i]
        rows.w[i], rows.w[k] = rows.w[k], rows.w[i]
        for s in range(S):
            rows.y[i, s], rows.y[k, s] = rows.y[k, s], rows.y[i, s]


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
def grow(codes: Any, rows: Rows, limits: Limits, state: Any, tree: Tree, several: Any) -> int:
    """Grow one ``tree`` on ``rows``; return how many nodes it has.

    ``several`` is None of one target, so that loops over targets are none when compiled, and any number of more.
    """
    S = 1 if several is None else rows.y.shape[1]
    m, n_nodes, top = len(rows.w), 1, 1
    room = Room(
        np.zeros((256, 2 + S)),
        np.empty(FEW, np.int64),
        np.empty(FEW),
        np.empty((FEW, S)),
        np.empty(S),
        np.empty(S),
    )
    order, waiting = np.arange(len(codes)), np.empty((m + 1, 4), np.int32)
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, m, 0, 0
    while top > 0:
        top -= 1
        start, end, depth, node = waiting[top]
        W, equal = _summed(rows, start, end, room, S)
        for s in range(S):
            tree.value[node, s] = room.total[s] / W
        tree.feature[node] = -1
        if equal or end - start < 2 * limits.min_leaf or depth >= limits.max_depth:
            continue
        feature, cut, state = _split(codes, rows, Node(start, end, W), limits, order, state, room, S)
        if feature < 0:
            continue
        middle = _parted(codes[feature], cut, rows, start, end, S)
        tree.feature[node], tree.first[node], tree.cut[node], tree.child[node] = feature, 0, cut, n_nodes
        for side in range(2):
            begin, stop = (middle, end) if side == 0 else (start, middle)
            waiting[top, 0], waiting[top, 1] = begin, stop
            waiting[top, 2], waiting[top, 3] = depth + 1, n_nodes + 1 - side
            top += 1
        n_nodes += 2
    return n_nodes
