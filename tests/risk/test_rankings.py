"""All classes ranked at once score as each does against the rest, class by class."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk import classification, influence
from fivesigma.risk.classification import Ranking, RocAuc
from fivesigma.risk.influence import Placement, Scored, Units, standard_errors
from fivesigma.risk.rankings import EVENTS_A_CLASS, MANY, MOST_EVENTS, Rankings, mean_area, worthwhile

METRIC = RocAuc()


def scene(n, K, *, ties=False, weighted=False, seed=0):
    """Events of K classes, all of them there, with scores of which some may be equal and weights, some zero."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(K), np.arange(K), rng.integers(0, K, n - 2 * K)]
    p = rng.dirichlet(np.ones(K), n)
    p[np.arange(n), y] += 0.3 / K
    p = np.round(p, 2) if ties else p
    w = rng.exponential(size=n) if weighted else np.ones(n)
    w[2 * K :: 7] = 0.0 if weighted else 1.0
    return y, p, w, rng.poisson(2.0, (40, n)).astype(np.uint8)


def in_turn(y, p, w, counts):
    """The mean area of each resample, one ranking a class: how it was computed before, and still is of few."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.mean([Ranking.of(p[:, k], y == k, w).area(counts) for k in range(p.shape[1])], axis=0)


def influences_in_turn(y, p, w, counts):
    total = np.zeros(counts.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        for k in range(p.shape[1]):
            placed = Placement.of(p[:, k], y == k, w)
            total[:, placed.rows] += placed.influences(counts)
    return total / p.shape[1]


def by_pairs(y, p, w):
    """The definition, pair by pair."""
    areas = []
    for k in range(p.shape[1]):
        pairs = [
            (w[i] * w[j], 1.0 if p[j, k] < p[i, k] else 0.5 if p[j, k] == p[i, k] else 0.0)
            for i in np.flatnonzero(y == k)
            for j in np.flatnonzero(y != k)
        ]
        areas.append(sum(weight * won for weight, won in pairs) / sum(weight for weight, _ in pairs))
    return np.mean(areas)


SCENES = [(90, 11, False, False), (90, 11, True, True), (300, 40, False, True), (300, 40, True, False)]


@pytest.mark.parametrize(("n", "K", "ties", "weighted"), SCENES)
def test_all_classes_at_once_score_as_one_by_one(n, K, ties, weighted):
    y, p, w, counts = scene(n, K, ties=ties, weighted=weighted)
    assert worthwhile(n, K)
    once = np.ones((1, n), np.uint8)
    assert METRIC.value(y, p, w) == pytest.approx(in_turn(y, p, w, once)[0], rel=1e-13)
    np.testing.assert_allclose(METRIC.resampled(y, p, w, counts), in_turn(y, p, w, counts), rtol=1e-12)
    np.testing.assert_allclose(Rankings.of(p, y, w).areas(once).mean(), mean_area(p, y, w), rtol=1e-13)


def test_both_are_what_the_definition_says():
    y, p, w, _ = scene(60, 12, ties=True, weighted=True)
    assert METRIC.value(y, p, w) == pytest.approx(by_pairs(y, p, w), rel=1e-13)


@pytest.mark.parametrize(("n", "K", "ties", "weighted"), SCENES)
def test_influences_at_once_are_those_one_by_one(n, K, ties, weighted):
    y, p, w, counts = scene(n, K, ties=ties, weighted=weighted)
    counts = counts + 1  # no class is absent
    expected = influences_in_turn(y, p, w, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = Rankings.of(p, y, w).influences(counts)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_allclose(
        influence.influence(METRIC, Scored(y, p, w)),
        influences_in_turn(y, p, w, np.ones((1, n), np.uint8))[0],
        rtol=0,
        atol=1e-12 * np.abs(expected).max(),
    )


@pytest.mark.parametrize("grouped", [False, True])
def test_standard_errors_at_once_are_those_one_by_one(grouped):
    y, p, w, counts = scene(200, 20, ties=True, weighted=True)
    groups = np.arange(200) // 4 if grouped else None
    counts = (np.repeat(counts[:, ::4], 4, axis=1) if grouped else counts) + 1
    u = influences_in_turn(y, p, w, counts)
    units = Units.of(groups, 200)
    summed = units.sums(u, axis=1)
    expected = np.sqrt((units.counts(counts) * summed**2).sum(axis=1))
    np.testing.assert_allclose(standard_errors(METRIC, Scored(y, p, w, groups), counts), expected, rtol=1e-11)


def test_a_class_that_a_resample_has_lost_leaves_it_undefined():
    y, p, w, counts = scene(90, 11)
    counts[3, y == 5] = 0
    areas = METRIC.resampled(y, p, w, counts)
    assert np.isnan(areas[3])
    assert np.isnan(METRIC.value(y[y != 5], p[y != 5], w[y != 5]))
    w[y == 5] = 0.0
    assert np.isnan(METRIC.value(y, p, w))


def test_tables_too_large_for_products_of_all_pairs_are_ranked_class_by_class():
    assert not worthwhile(MOST_EVENTS + 1, 10_000)
    assert not worthwhile(EVENTS_A_CLASS * 20 + 1, 20)
    assert not worthwhile(10, MANY)
    y, p, w, _ = scene(EVENTS_A_CLASS * 11 + 1, 11, ties=True)
    assert isinstance(METRIC.plan(y, p, w), list)
    assert isinstance(METRIC.plan(y[:500], p[:500], w[:500]), Rankings)
    assert METRIC.value(y, p, w) == pytest.approx(
        in_turn(y, p, w, np.ones((1, len(y)), np.uint8))[0], rel=1e-13
    )


def test_few_classes_are_ranked_as_ever():
    y, p, w, counts = scene(120, MANY)
    np.testing.assert_array_equal(METRIC.resampled(y, p, w, counts), in_turn(y, p, w, counts))
    assert classification.RocAuc().value(y, p, w) == in_turn(y, p, w, np.ones((1, 120), np.uint8))[0]
