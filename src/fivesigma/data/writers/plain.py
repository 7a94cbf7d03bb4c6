"""Columns for formats that know no missing value: what stands in its place, and which numbers are written as text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds


def plain(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column as numbers, truth values, or text as objects without a gap.

    A gap is NaN among numbers and empty among text. Whole numbers of which some are missing, or that are longer than 64
    bits, are float64 as long as that holds every digit, and else text.

    >>> plain(kinds.integers([2**53 + 1, None])).tolist(), plain(kinds.integers([1, None])).tolist()
    (['9007199254740993', ''], [1.0, nan])
    """
    if isinstance(column, kinds.Gapped):
        return np.asarray(column, dtype=np.float64)
    if column.dtype.kind in "OUS":
        words = kinds.words(column) if not kinds.is_text(column) else kinds.texts(column.tolist()).tolist()
        return kinds.objects("" if word is None else word for word in words)
    return column.astype(np.float32) if column.dtype == np.float16 else np.asarray(column)
