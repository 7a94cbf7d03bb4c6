"""Heavy tails: what held-out training events and the tail's index do to intervals of squared residuals."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scene import covered
from benchmarks.scenes import tails as scenes
from fivesigma.risk.influence import Scored
from fivesigma.risk.intervals import score
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.resampling import Part, measure
from fivesigma.risk.tails import Tail, pooled_reach, squares, tail_limits, unit_influences
from fivesigma.risk.targets import OfTarget

OF_SQUARES = ("rmse", "r2")


def events(n, seed=0, *, noise=3):
    rng = np.random.default_rng(seed)
    x = 3 * rng.normal(size=n)
    return x + rng.standard_t(noise, n), x


def test_only_rmse_and_r2_are_made_of_squared_residuals():
    y, p = events(20)
    made = [name for name, each in METRICS.items() if each.squares(y, p) is not None]
    assert sorted(made) == sorted(OF_SQUARES)


@pytest.mark.parametrize("name", OF_SQUARES)
@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_the_score_of_larger_squares_is_that_of_larger_residuals(name, ratio):
    y, p = events(50)
    larger = y + ratio**0.5 * (p - y)
    found = metric(name).with_squares(metric(name).value(y, p), ratio)
    assert found == pytest.approx(metric(name).value(y, larger), rel=1e-12)


def test_the_score_of_one_target_of_several_goes_with_its_own_squares():
    y, p = events(50)
    one = OfTarget(metric("rmse"), "b", 1)
    both, said = np.column_stack([0 * y, y]), np.column_stack([0 * y, p])
    assert np.array_equal(one.squares(both, said), metric("rmse").squares(y, p))
    assert one.with_squares(2.0, 4.0) == 4.0
    part = Part.draw(both, np.random.default_rng(0), n_boot=200)
    alone = Part.draw(y, np.random.default_rng(0), n_boot=200)
    found = score(measure(one, part, said, held_out=Scored(both, said, None)), claim="fitted")
    expected = score(measure(metric("rmse"), alone, p, held_out=Scored(y, p, None)), claim="fitted")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("name", OF_SQUARES)
def test_unit_influences_give_the_squared_error_and_leave_weightless_events_out(name):
    y, p = events(200, noise=30)
    u = unit_influences(metric(name), Scored(y, p, None))
    part = Part.draw(y, np.random.default_rng(0), n_boot=4000)
    resampled = np.std(measure(metric(name), part, p).draws)
    assert np.mean(u**2) ** 0.5 / len(y) ** 0.5 == pytest.approx(resampled, rel=0.05)
    more = Scored(np.r_[y, 0.0], np.r_[p, 9.0], np.r_[np.ones(200), 0.0])
    assert np.allclose(unit_influences(metric(name), more), u)


def test_the_squares_of_a_group_are_one_unit():
    y, p = events(40)
    groups = np.repeat(np.arange(10), 4)
    found = squares(metric("rmse"), Scored(y, p, None, groups))
    by_hand = ((y - p) ** 2).reshape(10, 4).sum(axis=1)
    assert np.allclose(found, by_hand / by_hand.mean())
    assert squares(metric("mae"), Scored(y, p, None)) is None


def test_units_do_not_matter_to_the_limits_of_a_tail():
    y, p = events(400)
    z = squares(metric("rmse"), Scored(y, p, None))
    tiny = squares(metric("rmse"), Scored(y * 2.0**-70, p * 2.0**-70, None))
    assert np.array_equal(z, tiny)
    low, high = tail_limits(metric("rmse"), 1.0, z)
    assert tail_limits(metric("rmse"), 1e-30, z) == pytest.approx((1e-30 * low, 1e-30 * high), rel=1e-12)


def test_the_index_of_a_power_law_is_found_and_normal_residuals_have_none_that_is_heavy():
    rng = np.random.default_rng(1)
    for power in (2.5, 4.0):
        z = (rng.pareto(power, 50_000) + 1) ** 2
        assert Tail.of(z).index == pytest.approx(power, rel=0.05)
    heavy = sum(Tail.of(rng.normal(size=360) ** 2).heavier_than_normal(2.5) for _ in range(300))
    assert heavy <= 6
    assert all(Tail.of(rng.standard_t(2, 360) ** 2).heavier_than_normal(2.5) for _ in range(50))


def test_too_few_events_and_constant_residuals_have_no_tail():
    assert Tail.of(np.arange(40.0)) is None
    assert Tail.of(np.zeros(100)) is None
    assert not Tail.of(np.ones(100)).heavier_than_normal(0.0)
    assert tail_limits(metric("rmse"), 1.0, np.zeros(100)) is None


def test_the_mean_of_a_light_tail_varies_as_its_standard_error_says():
    z = np.random.default_rng(3).normal(size=2000) ** 2
    low, high = Tail.of(z).ratios(2000, 0.95)
    assert 1 - low == pytest.approx(2 * (2 / 2000) ** 0.5, rel=0.3)
    assert high - 1 == pytest.approx(2 * (2 / 2000) ** 0.5, rel=0.5)


def test_a_reach_has_fewer_degrees_of_freedom_where_one_event_carries_the_error():
    even, one = np.resize([1.0, -1.0], 400), np.r_[20.0, np.zeros(399)]
    assert pooled_reach(even[:100], even, level=0.95, dof=99.0) == pytest.approx(0.1994, abs=2e-3)
    t_of_four = 2.776  # 2 · 500 / (κ - 1) with κ = 250
    error = (2 * 400 / 500 / 99) ** 0.5
    assert pooled_reach(one[:100], one, level=0.95, dof=99.0) == pytest.approx(t_of_four * error, rel=1e-2)
    assert pooled_reach(np.zeros(9), np.zeros(9), level=0.95, dof=8.0) == 0.0


@pytest.mark.parametrize("name", OF_SQUARES)
def test_an_interval_is_wider_where_training_events_have_seen_the_tail_that_the_test_missed(name):
    y, p = events(90, noise=1000)
    part = Part.draw(y, np.random.default_rng(0), n_boot=500)
    alone = score(measure(metric(name), part, p), claim="fitted")
    seen = Scored(*events(400, 5, noise=2), None)
    both = score(measure(metric(name), part, p, held_out=seen), claim="fitted")
    assert both.high - both.low > 1.3 * (alone.high - alone.low)
    assert both.low <= alone.low < alone.high <= both.high
    assert "held-out training" in both.method
    light = score(
        measure(metric(name), part, p, held_out=Scored(*events(400, 6, noise=1000), None)), claim="fitted"
    )
    assert light.high - light.low < 1.15 * (alone.high - alone.low)


@pytest.mark.parametrize("name", list(scenes.SCENES))
def test_scenes_of_heavy_tails_cover_in_small(name):
    assert covered(scenes.SCENES[name], 60, seed=3).rate >= 0.85
