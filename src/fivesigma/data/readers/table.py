"""A table that is open: what it holds is known before any of it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.jagged import Jagged

FEW = 64
"""Rows that tell the type of a column: a table's columns have one type each, whichever rows are asked for."""

Tile = tuple[int, int, tuple[str, ...]]
"""Part of a table: the rows from one to before another, of some columns."""


class Table(Protocol):
    """What a reader's ``open`` gives: names, heights and units at once, columns when they are asked for.

    One that is best read some rows at a time, all columns together, says so by an attribute ``row_blocks``: pairs
    (start, stop) that cover its rows in order. One whose file knows how much was generated, before any selection, has a
    method ``sum_w`` that returns the sum of weights, or None.
    """

    @property
    def n_rows(self) -> int:
        """Rows of every column."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of single values or of arrays of one shape, in the order of the file."""
        ...

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns that hold a list in each row."""
        ...

    @property
    def units(self) -> Mapping[str, str]:
        """Units that the format or the file itself says, by column."""
        ...

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Read some of ``names``, rows ``start`` to ``stop``; values as of `Reader.columns`."""
        ...

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop``."""
        ...


@dataclass(frozen=True)
class WholeTable:
    """A table that was read at once, for formats of which no part can be read alone.

    >>> import numpy as np
    >>> WholeTable({"x": np.arange(3.0)}).columns(["x"], 1)
    {'x': array([1., 2.])}
    """

    held: Mapping[str, NDArray[Any]]
    units: Mapping[str, str] = field(default_factory=dict)
    lists_held: Mapping[str, Jagged] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows of every column."""
        heights = [len(each) for each in self.held.values()] + [
            len(each) for each in self.lists_held.values()
        ]
        return max(heights, default=0)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of single values or of arrays of one shape."""
        return tuple(self.held)

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns that hold a list in each row."""
        return tuple(self.lists_held)

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return some of the columns."""
        return {name: self.held[name][start:stop] for name in names}

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Return some of the jagged columns."""
        return {name: self.lists_held[name].rows(start, stop) for name in names}


def tiles(table: Table, names: Sequence[str], together: int) -> Iterator[Tile]:
    """Yield the parts in which a table is read once from end to end; of each row its columns come in order.

    Columns are read ``together`` at a time, or all of them where the table is best read by rows.

    >>> import numpy as np
    >>> list(tiles(WholeTable({name: np.zeros(5) for name in "abc"}), ("a", "b", "c"), 2))
    [(0, 5, ('a', 'b')), (0, 5, ('c',))]
    """
    own = getattr(table, "tiles", None)
    if own is not None:
        yield from own(names, together)
        return
    blocks = getattr(table, "row_blocks", ())
    for start, stop in blocks or ((0, table.n_rows),):
        yield from across(names, start, stop, len(names) if blocks else together)


def across(names: Sequence[str], start: int, stop: int, together: int) -> Iterator[Tile]:
    """Yield the same rows of some columns after the other, ``together`` at a time.

    >>> list(across("abc", 0, 5, 2))
    [(0, 5, ('a', 'b')), (0, 5, ('c',))]
    """
    step = max(together, 1)
    for first in range(0, len(names), step):
        yield start, stop, tuple(names[first : first + step])


def looks(table: Table, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return of each column enough to know its kind, type and shape: some rows, or all of what is text or objects.

    >>> import numpy as np
    >>> looks(WholeTable({"x": np.zeros(100, dtype=np.float32)}), ["x"])["x"].dtype
    dtype('float32')
    """
    own = getattr(table, "looks", None)
    if own is not None:
        return dict(own(names))
    return looks_of_rows(table, names)


def looks_of_rows(table: Table, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return some rows of each column, or all of what is text or objects."""
    few = table.columns(names, 0, FEW)
    whole = [name for name in names if few[name].dtype.kind not in "biuf"]
    return few | (table.columns(whole) if whole else {})


def let_go(table: Table, start: int, stop: int) -> None:
    """Tell a table that its rows ``start`` to ``stop`` are not asked for again, so that it need not hold them."""
    own = getattr(table, "let_go", None)
    if own is not None:
        own(start, stop)


def numbers(table: Table, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the number in the input, from 0, of each row of a table, or of those at the positions ``rows``."""
    own = getattr(table, "numbers", None)
    if own is not None and height(table) != table.n_rows:
        return np.asarray(own() if rows is None else own()[rows])
    return np.arange(table.n_rows) if rows is None else rows


def height(table: Table) -> int:
    """Return how many rows the input has, of which the table may be a part."""
    return int(getattr(table, "n_input", table.n_rows))
