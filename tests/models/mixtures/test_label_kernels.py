"""Compiled passes over many draws give, to the bit, what NumPy gives draw by draw."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.mixtures import label_kernels as kernels
from fivesigma.models.mixtures.labels import contingency


def draws(K, dtype=np.uint8, S=60, n=37):
    return np.random.default_rng(K).integers(K, size=(S, n)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("K", [1, 2, 3, 7, 255])
def test_agreements_are_the_contingency_table_of_each_draw(K, dtype):
    rows = draws(K, dtype)
    out = np.full((len(rows), K, K), -1)
    kernels.count_agreements(rows, rows[3].astype(np.int64), out)
    np.testing.assert_array_equal(out, [contingency(row, rows[3], K) for row in rows])


@pytest.mark.parametrize("K", [1, 2, 3, 7, 255])
def test_names_are_those_of_each_draw(K):
    rows, rng = draws(K), np.random.default_rng(0)
    permutations = np.stack([rng.permutation(K) for _ in rows])
    out = np.empty_like(rows)
    kernels.rename(rows, permutations, out)
    np.testing.assert_array_equal(out, np.take_along_axis(permutations, rows.astype(np.int64), axis=1))


@pytest.mark.parametrize("K", [1, 2, 3, 7, 255])
def test_the_tally_is_the_sum_over_draws_to_the_bit(K):
    rows = draws(K)
    (S, n), scales = rows.shape, np.random.default_rng(1).random(len(rows))
    counts, seen = np.full((S, K), -1), np.full((K, n), -1)
    pull = np.full((K, n), np.nan)
    kernels.tally(rows, scales, counts, seen, pull)
    for a in range(K):
        member = rows == a
        np.testing.assert_array_equal(counts[:, a], member.sum(axis=1))
        np.testing.assert_array_equal(seen[a], member.sum(axis=0))
        worth = scales / (1.0 + scales * member.sum(axis=1))
        np.testing.assert_array_equal(pull[a], (member * worth[:, None]).sum(axis=0))
