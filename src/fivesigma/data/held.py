"""The columns of an open table by name: one that is asked for is read then, and held from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.readers.table import Table, looks

Column = NDArray[Any]


class Held(Mapping[str, Column]):
    """The columns of ``table`` as roles see them, with those that are made of them.

    Parameters
    ----------
    table : an open table
    seen_as : what is made of a column of some name as it is read, such as missing values of its codes

    >>> import numpy as np
    >>> from fivesigma.data.readers.table import WholeTable
    >>> columns = Held(WholeTable({"x": np.array([1.0, 2.0])}), lambda name, column: column)
    >>> columns.add("y", columns["x"] + 1)
    >>> list(columns), columns["y"]
    (['x', 'y'], array([2., 3.]))
    """

    def __init__(self, table: Table, seen_as: Callable[[str, Column], Column]) -> None:
        self.table = table
        self._seen_as = seen_as
        self._names = dict.fromkeys(table.names)
        self._held: dict[str, Column] = {}
        self._looks: dict[str, Column] = {}
        self._made: dict[str, Column] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self._made

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        yield from self._made

    def __len__(self) -> int:
        return len(self._names) + len(self._made)

    def __getitem__(self, name: str) -> Column:
        if name in self._made:
            return self._made[name]
        if name not in self._names:
            raise KeyError(name)
        if name not in self._held:
            self.hold([name])
        return self._held[name]

    def hold(self, names: Sequence[str]) -> None:
        """Read columns together, as a reader does sooner than one after the other; others' names are let be."""
        new = [name for name in dict.fromkeys(names) if name in self._names and name not in self._held]
        if new:
            read = self.table.columns(new)
            self._held |= {name: self.seen(name, read[name]) for name in new}

    def seen(self, name: str, column: Column) -> Column:
        """Return a column, or part of one, of the table as roles see it."""
        return self._seen_as(name, column)

    def is_raw(self, name: str) -> bool:
        """Whether a column that is held is as it stands in the table."""
        some = np.zeros(0)
        return name in self._held and self._seen_as(name, some) is some

    def add(self, name: str, column: Column) -> None:
        """Add a column that is made of others, (n_rows,)."""
        self._made[name] = column

    def made(self, name: str) -> bool:
        """Whether a column is made of others, and in no file."""
        return name in self._made

    def look(self, name: str) -> Column:
        """Return enough of a column to know its kind, type and shape: some rows, or all of what is text."""
        if name in self._made or name in self._held:
            return self[name]
        if name not in self._looks:
            self._looks[name] = self.seen(name, looks(self.table, [name])[name])
        return self._looks[name]

    def looks(self) -> Mapping[str, Column]:
        """Return all columns as `look` returns one; all of the table are looked at together."""
        return _Looks(self)

    def look_at(self, names: Sequence[str]) -> None:
        """Look at columns together."""
        known = {*self._looks, *self._held}
        new = [name for name in dict.fromkeys(names) if name in self._names and name not in known]
        if new:
            self._looks |= {name: self.seen(name, each) for name, each in looks(self.table, new).items()}

    def let_go(self) -> None:
        """Let go of all columns; those of the table are read again where they are asked for."""
        for held in (self._looks, self._held, self._made):
            held.clear()


class _Looks(Mapping[str, Column]):
    """What `Held.look` returns, by name."""

    def __init__(self, columns: Held) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns:
            raise KeyError(name)
        return self._columns.look(name)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
