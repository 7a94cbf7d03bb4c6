"""A second table beside the first: each row looks up its one partner by a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.jagged import Jagged
from fivesigma.data import readers, tables
from fivesigma.data.readers.table import Table, WholeTable, height, looks, numbers


def check(join: Mapping[str, Any]) -> str:
    """Return the key of ``join``, which must say ``path`` and ``on``; other words are options of the path's reader."""
    for word in ("path", "on"):
        if word not in join:
            raise InputError(f'join = {dict(join)} lacks {word!r}; expected {{ path = "FILE", on = "KEY" }}.')
    options = readers.reader_for(tables.paths(join["path"])[0]).options
    for word in join:
        if word not in ("path", "on", *options):
            known = ["path", "on", *options]
            raise InputError(
                f"{word!r} is not a key of join; expected path and on, or an option of its reader "
                f"({', '.join(options) or 'none'}).{did_you_mean(word, known)}"
            )
    return str(join["on"])


@dataclass(frozen=True)
class Joined:
    """A table with the columns of its rows' partners in another one; without a partner these hold arbitrary values.

    ``at`` (n_rows,) is the position of each row's partner in ``right``, -1 where there is none.
    """

    left: Table
    right: Table
    on: str
    at: NDArray[np.int64]

    @property
    def n_rows(self) -> int:
        """Rows of the first table."""
        return self.left.n_rows

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of both tables."""
        return (*self.left.names, *(name for name in self.right.names if name != self.on))

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns of the first table that hold a list in each row."""
        return self.left.jagged

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the columns of both tables."""
        return {**self.right.units, **self.left.units}

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which rows have a partner, (n_rows,)."""
        return self.at >= 0

    @property
    def n_input(self) -> int:
        """Rows of the input that the first table is a part of."""
        return height(self.left)

    def numbers(self) -> NDArray[np.int64]:
        """Return the number of each row in the input."""
        return numbers(self.left)

    def columns(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> tables.Columns:
        """Read some of ``names``, rows ``start`` to ``stop``."""
        own = set(self.left.names)
        other = self.right.columns([name for name in names if name not in own])
        at = np.maximum(self.at[start:stop], 0)
        found = self.left.columns([name for name in names if name in own], start, stop)
        return {name: found[name] if name in own else other.pop(name)[at] for name in names}

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop``."""
        return self.left.lists(names, start, stop)

    def looks(self, names: Sequence[str]) -> tables.Columns:
        """Return of each column enough to know its kind, type and shape."""
        own = set(self.left.names)
        sides = [looks(self.left, [name for name in names if name in own])]
        sides.append(looks(self.right, [name for name in names if name not in own]))
        return {name: sides[name not in own][name] for name in names}


@contextmanager
def opened(table: Table, join: Mapping[str, Any]) -> Iterator[Joined]:
    """Open the second table of ``join`` beside an open one.

    Raises
    ------
    InputError
        If the key is absent, repeats in the second table, or a column is in both.
    """
    key, path = check(join), join["path"]
    options = {word: value for word, value in join.items() if word not in ("path", "on")}
    with tables.opened(path, **options) as right:
        yield _beside(table, right, key, str(path))


def _beside(table: Table, right: Table, key: str, path: str) -> Joined:
    for side, where in ((table, "the data"), (right, path)):
        if key not in side.names:
            raise InputError(
                f"the join key {key!r} is not a column of {where}.{did_you_mean(key, side.names)}"
            )
    if both := sorted((set(table.names) & set(right.names)) - {key}):
        raise InputError(f"column {both[0]!r} is in both the data and {path}; rename it in one of them.")
    left, other = (side.columns([key])[key] for side in (table, right))
    at = _partners(left, other, f"the join key {key!r}", path)
    if not (at >= 0).any():
        raise InputError(f"no row of the data has a partner in {path} by {key!r}; is it the right key?")
    return Joined(table, right, key, at)


def joined(
    columns: tables.Columns, join: Mapping[str, Any], *, as_text: Sequence[str] = ()
) -> tuple[tables.Columns, NDArray[np.bool_]]:
    """Return the columns of both tables, and which rows found a partner (the others hold arbitrary values).

    ``as_text`` are columns of the second table that are left as they are written.

    Raises
    ------
    InputError
        If the key is absent, repeats in the second table, or a column is in both.
    """
    key, path = check(join), join["path"]
    options = {word: value for word, value in join.items() if word not in ("path", "on")}
    right = WholeTable(tables.read_columns(path, as_text=as_text, **options))
    both = _beside(WholeTable(columns), right, key, str(path))
    return both.columns(both.names), both.found


def _partners(left: NDArray[Any], right: NDArray[Any], what: str, path: str) -> NDArray[np.int64]:
    """Return for each of ``left`` its position in ``right``, -1 where there is none (or no key).

    Python's own numbers are looked up: whole numbers of any type are equal digit by digit, and only then.
    """
    if kinds.is_text(left) != kinds.is_text(right):
        raise InputError(
            f"{what} is text in one table and numbers in {path}; write it in the same way in both."
        )
    there = np.flatnonzero(~kinds.missing(right))
    keys = right[there].tolist()
    position = dict(zip(keys, there.tolist(), strict=True))
    if len(position) < len(keys):
        seen: set[object] = set()
        twice = next(value for value in keys if value in seen or seen.add(value))  # type: ignore[func-returns-value]
        raise InputError(
            f"{what} has the value {twice!r} more than once in {path}; expected one row for each key."
        )
    return np.fromiter((position.get(value, -1) for value in left.tolist()), np.int64, len(left))
