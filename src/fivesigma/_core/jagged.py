"""Lists of different lengths, one an event: the jets of each collision, the members of each cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError


@dataclass(frozen=True, eq=False)
class Jagged:
    """A list of numbers in each event, of any length.

    Parameters
    ----------
    values : (n_members,)
        The members of all events, one event after the other.
    offsets : (n_events + 1,) int64
        Event i has ``values[offsets[i]:offsets[i + 1]]``; the first is 0, the last n_members.

    Raises
    ------
    InputError
        If the offsets fall or do not span the values.

    >>> jets = Jagged.of([[31.5, 20.2], [], [45.1]])
    >>> len(jets), jets.counts, jets.take([2, 0]).values
    (3, array([2, 0, 1]), array([45.1, 31.5, 20.2]))
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        ends = len(self.offsets) > 0 and self.offsets[0] == 0 and self.offsets[-1] == len(self.values)
        if not ends or (np.diff(self.offsets) < 0).any():
            raise InputError(
                f"offsets of a jagged column must rise from 0 to its {len(self.values)} members; the file is damaged."
            )

    @classmethod
    def of(cls, lists: Sequence[ArrayLike]) -> Jagged:
        """Make a column of one sequence an event."""
        parts = [np.asarray(each) for each in lists]
        filled = [part for part in parts if len(part)]
        values = np.concatenate(filled) if filled else np.empty(0)
        return cls(values, np.cumsum([0, *map(len, parts)], dtype=np.int64))

    @classmethod
    def stacked(cls, parts: Sequence[Jagged]) -> Jagged:
        """Put columns under each other."""
        counts = np.concatenate([part.counts for part in parts])
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Members of each event, (n_events,)."""
        return np.diff(self.offsets)

    def rows(self, start: int = 0, stop: int | None = None) -> Jagged:
        """Return the events from ``start`` to before ``stop``, whose members are a view of these.

        >>> Jagged.of([[1.0, 2.0], [], [3.0]]).rows(1).offsets
        array([0, 0, 1])
        """
        first, last, _ = slice(start, stop).indices(len(self))
        offsets = self.offsets[first : max(first, last) + 1]
        return Jagged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def take(self, rows: ArrayLike) -> Jagged:
        """Return the events at ``rows`` (positions or a mask)."""
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype.kind == "b" else at.astype(np.int64, copy=False)
        counts = self.counts[at]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        members = np.arange(offsets[-1]) + np.repeat(self.offsets[at] - offsets[:-1], counts)
        return Jagged(self.values[members], offsets)
