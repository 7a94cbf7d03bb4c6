"""What every simulated system is: a frozen description that draws a table of events with its truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length with their units and the roles a study would give them.

    Attributes
    ----------
    columns : name -> array of shape (n, ...); an image is a column of shape (n, height, width)
    units : name -> unit; a name that is absent has no dimension
    target : the column a study would learn, or None
    group : the column whose members belong on one side of a split, or None
    features : the columns a study would learn from; empty for "every other numeric column"
    jagged : an awkward array of the same events where the table is not their natural form, else None
    """

    columns: Mapping[str, Array]
    units: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    group: str | None = None
    features: tuple[str, ...] = ()
    jagged: Any = None

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)


class System(ABC):
    """A simulated system: its fields are its physics, its randomness is an argument."""

    #: events in one block; blocks have their own random streams, so any number of workers gives the same
    #: events
    block: ClassVar[int] = 1_000
    #: events drawn where nothing else is asked for
    default_n: ClassVar[int] = 1_000
    #: the setting with which it also draws what is behind an image, and the column that this is; None of others
    behind: ClassVar[tuple[str, str] | None] = None

    @abstractmethod
    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Draw ``n`` events as a `Table`."""

    def merge(self, parts: Sequence[Table]) -> Table:
        """Join blocks of one run in their order."""
        return concatenate(parts)


def concatenate(parts: Sequence[Table]) -> Table:
    """Stack tables of equal columns.

    >>> two = Table({"x": np.arange(2)})
    >>> len(concatenate([two, two]))
    4
    """
    first = parts[0]
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns}
    return Table(columns, first.units, first.target, first.group, first.features)


def count(n: int, what: str = "n") -> int:
    """Return ``n`` if it is a positive whole number, else raise `InputError`.

    >>> count(3)
    3
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise InputError(f"{what} = {n!r} is not a number of events; give a whole number of at least 1.")
    return int(n)


def positive(value: float, what: str) -> float:
    """Return ``value`` if it is a finite number above zero, else raise `InputError`."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{what} = {value!r} is not possible; give a finite number above 0.")
    return float(value)
