"""All rounds of boosting, on all rows, or each on some that it draws.

References
----------
Friedman (2002), "Stochastic gradient boosting", doi:10.1016/S0167-9473(01)00065-2.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import borrowing
from fivesigma._core.gathered import Gathered
from fivesigma._core.transposed import transposed
from fivesigma.models.trees.binning import Array, Bins, Codes
from fivesigma.models.trees.boosting_losses import Descent
from fivesigma.models.trees.boosting_rounds import Plan, Rounds, in_units
from fivesigma.models.trees.boosting_sums import BLOCK
from fivesigma.models.trees.draws import begun, below, drawn
from fivesigma.models.trees.nodes import Grown, Tree

_MANY = 2**26
"""Codes that are held in one order: to have them in both costs half of what a fit holds."""


def boosted(
    bins: Bins,
    X: Array | Gathered,
    y: NDArray[Any],
    w: Array,
    descent: Descent,
    plan: Plan,
    tell: Callable[[], None] | None = None,
) -> tuple[Array, list[Tree]]:
    """Return the outputs (K,) that all events begin with, and the trees, those of a round next to each other.

    Parameters
    ----------
    bins : of the columns
    X : (n, p)
    y : (n,) as the loss wants it
    w : (n,) none of them 0
    tell : called after each round
    """
    start, made = descent.start(y, w), Draws if plan.share < 1.0 else Rounds
    rounds = made(bins, _table(bins, X, plan), y, w, descent, plan, start)
    with ThreadPoolExecutor(rounds.parts - 1) if rounds.parts > 1 else nullcontext() as pool:
        trees: list[Tree] = []
        at_once, left = rounds.at_once if tell is None else 1, plan.rounds
        while left:
            some = min(at_once, left)
            trees += rounds.some(some, pool)
            left -= some
            if tell is not None:
                tell()
    return start, trees


def _table(bins: Bins, X: Array | Gathered, plan: Plan) -> tuple[Codes, Codes]:
    """Return codes by rows (n, p) and by columns (p, n): of many, whose rows are all seen, by rows alone (p, 0)."""
    columns = bins.codes(X)
    rows = np.ascontiguousarray(columns.T)
    return rows, columns if plan.share < 1.0 or columns.size < _MANY else columns[:, :0].copy()


class Draws:
    """The state of a fit each round of which sees other rows: of every block the same share, without return."""

    def __init__(
        self,
        bins: Bins,
        table: tuple[Any, Any],
        y: NDArray[Any],
        w: Array,
        descent: Descent,
        plan: Plan,
        start: Array,
    ) -> None:
        self.bins, self.y, self.w, self.share = bins, y, w, plan.share
        self.codes, self.columns = table
        self.counts, unit = in_units(w)
        self.raw, self.number = np.tile(start, (len(w), 1)), 0
        self.seed = np.uint64(plan.seed)
        rows = self._rows()
        self.rounds = Rounds(bins, self._table(rows), y[rows], w[rows], descent, plan, start)
        self.rounds.events = self.rounds.events._replace(unit=unit)

    at_once = 1
    """How many rounds a call may go."""

    @property
    def parts(self) -> int:
        """In how many parts the rows of a round are, a thread each."""
        return self.rounds.parts

    def some(self, n_rounds: int, pool: ThreadPoolExecutor | None) -> list[Tree]:
        """Go so many rounds, and return their trees."""
        return [tree for _ in range(n_rounds) for tree in self.next(pool)]

    def next(self, pool: ThreadPoolExecutor | None) -> list[Tree]:
        """Go one round on rows of its own, tell what it says to all, and return its trees."""
        rows = self._rows()
        self.number += 1
        counts = self.counts[rows] if len(self.counts) else self.counts
        self.rounds.look_at(self._table(rows), self.y[rows], (self.w[rows], counts), self.raw[rows].T)
        trees = self.rounds.next(pool)
        Grown.of(self.bins, trees, range(len(trees))).add(self.columns, self.raw)
        return trees

    def _rows(self) -> NDArray[np.int64]:
        """Return the rows of this round, in their order."""
        rows = np.empty(len(self.w), np.int64)
        return rows[: draw_rows(self.seed, self.number, self.share, rows)]

    def _table(self, rows: NDArray[np.int64]) -> tuple[Any, Any]:
        codes = np.take(self.codes, rows, axis=0)
        return codes, transposed(codes)


@borrowing
def draw_rows(seed: Any, number: int, share: float, rows: Any) -> Any:
    """Set ``rows`` (n,) to those of the draw ``number``, as many of each block, in their order; return how many.

    Of what is left of a block each is taken with the chance that makes their number whole (Knuth, The Art of Computer
    Programming 2, 3.4.2, algorithm S).
    """
    n, at = len(rows), np.int64(0)
    state, key = drawn(begun(seed, number))
    for begin in range(0, n, BLOCK):
        left = np.int64(min(BLOCK, n - begin))
        wanted, state = np.int64(np.ceil(share * left)), begun(key, begin)
        for i in range(begin, begin + left):
            state, bits = drawn(state)
            taken = np.int64(below(bits, left) < wanted)
            rows[at] = i  # where it is not taken, the next one stands there
            at, wanted, left = at + taken, wanted - taken, left - np.int64(1)
    return at
