"""The best split of a leaf in one column, by the sums of its bins: compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import borrowing, inlined
from fivesigma.models.trees.boosting_room import Growth, Room
from fivesigma.models.trees.boosting_sums import Words, sums_below, told

TIE = 1.0 + 1e-9
"""Times the best by which a later split must win: equal ones differ by rounding only."""


@borrowing
def settled(growth: Growth, total: Any) -> Growth:
    """Return the limits of a tree whose slope, curvature and weight are known in ``total``: λ is a number."""
    shrink = growth.shrink + growth.mean_shrink * total[1] / total[2]
    return Growth(
        growth.max_leaves,
        growth.max_depth,
        growth.min_weight,
        growth.min_curvature,
        shrink,
        0.0,
        growth.rate,
        growth.tried,
        growth.bounded,
    )


@borrowing
def step_of(g: float, h: float, shrink: float, bounds: Any) -> float:
    """Return the step of a leaf within its ``bounds``, 0 where the curvature is none."""
    if not h + shrink > 0.0:
        return 0.0
    return min(max(-g / (h + shrink), bounds[0]), bounds[1])  # type: ignore[no-any-return]


@borrowing
def _bounded(g: float, h: float, G: float, H: float, shrink: float, bounds: Any, sign: int) -> float:
    """Return the quality of a split whose steps stay in bounds, -1 where they part against the ``sign``."""
    left, right = step_of(g, h, shrink, bounds), step_of(G - g, H - h, shrink, bounds)
    if sign * (right - left) < 0.0:
        return -1.0
    return -(2.0 * g + (h + shrink) * left) * left - (2.0 * (G - g) + (H - h + shrink) * right) * right


@inlined
def _quality(
    g: float, h: float, w: float, G: float, H: float, W: float, growth: Growth, least: float
) -> float:
    """Return the quality of a split, -1 where a side has too little."""
    k, v = H - h, W - w
    enough = (w >= least) & (v >= least) & (h >= growth.min_curvature) & (k >= growth.min_curvature)
    a, b = h + growth.shrink, k + growth.shrink
    quality = (g * g * b + (G - g) * (G - g) * a) / (a * b)
    return quality if enough else -1.0


@borrowing
def _qualities(
    made: Words, below: Any, n_bins: int, to_left: Any, total: Any, growth: Growth, quality: Any
) -> None:
    """Set ``quality`` (width,) to that of each cut of a column.

    ``below`` (3, width) has the sums of values up to each code, to which those missing that go ``to_left`` are added.
    """
    G, H, W = total
    x, y, z = to_left[0], to_left[1], to_left[2]
    bits, mask = made.bits, (np.int64(1) << made.bits) - 1
    to_g, to_h, least = made.slope, made.curvature, growth.min_weight / made.weight * (1.0 - 1e-12)
    first, second, third = below[0], below[1], below[2]
    if made.n == 1:
        for c in range(np.uint64(n_bins)):
            a = first[c] + x
            w = float(a & mask)
            quality[c] = _quality(float(a >> bits) * to_g, w * to_h, w, G, H, W, growth, least)
    elif made.n == 2:
        for c in range(np.uint64(n_bins)):
            a, b = float(first[c] + x), second[c] + y
            quality[c] = _quality(a * to_g, float(b >> bits) * to_h, float(b & mask), G, H, W, growth, least)
    else:
        for c in range(np.uint64(n_bins)):
            a, h, w = float(first[c] + x), float(second[c] + y), float(third[c] + z)
            quality[c] = _quality(a * to_g, h * to_h, w, G, H, W, growth, least)


@borrowing
def _greatest(numbers: Any, n: int) -> Any:
    """Return the greatest of the first ``n`` numbers, or 0."""
    most = np.int64(0)
    for c in range(np.uint64(n)):
        most = max(most, numbers[c])
    return most


@borrowing
def _within_bounds(
    made: Words, room: Room, n_bins: int, to_left: Any, total: Any, shrink: float, bounds: Any, sign: int
) -> None:
    """Set the qualities of cuts that are possible to those of steps that stay in ``bounds``."""
    sums = room.sums
    for c in range(n_bins):
        if room.quality[c] >= 0.0:
            for s in range(made.n):
                sums[s] = room.below[s, c] + to_left[s]
            g, h, _ = told(made, sums)
            room.quality[c] = _bounded(g, h, total[0], total[1], shrink, bounds, sign)


@borrowing
def best_cut(
    made: Words, bins: Any, n_bins: int, sign: int, leaf: Any, growth: Growth, to_win: float, room: Room
) -> Any:
    """Return quality, first and last code of the best split of a column by its ``bins`` that wins, else 0; of a
    ``leaf`` its sums and bounds are told.

    Where values are missing, they go to either side. Of cuts that are as good to rounding the first is the best.
    """
    (total, bounds), best = leaf, 0.0
    begin, cut = np.int64(0), np.int64(0)
    sums_below(made, bins, n_bins, room.below)
    for first in range(1 + (told(made, bins)[2] > 0.0)):
        for s in range(made.n):
            room.to_left[s] = bins[s] if first == 0 else 0
        _qualities(made, room.below, n_bins, room.to_left, total, growth, room.quality)
        if growth.bounded:
            _within_bounds(made, room, n_bins, room.to_left, total, growth.shrink, bounds, sign)
        room.bits[-1] = _greatest(
            room.bits, n_bins
        )  # of numbers that are not negative the bits are in their order
        found = room.quality[-1]
        if found > to_win:
            c = np.uint64(0)
            while room.quality[c] * TIE < found:
                c += np.uint64(1)
            best, begin, cut = found, np.int64(first), np.int64(c)
            to_win = found * TIE
    return best, begin, cut


@borrowing
def even_cut(
    made: Words, bins: Any, n_bins: int, total: Any, growth: Growth, silent: float, room: Room
) -> Any:
    """Return 2 where a cut of a column tells its sides apart, 1 where none does, 0 where there is none; and the first
    and last code of the most even one, what is missing on the right.

    A cut is silent where its sides differ in slope, for their curvature, by no more than adds ``silent`` to a quality.
    """
    G, H, W = total
    first: Any = np.int64(
        told(made, bins)[2] > 0.0
    )  # what is missing goes right, and nowhere yet where none is
    kind: Any = np.int64(0)
    cut: Any = np.int64(0)
    uneven = np.inf
    sums_below(made, bins, n_bins, room.below)
    for s in range(3):
        room.to_left[s] = 0
    _qualities(made, room.below, n_bins, room.to_left, total, growth, room.quality)
    for c in range(1, n_bins):
        if room.quality[c] < 0.0:
            continue
        for s in range(made.n):
            room.sums[s] = room.below[s, c]
        g, h, w = told(made, room.sums)
        apart = g * H - G * h
        kind = max(kind, np.int64(1 + (apart * apart > silent * h * (H - h) * H)))
        if abs(2.0 * w - W) < uneven:
            uneven, cut = abs(2.0 * w - W), np.int64(c)
    return kind, first, cut
