"""Trees of a forest of two classes on rows of whole weights: those of `forest_kernel`, to the bit, in half its time.

Weight, number and weight of the second class of a row stand in one whole number of 63 bits, so that one addition counts
all three. Which of 64 bins have rows stands in the bits of another, from which they are visited in order, and none
that is empty.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled, inlined
from fivesigma.models.trees.cuts import coded
from fivesigma.models.trees.draws import below, draw_to, drawn
from fivesigma.models.trees.forest_kernel import Limits, Rows, set_gains
from fivesigma.models.trees.near import bring, room_near
from fivesigma.models.trees.nodes import Tree

MOST_BINS = 64
"""Bins of a column, beside that of missing values, up to which the best cut is found here."""
_BITS = 21
_PART = (1 << _BITS) - 1
_ONE, _LAST = np.uint64(1), np.uint64(63)


class Counted(NamedTuple):
    """The rows of a tree, moved as nodes are split: place in the table, and what each counts."""

    place: Any
    count: Any


@intrinsic  # type: ignore[untyped-decorator]
def _lowest(context: Any, bits: Any) -> Any:
    """Return the place of the lowest bit of a uint64 that is not 0."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generated


def countable(w: NDArray[np.float64], n_draws: int) -> bool:
    """Return whether rows can be counted of which ``n_draws`` are drawn, or each stands for its weight where that is 0.

    >>> countable(np.array([1.0, 2.0]), 0), countable(np.array([0.5, 2.0]), 0), countable(np.array([0.5, 2.0]), 2)
    (True, False, True)
    """
    if n_draws > 0:
        return n_draws <= _PART
    return bool((w == np.floor(w)).all() and w.sum() <= _PART)


@compiled
def counted(rows: Rows) -> Counted:
    """Return what ``rows`` count; no row where a weight is not whole, a target not 0 or 1, or the sum too large."""
    n, total = len(rows.w), 0.0
    count = np.empty(n, np.int64)
    for i in range(n):
        w, y = rows.w[i], rows.y[i, 0]
        total += w
        if w != np.floor(w) or not (y == 0.0 or y == 1.0) or not total <= _PART:
            return Counted(rows.place[:0], count[:0])
        whole = np.int64(w)
        count[i] = whole + (1 << _BITS) + ((whole << (2 * _BITS)) if y == 1.0 else 0)
    return Counted(rows.place, count)


@inlined
def _quality(W: float, total: float, sums: int) -> float:
    """Return ``L²/W_L + R²/W_R`` of the ``sums`` on the left."""
    left_w, left = float(sums & _PART), float(sums >> (2 * _BITS))
    right_w, right = W - left_w, total - left
    return (left * left * right_w + right * right * left_w) / (left_w * right_w)


@inlined
def _worth(sums: int, size: int, least: int, W: float, total: float) -> float:
    """Return the quality of a cut with these ``sums`` on the left, -1 where a side has too few rows."""
    n_left = (sums >> _BITS) & _PART
    return _quality(W, total, sums) if n_left >= least and size - n_left >= least else -1.0


@inlined
def _counted_bins(column: Any, place: Any, count: Any, start: int, end: int, bins: Any) -> Any:
    """Sum the rows of a node into ``bins`` (65,); return which of them have rows, that of missing values aside."""
    bits = np.uint64(0)
    for i in range(start, end):
        c = column[place[i]]
        bins[c] += count[i]
        bits |= _ONE << (np.uint64(c - 1) & _LAST)
    if bins[MOST_BINS] == 0:  # the last bit was that of missing values, if of any
        bits &= ~(_ONE << _LAST)
    return bits


@inlined
def _best(
    column: Any, place: Any, count: Any, start: int, end: int, least: int, W: float, total: float, bins: Any,
    best: float,
) -> Any:  # fmt: skip
    """Return quality, first and last code of the best cut of a column (-1: none is better than ``best``).

    ``bins`` (65,) are empty before and after. Where values are missing, they go to either side: ``aside`` is the best
    cut with them on the right.
    """
    size, bits = end - start, _counted_bins(column, place, count, start, end, bins)
    missing = sums = bins[0]
    bins[0] = 0
    found, first, cut, aside, other = best, 0, -1, best, -1
    if missing > 0 and bits != 0:
        quality = _worth(missing, size, least, W, total)
        if quality > found:
            found, cut = quality, 0
    b = _lowest(bits) if bits != 0 else 0
    rest = bits & (bits - _ONE)
    while rest != 0:
        after = _lowest(rest)
        sums += bins[b + 1]
        bins[b + 1] = 0
        quality = _worth(sums, size, least, W, total)
        if quality > found:
            found, cut = quality, (b + after + 2) >> 1
        if missing > 0:
            quality = _worth(sums - missing, size, least, W, total)
            if quality > aside:
                aside, other = quality, (b + after + 2) >> 1
        b, rest = after, rest & (rest - _ONE)
    bins[b + 1] = 0
    return (aside, 1, other) if aside > found else (found, first, cut)


