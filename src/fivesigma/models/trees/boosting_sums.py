"""Slopes, curvatures and weights as whole numbers, and their sums over the bins of columns: compiled.

Sums of whole numbers know no order: two halves of the rows in two threads, a parent less one child, and k copies of a
row in place of its weight k have the same bits. Each number is told by as many bits as its sum over all rows leaves
room for: of a million rows 22 of a slope that shares a word with the count, 42 of one that has a word of its own.

A row has one word where the curvature is that of the weight, ``q(g) 2^c + w``; two where weights are whole multiples of
one unit, ``q(g)`` and ``q(h) 2^c + w``, and three where such counts leave no room for the curvature; else three,
``q(w g)``, ``q(w h)`` and ``q(w)``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fivesigma._core.compiled import borrowing
from fivesigma.models.trees.boosting_parts import add_pair, ahead

BLOCK = 4096
"""Rows whose slopes are summed together, however many threads there are."""
_AHEAD = 8
_WIDE = 62
_FEW = 8
_FINE = 2.0**-10  # of the usual size of a slope: where it is told less finely it has a word of its own
_CURVED = 2.0**-16  # of the greatest curvature: as that


_SILENT = 1e-14  # of the squares of slopes: what rounding leaves of two sums that are equal is less


class Words(NamedTuple):
    """How rows are told: words a row, bits of the count, and what one of slope, curvature and weight stands for."""

    n: int
    bits: Any
    slope: float
    curvature: float
    weight: float


@borrowing
def block_sizes(slope: Any, curvature: Any, first: int, end: int, sizes: Any) -> None:
    """Set ``sizes`` (blocks, 3) of the blocks of rows from ``first`` to ``end``: of slopes the greatest size and the
    sum of the least of each `_FEW` neighbours, which a few great ones do not change; and the greatest curvature.
    """
    for begin in range(first, end, BLOCK):
        most, usual, curved = 0.0, 0.0, 0.0
        for i in range(begin, min(begin + BLOCK, end), _FEW):
            least = abs(slope[i])
            for j in range(i, min(i + _FEW, end)):
                size = abs(slope[j])
                most, least = max(most, size), min(least, size)
            usual += least
        for i in range(begin, min(begin + BLOCK, end) if len(curvature) else begin):
            curved = max(curved, abs(curvature[i]))
        at = sizes[begin // BLOCK]
        at[0], at[1], at[2] = most, usual, curved


@borrowing
def _finest(bits: Any, most: float) -> float:
    """Return the smallest power of two of which ``most`` is less than ``2**bits``."""
    return math.ldexp(1.0, math.frexp(most)[1] - bits) if most > 0.0 else 1.0


@borrowing
def words_of(sizes: Any, counts: Any, unit: float, total: float, curved: bool, n: int) -> Words:
    """Return how rows are told whose blocks have ``sizes``, and weights ``unit * counts`` that sum to ``total``.

    Without ``counts`` each has a weight of its own.
    """
    most, usual, bend = 0.0, 0.0, 0.0
    for block in range(len(sizes)):
        most, bend = max(most, sizes[block, 0]), max(bend, sizes[block, 2])
        usual += sizes[block, 1] * _FEW / n
    if not len(counts):
        of_curvature = _finest(_WIDE, total * (bend if curved else 1.0))
        return Words(3, np.int64(0), _finest(_WIDE, total * most), of_curvature, _finest(_WIDE, total))
    whole = np.rint(total / unit)  # a sum of floats may fall short of a power of two that the counts reach
    bits = np.int64(math.frexp(whole)[1])
    if not curved:
        fine = _finest(_WIDE - bits, whole * most)
        if fine <= _FINE * usual:
            return Words(1, bits, unit * fine, unit, unit)
        return Words(2, bits, unit * _finest(_WIDE, whole * most), unit, unit)
    of_slope = unit * _finest(_WIDE, whole * most)
    fine = _finest(_WIDE - bits, whole * bend)
    if fine <= _CURVED * bend:
        return Words(2, bits, of_slope, unit * fine, unit)
    return Words(3, np.int64(0), of_slope, unit * _finest(_WIDE, whole * bend), unit)


@borrowing
def most_silent(sizes: Any, total: Any) -> float:
    """Return the gain above which a split says something, whatever the slopes: blocks have ``sizes``."""
    most, (_, H, W) = 0.0, total
    for block in range(len(sizes)):
        most = max(most, sizes[block, 0])
    return _SILENT * most * most * W * W / H if H > 0.0 else -1.0


@borrowing
def silence(slope: Any, counts: Any, w: Any, unit: float, H: float) -> float:
    """Return the gain up to which a split says nothing of all rows; -1 where they have one slope, and nothing to say.

    The scale is that of the least of each `_FEW` neighbours, weight times slope, which a few great ones do not change.
    """
    usual, low, high = 0.0, np.inf, -np.inf
    for begin in range(0, len(slope), _FEW):
        least = np.inf
        for i in range(begin, min(begin + _FEW, len(slope))):
            weight = unit * counts[i] if len(counts) else abs(w[i])
            least = min(least, weight * abs(slope[i]))
            low, high = min(low, slope[i]), max(high, slope[i])
        usual += least * _FEW
    return _SILENT * usual * usual / H if high > low and H > 0.0 else -1.0


@borrowing
def tell(
    made: Words, slope: Any, curvature: Any, counts: Any, w: Any, first: int, end: int, words: Any
) -> None:
    """Set the ``words`` of the rows from ``first`` to ``end``; without ``curvature`` (n,) it is 1."""
    to_slope = (made.weight if len(counts) else 1.0) / made.slope
    to_curvature = (made.weight if len(counts) else 1.0) / made.curvature
    for i in range(first, end):
        g = slope[i] * to_slope
        h = (curvature[i] if len(curvature) else 1.0) * to_curvature
        if made.n == 1:
            words[i] = counts[i] * ((np.int64(np.rint(g)) << made.bits) + 1)
        elif made.n == 2:
            words[2 * i] = counts[i] * np.int64(np.rint(g))
            words[2 * i + 1] = counts[i] * ((np.int64(np.rint(h)) << made.bits) + 1)
        elif len(counts):
            words[3 * i] = counts[i] * np.int64(np.rint(g))
            words[3 * i + 1] = counts[i] * np.int64(np.rint(h))
            words[3 * i + 2] = counts[i]
        else:
            words[3 * i] = np.int64(np.rint(w[i] * g))
            words[3 * i + 1] = np.int64(np.rint(w[i] * h))
            words[3 * i + 2] = np.int64(np.rint(abs(w[i]) / made.weight))


@borrowing
def told(made: Words, total: Any) -> tuple[float, float, float]:
    """Return slope, curvature, and weight in units of ``made.weight``, of the sums (3,) of some rows."""
    mask = (np.int64(1) << made.bits) - 1
    if made.n == 1:
        count = float(total[0] & mask)
        return float(total[0] >> made.bits) * made.slope, count * made.curvature, count
    if made.n == 2:
        count = float(total[1] & mask)
        return float(total[0]) * made.slope, float(total[1] >> made.bits) * made.curvature, count
    return float(total[0]) * made.slope, float(total[1]) * made.curvature, float(total[2])


@borrowing
def add_bins(
    made: Words, codes: Any, rows: Any, start: int, end: int, words: Any, width: int, bins: Any
) -> None:
    """Add the words of some of the ``rows`` to the ``bins`` (p * width * words,) of their ``codes`` (n, p)."""
    if made.n == 1:
        _add_one(codes, rows, start, end, words, np.uint64(width), bins)
    elif made.n == 2:
        _add_two(codes, rows, start, end, words, np.uint64(width), bins)
    else:
        _add_three(codes, rows, start, end, words, np.uint64(width), bins)


@borrowing
def _add_one(codes: Any, rows: Any, start: int, end: int, words: Any, width: Any, bins: Any) -> None:
    p, flat = np.uint64(codes.shape[1]), codes.reshape(-1)
    for i in range(start, end):
        later = np.uint64(rows[min(i + _AHEAD, end - 1)])
        ahead(flat, later * p)
        ahead(flat, later * p + p - np.uint64(1))
        ahead(words, later)
        row, at = np.uint64(rows[i]), np.uint64(0)
        first = words[row]
        for f in range(p):
            bins[at + np.uint64(codes[row, f])] += first
            at += width


@borrowing
def _add_two(codes: Any, rows: Any, start: int, end: int, words: Any, width: Any, bins: Any) -> None:
    p, flat, one, two = np.uint64(codes.shape[1]), codes.reshape(-1), np.uint64(1), np.uint64(2)
    for i in range(start, end):
        later = np.uint64(rows[min(i + _AHEAD, end - 1)])
        ahead(flat, later * p)
        ahead(flat, later * p + p - one)
        ahead(words, two * later)
        row, at = np.uint64(rows[i]), np.uint64(0)
        first, second = words[two * row], words[two * row + one]
        for f in range(p):
            add_pair(bins, two * (at + np.uint64(codes[row, f])), first, second)
            at += width


@borrowing
def _add_three(codes: Any, rows: Any, start: int, end: int, words: Any, width: Any, bins: Any) -> None:
    p, one, two, three = np.uint64(codes.shape[1]), np.uint64(1), np.uint64(2), np.uint64(3)
    for i in range(start, end):
        row, at = np.uint64(rows[i]), np.uint64(0)
        first, second, third = words[three * row], words[three * row + one], words[three * row + two]
        for f in range(p):
            o = three * (at + np.uint64(codes[row, f]))
            a, b, c = bins[o] + first, bins[o + one] + second, bins[o + two] + third
            bins[o], bins[o + one], bins[o + two] = a, b, c
            at += width


@borrowing
def sums_below(made: Words, bins: Any, n_bins: int, below: Any) -> None:
    """Set ``below`` (3, width) to the sums of the words of codes 1 to c, for each c of a column; 0 for c = 0.

    ``bins`` (width * words,) are of that column; at code 0 stands what is missing.
    """
    x, y, z = np.int64(0), np.int64(0), np.int64(0)
    below[0, 0], below[1, 0], below[2, 0] = x, y, z
    if made.n == 1:
        for c in range(np.uint64(1), np.uint64(n_bins)):
            x += bins[c]
            below[0, c] = x
    elif made.n == 2:
        for c in range(np.uint64(1), np.uint64(n_bins)):
            at = c + c
            x += bins[at]
            y += bins[at + np.uint64(1)]
            below[0, c], below[1, c] = x, y
    else:
        for c in range(np.uint64(1), np.uint64(n_bins)):
            at = c + c + c
            x += bins[at]
            y += bins[at + np.uint64(1)]
            z += bins[at + np.uint64(2)]
            below[0, c], below[1, c], below[2, c] = x, y, z
