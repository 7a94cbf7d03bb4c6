"""Sums over resamples, and the order that they are walked in: the two things that every metric asks of many events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EVENTS, _COUNTS = 1024, 2**16
"""Events, and multiplicities, that are looked at together: half a megabyte as floats, what a cache holds."""


def counted_sums(counts: NDArray[Any], terms: Floats) -> Floats:
    """Return ``Σ_i c_bi t_i`` (B, ...) of terms (n, ...) under multiplicities (B, n).

    >>> counted_sums(np.array([[1, 1, 1], [0, 3, 0]], np.uint8), np.array([1.0, 2.0, 4.0])).tolist()
    [7.0, 6.0]
    """
    n = len(terms)
    sums = np.zeros((len(counts), *terms.shape[1:]))
    width = max(1, min(n, _EVENTS))
    height = max(1, _COUNTS // width)
    room = np.empty((min(height, len(counts)), width))
    for begin in range(0, n, width):
        some = terms[begin : begin + width]
        for row in range(0, len(counts), height):
            block = counts[row : row + height, begin : begin + width]
            as_floats = room[: len(block), : len(some)]
            np.copyto(as_floats, block)
            sums[row : row + height] += as_floats @ some
    return sums


def rising(values: Floats, then: NDArray[Any] | None = None) -> NDArray[np.intp]:
    """Return the places of ``values`` (n,) from the least to the greatest.

    Equal ones stand in the order of ``then`` (n,), False before True, if that is given, and else as they stood. Sorting
    without regard to that is several times as fast, and what ties is put in order afterwards.

    >>> rising(np.array([0.5, 0.1, 0.5])).tolist()
    [1, 0, 2]
    >>> rising(np.array([0.5, 0.1, 0.5]), np.array([True, True, False])).tolist()
    [1, 2, 0]
    """
    order, n = np.argsort(values), len(values)
    found = values[order]
    differ = found[1:] != found[:-1]
    if differ.all():
        return order
    before = np.zeros(
        n, np.int64
    )  # 2n for each value that is less, and what of those equal to it comes first
    np.cumsum(differ, out=before[1:])
    before *= 2 * n
    place = order if then is None else order + n * then[order]
    key = before + place
    key.sort()
    key -= before
    return key if then is None else key % n


def n_distinct(codes: NDArray[np.integer[Any]]) -> int:
    """Return how many different codes there are, of whole numbers from 0.

    >>> n_distinct(np.array([2, 0, 2]))
    2
    """
    return int(np.count_nonzero(np.bincount(codes)))
