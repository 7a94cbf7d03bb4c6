"""The rounds of boosting: slopes of a loss, a tree for each output, and its steps; on one thread or on several."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.trees import boosting_room as room
from fivesigma.models.trees.binning import Array, Bins
from fivesigma.models.trees.boosting_kernel import add_steps, grow
from fivesigma.models.trees.boosting_losses import Descent
from fivesigma.models.trees.boosting_parts import give_up, meet
from fivesigma.models.trees.boosting_sums import BLOCK
from fivesigma.models.trees.nodes import Tree, room_for

_LEAST = 250_000
"""Codes of rows and columns below which a second thread costs more than it saves."""
_MOST_COPIES = 2**31


class Plan(NamedTuple):
    """What is grown: limits, rounds, signs of columns (p,), the seed of draws, and on how many threads at most."""

    growth: room.Growth
    rounds: int
    signs: NDArray[np.int64]
    seed: int
    n_jobs: int


def boosted(
    bins: Bins, X: Array, y: NDArray[Any], w: Array, descent: Descent, plan: Plan
) -> tuple[Array, list[Tree]]:
    """Return the outputs (K,) that all events begin with, and the trees, those of a round next to each other.

    Parameters
    ----------
    bins : of the columns
    X : (n, p)
    y : (n,) as the loss wants it
    w : (n,) none of them 0
    """
    start = descent.start(y, w)
    rounds = _Rounds(bins, X, y, w, descent, plan, start)
    parts = len(rounds.leaves)
    with ThreadPoolExecutor(parts - 1) if parts > 1 else nullcontext() as pool:
        trees = [tree for _ in range(plan.rounds) for tree in rounds.next(pool)]
    return start, trees


def in_units(w: Array) -> tuple[NDArray[np.int64], float]:
    """Return weights as counts (n,) of a unit; no counts where they are no whole multiples of 1 or of the least.

    >>> in_units(np.array([0.1, 0.2])), in_units(np.array([1.0, 1.5]))
    ((array([1, 2]), 0.1), (array([], dtype=int64), 1.0))
    """
    if w.min() > 0:
        for unit in (1.0, float(w.min())):
            counts = np.rint(w / unit)
            if counts.sum() < _MOST_COPIES and (counts * unit == w).all():
                return counts.astype(np.int64), unit
    return np.empty(0, np.int64), 1.0


class _Rounds:
    """The state of a fit between its rounds."""

    def __init__(
        self, bins: Bins, X: Array, y: NDArray[Any], w: Array, descent: Descent, plan: Plan, start: Array
    ) -> None:
        columns = bins.codes(X)
        (p, n), width = columns.shape, bins.width
        n_parts = max(1, min(plan.n_jobs, n // BLOCK, n * p // _LEAST))
        rows = room.rows_of_parts(n, n_parts)
        most, size = plan.growth.max_leaves, float(np.abs(w).sum())
        self.events = room.Events(
            np.ascontiguousarray(columns.T),
            columns,
            np.diff(bins.starts) + 2,
            plan.signs,
            w,
            *in_units(w),
            size,
        )
        self.shared = room.room_to_share(n, p, width, most, n_parts)
        self.leaves = [
            room.room_for_leaves(each, part, n_parts, p, width, most, plan.seed)
            for part, each in enumerate(rows)
        ]
        self.ranges = [slice(int(each[0]), int(each[-1]) + 1) for each in rows]
        self.y, self.w, self.descent, self.growth, self.signs = y, w, descent, plan.growth, plan.signs
        self.raw = np.tile(start, (n, 1)).T.copy()
        self.slope = np.empty_like(self.raw)
        self.curvature = np.empty_like(self.raw) if descent.curved else np.empty((len(start), 0))
        self.trees: list[Tree] = []

    def next(self, pool: ThreadPoolExecutor | None) -> list[Tree]:
        """Go one round, and return its trees."""
        self.trees = [room_for(2 * self.growth.max_leaves - 1, 1) for _ in self.raw]
        if not self.descent.threads:
            self.descent.set_slopes(self.raw, self.y, self.slope, self.curvature)
        n_leaves = self._everywhere(pool, self._grow)
        if not self.descent.newton:
            self._set_steps(n_leaves[0])
            self._everywhere(pool, lambda part: self._add(part, 0, n_leaves[0]))
        return [
            Tree(*(each[: 2 * n - 1].copy() for each in tree))
            for tree, n in zip(self.trees, n_leaves, strict=True)
        ]

    def _everywhere(self, pool: ThreadPoolExecutor | None, work: Callable[[int], Any]) -> Any:
        """Do ``work`` for every part at once, and return what the first says."""
        if pool is None:
            return work(0)
        others = []
        try:
            others += [pool.submit(self._done, work, part) for part in range(1, len(self.leaves))]
            return self._done(work, 0)
        except BaseException:
            give_up(self.shared.flags)
            raise
        finally:
            for each in others:
                each.result()

    def _done(self, work: Callable[[int], Any], part: int) -> Any:
        try:
            return work(part)
        except BaseException:
            give_up(self.shared.flags)
            raise

    def _grow(self, part: int) -> list[int]:
        """Grow a tree for each output on the rows of a part; return their leaves."""
        here, grown = self.ranges[part], []
        if self.descent.threads:
            self.descent.set_slopes(
                self.raw[:, here], self.y[here], self.slope[:, here], self.curvature[:, here]
            )
        for k, tree in enumerate(self.trees):
            leaves = self.leaves[part]
            n = grow(self.events, self.slope[k], self.curvature[k], self.growth, self.shared, leaves, tree)
            meet(self.shared.flags, leaves.n_parts, part)
            if self.descent.newton:
                self._add(part, k, n)
            grown.append(int(n))
        return grown

    def _add(self, part: int, k: int, n_leaves: int) -> None:
        add_steps(self.leaves[part], n_leaves, self.trees[k], self.raw[k])

    def _set_steps(self, n_leaves: int) -> None:
        """Let each leaf of the one tree take the step that is best for its events."""
        rows = [
            leaves.rows[leaves.start[k] : leaves.end[k]] for k in range(n_leaves) for leaves in self.leaves
        ]
        ends = np.cumsum([len(each) for each in rows])[len(self.leaves) - 1 :: len(self.leaves)]
        steps = self.descent.steps(self.raw[0], self.y, self.w, np.concatenate(rows), ends)
        tree, nodes = self.trees[0], self.leaves[0].node[:n_leaves]
        tree.value[nodes, 0] = self.growth.rate * steps
        if self.growth.bounded:
            keep_order(tree, 2 * n_leaves - 1, self.signs)


def keep_order(tree: Tree, n_nodes: int, signs: NDArray[np.int64]) -> None:
    """Move the values of leaves until none left of a split is greater than one right of it where its column's sign is
    1, and none less where it is -1: halfway, where two differ.
    """
    value, child = tree.value[:, 0], tree.child
    least, most = value.copy(), value.copy()
    for node in reversed(range(n_nodes)):
        if tree.feature[node] >= 0:
            pair = slice(child[node], child[node] + 2)
            least[node], most[node] = least[pair].min(), most[pair].max()
    low, high = np.full(n_nodes, -np.inf), np.full(n_nodes, np.inf)
    for node in range(n_nodes):
        if tree.feature[node] < 0:
            value[node] = min(max(value[node], low[node]), high[node])
            continue
        left, right, sign = child[node], child[node] + 1, signs[tree.feature[node]]
        low[left] = low[right] = low[node]
        high[left] = high[right] = high[node]
        below, above = (left, right) if sign > 0 else (right, left)
        if sign and most[below] > least[above]:
            middle = min(max(0.5 * (most[below] + least[above]), low[node]), high[node])
            high[below], low[above] = middle, middle
