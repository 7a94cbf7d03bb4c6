"""Counts against yields: hand-worked, calibrated where nothing disagrees, and blind to how bins are cut."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.binned import agreement, among


def simulated(rng: np.random.Generator, n_bins: int, shape: float) -> tuple[np.ndarray, np.ndarray]:
    """Return yields and variances of 4,000 events with unequal weights, falling over the bins."""
    at = np.minimum(rng.exponential(shape, 4000).astype(int), n_bins - 1)
    w = rng.choice([0.1, 0.4], 4000)
    return np.bincount(at, w, n_bins), np.bincount(at, w**2, n_bins)


@pytest.mark.parametrize("scaled", [True, False])
def test_p_is_flat_where_data_and_simulation_have_one_law(scaled: bool) -> None:
    rng, ps = np.random.default_rng(5), []
    law = np.exp(-np.arange(20) / 5.0)
    law[-1] += law[-1] / (np.exp(1 / 5.0) - 1)
    truth = 1000.0 * law / law.sum()
    for _ in range(600):
        yields, variance = simulated(rng, 20, 5.0)
        ps.append(agreement(rng.poisson(truth).astype(float), yields, variance, scaled=scaled).p)
    found = np.array(ps)
    assert abs((found < 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 600)
    assert abs(found.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 600)


def test_the_simulation_s_own_error_counts() -> None:
    counts, yields = np.array([130.0]), np.array([100.0])
    sure, unsure = (agreement(counts, yields, np.array([v])) for v in (0.0, 800.0))
    assert sure.chi2 == 9.0
    assert unsure.chi2 == 1.0


def test_thin_bins_are_put_together_and_the_rest_goes_to_the_last() -> None:
    counts, yields = np.array([6.0, 5.0, 12.0, 1.0]), np.array([5.0, 5.0, 12.0, 2.0])
    found = agreement(counts, yields, np.zeros(4))
    assert found.dof == 2
    assert found.chi2 == pytest.approx((11 - 10) ** 2 / 10 + (13 - 14) ** 2 / 14)


def test_a_bin_of_few_simulated_events_is_not_tested_alone() -> None:
    counts, yields = np.array([100.0, 20.0]), np.array([100.0, 20.0])
    assert agreement(counts, yields, np.array([1.0, 200.0])).dof == 1


def test_nothing_to_test_has_no_p() -> None:
    empty = agreement(np.array([1.0]), np.array([2.0]), np.array([0.1]))
    alone = agreement(np.array([30.0]), np.array([20.0]), np.array([0.1]), scaled=True)
    assert empty.p is None
    assert alone.p is None


def test_negative_weights_take_from_a_bin() -> None:
    assert agreement(np.array([9.0, 40.0]), np.array([-3.0, 50.0]), np.array([4.0, 10.0])).dof == 1


def test_p_among_all_is_that_of_holm() -> None:
    assert among([0.04, None, 0.01]) == [0.04, None, 0.02]
    assert among([0.6, 0.7]) == [1.0, 1.0]


def test_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="as many of each"):
        agreement(np.ones(2), np.ones(3), np.ones(3))
