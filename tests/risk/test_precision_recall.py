"""Average precision: by hand, with ties, at its ends, and by the sum that its influences are the slopes of."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.evidence import Part, measure, score
from fivesigma.risk.influence import Scored, influence
from fivesigma.risk.metrics import metric
from fivesigma.risk.precision_recall import AveragePrecision, Retrieval

AP = AveragePrecision()


def binary(p):
    p = np.asarray(p, dtype=float)
    return np.column_stack([1 - p, p])


def by_definition(y, s, w):
    """Σ (R_n - R_(n-1)) P_n over the distinct scores, from the highest down."""
    total, recall, found = (w * y).sum(), 0.0, 0.0
    for threshold in np.unique(s)[::-1]:
        taken, passed = (w * y)[s >= threshold].sum(), w[s >= threshold].sum()
        found += (taken / total - recall) * taken / passed if passed else 0.0
        recall = taken / total
    return found


@pytest.mark.parametrize("decimals", [1, 12])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_sum_over_steps_with_ties_and_weights(seed, decimals):
    rng = np.random.default_rng(seed)
    y, s = rng.integers(0, 2, 80), np.round(rng.random(80), decimals)
    w = np.where(rng.random(80) < 0.2, 0.0, rng.exponential(size=80))
    assert AP.value(y, binary(s), w) == pytest.approx(by_definition(y, s, w), abs=1e-13)


def test_a_constant_score_has_the_share_of_signal_and_a_perfect_one_has_1():
    y = np.array([0, 0, 0, 1])
    assert AP.value(y, binary([0.3] * 4)) == 0.25
    assert AP.value(y, binary([0.1, 0.2, 0.3, 0.9])) == 1.0
    assert AP.value(y, binary([0.9, 0.8, 0.7, 0.1])) == 0.25


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_it_is_undefined_where_one_side_is_absent(y):
    assert np.isnan(AP.value(np.array(y), binary([0.1, 0.2, 0.3])))
    without = np.array([0.0, 1.0, 1.0, 1.0])
    assert np.isnan(AP.value(np.array([1 - y[0], *y]), binary([0.5, 0.1, 0.2, 0.3]), without))


def test_three_classes_have_the_mean_of_three():
    rng = np.random.default_rng(0)
    y, p = rng.permutation(np.arange(60) % 3), rng.dirichlet(np.ones(3), 60)
    expected = np.mean([by_definition(y == k, p[:, k], np.ones(60)) for k in range(3)])
    assert AP.value(y, p) == pytest.approx(expected, abs=1e-13)


def test_influences_of_a_resample_are_those_of_a_sample_of_copies():
    rng = np.random.default_rng(2)
    y, s, w = rng.integers(0, 2, 50), np.round(rng.random(50), 1), rng.uniform(0.5, 2.0, 50)
    counts = rng.poisson(1.2, (3, 50)).astype(np.uint8)
    placed = Retrieval.of(s, y == 1, w)
    found = np.empty((3, 50))
    found[:, placed.rows] = placed.influences(counts)
    for u, c in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(50), c)
        of_copies = influence(AP, Scored(y[rows], binary(s[rows]), w[rows]))
        np.testing.assert_allclose(u[rows], of_copies, rtol=1e-10, atol=1e-14)


def test_a_perfect_ranking_has_no_interval():
    y = np.repeat([0, 1], 30)
    part = Part.draw(y, np.random.default_rng(0), n_boot=200)
    found = score(measure(metric("average_precision"), part, binary(np.linspace(0, 1, 60))), claim="fitted")
    assert (found.value, found.low) == (1.0, None)
    assert found.method.startswith("no interval")
