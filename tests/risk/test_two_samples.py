"""Two samples of one distribution are told apart as seldom as p says; weights, groups and units are what they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma.risk.two_samples import (
    Events,
    classifier_two_sample,
    effective_size,
    two_categories,
    two_numbers,
)

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=80), RNG.normal(size=120) + 0.4


def plain(test, a, b):
    return test(a, b, sizes=(len(a), len(b)), w=(np.ones(len(a)), np.ones(len(b))))


def test_numbers_agree_with_the_exact_test():
    found, exact = plain(two_numbers, A, B), stats.ks_2samp(A, B)
    assert found.statistic == pytest.approx(exact.statistic)
    assert found.p == pytest.approx(exact.pvalue, rel=0.15)


def test_categories_agree_with_pearson():
    a, b = RNG.integers(0, 3, 90), RNG.integers(0, 3, 150)
    table = np.array([np.bincount(a, minlength=3), np.bincount(b, minlength=3)])
    assert plain(two_categories, a, b).p == pytest.approx(stats.chi2_contingency(table).pvalue)


@pytest.mark.parametrize("test", [two_numbers, two_categories])
@pytest.mark.parametrize("change", [lambda x: 1e-21 * x, lambda x: 1e44 * x, lambda x: x + 1e9, lambda x: x])
def test_neither_the_unit_nor_the_order_of_the_samples_matters(test, change):
    a, b = np.round(4 * A), np.round(4 * B)
    found = plain(test, change(a), change(b))
    assert found == plain(test, a, b)
    turned = plain(test, b, a)
    assert (turned.statistic, turned.p) == pytest.approx((found.statistic, found.p))


@pytest.mark.parametrize("test", [two_numbers, two_categories])
def test_the_statistic_of_weight_k_is_that_of_k_copies(test):
    a, b, k = np.round(2 * A), np.round(2 * B), RNG.integers(1, 4, len(A))
    weighted = test(a, b, sizes=(60, 60), w=(k.astype(float), np.ones(len(b))))
    copies = test(np.repeat(a, k), b, sizes=(60, 60), w=(np.ones(k.sum()), np.ones(len(b))))
    assert (weighted.statistic, weighted.p) == pytest.approx((copies.statistic, copies.p))


@pytest.mark.parametrize("test", [two_numbers, two_categories])
def test_what_is_missing_in_one_sample_alone_is_seen(test):
    a, b = np.round(A), np.round(A)
    b[::2] = np.nan
    assert plain(test, a, b).p < 1e-3
    assert plain(test, b, b).p == pytest.approx(1.0)


@pytest.mark.parametrize("groups", [1, 5])
@pytest.mark.parametrize("test", [two_numbers, two_categories])
def test_p_is_no_smaller_than_chance_makes_it(test, groups):
    rng, ps = np.random.default_rng(5), []
    for _ in range(400):
        a, b = (np.repeat(np.round(rng.normal(size=60)), groups) for _ in range(2))
        labels = np.arange(len(a)) // groups
        size = effective_size(np.ones(len(a)), labels)
        ps.append(test(a, b, sizes=(size, size), w=(np.ones(len(a)), np.ones(len(a)))).p)
    assert np.mean(np.array(ps) < 0.05) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_one_category_alone_is_no_difference():
    assert plain(two_categories, np.zeros(50), np.zeros(60)).p == 1.0


def events(rng, n, kind):
    """Return events of one population: alone, with weights, or in groups whose events are alike."""
    X = rng.normal(size=(n, 4))
    if kind == "weights":
        return Events(X, rng.lognormal(0, 0.7, n))
    if kind == "groups":
        group = rng.integers(0, n // 5, n)
        return Events(rng.normal(size=(n, 4))[group] + 0.4 * X, None, group)
    return Events(X)


@pytest.mark.parametrize("kind", ["alone", "weights", "groups"])
def test_the_p_of_the_classifier_is_uniform_where_the_populations_are_one(kind):
    found = []
    for seed in range(150):
        rng = np.random.default_rng([seed, 5])
        found.append(classifier_two_sample(events(rng, 140, kind), events(rng, 100, kind), rng).p)
    assert stats.kstest(found, "uniform").pvalue > 1e-3


def test_the_classifier_sees_what_no_column_shows():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(600, 3)), rng.normal(size=(600, 3))
    second[:, 2] = 0.8 * second[:, 0] + 0.6 * second[:, 2]
    assert min(plain(two_numbers, first[:, j], second[:, j]).p for j in range(3)) > 1e-3
    assert classifier_two_sample(Events(first), Events(second), rng).p < 1e-6


def test_no_unit_matters_to_the_classifier():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + np.array([0.3, 0.0, 0.0])
    plain_p = classifier_two_sample(Events(a), Events(b), np.random.default_rng(2)).p
    unit = np.array([1e9, -1e-9, 7.0])
    turned = classifier_two_sample(Events(a * unit + 3), Events(b * unit + 3), np.random.default_rng(2)).p
    assert turned == pytest.approx(plain_p, rel=1e-6)
