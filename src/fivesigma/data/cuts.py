"""Cuts in order, and the cut flow: how many events pass each, with the efficiency and its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.efficiency import efficiency

READ = "events read"
"""First line of a cut flow."""
SELECT = "select"
"""Last line of the cut flow of a table with a ``select``."""
LEVEL = 0.95

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """An efficiency with its 95 % limits; None where there is none, and ``method`` says how or why."""

    efficiency: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True)
class Passed:
    """One line of a cut flow.

    Attributes
    ----------
    name : of the cut, `READ` of the events there were
    n : events that pass it and all before it
    sum_w : their weights, signed
    of_all, of_last : the efficiency relative to the events read, and to the line before
    """

    name: str
    n: int
    sum_w: float
    of_all: Share
    of_last: Share

    def to_dict(self) -> dict[str, Any]:
        """Return ``{name, n, sum_w, efficiency, low, high}``, relative to the events read."""
        return {
            "name": self.name,
            "n": self.n,
            "sum_w": self.sum_w,
            "efficiency": self.of_all.efficiency,
            "low": self.of_all.low,
            "high": self.of_all.high,
        }


def refuse_taken(names: Iterable[str]) -> None:
    """Raise `InputError` where a cut has the name of a line that every cut flow has."""
    for name in names:
        if name in (READ, SELECT):
            raise InputError(
                f"cuts.{name}: the cut flow has a line of that name of its own; give another name."
            )


def cut_flow(cuts: Mapping[str, Mask], w: NDArray[Any] | None = None) -> tuple[Passed, ...]:
    """Return the cut flow of conditions (n,) by name, in order, with signed weights (n,).

    Efficiencies are those of `fivesigma.risk.efficiency`: exact (Clopper & Pearson) on counts, and where weights differ
    by the variance ``[(1-ε)² Σ_pass w² + ε² Σ_fail w²] / (Σw)²``; no interval below ten effective events.

    >>> flow = cut_flow({"a": np.array([True, True, True, False]), "b": np.array([True, False, False, True])})
    >>> [(line.name, line.n, line.of_all.efficiency, line.of_last.efficiency) for line in flow][1:]
    [('a', 3, 0.75, 0.75), ('b', 1, 0.25, 0.3333333333333333)]
    """
    n = len(next(iter(cuts.values())))
    left = np.ones(n, dtype=np.bool_)
    found = [_read(n, w)]
    for name, mask in cuts.items():
        before, left = left, left & mask
        found.append(_line(name, left, before, w))
    return tuple(found)


def of_classes(
    cuts: Mapping[str, Mask], w: NDArray[Any] | None, code: NDArray[np.int64], names: Sequence[str]
) -> dict[str, tuple[Passed, ...]]:
    """Return the cut flow of each class by its name; an event of ``code`` (n,) -1 is of none.

    >>> cuts, code = {"a": np.array([True, True, False, True])}, np.array([0, 1, 1, -1])
    >>> {name: [line.n for line in flow] for name, flow in of_classes(cuts, None, code, ("b", "s")).items()}
    {'b': [1, 1], 's': [2, 1]}
    """
    own = {name: code == k for k, name in enumerate(names)}
    return {
        name: cut_flow({cut: mask[at] for cut, mask in cuts.items()}, None if w is None else w[at])
        for name, at in own.items()
        if at.any()
    }


def _read(n: int, w: NDArray[Any] | None) -> Passed:
    """Return the line of the events read, which are all of themselves: no interval is needed."""
    sum_w = float(n) if w is None else float(w.sum())
    whole = Share(1.0, 1.0, 1.0, "by definition") if sum_w > 0 else _share(np.ones(n, dtype=np.bool_), w)
    return Passed(READ, n, sum_w, whole, whole)


def _line(name: str, left: Mask, before: Mask, w: NDArray[Any] | None) -> Passed:
    sum_w = float(left.sum()) if w is None else float(w[left].sum())
    of_last = _share(left[before], None if w is None else w[before])
    return Passed(name, int(left.sum()), sum_w, _share(left, w), of_last)


def _share(passes: Mask, w: NDArray[Any] | None) -> Share:
    found = efficiency(passes, w, level=LEVEL)
    return Share(found.value, found.low, found.high, found.method)


def documents(flow: Sequence[Passed]) -> list[dict[str, Any]]:
    """Return the lines of a cut flow as dicts."""
    return [line.to_dict() for line in flow]
