"""A node's rows side by side, where a table is larger than a cache: trees of a forest ask of few rows, far apart.

Once a node is small, the codes of its rows are copied, and all that is grown below it reads the copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import compiled, inlined

FAR = 1 << 20
"""Bytes of a table of codes up to which all of it is near enough."""
_NEAR = 1 << 18


@compiled
def room_near(codes: Any, tried: int) -> Any:
    """Return room (p, k) for the codes of k rows; k is 0 where copies of a table (p, n) would not pay.

    They do where a row is asked for more codes than it has: ``tried`` columns and that of the cut, level by level.
    """
    p, k = len(codes), 0
    if codes.size * codes.itemsize > FAR:
        k = _NEAR // (p * codes.itemsize)
    if k < 2 or p > (tried + 1) * np.log2(k):
        k = 0
    return np.empty((p, k), codes.dtype)


@inlined
def bring(codes: Any, place: Any, start: int, end: int, near: Any) -> None:
    """Copy the codes of the rows from ``start`` to ``end`` into ``near``, and let their ``place`` be that in there."""
    for f in range(len(codes)):
        column, copy = codes[f], near[f]
        for i in range(start, end):
            copy[i - start] = column[place[i]]
    for i in range(start, end):
        place[i] = i - start
