"""Shares of events: exact limits that hold by groups too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.scene import covered
from benchmarks.scenes.pred import SCENES
from fivesigma._core.weights import kish
from fivesigma.risk.intervals import clopper_pearson
from fivesigma.risk.shares import Share, flat_error

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(30), 4)
HAS = RNG.random(120) < 0.8
W = RNG.integers(1, 4, 120)


def test_without_groups_the_limits_are_those_of_effective_events() -> None:
    assert Share.of(HAS, np.ones(120)).limits() == clopper_pearson(HAS.mean(), 120.0)
    weighted = Share.of(HAS, W.astype(float))
    assert weighted.events == kish(W.astype(float))
    assert weighted.value == pytest.approx(np.average(HAS, weights=W))


@pytest.mark.parametrize("level", [0.6826894921370859, 0.95])
@pytest.mark.parametrize("has", [HAS, np.ones(120, bool), np.zeros(120, bool)], ids=["some", "all", "none"])
def test_a_weight_of_k_is_k_copies_in_a_group(has, level) -> None:
    at = np.repeat(np.arange(120), W)
    one = Share.of(has, W.astype(float), GROUPS, level=level)
    two = Share.of(has[at], np.ones(len(at)), GROUPS[at], level=level)
    assert (one.value, one.events, one.groups) == pytest.approx((two.value, two.events, two.groups))


def test_limits_hold_where_events_of_a_group_share_their_fate() -> None:
    held = {"by groups": [], "as events": []}
    groups = np.repeat(np.arange(30), 10)
    for _ in range(300):
        z = 0.95 * RNG.normal(size=30)[groups] + 0.31 * RNG.normal(size=300)
        inside = np.abs(z) < stats.norm.ppf(0.84)
        truth = 2 * stats.norm.cdf(stats.norm.ppf(0.84) / np.hypot(0.95, 0.31)) - 1
        for way, given in (("by groups", groups), ("as events", None)):
            low, high = Share.of(inside, np.ones(300), given).limits()
            held[way].append(low <= truth <= high)
    assert np.mean(held["by groups"]) > 0.93
    assert np.mean(held["as events"]) < 0.75


@pytest.mark.parametrize("name", ["coverage-limits-groups", "coverage-limits-68-groups"])
def test_the_scenes_of_limits_keep_their_promise_in_small(name) -> None:
    assert covered(SCENES[name], 500).rate > 0.95 - 3 * 0.0097


def test_few_groups_have_no_limits() -> None:
    share = Share.of(HAS, np.ones(120), np.arange(120) % 9)
    assert share.too_few
    assert share.limits() is None
    alone = Share.of(HAS, np.ones(120), np.zeros(120))
    assert (alone.events, alone.groups) == (1.0, 1)


def test_the_error_of_a_flat_histogram_is_its_spread_over_new_groups() -> None:
    def densities(rng, together):
        u = rng.random((200, 30))[:, :, None] if together else rng.random((200, 30, 4))
        index = (np.broadcast_to(u, (200, 30, 4)) * 5).astype(int).reshape(200, 120)
        counts = np.array([np.bincount(row, minlength=5) for row in index]) / 120 * 5
        errors = [flat_error(row, 5, np.ones(120), GROUPS) for row in index]
        return counts.std(), float(np.mean(errors))

    for together in (True, False):
        spread, error = densities(np.random.default_rng(3), together)
        assert error == pytest.approx(spread, rel=0.1)
    alone = flat_error(np.arange(120) % 5, 5, np.ones(120))
    assert alone == pytest.approx((4 / 120) ** 0.5)
    at = np.repeat(np.arange(120), W)
    index = RNG.integers(0, 5, 120)
    copies = flat_error(index[at], 5, np.ones(len(at)), GROUPS[at])
    assert flat_error(index, 5, W.astype(float), GROUPS) == pytest.approx(copies)
