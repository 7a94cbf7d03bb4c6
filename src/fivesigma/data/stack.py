"""Tables under each other and parts of tables: files that are read together are one table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import exact
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.table import Table, Tile, height, let_go, looks, numbers, tiles

Columns = dict[str, NDArray[Any]]

INTERNAL = "\x00"
"""What begins the name of a column that is of no file, and by which no row is known."""


@dataclass(frozen=True)
class Stack:
    """Tables of the same columns, one under the other.

    Parameters
    ----------
    parts : the tables
    files : what messages call each of them
    marks : mapping of further columns to their one value in each of the tables, such as the number of the file

    Raises
    ------
    InputError
        If the tables have different columns, or one that is called like a mark.

    >>> from fivesigma.data.readers.table import WholeTable
    >>> two = [WholeTable({"x": np.array([1.0, 2.0])}), WholeTable({"x": np.array([3.0])})]
    >>> stack = Stack(two, [Path("a.csv"), Path("b.csv")], {"class": ["b", "s"]})
    >>> stack.columns(["x", "class"], 1)
    {'x': array([2., 3.]), 'class': array(['b', 's'], dtype=object)}
    """

    parts: Sequence[Table]
    files: Sequence[Path]
    marks: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, *others = ({*part.names, *part.jagged} for part in self.parts)
        for names, file in zip(others, self.files[1:], strict=True):
            _refuse_other_columns(first, names, self.files[0], file)
        for mark in self.marks:
            if mark in first:
                raise InputError(
                    f"{self.files[0]}: column {mark!r} would be taken for what is known of the file itself; rename it."
                )

    @property
    def n_rows(self) -> int:
        """Rows of all tables."""
        return sum(self._heights)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the first table, in its order, and the marks."""
        return (*self.parts[0].names, *self.marks)

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns that hold a list in each row."""
        return self.parts[0].jagged

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the columns, by the first table that says one."""
        return {name: unit for part in reversed(self.parts) for name, unit in part.units.items()}

    @property
    def n_input(self) -> int:
        """Rows of the input, of which the tables may be parts."""
        return sum(map(height, self.parts))

    def numbers(self) -> NDArray[np.int64]:
        """Return the number of each row in the input."""
        before = [0, *itertools.accumulate(map(height, self.parts))]
        return np.concatenate(
            [numbers(part) + first for part, first in zip(self.parts, before, strict=False)]
        )

    @cached_property
    def _heights(self) -> list[int]:
        return [part.n_rows for part in self.parts]

    @property
    def _firsts(self) -> list[int]:
        return [0, *itertools.accumulate(self._heights)][:-1]

    def _within(self, start: int, stop: int | None) -> Iterator[tuple[int, int, int]]:
        """Yield the number of each table that has some of these rows, and which of its own they are."""
        begin, end, _ = slice(start, stop).indices(self.n_rows)
        for i, (first, count) in enumerate(zip(self._firsts, self._heights, strict=True)):
            low, high = max(begin - first, 0), min(end - first, count)
            if low < high or (begin >= end and i == 0):
                yield i, low, max(low, high)

    def columns(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> Columns:
        """Read some of ``names``, rows ``start`` to ``stop``."""
        at = list(self._within(start, stop))
        own = [name for name in names if name not in self.marks]
        read = [self.parts[i].columns(own, low, high) for i, low, high in at]
        files = [self.files[i] for i, _, _ in at]
        found = {name: joined_column(name, [part.pop(name) for part in read], files) for name in own}
        return {name: found[name] if name in found else self._mark(name, at) for name in names}

    def _mark(self, name: str, at: Sequence[tuple[int, int, int]]) -> NDArray[Any]:
        values = np.asarray(self.marks[name])
        values = values if values.dtype.kind in "biuf" else kinds.objects(self.marks[name])
        if len(at) == 1:  # one value, however often it stands there
            i, low, high = at[0]
            return np.broadcast_to(values[i : i + 1], high - low)
        return np.repeat(values[[i for i, _, _ in at]], [high - low for _, low, high in at])

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop``."""
        read = [self.parts[i].lists(names, low, high) for i, low, high in self._within(start, stop)]
        return {name: Jagged.stacked([part[name] for part in read]) for name in names}

    def looks(self, names: Sequence[str]) -> Columns:
        """Return of each column enough to know its kind, type and shape."""
        own = [name for name in names if name not in self.marks]
        each = [looks(part, own) for part in self.parts]
        found = {name: joined_column(name, [part[name] for part in each], self.files) for name in own}
        every = [(i, 0, count) for i, count in enumerate(self._heights)]
        return {name: found[name] if name in found else self._mark(name, every) for name in names}

    def tiles(self, names: Sequence[str], together: int) -> Iterator[Tile]:
        """Yield the parts of one table after the other."""
        for part, first in zip(self.parts, self._firsts, strict=True):
            for start, stop, some in tiles(part, names, together):
                yield start + first, stop + first, some

    def let_go(self, start: int, stop: int) -> None:
        """Let go of the rows ``start`` to ``stop``: nobody asks for them again."""
        for i, low, high in self._within(start, stop):
            let_go(self.parts[i], low, high)


@dataclass(frozen=True)
class Window:
    """The rows of a table from ``start`` to before ``stop``.

    >>> from fivesigma.data.readers.table import WholeTable
    >>> part = Window(WholeTable({"x": np.arange(9.0)}), 2, 5)
    >>> part.columns(["x"], 1), part.numbers()
    ({'x': array([3., 4.])}, array([2, 3, 4]))
    """

    table: Table
    start: int
    stop: int

    @property
    def n_rows(self) -> int:
        """Rows of the part."""
        return len(range(*slice(self.start, self.stop).indices(self.table.n_rows)))

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the table."""
        return self.table.names

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns of the table that hold a list in each row."""
        return self.table.jagged

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the table's columns."""
        return self.table.units

    @property
    def n_input(self) -> int:
        """Rows of the input that the table is."""
        return height(self.table)

    def numbers(self) -> NDArray[np.int64]:
        """Return the number of each row in the input."""
        return numbers(self.table)[self.start : self.stop]

    def _within(self, start: int, stop: int | None) -> tuple[int, int]:
        low, high, _ = slice(start, stop).indices(self.n_rows)
        return low + self.start, high + self.start

    def columns(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> Columns:
        """Read some of ``names``, rows ``start`` to ``stop`` of the part."""
        return self.table.columns(names, *self._within(start, stop))

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop`` of the part."""
        return self.table.lists(names, *self._within(start, stop))

    def looks(self, names: Sequence[str]) -> Columns:
        """Return of each column enough to know its kind, type and shape."""
        return looks(self.table, names)

    def tiles(self, names: Sequence[str], together: int) -> Iterator[Tile]:
        """Yield those parts of the table that lie in these rows."""
        last = self.start + self.n_rows
        for start, stop, some in tiles(self.table, names, together):
            low, high = max(start, self.start), min(stop, last)
            if low < high:
                yield low - self.start, high - self.start, some

    def let_go(self, start: int, stop: int) -> None:
        """Let go of the rows ``start`` to ``stop`` of the part: nobody asks for them again."""
        let_go(self.table, *self._within(start, stop))


def window(table: Table, rows: Sequence[int] | None) -> Table:
    """Return the ``rows`` [first, stop] of a table, all of them where that is None.

    Raises
    ------
    InputError
        If they are no two whole numbers in order, or the table has no such rows.
    """
    if rows is None:
        return table
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise WrongTypeError(f"rows = {rows!r} is no range of rows; expected two numbers, such as [0, 1000].")
    whole = [isinstance(row, int) and not isinstance(row, bool) for row in rows]
    if len(whole) != 2 or not all(whole) or not 0 <= rows[0] < rows[1]:
        raise InputError(
            f"rows = {list(rows)} is no range of rows; expected the first and the one after "
            "the last, such as [0, 1000]."
        )
    if rows[0] >= table.n_rows:
        raise InputError(
            f"rows = {list(rows)} begins beyond the {table.n_rows} rows of the table; begin before."
        )
    return Window(table, rows[0], rows[1])


def stacked(parts: Sequence[Columns], files: Sequence[Path]) -> Columns:
    """Put columns of the same names under each other."""
    for part, file in zip(parts, files, strict=True):
        _refuse_other_columns(set(parts[0]), set(part), files[0], file)
    return {name: joined_column(name, [part[name] for part in parts], files) for name in parts[0]}


def _refuse_other_columns(first: set[str], other: set[str], file: Path, another: Path) -> None:
    if different := sorted(first ^ other):
        raise InputError(
            f"{another}: column {different[0]!r} is not in both this file and {file}; "
            "files that are read together have the same columns."
        )


def joined_column(name: str, parts: Sequence[NDArray[Any]], files: Sequence[Path]) -> NDArray[Any]:
    """Join the parts of one column; text that is all missing joins numbers as NaN.

    Raises
    ------
    InputError
        If one part is text and another numbers, or their events have different shapes.
    """
    if len(parts) == 1:
        return parts[0]
    for part, file in zip(parts, files, strict=True):
        if part.shape[1:] != parts[0].shape[1:]:
            raise InputError(
                f"column {name!r} has the shape {part.shape[1:]} in {file} and {parts[0].shape[1:]} in {files[0]}; "
                "files that are read together have events of one shape."
            )
    text = [kinds.is_text(part) for part in parts]
    if not any(text) or all(text):
        return exact.stacked(parts)
    blank = [bool(kinds.missing(part).all()) for part in parts]
    full = [i for i, (is_text, empty) in enumerate(zip(text, blank, strict=True)) if is_text and not empty]
    if full:
        raise InputError(
            f"column {name!r} is text in {files[full[0]]} and numbers in {files[text.index(False)]}; "
            "files that are read together have the same kinds of columns."
        )
    return exact.stacked(
        [
            kinds.Gapped(np.full(len(part), np.nan)) if is_text else part
            for part, is_text in zip(parts, text, strict=True)
        ]
    )
