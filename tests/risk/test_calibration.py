"""A calibration error without its bias, and the test that there is none: by hand, under weights and in groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from fivesigma.risk.calibration import Stated, calibration_error, calibration_test


def binary(p):
    return np.column_stack([1 - p, p])


def drawn(seed, n, *, by=lambda p: p, weights=False, groups=0):
    """Events of stated probability p and true probability by(p); those of a group share what decides."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 2, n)
    group = np.arange(n) % groups if groups else None
    u = rng.random(n)
    if groups:
        u = np.where(rng.random(n) < 0.4, rng.random(groups)[group], u)
    w = rng.exponential(size=n) if weights else None
    return Stated.of((u < by(p)).astype(int), binary(p), w, group), by(p)


def truth(stated, q):
    bins = stated.bins(stated.n_bins())
    weight = np.bincount(bins, stated.w)
    return float(
        np.sqrt(np.average((np.bincount(bins, stated.w * (q - stated.p)) / weight) ** 2, weights=weight))
    )


def test_bins_hold_equal_parts_of_what_is_expected_to_vary_and_no_tie_is_parted():
    stated, _ = drawn(0, 4000)
    assert stated.n_bins() == 10
    part = np.bincount(stated.bins(10), stated.expected)
    assert part.max() / part.min() < 1.02
    rounded = Stated.of(np.arange(400) % 2, binary(np.round(np.linspace(0.01, 0.99, 400), 1)))
    bins = rounded.bins(10)
    for p in np.unique(rounded.p):
        assert len(set(bins[rounded.p == p])) == 1


def test_weights_and_sure_probabilities_are_worth_fewer_bins():
    assert drawn(0, 150)[0].n_bins() == 9
    assert drawn(0, 150, weights=True)[0].n_bins() < 4
    rng = np.random.default_rng(0)
    rare = Stated.of(np.zeros(500, int), binary(rng.beta(0.2, 50, 500)))
    assert rare.n_bins() == 0
    assert calibration_test(rare).p is None
    assert calibration_error(rare).method == "no interval: fewer than 20 events whose outcome is open"


def test_the_value_is_the_root_of_the_squares_less_what_they_vary_by():
    p = np.repeat([0.25, 0.75], 400)
    y = np.concatenate([np.arange(400) % 2, np.arange(400) % 2])
    found = calibration_error(Stated.of(y, binary(p)))
    assert found.value == pytest.approx(np.sqrt(0.25**2 - 0.25 / 399), rel=1e-6)
    exact = np.concatenate([np.arange(400) % 4 == 0, np.arange(400) % 4 > 0]).astype(int)
    right = calibration_error(Stated.of(exact, binary(p)))
    assert (right.value, right.low) == (0.0, 0.0)
    assert calibration_test(Stated.of(exact, binary(p))).p == 1.0


def test_the_order_of_events_and_of_classes_and_the_unit_of_weight_change_nothing():
    rng = np.random.default_rng(1)
    y, p, w = rng.integers(0, 2, 300), rng.random(300), rng.exponential(size=300)
    found = calibration_test(Stated.of(y, binary(p), w))
    order = rng.permutation(300)
    for other in (
        Stated.of(y[order], binary(p[order]), w[order]),
        Stated.of(y, binary(p), 7 * w),
        Stated.of(1 - y, binary(1 - p), w),
    ):
        assert calibration_test(other).p == pytest.approx(found.p, rel=1e-9)
        assert calibration_error(other).high == pytest.approx(
            calibration_error(Stated.of(y, binary(p), w)).high
        )


def test_events_without_weight_are_not_there():
    rng = np.random.default_rng(2)
    y, p, w = rng.integers(0, 2, 300), rng.random(300), (rng.random(300) < 0.5).astype(float)
    some = w > 0
    assert calibration_test(Stated.of(y, binary(p), w)) == calibration_test(
        Stated.of(y[some], binary(p[some]))
    )


def test_of_many_classes_the_highest_probability_is_asked_whether_it_is_right():
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(4), 3000)
    y = (rng.random(3000)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    assert calibration_test(Stated.of(y, p)).p > 0.01
    assert calibration_test(Stated.of(np.zeros(3000, int), p)).p < 1e-9


@pytest.mark.parametrize(
    ("n", "asked"),
    [(300, {}), (800, {"weights": True}), (400, {"groups": 40})],
    ids=["plain", "weighted", "grouped"],
)
def test_what_is_calibrated_is_called_so_in_95_of_100_studies(n, asked):
    found = [calibration_test(drawn(seed, n, **asked)[0]).p for seed in range(300)]
    assert np.mean(np.array(found) < 0.05) < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize(
    ("by", "asked"),
    [
        (lambda p: p, {}),
        (lambda p: expit(0.6 * logit(p)), {}),
        (lambda p: expit(logit(p) + 0.5), {"weights": True}),
    ],
    ids=["calibrated", "overconfident", "shifted"],
)
def test_the_interval_holds_the_error(by, asked):
    held = []
    for seed in range(200):
        stated, q = drawn(seed, 500, by=by, **asked)
        found = calibration_error(stated)
        held.append(found.low <= truth(stated, q) + 1e-12 and truth(stated, q) <= found.high)
    assert np.mean(held) > 0.95 - 3 * (0.05 * 0.95 / 200) ** 0.5


def test_overconfidence_is_found():
    assert calibration_test(drawn(0, 2000, by=lambda p: expit(0.5 * logit(p)))[0]).p < 1e-6


@pytest.mark.parametrize("groups", [0, 40])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("said", [(0.0, 0.5, 1.0), (0.0, 0.3, 0.6, 1.0), (0.0, 1e-12, 0.5), (0.4, 0.6, 1.0)])
def test_what_is_said_to_be_certain_leaves_every_answer_a_number(said, weights, groups):
    rng = np.random.default_rng(3)
    p = np.repeat(said, 100)
    w = rng.uniform(0.5, 2.0, p.size) if weights else None
    for wrong in (0, 1):
        y = (rng.random(p.size) < p).astype(int)
        y[:wrong] = 1
        stated = Stated.of(y, binary(p), w, np.arange(p.size) % groups if groups else None)
        bins = stated.bins(stated.n_bins())
        assert (np.bincount(bins, stated.expected) > 0).all()
        test, error = calibration_test(stated), calibration_error(stated)
        assert 0 <= test.p <= 1
        assert np.isfinite([test.statistic, error.value, error.low, error.high]).all()


@pytest.mark.parametrize("groups", [0, 100])
@pytest.mark.parametrize("chance", [0.99, 0.995])
def test_outcomes_that_are_all_alike_are_not_taken_for_certain(chance, groups):
    rng, held = np.random.default_rng(8), 0
    p = np.repeat([0.2, 0.7], 100)
    q = np.where(p < 0.5, 1 - chance, chance)
    truth = float(np.sqrt(np.mean((q - p) ** 2)))
    for _ in range(100):
        y = (rng.random(200) < q).astype(int)
        found = calibration_error(Stated.of(y, binary(p), None, np.arange(200) // 2 if groups else None))
        held += found.low <= truth <= found.high
    assert held >= 93
