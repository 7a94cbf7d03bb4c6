"""What a check is given: a table, and how a study divides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.findings import Audit
from fivesigma.risk.splits import Split

Array = NDArray[Any]

MOST_LOOKED_AT = 10_000
FEWEST_TO_JUDGE = 20
MOST_ROWS = 20
"""Rows that an entry names."""


class Table(Protocol):
    """What a check reads of a `Dataset`."""

    @property
    def X(self) -> NDArray[Any]:
        """The features, (n, p)."""
        ...

    @property
    def y(self) -> NDArray[Any] | None:
        """Codes or numbers of the target."""
        ...

    @property
    def w(self) -> NDArray[np.float64] | None:
        """Weights of the events."""
        ...

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """Codes of the groups."""
        ...

    @property
    def row_hashes(self) -> NDArray[np.uint64]:
        """By what each event is known, whichever features are chosen."""
        ...

    @property
    def rows(self) -> NDArray[np.int64]:
        """Numbers of the events in the input."""
        ...

    @property
    def spectators(self) -> Mapping[str, NDArray[Any]]:
        """Columns that no model sees."""
        ...

    @property
    def extras(self) -> Mapping[str, NDArray[Any]]:
        """Columns that are carried along."""
        ...

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of the text columns."""
        ...

    @property
    def task(self) -> str:
        """What the target is for."""
        ...

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        ...

    @property
    def target_in_dex(self) -> bool:
        """Whether the target is a decimal logarithm."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    @property
    def units(self) -> tuple[str | None, ...]:
        """Units of the columns."""
        ...

    @property
    def kind(self) -> str:
        """What a row is."""
        ...

    @property
    def n_samples(self) -> int:
        """Number of events."""
        ...

    @property
    def n_effective(self) -> float:
        """Kish's effective number of events."""
        ...

    def statistics(self) -> list[dict[str, Any]]:
        """Return one summary a column."""
        ...


@dataclass(frozen=True, eq=False)
class Audited:
    """A table under audit.

    Attributes
    ----------
    data : the table
    split : how it is divided; None where that is not known, or must not be looked at
    balanced : whether training gives every class the same sum of weights
    in_time : whether the test is later than training, and not drawn from the same time
    """

    data: Table
    split: Split | None = None
    balanced: bool = False
    in_time: bool = False

    @cached_property
    def looked_at(self) -> NDArray[np.int64]:
        """Positions of at most 10,000 evenly spaced rows: all that the dear checks look at."""
        n = self.data.n_samples
        return np.unique(np.linspace(0, n - 1, min(n, MOST_LOOKED_AT)).astype(np.int64))

    @cached_property
    def X(self) -> NDArray[np.float64]:
        """The features of these rows."""
        return np.asarray(self.data.X[self.looked_at], dtype=np.float64)

    @cached_property
    def outputs(self) -> tuple[Array, ...]:
        """The targets at these rows, one array each; () without one to learn."""
        if self.data.y is None or self.data.task == "clustering":
            return ()
        return tuple(self.data.y[self.looked_at].reshape(len(self.looked_at), -1).T)

    @property
    def classifies(self) -> bool:
        """Whether classes are learnt."""
        return bool(self.outputs) and self.data.task == "classification" and self.data.classes is not None

    @property
    def judged(self) -> bool:
        """Whether there are rows enough to judge what a column says of the target."""
        return bool(self.outputs) and len(self.looked_at) >= FEWEST_TO_JUDGE

    def columns(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Yield each feature with its name, of the rows looked at."""
        return zip(self.data.names, self.X.T, strict=True)

    def beside(self) -> Iterator[tuple[str, Array]]:
        """Yield each feature and each spectator with its name, of all rows."""
        yield from zip(self.data.names, self.data.X.T, strict=True)
        yield from self.data.spectators.items()

    def rows_at(self, positions: Array) -> tuple[int, ...]:
        """Return the numbers in the input of some positions of the table."""
        return tuple(np.sort(self.data.rows[positions[:MOST_ROWS]]).tolist())


Check = Callable[[Audited], Sequence[Audit]]
"""One look at a table: it returns the entries of the audit that it makes."""


def listed(words: Sequence[str], most: int = 8) -> str:
    """Return words in a line, the last of many counted.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
