"""Errors in bins of a spread, and pulls: planted honesty and dishonesty, units, copies, groups, few members."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.spread import EDGES, Events, bins, pulls, width_of_members

N = 3000
RNG = np.random.default_rng(5)
SIGMA = RNG.uniform(0.5, 3.0, N)
RESIDUAL = SIGMA * RNG.normal(size=N)


def judged(w=None, groups=None):
    return Events(w, groups, np.random.default_rng(1))


def test_an_honest_sigma_is_inside_the_interval_of_nearly_every_bin_and_half_of_it_is_not():
    honest = bins(SIGMA, RESIDUAL**2, SIGMA**2, judged())
    assert sum(b.error.low <= b.stated <= b.error.high for b in honest) >= 7
    half = bins(0.5 * SIGMA, RESIDUAL**2, (0.5 * SIGMA) ** 2, judged())
    assert all(b.error.low > b.stated for b in half)
    assert [b.spread for b in honest] == sorted(b.spread for b in honest)
    assert sum(b.n for b in honest) == N


def test_pulls_of_a_planted_shift_and_width_are_found():
    found = pulls(2.0 * RESIDUAL + 0.5 * SIGMA, SIGMA, 1.0, judged())
    assert found.width.low < 2.0 < found.width.high
    assert not found.width.low < 1.0 < found.width.high
    assert found.mean.low < 0.5 < found.mean.high
    assert found.density @ np.diff(EDGES) + found.beyond == pytest.approx(1.0)


@pytest.mark.parametrize("members", [2, 3, 5, 20])
def test_few_members_of_which_the_truth_could_be_another_have_the_width_that_is_expected(members):
    rng = np.random.default_rng(members)
    every = rng.normal(size=(members + 1, 20_000))
    own = every[:-1]
    found = pulls(every[-1] - own.mean(axis=0), own.std(axis=0, ddof=1), width_of_members(members), judged())
    assert found.width.value == pytest.approx(found.expected, rel=0.03)


def test_a_change_of_units_changes_errors_by_the_unit_and_pulls_not_at_all():
    one, two = (bins(c * SIGMA, (c * RESIDUAL) ** 2, (c * SIGMA) ** 2, judged()) for c in (1.0, 1e-3))
    for a, b in zip(one, two, strict=True):
        assert (b.spread, b.error.low, b.error.high) == pytest.approx(
            (1e-3 * a.spread, 1e-3 * a.error.low, 1e-3 * a.error.high)
        )
    a, b = (pulls(c * RESIDUAL, c * SIGMA, 1.0, judged()) for c in (1.0, 1e-3))
    assert (a.mean.value, a.width.low) == pytest.approx((b.mean.value, b.width.low))


def test_weight_two_is_two_copies_for_every_value():
    w = RNG.integers(1, 3, N).astype(float)
    rows = np.repeat(np.arange(N), w.astype(int))
    weighted, copied = (
        pulls(RESIDUAL[at], SIGMA[at], 1.0, judged(each)) for at, each in ((np.arange(N), w), (rows, None))
    )
    assert weighted.mean.value == pytest.approx(copied.mean.value)
    assert weighted.width.value == pytest.approx(copied.width.value, rel=1e-3)
    assert weighted.density == pytest.approx(copied.density)
    whole = [
        bins(np.ones(len(at)), RESIDUAL[at] ** 2, np.ones(len(at)), judged(each))
        for at, each in ((np.arange(N), w), (rows, None))
    ]
    total = [sum(b.error.value**2 for b in each) / len(each) for each in whole]
    assert total[0] == pytest.approx(total[1], rel=0.02)


def test_events_of_a_group_are_drawn_together_so_that_intervals_are_wider():
    groups = np.repeat(np.arange(N // 30), 30)
    shift = np.repeat(np.random.default_rng(2).normal(size=N // 30), 30)
    alone, together = (pulls(shift, np.ones(N), 1.0, judged(None, each)) for each in (None, groups))
    assert together.mean.high - together.mean.low > 3 * (alone.mean.high - alone.mean.low)


def test_no_spread_at_all_has_no_pulls_and_events_that_are_certain_make_no_bin_of_their_own():
    assert pulls(RESIDUAL, np.zeros(N), 1.0, judged()) is None
    some = pulls(np.array([0.0, 1.0, -1.0, 0.1]), np.array([0.0, 0.0, 1.0, 1.0]), 1.0, judged())
    assert some.beyond == pytest.approx(0.25)
    stated = np.where(np.arange(N) < N - 400, 1e-12, 0.25)
    found = bins(np.arange(N) / N, stated, stated, judged(), stated)
    assert len(found) == 8
    assert all(b.stated > 0.1 for b in found[1:])
