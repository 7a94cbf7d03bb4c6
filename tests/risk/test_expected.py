"""Expected significances: limits worked by hand, and what the errors of the background do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma.risk.cuts import asimov_significance
from fivesigma.risk.expected import (
    Events,
    ams_curve,
    at_cut,
    best_threshold,
    edges,
    in_bins,
    profiled,
    yield_of,
)


def sample(n=4000, seed=0, weight=1.0):
    rng = np.random.default_rng(seed)
    signal = rng.random(n) < 0.5
    score = np.clip(rng.normal(0.4 + 0.2 * signal, 0.15), 0, 1)
    return Events(score, signal, np.where(signal, 0.05, weight), 1.0)


@pytest.mark.parametrize(
    ("s", "b", "error"), [(5.0, 1.0, 0.3), (10.0, 1e4, 50.0), (1e-3, 1e5, 10.0), (1e-6, 1.0, 1.0)]
)
def test_one_bin_is_cowans_formula(s, b, error):
    assert profiled([s], [b], [error], 0.0) == pytest.approx(
        float(asimov_significance(s, b, error)), rel=1e-6
    )


def test_without_errors_bins_add_in_quadrature():
    s, b = np.array([3.0, 2.0, 0.5]), np.array([4.0, 30.0, 900.0])
    each = asimov_significance(s, b)
    assert profiled(s, b, np.zeros(3), 0.0) == pytest.approx(float(np.sqrt((each**2).sum())), rel=1e-12)


def test_statistical_errors_add_in_quadrature_too_bin_by_bin():
    s, b, error = np.array([3.0, 2.0]), np.array([4.0, 30.0]), np.array([1.0, 5.0])
    each = asimov_significance(s, b, error)
    assert profiled(s, b, error, 0.0) == pytest.approx(float(np.sqrt((each**2).sum())), rel=1e-9)


def test_the_errors_vanish_in_their_limit():
    s, b = np.array([5.0, 1.0]), np.array([20.0, 200.0])
    plain = profiled(s, b, np.zeros(2), 0.0)
    assert profiled(s, b, np.full(2, 1e-7), 1e-9) == pytest.approx(plain, rel=1e-6)


def test_a_systematic_of_one_bin_is_the_gaussian_one_where_it_is_small():
    # s / sqrt(b + (f b)²) for s far below b
    assert profiled([10.0], [1e4], [0.0], 0.01) == pytest.approx(10 / np.sqrt(1e4 + 100.0**2), rel=0.02)


def test_a_bin_without_signal_measures_the_common_systematic():
    alone = profiled([100.0], [1e3], [0.0], 0.2)
    beside = profiled([100.0, 0.0], [1e3, 1e6], [0.0, 0.0], 0.2)
    known = profiled([100.0], [1e3], [0.0], 0.0)
    assert alone < 0.6 < beside
    assert beside == pytest.approx(known, rel=0.01)


def test_no_background_has_no_significance_and_no_signal_none():
    assert np.isnan(profiled([1.0], [0.0], [0.0], 0.0))
    assert profiled([0.0, -2.0], [1.0, 3.0], [0.1, 0.0], 0.1) == 0.0


def test_the_statistics_of_the_simulation_take_most_of_a_significance():
    events = Events(np.array([0.9, 0.9, 0.1]), np.array([True, False, False]), np.array([60.0, 40.0, 1.0]))
    found = at_cut(events, 0.5, 0.1).significance
    assert found.exact == pytest.approx(float(asimov_significance(60, 40)))
    assert found.statistical == pytest.approx(float(asimov_significance(60, 40, 40)))
    assert found.both == pytest.approx(float(asimov_significance(60, 40, np.hypot(40, 4))))
    assert found.both < found.statistical < found.exact / 4


def test_each_bin_holds_enough_background_and_about_equal_signal():
    events = sample()
    low = edges(events)
    found = in_bins(events, low, 0.0)
    assert 5 < len(found.s) <= 20
    assert min(found.b) >= 10
    assert max(found.s) < 0.3 * sum(found.s)
    assert sum(found.b) == pytest.approx(events.w[events.background].sum())
    assert len(edges(events, 400.0)) < len(low)


def test_bins_that_lose_their_background_are_joined():
    low = (-np.inf, 0.2, 0.5, 0.8)
    score, signal = np.array([0.1, 0.3, 0.6, 0.9, 0.95]), np.array([False, False, False, True, True])
    found = in_bins(Events(score, signal, np.ones(5)), low, 0.0)
    assert found.edges == (-np.inf, 0.2, 0.5, np.inf)
    assert found.b == (1.0, 1.0, 1.0)
    assert found.s == (0.0, 0.0, 2.0)


def test_all_bins_are_worth_more_than_the_best_cut():
    events = sample(weight=0.2)
    cut = at_cut(events, best_threshold(events, 0.0), 0.0)
    assert cut.n_effective >= 10
    assert in_bins(events, edges(events), 0.0).significance.exact > cut.significance.exact


def test_the_curve_ends_where_background_is_too_few_and_its_band_holds_it():
    events = sample(800)
    counts = np.random.default_rng(0).poisson(1.0, (60, 800))
    curve = ams_curve(events, counts)
    above = events.background & (events.score >= curve.threshold[-1])
    assert 10 <= above.sum() < 40
    at = len(curve.threshold) // 2
    passes = events.score >= curve.threshold[at]
    s, b = events.w[passes & events.signal].sum(), events.w[passes & events.background].sum()
    assert curve.value[at] == pytest.approx(float(asimov_significance(s, b + 10)))
    assert (curve.low < curve.value).mean() > 0.9
    assert (curve.value < curve.high).mean() > 0.9


def test_a_yield_has_the_error_of_its_squares_and_may_be_negative():
    found = yield_of(np.array([1.0] * 120 + [-1.0] * 20))
    assert found.high - found.value == pytest.approx(found.value - found.low)
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 100**2 / 140 - 1) * 140**0.5)
    assert yield_of(np.array([1.0] * 12 + [-1.0] * 2)).low is None
    assert yield_of(np.array([])).method.startswith("no interval: 0.0 effective events")


def test_signed_weights_and_a_missing_class_do_not_crash():
    events = sample()
    w = np.where(np.random.default_rng(1).random(len(events.w)) < 0.2, -events.w, events.w)
    found = in_bins(
        Events(events.score, events.signal, w), edges(Events(events.score, events.signal, w)), 0.1
    )
    assert min(found.b) > 0
    assert found.significance.both <= found.significance.exact
    assert edges(Events(events.score, np.zeros_like(events.signal), w)) == (-np.inf,)
