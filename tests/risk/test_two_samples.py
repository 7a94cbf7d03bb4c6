"""Two samples of one distribution are told apart as seldom as p says; weights, groups and units are what they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma.risk.two_samples import effective_size, two_categories, two_numbers

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
