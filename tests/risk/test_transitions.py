"""Where a transition is: the places on curves, their equivariance, and the coverage of what is extrapolated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma.risk.transitions import crossing, extrapolated, peak, peak_with_error
from fivesigma.simulate.ising import exact_energy

X = np.linspace(2.0, 2.8, 33)
FALLS = 1 / (1 + np.exp((X - 2.3) / 0.05))
PEAK = 1 / (1 + ((X - 2.33) / 0.15) ** 2)
W = np.interp(X, [2.0, 2.2, 2.37, 2.6, 2.8], [1.0, 0.7, 0.85, 0.7, 1.0])
PLACES = {
    "crossing": lambda x, y: crossing(x, y, 0.5 * (y[0] + y[-1])),
    "peak": peak,
    "middle peak": peak,
}
CURVES = {"crossing": FALLS, "peak": PEAK, "middle peak": W}
SIZES = [8.0, 16.0, 24.0, 48.0]


@pytest.mark.parametrize("name", PLACES)
@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.floats(0.01, 100.0), st.floats(-50.0, 50.0), st.floats(0.01, 100.0))
def test_a_place_moves_with_the_unit_of_the_field_and_not_with_that_of_the_output(name, a, b, c):
    place, y = PLACES[name], CURVES[name]
    assert place(a * X + b, c * y) == pytest.approx(a * place(X, y) + b, rel=1e-6, abs=1e-6 * a)


@pytest.mark.parametrize("name", PLACES)
def test_a_place_is_the_same_from_the_other_side(name):
    assert PLACES[name](-X[::-1], CURVES[name][::-1]) == pytest.approx(
        -PLACES[name](X, CURVES[name]), abs=1e-9
    )


def test_a_curve_that_crosses_once_is_cut_where_its_straight_piece_is():
    assert crossing(X, FALLS, 0.5) == pytest.approx(2.3, abs=1e-3)
    assert crossing(X, 1 - FALLS, 0.5) == pytest.approx(crossing(X, FALLS, 0.5))
    assert crossing(np.arange(3.0), np.array([1.0, 0.5, 0.0]), 0.5) == 1.0


def test_noise_that_crosses_thrice_is_cut_in_the_middle():
    assert crossing(np.arange(4.0), np.array([1.0, 0.25, 0.75, 0.0]), 0.5) == pytest.approx(
        2 / 3 + (1 + 4 / 3 - 1.5)
    )


@pytest.mark.parametrize("y", [FALLS + 1.0, FALLS - 1.0, np.ones(33)])
def test_a_curve_on_one_side_crosses_nowhere(y):
    assert crossing(X, y, 0.5) is None


def test_a_curve_that_is_highest_at_an_end_has_no_peak():
    assert peak(X, FALLS) is None
    assert peak(X, X) is None


@pytest.mark.parametrize("size", [16, 24, 48])
def test_the_peak_of_the_energy_s_fluctuations_is_found_on_a_torus(size):
    energy = np.array([exact_energy(T, size) for T in X])
    fluctuations = X**2 * np.gradient(energy, X)
    fine = np.linspace(2.2, 2.45, 501)
    exact = fine[np.argmax(fine**2 * np.gradient([exact_energy(T, size) for T in fine], fine))]
    assert peak(X, fluctuations) == pytest.approx(exact, abs=0.01)


def test_a_parabola_and_a_line_have_no_middle_peak():
    assert peak(X, (X - 2.4) ** 2) is None
    assert peak(X, X) is None


def test_the_middle_peak_is_found_among_trivial_labellings_and_its_error_holds_the_noise():
    rng = np.random.default_rng(0)
    found = [peak_with_error(X, W[:, None] + rng.normal(0, 0.02, (33, 6))) for _ in range(100)]
    pulls = np.array([(value - 2.38) / error for value, error in found])
    assert abs(np.mean([value for value, _ in found]) - 2.38) < 0.02
    assert 0.5 < np.std(pulls) < 1.6
    assert peak_with_error(X, W[:, None])[1] is None


def test_a_line_is_extrapolated_exactly_and_its_sizes_may_come_in_any_order():
    noise = np.array([-0.01, 0.01])
    found = extrapolated(SIZES, [2.0 + 1.5 / L + noise for L in SIZES])
    turned = extrapolated(SIZES[::-1], [2.0 + 1.5 / L + noise for L in SIZES[::-1]])
    assert (found.value, found.slope, found.span) == pytest.approx((2.0, 1.5, 0.0))
    assert found.dof == 2
    assert (turned.value, turned.error) == pytest.approx((found.value, found.error))


def test_what_bends_is_in_the_error_of_the_range():
    noise = np.array([-1e-4, 0.0, 1e-4])
    bent = extrapolated(SIZES, [2.0 + 1.5 / L + 20.0 / L**2 + noise for L in SIZES])
    assert bent.span > 10 * bent.stat
    assert abs(bent.value - 2.0) < 2 * bent.error
    assert bent.chi2 > 100


def test_the_error_of_an_extrapolation_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    pulls = []
    for _ in range(600):
        points = [2.0 + 1.5 / L + rng.normal(0, 0.3 / L, 6) for L in SIZES]
        found = extrapolated(SIZES, points)
        pulls.append((found.value - 2.0) / found.error)
    assert abs(np.mean(pulls)) < 0.15
    assert 0.7 < np.std(pulls) < 1.1, "never too small; a little wide, as the range of sizes can only add"
    assert np.mean(np.abs(pulls) < 1) > 0.66


@pytest.mark.parametrize("points", [[], [np.ones(3)], [np.ones(3), np.ones(1)], [np.ones(1), np.ones(1)]])
def test_below_two_sizes_with_two_repeats_nothing_is_extrapolated(points):
    assert extrapolated(SIZES[: len(points)], points) is None


def test_a_size_without_a_place_is_left_out():
    noise = np.array([-0.01, 0.01])
    points = [2.0 + 1.5 / L + noise for L in SIZES]
    whole = extrapolated(SIZES[:3], points[:3])
    assert extrapolated(SIZES, [*points[:3], np.array([])]) == whole
