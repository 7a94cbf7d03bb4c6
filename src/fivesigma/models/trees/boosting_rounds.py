"""A round of boosting: slopes of a loss, a tree for each output, and its steps; on one thread or on several."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.trees import boosting_room as room
from fivesigma.models.trees.binning import Array, Bins, Codes
from fivesigma.models.trees.boosting_kernel import add_steps, grow_all
from fivesigma.models.trees.boosting_losses import Descent
from fivesigma.models.trees.boosting_parts import give_up
from fivesigma.models.trees.boosting_sums import BLOCK
from fivesigma.models.trees.nodes import Tree, room_for

_LEAST = 250_000
"""Codes of rows and columns below which a second thread costs more than it saves."""
_AT_ONCE = 2**15
"""Rows of all rounds of a call, if these are several."""
_MOST_COPIES = 2**31


class Plan(NamedTuple):
    """What is grown: limits, rounds, signs of columns (p,), the seed of draws, on how many threads at most, and the
    share of the rows that each round draws.
    """

    growth: room.Growth
    rounds: int
    signs: NDArray[np.int64]
    seed: int
    n_jobs: int
    share: float = 1.0


def in_units(w: Array) -> tuple[NDArray[np.int32], float]:
    """Return weights as counts (n,) of a unit; no counts where they are no whole multiples of 1 or of the least.

    >>> in_units(np.array([0.1, 0.2])), in_units(np.array([1.0, 1.5]))
    ((array([1, 2], dtype=int32), 0.1), (array([], dtype=int32), 1.0))
    """
    if w.min() > 0:
        for unit in (1.0, float(w.min())):
            counts = np.rint(w / unit)
            if counts.sum() < _MOST_COPIES and (counts * unit == w).all():
                return counts.astype(np.int32), unit
    return np.empty(0, np.int32), 1.0


def _uncounted(w: Array, counts: NDArray[np.int32]) -> Array:
    """Return the weights (n,) that a tree has to know: none (0,) where it counts."""
    return np.empty(0) if len(counts) else np.ascontiguousarray(w)


class Rounds:
    """The state of a fit between its rounds."""

    def __init__(
        self,
        bins: Bins,
        table: tuple[Codes, Codes],
        y: NDArray[Any],
        w: Array,
        descent: Descent,
        plan: Plan,
        start: Array,
    ) -> None:
        codes, columns = table
        (n, p), width = codes.shape, bins.width
        n_parts = max(1, min(plan.n_jobs, n // BLOCK, n * p // _LEAST))
        rows = room.rows_of_parts(n, n_parts)
        most, size = plan.growth.max_leaves, float(np.abs(w).sum())
        counts, unit = in_units(w)
        self.events = room.Events(
            codes, columns, np.diff(bins.starts) + 2, plan.signs, _uncounted(w, counts), counts, unit, size
        )
        self.shared = room.room_to_share(n, p, width, most, n_parts)
        self.leaves = [
            room.room_for_leaves(each, part, n_parts, p, width, most, plan.seed)
            for part, each in enumerate(rows)
        ]
        self.ranges = [slice(int(each[0]), int(each[-1]) + 1) for each in rows]
        self.y, self.w, self.descent, self.growth, self.signs = y, w, descent, plan.growth, plan.signs
        raw = np.tile(start, (n, 1)).T.copy()
        longest = np.array([descent.longest(k) for k in range(len(start))])
        curvature = np.empty((min(descent.curved, len(start)), n))
        self.outputs = room.Outputs(raw, np.empty_like(raw), curvature, longest)
        self.n_leaves = np.zeros(len(start), np.int64)

    @property
    def parts(self) -> int:
        """In how many parts the rows are, a thread each."""
        return len(self.leaves)

    @property
    def at_once(self) -> int:
        """How many rounds a call may go: of many rows one, so that it can be ended between two."""
        alone = self.descent.rounds is not None and self.parts == 1
        return max(1, _AT_ONCE // len(self.y)) if alone else 1

    def some(self, n_rounds: int, pool: ThreadPoolExecutor | None) -> list[Tree]:
        """Go so many rounds, several in one call, and return their trees: those of `next`, to the bit."""
        if n_rounds == 1 or self.descent.rounds is None:
            return [tree for _ in range(n_rounds) for tree in self.next(pool)]
        size, n_leaves = 2 * self.growth.max_leaves - 1, np.zeros((n_rounds, 1), np.int64)
        trees = room_for(n_rounds * size, 1)
        self.descent.rounds(
            self.events, self.outputs, self.growth, self.shared, self.leaves[0], trees, self.y, n_leaves
        )
        ends = [(r * size, r * size + 2 * int(n) - 1) for r, n in enumerate(n_leaves[:, 0])]
        return [Tree(*(each[begin:end] for each in trees)) for begin, end in ends]

    def look_at(
        self, table: tuple[Codes, Codes], y: NDArray[Any], of_w: tuple[Array, Any], raw: Array
    ) -> None:
        """Go on with as many other rows: their codes, targets, weights and counts of these, and outputs (K, n)."""
        w, counts = of_w
        total = float(np.abs(w).sum())
        told = {"w": _uncounted(w, counts), "counts": counts, "total": total}
        self.events = self.events._replace(codes=table[0], columns=table[1], **told)
        self.y, self.w = y, w
        self.outputs.raw[:] = raw

    def next(self, pool: ThreadPoolExecutor | None) -> list[Tree]:
        """Go one round, and return its trees."""
        size = 2 * self.growth.max_leaves - 1
        self.trees = room_for(len(self.n_leaves) * size, 1)
        if not self.descent.threads:
            self._set_slopes(slice(None))
        self._everywhere(pool, self._grow)
        if not self.descent.newton:
            self._set_steps(int(self.n_leaves[0]))
            self._everywhere(pool, self._add)
        ends = [(k * size, k * size + 2 * int(n) - 1) for k, n in enumerate(self.n_leaves)]
        return [Tree(*(each[begin:end].copy() for each in self.trees)) for begin, end in ends]

    def _everywhere(self, pool: ThreadPoolExecutor | None, work: Callable[[int], None]) -> None:
        """Do ``work`` for every part at once."""
        if pool is None:
            work(0)
            return
        others = []
        try:
            others += [pool.submit(self._done, work, part) for part in range(1, len(self.leaves))]
            self._done(work, 0)
        except BaseException:
            give_up(self.shared.flags)
            raise
        finally:
            for each in others:
                each.result()

    def _done(self, work: Callable[[int], None], part: int) -> None:
        try:
            work(part)
        except BaseException:
            give_up(self.shared.flags)
            raise

    def _grow(self, part: int) -> None:
        """Grow a tree for each output on the rows of a part."""
        if self.descent.threads:
            self._set_slopes(self.ranges[part])
        leaves, newton = self.leaves[part], self.descent.newton
        grow_all(
            self.events, self.outputs, self.growth, self.shared, leaves, self.trees, newton, self.n_leaves
        )

    def _set_slopes(self, here: slice) -> None:
        raw, slope, curvature, _ = self.outputs
        self.descent.set_slopes(raw[:, here], self.y[here], slope[:, here], curvature[:, here])

    def _add(self, part: int) -> None:
        add_steps(self.leaves[part], int(self.n_leaves[0]), self.trees, self.outputs.raw[0])

    def _set_steps(self, n_leaves: int) -> None:
        """Let each leaf of the one tree take the step that is best for its events."""
        rows = [
            leaves.rows[leaves.start[k] : leaves.end[k]] for k in range(n_leaves) for leaves in self.leaves
        ]
        ends = np.cumsum([len(each) for each in rows])[len(self.leaves) - 1 :: len(self.leaves)]
        steps = self.descent.steps(self.outputs.raw[0], self.y, self.w, np.concatenate(rows), ends)
        tree, nodes = self.trees, self.leaves[0].node[:n_leaves]
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
