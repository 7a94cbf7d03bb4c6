"""Rows of a table larger than a cache are copied side by side, and the trees are those of the rows by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import counts_kernel as counts
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.near import FAR, bring, room_near
from fivesigma.models.trees.nodes import room_for

FEW, MANY = 60_000, 300_000


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("by", ["counts", "sums", "several"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_trees_on_rows_far_apart_are_to_the_bit_those_on_the_rows_alone(drawn, by, kind) -> None:
    rng = np.random.default_rng(3)
    p = 5
    codes, place = np.empty((p, MANY), kind), np.sort(rng.choice(MANY, FEW, replace=False))
    codes[:] = rng.integers(0, 65, codes.shape)
    own, y = np.ascontiguousarray(codes[:, place]), rng.random((FEW, 2 if by == "several" else 1))
    y = np.round(y) if by == "counts" else y + codes[0, place, None]
    limits, w = kernel.Limits(2, 20, 30, drawn), rng.integers(1, 4, FEW).astype(float)
    assert room_near(codes, 2).shape[1] in range(2, FEW), "nodes at the top are too large, the others are not"
    assert room_near(own, 2).shape[1] == 0, "the rows alone are near enough"
    grown = []
    for table, at in ((codes, place), (own, np.arange(FEW))):
        rows, tree = kernel.Rows(at.astype(np.int32), w.copy(), y.copy()), room_for(2 * FEW, y.shape[1])
        if by == "counts":
            n = counts.grow(table, counts.counted(rows), limits, np.uint64(7), tree)
        else:
            n = kernel.grow(table, rows, limits, np.uint64(7), tree, 2 if by == "several" else None)
        grown.append([each[:n].tobytes() for each in tree])
    assert n > 99
    assert grown[0] == grown[1]


@pytest.mark.parametrize(
    ("p", "n", "tried", "pays"), [(2, FAR // 2, 2, False), (2, FAR, 2, True), (2000, FAR, 44, False)]
)
def test_there_is_room_where_a_row_is_asked_for_more_than_it_has(p, n, tried, pays) -> None:
    codes = np.broadcast_to(np.zeros(1, np.uint8), (p, n))
    room = room_near(codes, tried)
    assert (len(room), room.dtype, room.shape[1] > 0) == (p, np.uint8, pays)


def test_what_is_brought_is_found_at_its_new_place() -> None:
    codes, place, near = (
        np.arange(20, dtype=np.uint8).reshape(2, 10),
        np.array([9, 4, 7, 2]),
        np.zeros((2, 3), np.uint8),
    )
    bring(codes, place, 1, 4, near)
    assert place.tolist() == [9, 0, 1, 2]
    assert near.tolist() == [[4, 7, 2], [14, 17, 12]]
