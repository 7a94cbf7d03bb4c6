"""Tables of numbers that are held some rows at a time, so that rows that were taken can be let go of."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.executor import available_cores
from fivesigma._core.jagged import Jagged

Values = NDArray[Any]

_OWN = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
"""Memory of this process alone, whose pages the system hands out faster than shared ones."""


def given_back(n_columns: int, n_rows: int) -> NDArray[np.float64]:
    """Return an empty array (n_columns, n_rows) whose memory is the system's again as soon as the array is gone.

    >>> given_back(2, 3).shape
    (2, 3)
    """
    size = n_columns * n_rows
    if size == 0:
        return np.empty((n_columns, n_rows))
    return np.frombuffer(mmap.mmap(-1, 8 * size, **_OWN), dtype=np.float64).reshape(n_columns, n_rows)


@dataclass
class BlockTable:
    """Columns of numbers of 64 bits in blocks of rows.

    Parameters
    ----------
    kinds : type of each column, of 64 bits
    blocks : the values (p, rows) of some rows after the other, as float64 of the same bits; None once let go of
    units : units that the file says, by column

    >>> table = BlockTable({"x": np.dtype(float)}, [np.array([[1.0, 2.0]]), np.array([[3.0]])])
    >>> table.columns(["x"], 1)
    {'x': array([2., 3.])}
    """

    kinds: Mapping[str, np.dtype[Any]]
    blocks: list[NDArray[np.float64] | None]
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = [0 if block is None else block.shape[1] for block in self.blocks]
        self._firsts = np.concatenate([[0], np.cumsum(rows)]).tolist()
        self._places = {name: j for j, name in enumerate(self.kinds)}

    @property
    def n_rows(self) -> int:
        """Rows of every column."""
        return int(self._firsts[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.kinds)

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns of lists: none."""
        return ()

    @property
    def row_blocks(self) -> tuple[tuple[int, int], ...]:
        """Rows that are read together."""
        return tuple(zip(self._firsts[:-1], self._firsts[1:], strict=True))

    def columns(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Values]:
        """Return some of ``names``, rows ``start`` to ``stop``: as they lie within one block, else copied together."""
        first, last, _ = slice(start, stop).indices(self.n_rows)
        last = max(first, last)
        i = max(bisect_right(self._firsts, first) - 1, 0)
        if i < len(self.blocks) and last <= self._firsts[i + 1]:
            return {name: self._part(i, name, first, last) for name in names}
        found = {name: np.empty(last - first, self.kinds[name]) for name in names}
        for i, (low, high) in enumerate(self.row_blocks):
            a, b = max(low, first), min(high, last)
            for name in names if a < b else ():
                found[name][a - first : b - first] = self._part(i, name, a, b)
        return found

    def _part(self, i: int, name: str, start: int, stop: int) -> Values:
        block, low = self.blocks[i], self._firsts[i]
        assert block is not None, "these rows were let go of"
        return block[self._places[name], start - low : stop - low].view(self.kinds[name])

    def looks(self, names: Sequence[str]) -> dict[str, Values]:
        """Return of each column its type, without a row."""
        return {name: np.empty(0, self.kinds[name]) for name in names}

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Return nothing: there are no lists."""
        return {}

    def let_go(self, start: int, stop: int) -> None:
        """Let go of the blocks that lie in the rows ``start`` to ``stop``: nobody asks for them again."""
        for i, (low, high) in enumerate(self.row_blocks):
            if start <= low and high <= stop:
                self.blocks[i] = None


def taken(table: BlockTable) -> dict[str, Values]:
    """Return all columns of a table, which lets go of its blocks as they are copied.

    >>> taken(BlockTable({"x": np.dtype(float)}, [np.array([[1.0, 2.0]]), np.array([[3.0]])]))
    {'x': array([1., 2., 3.])}
    """
    if len(table.blocks) == 1:
        return table.columns(table.names)
    together = np.empty(
        (len(table.kinds), table.n_rows)
    )  # one piece, which the system hands out in large pages
    found = {name: row.view(kind) for row, (name, kind) in zip(together, table.kinds.items(), strict=True)}

    def take(rows: tuple[int, int]) -> None:
        for name, values in table.columns(table.names, *rows).items():
            found[name][slice(*rows)] = values
        table.let_go(*rows)

    with ThreadPoolExecutor(min(2, available_cores())) as threads:
        list(threads.map(take, table.row_blocks))
    return found
