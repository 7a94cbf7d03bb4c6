"""Weighted quantiles: an event of weight k is k events, and a level on a step lies midway."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.quantiles import ordered_quantiles, quantiles

LEVELS = [0.05, 0.16, 0.25, 0.5, 0.84, 0.99]


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_copies(seed):
    rng = np.random.default_rng(seed)
    x, k = rng.normal(size=30), rng.integers(0, 4, 30)
    np.testing.assert_allclose(quantiles(x, LEVELS, k), quantiles(np.repeat(x, k), LEVELS), rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_they_are_definition_two_of_hyndman_and_fan(seed):
    x = np.random.default_rng(seed).normal(size=23 + seed)
    expected = np.quantile(x, [0.16, 0.5, 0.84], method="averaged_inverted_cdf")
    np.testing.assert_allclose(quantiles(x, [0.16, 0.5, 0.84]), expected, rtol=1e-14)


def test_the_median_of_two_lies_midway_and_rounding_of_sums_does_not_move_it():
    assert quantiles([1.0, 2.0], [0.5]) == 1.5
    third = np.full(6, 1.0 / 3.0)
    assert quantiles(np.arange(6.0), [0.5], third) == 2.5


def test_the_scale_of_the_weights_does_not_enter():
    x, w = np.arange(9.0), np.arange(1.0, 10.0)
    for scale in (1e-100, 3.0, 1e100):
        np.testing.assert_array_equal(quantiles(x, LEVELS, scale * w), quantiles(x, LEVELS, w))


def test_without_weight_there_is_no_quantile():
    assert np.isnan(quantiles([1.0, 2.0], [0.5], [0.0, 0.0])).all()
    found = ordered_quantiles(np.array([1.0, 2.0]), np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0.5]))
    np.testing.assert_array_equal(found, [[np.nan], [1.0]])
