"""The cut of one column in one node of a forest: the best by bins or in order, or one that is drawn. Compiled.

Codes of the node's rows stand in ``code``; weights ``w``, targets ``y`` (·, S) and the sums ``left`` and ``total`` (S,)
are arrays of their own: handing on a tuple of arrays counts the references of each. A cut is its quality (-1: none) and
the codes, ``first`` to ``last``, that go left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import compiled, inlined
from fivesigma.models.trees.draws import below

FEW = 24
"""Rows up to which a node is sorted by insertion."""
MOST_BINS = 254
"""Codes of a node that are told apart where the best cut is looked for, near which they all are."""
_FINER = 5
"""By how many bits groups get smaller where a cut is looked for more closely: 127 of them cover the two beside it."""
_TAIL = 80
"""Codes at either end of a node that are always told apart: few rows lie there, and far off on a heavy tail."""


@inlined
def coded(column: Any, place: Any, start: int, size: int, code: Any) -> Any:
    """Set ``code`` to those of a node's rows in a ``column`` (n,) of codes.

    Return the least and the greatest of values that are there (the least above the greatest: none), and whether some
    are missing.
    """
    one = code.dtype.type(1)
    low, high, lowest = code.dtype.type(-1), code.dtype.type(0), code.dtype.type(-1)
    for i in range(size):
        code[i] = column[place[start + i]]
    for i in range(size):
        c = code[i]
        high, lowest, low = max(high, c), min(lowest, c), min(low, code.dtype.type(c - one))
    return np.int64(low) + 1, np.int64(high), lowest == 0


@compiled
def _quality(W: float, left_w: float, left: Any, total: Any, S: int) -> float:
    """Return ``Σ_s L_s²/W_L + R_s²/W_R`` of the sums of both sides, with one division."""
    right_w, of_left, of_right = W - left_w, 0.0, 0.0
    for s in range(S):
        a = left[s]
        b = total[s] - a
        of_left += a * a
        of_right += b * b
    return (of_left * right_w + of_right * left_w) / (left_w * right_w)


@compiled
def _sort(code: Any, size: int, key: Any) -> int:
    """Set ``key`` to 256 times the code plus the place of each of a few rows, in order; return how many are missing."""
    n_missing = 0
    for i in range(size):
        each, k = 256 * int(code[i]) + i, i
        n_missing += each < 256
        while k > 0 and key[k - 1] > each:
            key[k] = key[k - 1]
            k -= 1
        key[k] = each
    return n_missing


@compiled
def _between(left: int, right: int) -> int:
    """Return the code midway between two neighbours of a node, up to which a row goes left; 0 of what is missing."""
    return (left + right) // 2 if left > 0 else 0


@compiled
def in_order(
    code: Any,
    size: int,
    w: Any,
    y: Any,
    start: int,
    least: int,
    W: float,
    key: Any,
    left: Any,
    total: Any,
    S: int,
) -> Any:
    """Return the best cut of a few rows."""
    n_missing = _sort(code, size, key)
    best, first, last = -1.0, 0, 0
    for side in range(1 + (n_missing > 0)):
        begin, left_w = 0 if side == 0 else n_missing, 0.0
        left[:] = 0.0
        for i in range(begin, min(size - 1, size - least + begin)):
            at = start + (key[i] & 255)
            left_w += w[at]
            for s in range(S):
                left[s] += w[at] * y[at, s]
            if i + 1 - begin >= least and key[i] >> 8 != key[i + 1] >> 8:
                quality = _quality(W, left_w, left, total, S)
                if quality > best:
                    best, first, last = quality, side, _between(key[i] >> 8, key[i + 1] >> 8)
    return best, first, last


@compiled
def _grouped(span: int) -> Any:
    """Return of how many bits groups of codes are, ``span + 1`` of them in all, and the last of their bins."""
    shift, last = 0, span
    while last >= MOST_BINS:
        shift += 1
        last = (span >> shift) + 2 * _TAIL
    return shift, last


@compiled
def _bin(d: Any, span: int, shift: int, last: int) -> Any:
    """Return the bin of the code ``d`` above the least: its own near both ends, and in between that of its group."""
    return max(min(d, _TAIL + (d >> shift)), last - (span - d))


@compiled
def _least(b: int, span: int, shift: int, last: int) -> int:
    """Return the least code that falls into bin ``b`` or a later one."""
    below, d = -1, span
    while d - below > 1:
        middle = (below + d) // 2
        if _bin(middle, span, shift, last) >= b:
            d = middle
        else:
            below = middle
    return d


@compiled
def _count(
    code: Any, size: int, low: int, span: int, groups: Any, w: Any, y: Any, start: int, bins: Any, S: int
) -> None:
    """Sum rows into ``bins`` (256, 2 + S): weight, number, targets; bin 0 is of missing values."""
    shift, last = groups
    for i in range(size):
        b = (1 + _bin(np.int64(code[i]) - low, span, shift, last)) * (code[i] > 0)
        bins[b, 0] += w[start + i]
        bins[b, 1] += 1.0
        for s in range(S):
            bins[b, 2 + s] += w[start + i] * y[start + i, s]


@compiled
def by_bins(
    code: Any, size: int, w: Any, y: Any, start: int, least: int, W: float, bins: Any, low: int, high: int,
    missing: bool, left: Any, total: Any, S: int,
) -> Any:  # fmt: skip
    """Return the best cut of many rows with codes from ``low`` to ``high``; the bins are empty before and after.

    Where there are more codes than bins, those far from both ends fall together; further down they are told apart.
    """
    span = high - low
    shift, top = _grouped(span)
    _count(code, size, low, span, (shift, top), w, y, start, bins, S)
    best, first, at, end = -1.0, 0, 0, 1 + top
    for side in range(1 + missing):
        left_w, n_left = 0.0, 0.0
        left[:] = 0.0
        for b in range(0 if missing and side == 0 else 1, end):
            if bins[b, 1] == 0.0:
                continue
            left_w += bins[b, 0]
            n_left += bins[b, 1]
            for s in range(S):
                left[s] += bins[b, 2 + s]
            if n_left >= least and size - n_left >= least:
                quality = _quality(W, left_w, left, total, S)
                if quality > best:
                    best, first, at = quality, side, b
    after = at + 1
    while after < end and bins[after, 1] == 0.0:
        after += 1
    last = 0
    if at > 0:
        last = _between(low + _least(at, span, shift, top) - 1, low + _least(after - 1, span, shift, top))
    bins[: end + 1] = 0.0
    return best, first, last


@compiled
def near_cut(
    code: Any, size: int, w: Any, y: Any, start: int, least: int, W: float, bins: Any, low: int, high: int,
    left: Any, total: Any, S: int, found: Any,
) -> Any:  # fmt: skip
    """Return the best of the cuts near the one that was ``found`` where codes fell together: in groups that are ever
    smaller, and in the end among all codes within 127 of the best. The bins are empty before and after.
    """
    shift, _ = _grouped(high - low)
    while shift > 0:
        shift = max(shift - _FINER, 0)
        found = _nearer(code, size, w, y, start, least, W, bins, low, high, left, total, S, shift, found)
    return found


@compiled
def _count_near(
    code: Any, size: int, w: Any, y: Any, start: int, bins: Any, begin: int, end: int, high: int, first: int,
    shift: int, left: Any, S: int,
) -> Any:  # fmt: skip
    """Sum rows with codes from ``begin`` to ``end`` into ``bins`` of ``2**shift`` codes, and those that go left of them
    into ``left`` (S,); return weight and number of these, and the next codes on either side (0 and more than ``high``:
    none).
    """
    left_w, n_left = 0.0, 0
    before: Any = 0
    after: Any = high + 1
    left[:] = 0.0
    for i in range(size):
        c = np.int64(code[i])
        before = max(before, c * (c < begin))
        after = min(after, c if c > end else after)
        if begin <= c <= end:
            b = (c - begin) >> shift
            bins[b, 0] += w[start + i]
            bins[b, 1] += 1.0
            for s in range(S):
                bins[b, 2 + s] += w[start + i] * y[start + i, s]
        elif c < begin and c >= first:
            left_w += w[start + i]
            n_left += 1
            for s in range(S):
                left[s] += w[start + i] * y[start + i, s]
    return left_w, n_left, before, after


@compiled
def _nearer(
    code: Any, size: int, w: Any, y: Any, start: int, least: int, W: float, bins: Any, low: int, high: int,
    left: Any, total: Any, S: int, shift: int, found: Any,
) -> Any:  # fmt: skip
    """Return the best of the cuts within 127 groups of ``2**shift`` codes of the one that was ``found``."""
    best, first, last = found
    begin, end, upto = max(low, last - (127 << shift)), min(high, last + (126 << shift)), last
    left_w, n_left, before, after = _count_near(
        code, size, w, y, start, bins, begin, end, high, first, shift, left, S
    )
    n_bins = ((end - begin) >> shift) + 1
    for b in range(n_bins + 1):
        here = begin + (b << shift) if b < n_bins else after
        if here > high or (b < n_bins and bins[b, 1] == 0.0):
            continue
        if before > 0 and n_left >= least and size - n_left >= least:
            quality = _quality(W, left_w, left, total, S)
            if quality > best:
                best, upto = quality, _between(before, here)
        if b == n_bins:
            break
        left_w += bins[b, 0]
        n_left += bins[b, 1]
        for s in range(S):
            left[s] += bins[b, 2 + s]
        before = min(here + (1 << shift) - 1, end)
    bins[:n_bins] = 0.0
    return best, first, upto


@compiled
def _sum_left(
    code: Any, first: int, last: int, w: Any, y: Any, start: int, size: int, left: Any, S: int
) -> Any:
    """Set the sums ``left`` of the rows that go left; return their weight and number."""
    left_w, n_left, total = 0.0, 0, 0.0
    for i in range(size):
        inside = (first <= code[i]) & (code[i] <= last)
        n_left += inside
        part = w[start + i] * inside
        left_w += part
        total += part * y[start + i, 0]
    left[0] = total
    for s in range(1, S):
        total = 0.0
        for i in range(size):
            inside = (first <= code[i]) & (code[i] <= last)
            total += w[start + i] * inside * y[start + i, s]
        left[s] = total
    return left_w, n_left


@compiled
def at_random(
    code: Any, size: int, w: Any, y: Any, start: int, least: int, W: float, low: int, high: int, missing: bool,
    bits: Any, left: Any, total: Any, S: int,
) -> Any:  # fmt: skip
    """Return the cut that random ``bits`` choose among codes ``low`` to ``high``, and with them the side of what is
    missing; where all that is there is equal, the cut between that and what is missing.
    """
    first, last = 0, 0
    if low < high:
        first, last = int(missing and bits & np.uint64(1)), low + below(bits, high - low)
    left_w, n_left = _sum_left(code, first, last, w, y, start, size, left, S)
    if n_left < least or size - n_left < least:
        return -1.0, 0, 0
    return _quality(W, left_w, left, total, S), first, last
