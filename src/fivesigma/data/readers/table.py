"""A table that is open: what it holds is known before any of it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from fivesigma._core.jagged import Jagged


class Table(Protocol):
    """What a reader's ``open`` gives: names, heights and units at once, columns when they are asked for."""

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
