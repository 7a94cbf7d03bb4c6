"""A table's columns, each one's values next to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 1024


def transposed(table: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """Return the columns (p, n) of a ``table`` (n, p): as they are where they lie in a row, else copied.

    They are of its own type, or of another.

    A few rows are copied at a time, which a cache holds.

    >>> transposed(np.array([[1, 2], [3, 4], [5, 6]])).tolist()
    [[1, 3, 5], [2, 4, 6]]
    """
    n = len(table)
    if n <= _ROWS or table.flags.f_contiguous:
        return np.ascontiguousarray(table.T, dtype=dtype)
    columns = np.empty(table.shape[::-1], dtype or table.dtype)
    for begin in range(0, n, _ROWS):
        columns[:, begin : begin + _ROWS] = table[begin : begin + _ROWS].T
    return columns
