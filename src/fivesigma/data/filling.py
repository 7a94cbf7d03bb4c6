"""One reading of a table from end to end: each row gets its hashes, and its features their places in ``X``.

A few columns are held at a time, or a few rows where the file lies row by row; what is no feature is hashed and let
go of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma.data.held import Held
from fivesigma.data.readers.table import let_go, tiles
from fivesigma.risk.row_hashes import Hashes, TableHashes

_BLOCK = 8_192
_PARTS = 16
"""In how many parts the columns of a table are read: one of them is what memory is taken for beside ``X``."""


def float_type(columns: Sequence[NDArray[Any]]) -> np.dtype[Any]:
    """Return the type in which columns stand side by side: float32 if all of them are that, else float64.

    Whole numbers and truth values are float64, as float32 keeps but seven of their digits.

    >>> short, long = np.zeros(1, dtype=np.float32), np.zeros(1)
    >>> float_type([short, short]).name, float_type([short, long]).name, float_type([np.array([1])]).name
    ('float32', 'float64', 'float64')
    """
    short = bool(columns) and all(
        column.dtype.kind == "f" and column.dtype.itemsize <= 4 for column in columns
    )
    return np.dtype(np.float32 if short else np.float64)


class Filling:
    """``X`` (n, p) as it fills, the rows ``rows`` of columns that come in parts.

    >>> X = Filling({"a": 0, "b": 1}, np.array([0, 2]), np.dtype(np.float64))
    >>> X.take({"b": np.array([1, 2, 3])})
    >>> X.take({"a": np.array([0.5, 1.5])})
    >>> X.take({"a": np.array([2.5])}, start=2)
    >>> X.values
    array([[0.5, 1. ],
           [2.5, 3. ]])
    """

    def __init__(self, places: Mapping[str, int], rows: NDArray[np.int64], dtype: np.dtype[Any]) -> None:
        self._places, self._rows = places, rows
        self.values = np.empty((len(rows), len(places)), dtype=dtype)

    def take(self, columns: Mapping[str, NDArray[Any]], start: int = 0) -> None:
        """Put columns in their places, of which these are the rows of the table from ``start`` on."""
        if not columns:
            return
        n = len(next(iter(columns.values())))
        first, last = np.searchsorted(self._rows, (start, start + n))
        at = self._rows[first:last] - start
        kept = [column if len(at) == n else column[at] for column in columns.values()]
        self._widen(kept)
        for low in range(0, len(at), _BLOCK):
            high = min(low + _BLOCK, len(at))
            for name, column in zip(columns, kept, strict=True):
                self.values[first + low : first + high, self._places[name]] = column[low:high]

    def put(self, name: str, column: NDArray[Any]) -> None:
        """Put the column of the rows themselves, (n,), in its place."""
        self.values[:, self._places[name]] = column

    def _widen(self, columns: Sequence[NDArray[Any]]) -> None:
        """Take twice the memory after all where a column is longer than it looked."""
        if self.values.dtype == np.float32 and float_type(columns) == np.float64:
            self.values = self.values.astype(np.float64)


def read_once(
    columns: Held,
    hashed: Collection[str],
    *,
    apart: Collection[str],
    into: Filling | None = None,
    features: Collection[str] = (),
    held: Mapping[str, NDArray[Any]] | None = None,
) -> tuple[Hashes, Hashes]:
    """Read a table once: return the hashes of its rows (`table_hashes`), and fill its ``features`` ``into`` X.

    Parameters
    ----------
    columns : of the open table
    hashed : columns that a row is known by, as they stand in the table
    apart : those of them that the first hash leaves out
    into : where the features go, and what is read is let go of; None where it is not wanted yet
    features : columns of the table that are features, in the form in which roles see them
    held : columns that are there as they stand in the table, and are not read again
    """
    wanted = set() if into is None else set(features)
    hashes = TableHashes(columns.table.n_rows, hashed, apart=apart)
    known, there = set(hashes.names), dict(held or {})
    names = sorted({*hashed, *wanted})
    for start, stop, some in tiles(columns.table, names, max(1, -(-len(names) // _PARTS))):
        part = columns.table.columns([name for name in some if name not in there], start, stop)
        part |= {name: there[name][start:stop] for name in some if name in there}
        for name in some:
            if name in known:
                hashes.take(name, part[name], start)
        if into is not None:
            into.take(
                {name: number(columns.seen(name, part[name])) for name in some if name in wanted}, start
            )
            if len(some) == len(names):
                let_go(columns.table, start, stop)
    return hashes.found()


def number(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column as numbers that ``X`` can hold: of any type, NaN where missing; text that is all missing too."""
    if column.dtype.kind in "biuf":
        return np.asarray(column)
    return kinds.numbers(column)
