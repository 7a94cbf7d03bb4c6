"""Trees of two classes on whole weights, counted in whole numbers, are those that the general kernel grows."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import counts_kernel as counts
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.nodes import room_for


def table(seed: int):
    """A table with ties, and often missing values; whole weights; targets 0 and 1; limits of any kind."""
    rng = np.random.default_rng(seed)
    n, p, drawn = int(rng.integers(2, 300)), int(rng.integers(1, 6)), bool(seed % 2)
    most = int(rng.choice([2, 9, 65, 300] if drawn else [2, 9, 65]))
    codes = rng.integers(0 if rng.random() < 0.5 else 1, most, (p, n))
    y = (rng.random(n) < 0.2 + 0.6 * (codes[0] > most // 2)).astype(float)
    limits = kernel.Limits(
        int(rng.integers(1, p + 1)), int(rng.integers(1, 9)), int(rng.choice([2, 5, 99])), drawn
    )
    codes = codes.astype(np.uint8 if most <= 256 and rng.random() < 0.7 else np.uint16)
    return codes, rng.integers(1, 5, n).astype(float), y[:, None], limits


def test_500_trees_are_to_the_bit_those_of_the_general_kernel() -> None:
    for seed in range(500):
        codes, w, y, limits = table(seed)
        grown = []
        for by_counts in (False, True):
            state, rows = kernel.every(seed, 0, w, y)
            tree = room_for(2 * len(w), 1)
            if by_counts:
                n = counts.grow(codes, counts.counted(rows), limits, np.uint64(state), tree)
            else:
                n = kernel.grow(codes, rows, limits, np.uint64(state), tree, None)
            grown.append([each[:n].tobytes() for each in tree])
        assert grown[0] == grown[1], seed


@pytest.mark.parametrize(
    ("w", "y"), [([1.0, 0.5], [0.0, 1.0]), ([1.0, 1.0], [0.0, 0.3]), ([2.0**20, 2.0**20], [0.0, 1.0])]
)
def test_rows_that_cannot_be_counted_are_left_to_the_general_kernel(w: list[float], y: list[float]) -> None:
    _, rows = kernel.every(0, 0, np.array(w), np.array(y)[:, None])
    assert not len(counts.counted(rows).place)


def test_a_sum_just_small_enough_is_counted() -> None:
    w, y = np.array([2.0**20, 2.0**20 - 1.0]), np.array([[1.0], [1.0]])
    _, rows = kernel.every(0, 0, w, y)
    assert len(counts.counted(rows).place) == 2
