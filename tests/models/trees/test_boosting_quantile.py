"""Weighted quantiles found without sorting: those of copies, midway where the weight says so."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees.boosting_quantile import quantile, quantiles_left


def by_sorting(x, w, tau):
    order = np.argsort(x, kind="stable")
    x, below = x[order], np.cumsum(w[order])
    at = int(np.searchsorted(below, tau * below[-1] * (1 - 1e-12)))
    higher = x[x > x[at]]
    on = abs(below[x <= x[at]][-1] - tau * below[-1]) <= 1e-12 * below[-1]
    return 0.5 * (x[at] + higher[0]) if on and len(higher) else x[at]


@pytest.mark.parametrize("tau", [0.05, 0.25, 0.5, 0.9])
def test_a_quantile_is_the_one_of_the_sorted_values(tau) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = rng.integers(1, 40)
        x = rng.integers(0, 12, n) / 3.0 if rng.random() < 0.5 else rng.normal(size=n)
        w = rng.integers(1, 4, n).astype(float) if rng.random() < 0.5 else rng.uniform(0.1, 2.0, n)
        expected = by_sorting(x, w, tau)
        assert quantile(x.copy(), w.copy(), tau) == pytest.approx(expected, rel=1e-14)
        k = rng.integers(1, 4, n)
        copied = quantile(np.repeat(x, k), np.ones(k.sum()), tau)
        assert quantile(x.copy(), k.astype(float), tau) == copied


def test_the_median_of_an_even_number_is_numpy_s() -> None:
    x = np.random.default_rng(1).normal(size=1000)
    assert quantile(x.copy(), np.ones(1000), 0.5) == np.median(x)
    assert quantile(np.zeros(9), np.ones(9), 0.5) == 0.0


def test_each_leaf_has_the_quantile_of_what_its_rows_have_left() -> None:
    rng = np.random.default_rng(2)
    y, raw, w = rng.normal(size=(3, 50))
    w, rows, ends = np.abs(w), rng.permutation(50).astype(np.int32), np.array([7, 30, 50])
    found = quantiles_left(y, raw, w, rows, ends, 0.3)
    parts = np.split(rows, ends[:-1])
    expected = [by_sorting(y[each] - raw[each], w[each], 0.3) for each in parts]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
