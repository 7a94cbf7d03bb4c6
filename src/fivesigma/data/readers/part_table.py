"""A table in a file of which any part can be read alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.border import border
from fivesigma.data.readers.table import Table

Read = Callable[[Sequence[str], int, int], Iterable[tuple[str, Any]]]
"""What reads some columns, rows ``start`` to ``stop``, as pairs of name and array or `Jagged`."""


def _says_none() -> float | None:
    return None


@dataclass(frozen=True)
class PartTable:
    """A table in a file of which any part can be read alone, by the function ``read`` of its format.

    ``left_out`` are the columns that the file has and no table can hold, by name with the reason; ``sum_w`` returns the
    sum of weights of all that was generated, where the file says it; ``row_blocks`` are rows that are read together
    (`Table`).
    """

    path: Path
    format: str
    next_step: str
    n_rows: int
    read: Read
    names: tuple[str, ...] = ()
    jagged: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    sum_w: Callable[[], float | None] = _says_none
    row_blocks: Sequence[tuple[int, int]] = ()

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Read some of ``names``, rows ``start`` to ``stop``."""
        return dict(self._parts(names, self.names, start, stop))

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop``."""
        return dict(self._parts(names, self.jagged, start, stop))

    def _parts(
        self, names: Sequence[str], known: Sequence[str], start: int, stop: int | None
    ) -> Iterator[tuple[str, Any]]:
        there = set(known)
        for name in names:
            if name not in there:
                raise InputError(f"{self.path}: {self._absent(name)}")
        if not names:
            return
        first, last, _ = slice(start, stop).indices(self.n_rows)
        with border(self.path, self.format, self.next_step):
            found = list(self.read(names, first, max(first, last)))
        for name, values in found:
            if len(values) != max(first, last) - first:
                raise DataError(
                    f"{self.path}: column {name!r} has {len(values)} of {last - first} rows; it is damaged: "
                    f"{self.next_step}."
                )
            yield name, _own(values) if last - first < self.n_rows else values

    def _absent(self, name: str) -> str:
        if name in self.left_out:
            return f"column {name!r} cannot be read ({self.left_out[name]}); leave it out."
        if name in (*self.names, *self.jagged):
            held = "a list" if name in self.jagged else "a single value"
            return f"column {name!r} holds {held} in each row; ask for it as such."
        known = (*self.names, *self.jagged, *self.left_out)
        return f"has no column {name!r}.{did_you_mean(name, known)}"


def _own(values: Any) -> Any:
    """Return a part with memory of its own: a view would hold all that a library read for it."""
    plain = isinstance(values, np.ndarray) and values.base is not None
    return values.copy() if plain else values


def all_columns(table: Table, path: Path) -> dict[str, NDArray[Any]]:
    """Read every column of single values of a table, all rows.

    Raises
    ------
    DataError
        If it has no row, or only columns of lists.
    """
    if table.n_rows == 0 or not table.names:
        lists = f", and {len(table.jagged)} of lists" if table.jagged else ""
        raise DataError(
            f"{path}: this table holds {table.n_rows} rows and {len(table.names)} columns of single values{lists}; "
            "give one with rows."
        )
    return table.columns(table.names)
