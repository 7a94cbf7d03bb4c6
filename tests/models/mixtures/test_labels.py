"""Labels: aligned as brute force would, and measured without them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, mutual_info_score

from fivesigma._core.errors import InputError
from fivesigma.models.mixtures import labels as lb


def test_hungarian_is_brute_force_in_a_thousand_cases():
    rng = np.random.default_rng(0)
    for case in range(1000):
        K = 2 + case % 5
        table = rng.integers(0, 30, size=(K, K))
        best = max(table[np.arange(K), list(p)].sum() for p in permutations(range(K)))
        assert table[np.arange(K), lb.best_permutation(table)].sum() == best


def test_planted_permutations_are_undone():
    rng = np.random.default_rng(1)
    truth = rng.integers(5, size=400)
    planted = np.stack([rng.permutation(5) for _ in range(300)])
    draws = np.stack([p[np.where(rng.random(400) < 0.1, rng.integers(5, size=400), truth)] for p in planted])
    found = lb.relabel(draws, truth, 5)
    np.testing.assert_array_equal(np.take_along_axis(found, planted, axis=1), np.tile(np.arange(5), (300, 1)))


@pytest.mark.parametrize(
    ("K", "dtype"),
    [(1, np.uint8), (2, np.uint8), (2, np.int64), (3, np.uint8), (6, np.int64), (300, np.int64)],
)
def test_all_draws_at_once_are_aligned_as_each_alone(K, dtype):
    # few events, so that components tie for a label and share a favourite
    rows = np.random.default_rng(K).integers(K, size=(400, 6)).astype(dtype)
    for pivot in rows[:3]:
        alone = np.stack([lb.align_labels(pivot, row, K) for row in rows])
        found = lb.relabel(rows, pivot, K)
        np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(K), (400, 1)))
        agreed = [
            (np.take_along_axis(p, rows.astype(np.int64), axis=1) == pivot).sum(axis=1)
            for p in (found, alone)
        ]
        np.testing.assert_array_equal(*agreed)
        assert K > 2 or np.array_equal(found, alone)


def test_renamed_draws_are_those_of_their_permutations():
    rng = np.random.default_rng(5)
    rows, permutations = rng.integers(4, size=(50, 9)).astype(np.uint8), np.stack([rng.permutation(4)] * 50)
    named = lb.renamed(rows, permutations)
    assert named.dtype == np.uint8
    np.testing.assert_array_equal(named, np.take_along_axis(permutations, rows.astype(np.int64), axis=1))


def test_against_scikit_learn():
    rng = np.random.default_rng(2)
    for _ in range(50):
        a, b = rng.integers(4, size=60), rng.integers(3, size=60)
        assert lb.adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)
        assert lb.mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


def test_label_free_quantities_do_not_see_labels():
    rng = np.random.default_rng(3)
    truth, draw = rng.integers(4, size=80), rng.integers(4, size=(6, 80))
    moved = rng.permutation(4)[draw]
    assert np.array_equal(lb.co_clustering(draw, 4), lb.co_clustering(moved, 4))
    for measure in (lb.overlap, lb.adjusted_rand):
        assert measure(truth, draw[0]) == measure(truth, moved[0])
    expected = (draw[:, :, None] == draw[:, None, :]).mean(axis=0)
    np.testing.assert_allclose(lb.co_clustering(draw, 4), expected)


def test_overlap_of_blind_labels_has_its_floor():
    rng = np.random.default_rng(4)
    n = 400
    blind = [lb.overlap(rng.integers(2, size=n), rng.integers(2, size=n), 2) for _ in range(2000)]
    assert np.mean(blind) == pytest.approx(np.sqrt(2 / (np.pi * n)), rel=0.05)


def test_separation():
    means = [[0.0, 0.0], [3.0, 0.0], [0.0, 8.0]]
    covariances = np.stack([np.diag([1.0, 4.0])] * 3)
    assert lb.separation(means, covariances) == pytest.approx(3.0)
    assert lb.separation([[1.0]], [[[1.0]]]) == np.inf


@pytest.mark.parametrize("other", [[0, 1], [0, 1, 9], [0, 1, -1], []])
def test_refusals(other):
    for align in (lb.align_labels, lambda pivot, draw, K: lb.relabel([draw, draw], pivot, K)):
        with pytest.raises(InputError, match="labels"):
            align([0, 1, 1], other, 2)
    with pytest.raises(InputError, match="labels"):
        lb.relabel([[0, 1, 1], other[:3] if len(other) == 3 else [0, 1, 300]], [0, 1, 1], 2)
