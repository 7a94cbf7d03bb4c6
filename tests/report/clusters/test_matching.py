"""Clusters are aligned with the truth."""

from __future__ import annotations

import itertools

import numpy as np

from fivesigma.record.sections.mixture import ClusterConfusion
from fivesigma.report.clusters.matching import matched, order


def test_the_match_is_the_one_of_largest_overlap_among_all():
    rng = np.random.default_rng(1)
    for _ in range(20):
        counts = rng.integers(1, 50, (4, 4))
        best = max(itertools.permutations(range(4)), key=lambda p: sum(counts[i, p[i]] for i in range(4)))
        assert matched(counts.tolist()) == {k: i for i, k in enumerate(best)}


def test_a_cluster_without_a_class_stands_last_and_a_class_without_a_cluster_is_left_out():
    kept = ClusterConfusion(classes=("a", "b"), noise=True, counts=((0, 2, 9, 1), (8, 3, 0, 0)))
    assert order(kept) == [2, 0, 1]
    assert matched([[5], [7]]) == {0: 1}
    assert matched([[0, 0], [0, 7]]) == {1: 1}
