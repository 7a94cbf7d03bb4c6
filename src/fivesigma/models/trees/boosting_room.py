"""What growing a tree of boosting reads, and the room it writes to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fivesigma.models.trees.boosting_parts import n_flags
from fivesigma.models.trees.boosting_sums import BLOCK


class Growth(NamedTuple):
    """The most leaves, the most splits on the way to one, the least weight and curvature in one; λ, a number and a
    multiple of the mean curvature of an event; the step's part; how many columns a split looks at; and whether some
    must not fall, or not rise.
    """

    max_leaves: int
    max_depth: int
    min_weight: float
    min_curvature: float
    shrink: float
    mean_shrink: float
    rate: float
    tried: int
    bounded: bool


class Outputs(NamedTuple):
    """What a fit descends: outputs (K, n), their slopes (K, n), the curvatures of the first of them (K', n), of the
    others 1; and the longest step of each (K,) in a round.
    """

    raw: Any
    slope: Any
    curvature: Any
    longest: Any


class Events(NamedTuple):
    """Codes by rows (n, p) and by columns (p, n), of many events by rows alone (p, 0); how many bins each column has
    (p,), and -1, 0 or 1: whether outputs fall or rise with it; weights as ``unit`` times counts (n,), or, where they
    are no whole multiples, themselves (n,), of which there are none (0,) otherwise; and the sum of their sizes.
    """

    codes: Any
    columns: Any
    n_bins: Any
    signs: Any
    w: Any
    counts: Any
    unit: float
    total: float


class Shared(NamedTuple):
    """What all parts see: words of rows, sizes of blocks, bins (leaves, p * width * 3), and those of each part's rows;
    of two leaves and each column the best split's quality (2, p) and its codes (2, p, 2); and flags to meet.
    """

    words: Any
    sizes: Any
    bins: Any
    counted: Any
    quality: Any
    cuts: Any
    flags: Any


class Room(NamedTuple):
    """Sums of words up to each code (3, width), qualities of cuts and last the greatest (width + 1,), their bits, and
    two sums (3,).
    """

    below: Any
    quality: Any
    bits: Any
    sums: Any
    to_left: Any


class Leaves(NamedTuple):
    """What each part has of its own: its number and how many there are, its first row, its ``rows`` and room for as
    many; of each leaf
    where its rows begin and end, its node, depth, place among the bins, sums (3,), the steps it must stay between, its
    best split (column, first code, last code) and its gain; the order of columns, those looked at for two leaves, the
    state of draws, and room to look at a column.
    """

    part: int
    n_parts: int
    first: int
    rows: Any
    spare: Any
    start: Any
    end: Any
    node: Any
    depth: Any
    place: Any
    total: Any
    bounds: Any
    split: Any
    gain: Any
    order: Any
    looked: Any
    state: Any
    room: Any


def room_to_share(n: int, p: int, width: int, max_leaves: int, n_parts: int) -> Shared:
    """Return room that every tree of a fit to ``n`` rows uses."""
    return Shared(
        np.empty(3 * n, np.int64),
        np.zeros((-(-n // BLOCK), 3)),
        np.empty((max_leaves, p * width * 3), np.int64),
        np.empty((n_parts if n_parts > 1 else 0, p * width * 3), np.int64),
        np.zeros((2, p)),
        np.zeros((2, p, 2), np.int64),
        np.zeros(n_flags(n_parts), np.int64),
    )


def rows_of_parts(n: int, n_parts: int) -> list[Any]:
    """Return the ``n`` rows in parts of whole blocks.

    >>> [len(rows) for rows in rows_of_parts(9000, 2)]
    [4096, 4904]
    """
    blocks = -(-n // BLOCK)
    ends = [min(n, blocks * part // n_parts * BLOCK) for part in range(n_parts)]
    return [np.arange(first, end, dtype=np.int32) for first, end in zip(ends, [*ends[1:], n], strict=True)]


def room_for_leaves(
    rows: Any, part: int, n_parts: int, p: int, width: int, max_leaves: int, seed: int
) -> Leaves:
    """Return the room of one part, that every tree of a fit uses."""
    start, end, node, depth, place = np.zeros((5, max_leaves), np.int64)
    quality = np.zeros(width + 1)
    return Leaves(
        part,
        n_parts,
        int(rows[0]),
        rows,
        np.empty_like(rows),
        start,
        end,
        node,
        depth,
        place,
        np.zeros((max_leaves, 3), np.int64),
        np.zeros((max_leaves, 2)),
        np.zeros((max_leaves, 3), np.int64),
        np.zeros(max_leaves),
        np.arange(p),
        np.zeros((2, p), np.int64),
        np.array([seed], np.uint64),
        Room(
            np.zeros((3, width), np.int64),
            quality,
            quality.view(np.int64),
            np.zeros(3, np.int64),
            np.zeros(3, np.int64),
        ),
    )
