"""Rows of a table: copied some at a time, or left where they are for a model that reads column by column."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.transposed import transposed

Floats = NDArray[np.float64]

AT_ONCE = 2**26
"""Bytes of the columns that are held side by side."""
_ROWS = 1024
_READ = 2**24
"""Bytes that are read of a file at a time: its pages are given back before the next."""
_TAKEN = 2**20
"""Bytes of rows that are taken at a time: a cache holds them until they are in their columns and precision."""


def rows_of(
    X: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any] | None = None, dtype: Any = None
) -> NDArray[Any]:
    """Return ``X[rows]``, of it the ``columns`` if they are named, in the precision ``dtype``.

    Of an array that lies in a file no more stays in memory than is read at a time.
    """
    # pages of a private map are not given back: what was written to them is nowhere else
    held = getattr(X, "_mmap", None) if getattr(X, "mode", "c") != "c" else None
    held = held if hasattr(held, "madvise") else None
    found = np.empty(
        (len(rows), *(X.shape[1:] if columns is None else (len(columns),))), dtype=dtype or X.dtype
    )
    row = max(int(X[:1].nbytes), 1)
    length, read = max(1, _TAKEN // row), 0
    for start in range(0, len(rows), length):
        some = slice(start, start + length)
        taken = X[rows[some]]
        found[some] = taken if columns is None else taken[:, columns]
        read += row * length
        if held is not None and (read >= _READ or start + length >= len(rows)):
            held.madvise(mmap.MADV_DONTNEED)
            read = 0
    return found


@dataclass(frozen=True, eq=False)
class Gathered:
    """The rows ``rows`` (n,) and columns ``columns`` (p,) of a ``table``, as float64 wherever they are looked at.

    An array of them is made where one is asked for; what takes columns alone (`column_blocks`) needs none.

    >>> some = Gathered(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([2, 0, 2]), np.array([1]))
    >>> some.shape, np.asarray(some).tolist(), np.asarray(some[np.array([True, False, False])]).tolist()
    ((3, 1), [[5.0], [1.0], [5.0]], [[5.0]])
    """

    table: NDArray[Any]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return len(self.rows), len(self.columns)

    @property
    def ndim(self) -> int:
        """The dimensions of a table: two."""
        return 2

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, kept: Any) -> Gathered:
        """Return some of the rows, by a mask or by their places."""
        return Gathered(self.table, self.rows[kept], self.columns)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the rows as an array (n, p)."""
        return rows_of(self.table, self.rows, self.columns, dtype or np.float64)

    def side_by_side(self, some: slice) -> Floats:
        """Return the columns ``some`` (g, n), each one's values next to each other."""
        wanted = self.columns[some]
        found = np.empty((len(wanted), len(self.rows)))
        for begin in range(0, len(self.rows), _ROWS):
            rows = self.rows[begin : begin + _ROWS]
            found[:, begin : begin + _ROWS] = self.table[rows][:, wanted].T
        return found


class ReadsColumns:
    """An estimator that takes `Gathered` rows as it takes an array of them, with the same result to the bit."""


def column_blocks(table: NDArray[Any] | Gathered) -> Iterator[tuple[slice, Floats]]:
    """Yield the columns of a table (n, p), some at a time: which they are, and their values (g, n) as float64.

    >>> [(some.start, columns.tolist()) for some, columns in column_blocks(np.array([[1, 2], [3, 4]]))]
    [(0, [[1.0, 3.0], [2.0, 4.0]])]
    """
    n, p = table.shape
    together = max(1, min(p, AT_ONCE // (8 * max(n, 1))))
    for begin in range(0, p, together):
        some = slice(begin, min(begin + together, p))
        if isinstance(table, Gathered):
            yield some, table.side_by_side(some)
        else:
            yield some, transposed(table[:, some], np.float64)