@inlined
def _at_random(
    column: Any, place: Any, count: Any, start: int, end: int, least: int, W: float, total: float, code: Any,
    bits: Any, best: float,
) -> Any:  # fmt: skip
    """Return quality, first and last code of the cut that random ``bits`` choose (-1: not better than ``best``)."""
    size = end - start
    low, high, missing = coded(column, place, start, size, code)
    if low > high or (low == high and not missing):
        return best, 0, -1
    first, last, sums = 0, 0, 0
    if low < high:
        first, last = int(missing and bits & _ONE), low + below(bits, high - low)
    begin, width = code.dtype.type(first), code.dtype.type(last - first)
    for i in range(size):
        sums += count[start + i] * (code.dtype.type(code[i] - begin) <= width)
    n_left = (sums >> _BITS) & _PART
    if n_left < least or size - n_left < least:
        return best, 0, -1
    quality = _quality(W, total, sums)
    return (quality, first, last) if quality > best else (best, 0, -1)


@inlined
def _parted(
    column: Any, first: int, last: int, place: Any, count: Any, start: int, end: int, right: Any, counts: Any
) -> Any:
    """Move the rows that go left to the front, both sides in their order; return where the others begin, and whether
    values were missing.
    """
    middle, n_right, n_missing = start, 0, 0
    for i in range(start, end):
        row, each = place[i], count[i]
        code = column[row]
        n_missing += code == 0
        left = (first <= code) & (code <= last)
        place[middle], count[middle] = row, each
        right[n_right], counts[n_right] = row, each
        middle += left
        n_right += 1 - left
    for k in range(n_right):
        place[middle + k], count[middle + k] = right[k], counts[k]
    return middle, n_missing > 0


@inlined
def _split(
    codes: Any, place: Any, count: Any, start: int, end: int, limits: Limits, W: float, total: float, order: Any,
    state: Any, bins: Any, code: Any,
) -> Any:  # fmt: skip
    """Return the best column of those that are looked at (-1: none), its first and last code, and the state of draws.

    More are looked at while none of them can be cut.
    """
    p, bits = len(order), np.uint64(0)
    best, feature, first, last = -1.0, -1, 0, 0
    for at in range(p):
        if at >= limits.tried and feature >= 0:
            break
        state = draw_to(order, at, state)
        f = order[at]
        if limits.drawn:
            state, bits = drawn(state)
            best, begin, cut = _at_random(
                codes[f], place, count, start, end, limits.min_leaf, W, total, code, bits, best
            )  # fmt: skip
        else:
            best, begin, cut = _best(
                codes[f], place, count, start, end, limits.min_leaf, W, total, bins, best
            )
        if cut >= 0:
            feature, first, last = f, begin, cut
    return feature, first, last, state


@compiled
def grow(codes: Any, rows: Counted, limits: Limits, state: Any, tree: Tree) -> int:
    """Grow one ``tree`` on ``rows`` as `forest_kernel.grow` does; return how many nodes it has."""
    m, n_nodes, top, least = len(rows.place), 1, 1, limits.min_leaf
    place, count = rows.place, rows.count
    bins, code = np.zeros(1 + MOST_BINS, np.int64), np.empty(m, codes.dtype)
    right, counts = np.empty(m, np.int32), np.empty(m, np.int64)
    order, waiting = np.arange(len(codes)), np.empty((m + 1, 4), np.int32)
    near, last_near = room_near(codes, limits.tried), 0
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, m, 0, 0
    while top > 0:
        top -= 1
        start, end, depth, node = waiting[top]
        sums = 0
        for i in range(start, end):
            sums += count[i]
        W, total = float(sums & _PART), float(sums >> (2 * _BITS))
        tree.value[node, 0], tree.feature[node], tree.weight[node] = total / W, -1, W
        if total == 0.0 or total == W or end - start < 2 * least or depth >= limits.max_depth:
            continue
        if end > last_near and end - start <= near.shape[1]:
            bring(codes, place, start, end, near)
            last_near = end
        table = near if end <= last_near else codes
        feature, first, last, state = _split(
            table, place, count, start, end, limits, W, total, order, state, bins, code
        )
        if feature < 0:
            continue
        middle, seen = _parted(table[feature], first, last, place, count, start, end, right, counts)
        tree.feature[node], tree.first[node], tree.cut[node] = feature, first, last
        tree.child[node], tree.gain[node] = n_nodes, seen
        for side in range(2):
            begin, stop = (middle, end) if side == 0 else (start, middle)
            waiting[top, 0], waiting[top, 1] = begin, stop
            waiting[top, 2], waiting[top, 3] = depth + 1, n_nodes + 1 - side
            top += 1
        n_nodes += 2
    set_gains(tree, n_nodes, 1)
    return n_nodes
