"""The tasks of a run that are done: their results, and why some left none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from fivesigma.study.plan import Fit, Task

Array = NDArray[Any]
Arrays = dict[str, Array]
Result = tuple[Arrays, dict[str, Any]]

OF = "|"
"""Stands between the name of a diagnostic and that of its array."""


class Store(Protocol):
    """Where the results of tasks lie by key: a `fivesigma.record.store.TaskStore`, or a memory of them."""

    def has(self, key: str) -> bool:
        """Whether a task has left a result."""
        ...

    def read(self, key: str) -> Result | None:
        """Return arrays and document of a task, None where it left nothing."""
        ...


@dataclass(frozen=True)
class Memory:
    """The results of tasks of which no file is wanted."""

    results: dict[str, Result] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        """Whether a task has left a result."""
        return key in self.results

    def read(self, key: str) -> Result | None:
        """Return arrays and document of a task, None where it left nothing."""
        return self.results.get(key)


@dataclass(frozen=True, eq=False)
class Finished:
    """What the done tasks left, each read once; ``lost`` has the reasons of those that left no result."""

    store: Store
    lost: dict[str, str] = field(default_factory=dict)
    _read: dict[str, Result] = field(default_factory=dict)

    def has(self, key: str, task: Task) -> bool:
        """Whether a task is done, and all that is wanted of it was read off."""
        if key in self.lost:
            return True
        if not self.store.has(key):
            return False
        if not isinstance(task, Fit) or not task.wanted:
            return True
        known = self._read.get(key)  # what failed may have been done since
        result = self.store.read(key) if known is None or "error" in known[1] else known
        return result is not None and ("error" in result[1] or set(task.wanted) <= set(result[1]["found"]))

    def forget(self, key: str) -> None:
        """Read a task that was done again anew."""
        self._read.pop(key, None)

    def read(self, key: str) -> Result:
        """Return the arrays of a task, those of diagnostics apart, and its document; ``error`` where it failed."""
        if key not in self._read:
            found = self.store.read(key)
            self._read[key] = found or ({}, {"error": self.lost.get(key, "it left no result")})
        arrays, meta = self._read[key]
        return {name: array for name, array in arrays.items() if OF not in name}, meta

    def found(self, key: str, name: str) -> dict[str, Any] | None:
        """Return what a diagnostic read off a fit, arrays and all; None where it did not."""
        _, meta = self.read(key)
        if name not in meta.get("found", {}):
            return None
        arrays = self._read[key][0]
        own = {
            key.removeprefix(name + OF): array for key, array in arrays.items() if key.startswith(name + OF)
        }
        return {**meta["found"][name], **own}


def packed(found: Mapping[str, Mapping[str, Any]]) -> tuple[Arrays, dict[str, dict[str, Any]]]:
    """Return what diagnostics read off as arrays by name, and the rest as JSON's own types.

    >>> import numpy as np
    >>> packed({"curve": {"train": np.array([1.0]), "n": 3}})
    ({'curve|train': array([1.])}, {'curve': {'n': 3}})
    """
    import numpy as np

    arrays: Arrays = {}
    rest: dict[str, dict[str, Any]] = {}
    for name, read in found.items():
        arrays |= {f"{name}{OF}{key}": value for key, value in read.items() if isinstance(value, np.ndarray)}
        rest[name] = {key: value for key, value in read.items() if not isinstance(value, np.ndarray)}
    return arrays, rest
