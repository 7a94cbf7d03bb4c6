"""The efficiency of a selection and its interval."""

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma._core.weights import kish
from fivesigma.risk.efficiency import efficiency, falls, variance
from fivesigma.risk.intervals import clopper_pearson


def test_counts_have_the_exact_interval():
    found = efficiency(np.arange(20) < 18)
    assert found.value == 0.9
    assert (found.low, found.high) == clopper_pearson(0.9, 20)


def test_equal_weights_are_counted_whatever_their_unit():
    plain = efficiency(np.arange(8) < 3)
    scaled = efficiency(np.arange(8) < 3, np.full(8, 0.25))
    assert (scaled.low, scaled.high, scaled.value) == (plain.low, plain.high, plain.value)


def test_few_counted_events_keep_their_exact_interval():
    assert efficiency(np.array([True, False, False])).low == pytest.approx(clopper_pearson(1 / 3, 3)[0])


def test_the_variance_of_signed_weights_is_the_hand_worked_one():
    w, passes = np.array([2.0, 3.0, -1.0, 4.0]), np.array([True, True, True, False])
    # ε = 4/8; [(1/2)² (4 + 9 + 1) + (1/2)² 16] / 64
    assert variance(passes, w) == pytest.approx((0.25 * 14 + 0.25 * 16) / 64)


def test_the_interval_of_signed_weights_may_leave_one():
    w = np.append(np.ones(60), [-1.0, -1.0])
    found = efficiency(np.append(np.ones(60, bool), [False, False]), w)
    assert found.value == pytest.approx(60 / 58)
    assert found.high > found.value > 1
    assert "may leave [0, 1]" in found.method


def test_fewer_than_ten_effective_events_have_no_interval():
    w = np.append(np.ones(12), [-1.0, -1.0])
    found = efficiency(np.arange(14) < 6, w)
    assert found.value == pytest.approx(0.6)
    assert (found.low, found.high) == (None, None)
    assert found.method == "no interval: 7.1 effective events, fewer than 10"


def test_weights_that_cancel_have_no_efficiency():
    found = efficiency(np.array([True, False]), np.array([1.0, -1.0]))
    assert found.value is None
    assert "sum to zero or less" in found.method
    assert efficiency(np.array([], bool)).method == "no interval: no event is left"


def test_where_all_pass_there_is_a_one_sided_limit():
    w = np.tile([1.0, 2.0], 20)
    found = efficiency(np.ones(40, bool), w)
    assert (found.low, found.high) == clopper_pearson(1.0, kish(w))


def test_an_event_of_weight_zero_is_as_if_it_were_not_there():
    w, passes = np.tile([1.0, 2.0], 10), np.arange(20) % 3 == 0
    assert efficiency(np.append(passes, True), np.append(w, 0.0)) == efficiency(passes, w)


def test_a_weight_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="missing or infinite"):
        efficiency(np.array([True]), np.array([np.nan]))
    with pytest.raises(InputError, match="one of each an event"):
        efficiency(np.array([True, False]), np.array([1.0]))


@pytest.mark.parametrize("negative", [0.0, 0.2])
def test_95_percent_intervals_cover(negative):
    rng, n, repeats, truth, covered = np.random.default_rng(3), 400, 1500, 0.3, 0
    for _ in range(repeats):
        sign = np.where(rng.random(n) < negative, -1.0, 1.0)
        w = sign * rng.exponential(size=n).clip(0.2, 3) if negative else rng.exponential(size=n)
        found = efficiency(rng.random(n) < truth, w)
        covered += found.low <= truth <= found.high
    assert 0.935 <= covered / repeats <= 0.97


def test_a_roc_curve_falls_only_where_weights_are_negative():
    rng = np.random.default_rng(0)
    score, member = rng.random(300), np.arange(300) % 2 == 0
    assert falls(score, member, rng.exponential(size=300)) == 0
    w = np.where(np.arange(300) == np.argmax(score), -3.0, 1.0)
    assert falls(score, member, w) == pytest.approx(3 / w[member == member[np.argmax(score)]].sum())
    assert falls(score, member, -np.ones(300)) == 0
