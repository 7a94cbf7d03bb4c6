"""Trees of forests against a slow twin that tries every cut of every column that a node looks at."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import draws
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.nodes import room_for

drawn, below = draws.drawn.py_func, draws.below.py_func


def table(seed: int):
    """A small table of few values, some of them missing, with whole weights and one or two targets."""
    rng = np.random.default_rng(seed)
    n, p, S = int(rng.integers(2, 70)), int(rng.integers(1, 5)), int(rng.integers(1, 3))
    codes = rng.integers(0 if rng.random() < 0.5 else 1, rng.integers(2, 14), (p, n))
    codes = codes.astype(np.uint8) if rng.random() < 0.7 else (17 * codes).astype(np.uint16)
    y = rng.integers(0, 2 + int(seed % 3 == 0) * 5, (n, S)).astype(float)
    limits = kernel.Limits(
        int(rng.integers(1, p + 1)), int(rng.integers(1, 5)), int(rng.choice([2, 4, 99])), bool(seed % 2)
    )
    return codes, rng.integers(1, 4, n).astype(float), y, limits


def quality(w, y, left):
    """Return what a division is worth: as the kernel writes it, so that equal cuts are equal here too."""
    left_w, right_w = w[left].sum(), w[~left].sum()
    a, b = w[left] @ y[left], w[~left] @ y[~left]
    return (sum(a * a) * right_w + sum(b * b) * left_w) / (left_w * right_w)


def midway(values):
    """Return the codes midway between neighbours, 0 of what is missing."""
    values = values.astype(int)
    return np.where(values[:-1] == 0, 0, (values[:-1] + values[1:]) // 2)


def possible(c, limits, bits):
    """Return the cuts of a column: (first, last) code that goes left."""
    there, missing = c[c > 0], bool((c == 0).any())
    if not there.size or (there.min() == there.max() and not missing):
        return []
    if not limits.drawn:
        cuts = [(0, last) for last in midway(np.unique(c))]
        return cuts + ([(1, last) for last in midway(np.unique(there))] if missing else [])
    low, high = int(there.min()), int(there.max())
    if low == high:
        return [(0, 0)]
    return [(int(bits & np.uint64(1)) if missing else 0, low + int(below(bits, high - low)))]


def best_of(codes, w, y, rows, limits, order, state):
    """Return the best cut in a node (quality, column, first, last), and the state of the draws."""
    found, bits = (-1.0, -1, 0, 0), np.uint64(0)
    for at in range(len(order)):
        if at >= limits.tried and found[1] >= 0:
            break
        state, bits = drawn(state)
        other = at + int(below(bits, len(order) - at))
        order[at], order[other] = order[other], order[at]
        if limits.drawn:
            state, bits = drawn(state)
        c = codes[order[at]][rows]
        for first, last in possible(c, limits, bits):
            left = (first <= c) & (c <= last)
            if min(left.sum(), (~left).sum()) >= limits.min_leaf:
                here = quality(w[rows], y[rows], left)
                found = (here, order[at], first, last) if here > found[0] else found
    return found, state


def by_hand(codes, w, y, limits, state):
    """Return the nodes (column, first, last, left child, rows) of a tree that is grown one node at a time."""
    nodes, order = [[-1, 0, 0, 0, np.arange(len(w))]], np.arange(len(codes))
    waiting = [(0, 0)]
    while waiting:
        node, depth = waiting.pop()
        rows = nodes[node][4]
        same = (y[rows] == y[rows[0]]).all()
        if same or len(rows) < 2 * limits.min_leaf or depth >= limits.max_depth:
            continue
        (_, f, first, last), state = best_of(codes, w, y, rows, limits, order, state)
        if f < 0:
            continue
        left = (first <= codes[f][rows]) & (codes[f][rows] <= last)
        if (codes[f][rows] > 0).all():  # what is missing goes to the heavier side
            first = int(w[rows[~left]].sum() > w[rows[left]].sum())
        nodes[node][:4] = f, first, last, len(nodes)
        waiting += [(len(nodes) + 1, depth + 1), (len(nodes), depth + 1)]
        nodes += [[-1, 0, 0, 0, rows[left]], [-1, 0, 0, 0, rows[~left]]]
    return nodes


@pytest.mark.filterwarnings("ignore:overflow")
def test_500_small_trees_are_those_that_a_search_by_hand_grows() -> None:
    for seed in range(500):
        codes, w, y, limits = table(seed)
        state, rows = kernel.every(seed, 0, w, y)
        tree = room_for(2 * len(w), y.shape[1])
        n = kernel.grow(codes, rows, limits, np.uint64(state), tree, None if y.shape[1] == 1 else y.shape[1])
        twin = by_hand(codes, w, y, limits, np.uint64(state))
        assert n == len(twin), seed
        for node, (f, first, last, child, inside) in enumerate(twin):
            assert tree.feature[node] == f, seed
            if f >= 0:
                assert (tree.first[node], tree.cut[node], tree.child[node]) == (first, last, child), seed
            assert tree.weight[node] == w[inside].sum()
            np.testing.assert_allclose(
                tree.value[node], np.average(y[inside], axis=0, weights=w[inside]), atol=1e-12
            )


def test_what_splits_gain_is_what_squared_errors_lose() -> None:
    codes, w, y, limits = table(9)
    state, rows = kernel.every(0, 0, w, y)
    tree = room_for(2 * len(w), y.shape[1])
    n = kernel.grow(codes, rows, limits, np.uint64(state), tree, y.shape[1])
    leaves = tree.feature[:n] < 0
    of = tree.value[:n]
    lost = tree.weight[0] * (of[0] ** 2).sum() - tree.weight[:n][leaves] @ (of[leaves] ** 2).sum(axis=1)
    assert tree.gain[:n].sum() == pytest.approx(-lost)
    assert (tree.gain[:n][leaves] == 0).all()
