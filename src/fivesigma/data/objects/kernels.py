"""Compiled loops over the members of each event; compiled at the first call and cached."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

_SHORT = 32  # members up to which insertion is the quickest sort


@njit(cache=True)  # type: ignore[untyped-decorator]
def descending(keys: Floats, offsets: Index) -> Index:
    """Return the places of the members (n,), those of each event by falling ``keys``; equals stay in order."""
    order = np.arange(keys.size)
    for event in range(offsets.size - 1):
        start, stop = offsets[event], offsets[event + 1]
        if stop - start > _SHORT:
            order[start:stop] = start + np.argsort(-keys[start:stop], kind="mergesort")
            continue
        for i in range(start + 1, stop):
            member, place = order[i], i
            while place > start and keys[order[place - 1]] < keys[member]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = member
    return order


@njit(cache=True)  # type: ignore[untyped-decorator]
def apart(
    eta: Floats,
    phi: Floats,
    offsets: Index,
    other_eta: Floats,
    other_phi: Floats,
    other_offsets: Index,
    radius: float,
) -> NDArray[np.bool_]:
    """Mark the members (n,) that have none of the others of their event within ``radius`` in ``√(Δη² + Δφ²)``."""
    kept = np.ones(eta.size, dtype=np.bool_)
    for event in range(offsets.size - 1):
        for i in range(offsets[event], offsets[event + 1]):
            for j in range(other_offsets[event], other_offsets[event + 1]):
                turn = abs(phi[i] - other_phi[j]) % (2.0 * np.pi)
                turn = min(turn, 2.0 * np.pi - turn)
                away = eta[i] - other_eta[j]
                if away * away + turn * turn < radius * radius:
                    kept[i] = False
                    break
    return kept
