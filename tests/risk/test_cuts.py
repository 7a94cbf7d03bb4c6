"""Metrics of a selection: the significance of a counting experiment, and what passes a cut."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.cuts import Ams, Asimov, Rejection, Selected, asimov_significance, highest
from fivesigma.risk.metrics import metric

Y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
SCORE = np.array([0.9, 0.8, 0.3, 0.85, 0.4, 0.3, 0.2, 0.1])
P = np.column_stack([1 - SCORE, SCORE])
W = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def of_equation_20(s, b, sigma):
    v = sigma**2
    first = (s + b) * np.log((s + b) * (b + v) / (b**2 + (s + b) * v))
    return np.sqrt(2 * (first - b**2 / v * np.log(1 + v * s / (b * (b + v)))))


@pytest.mark.parametrize("s", [3.0, 10.0, 300.0])
@pytest.mark.parametrize("b", [1.0, 50.0, 400.0])
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0, 5.0])
def test_the_significance_is_equation_20_of_cowan(s, b, share):
    found = asimov_significance(s, b, share * b)
    assert found == pytest.approx(of_equation_20(s, b, share * b), rel=1e-6)


@pytest.mark.parametrize("b", [1.0, 1e8])
def test_small_signals_lose_no_digits(b):
    for share in (1e-12, 1e-6, 1e-3, 0.0199, 0.0201):
        x, exact = share, 0.0
        exact = np.sqrt(2 * b * sum((-1) ** k * x**k / (k * (k - 1)) for k in range(2, 40)))
        assert asimov_significance(share * b, b) == pytest.approx(exact, rel=1e-11)


def test_no_signal_is_zero_and_no_background_undefined():
    np.testing.assert_array_equal(asimov_significance([0.0, -3.0], 10.0), [0.0, 0.0])
    assert np.isnan(asimov_significance(5.0, [0.0, -1.0])).all()
    assert asimov_significance(5.0, 10.0, 0.0) == asimov_significance(5.0, 10.0)


def test_what_is_left_above_each_score():
    rows = Selected.of(Y, SCORE, W)
    np.testing.assert_array_equal(rows.threshold, [0.9, 0.85, 0.8, 0.4, 0.3, 0.2, 0.1])
    np.testing.assert_array_equal(rows.s, [1, 1, 3, 3, 6, 6, 6])
    np.testing.assert_array_equal(rows.b, [0, 1, 1, 3, 6, 10, 15])
    np.testing.assert_array_equal(rows.b_squared, [0, 1, 1, 5, 14, 30, 55])


@pytest.mark.parametrize(
    ("efficiency", "cut", "value"), [(0.1, 0.9, np.nan), (0.5, 0.8, 15.0), (0.9, 0.3, 2.5)]
)
def test_a_rejection_keeps_the_signal_that_it_promises(efficiency, cut, value):
    each = Rejection("rejection", efficiency)
    assert each.cut(Y, P, W) == cut
    np.testing.assert_equal(each.value(Y, P, W), value)
    np.testing.assert_equal(each.value(Y, P, W, cut=0.35), 15.0 / 3.0)
    np.testing.assert_equal(each.resampled(Y, P, W, np.ones((2, 8), np.uint8), cut=0.35), [5.0, 5.0])


def test_without_signal_there_is_no_cut_and_no_score():
    each = Rejection("rejection_50", 0.5)
    assert np.isnan(each.cut(np.zeros(8, int), P, W))
    assert np.isnan(each.value(np.zeros(8, int), P, W))


@pytest.mark.parametrize(
    "each", [Asimov(), Asimov("a", background_uncertainty=0.2), Ams()], ids=lambda m: repr(m)
)
def test_the_cut_of_highest_significance_leaves_background_enough(each):
    rng = np.random.default_rng(0)
    y = (rng.random(800) < 0.3).astype(int)
    score = np.clip(rng.normal(0.3 + 0.4 * y, 0.15), 0.0, 1.0)
    p = np.column_stack([1 - score, score])
    cut = each.cut(y, p, scale=2.0)
    assert (score[y == 0] >= cut).sum() >= 10
    best = each.value(y, p, cut=cut, scale=2.0)
    for other in np.unique(score[::7]):
        if (score[y == 0] >= other).sum() >= 10:
            assert each.value(y, p, cut=other, scale=2.0) <= best + 1e-12
    s, b = 2.0 * (score[y == 1] >= cut).sum(), 2.0 * (score[y == 0] >= cut).sum()
    reg = each.b_reg if isinstance(each, Ams) else 0.0
    sigma = 0.2 * b if getattr(each, "background_uncertainty", 0.0) else 0.0
    assert best == pytest.approx(float(asimov_significance(s, b + reg, sigma)))


def test_where_no_cut_leaves_background_enough_everything_passes():
    assert Asimov().cut(Y, P, W) == 0.1


@pytest.mark.parametrize("each", [Asimov(), Ams(), Rejection("r", 0.5)], ids=lambda m: m.name)
def test_a_selection_is_of_two_classes(each):
    with pytest.raises(InputError, match="two classes"):
        each.value(np.array([0, 1, 2]), np.full((3, 3), 1 / 3))
    assert each.binary_only


@pytest.mark.parametrize("name", ["rejection_30", "rejection_50", "rejection_80"])
def test_a_constant_score_rejects_nothing_whatever_cut_other_events_chose(name):
    """Folds see other class shares, so that their constant may lie above that of the test by its last digits."""
    y, p = np.array([0, 1, 0, 1, 0]), np.full(5, 0.4)
    for cut in (0.39, 0.4, 0.4 + 1e-9, 0.9):
        assert metric(name).value(y, np.column_stack([1 - p, p]), cut=cut) == 1.0


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("known", ["exactly", "to a tenth", "to some of them", "hardly"])
def test_no_threshold_of_a_higher_significance_is_passed_over(size, known) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        n = int(rng.integers(1, 400))
        w = size * rng.exponential(size=n)
        w[rng.random(n) < 0.2] *= -1.0 if rng.random() < 0.5 else 0.0
        rows = Selected.of(rng.integers(0, 2, n), rng.random(n).round(2), w)
        sigma = {
            "exactly": np.zeros(rows.b.size),
            "to a tenth": 0.1 * rows.b,
            "to some of them": np.where(rng.random(rows.b.size) < 0.5, 0.3 * rows.b, 0.0),
            "hardly": 10.0 * np.abs(rows.b),
        }[known]
        able = (rows.b**2 >= 10.0 * rows.b_squared) & (rows.b > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            every = np.nan_to_num(asimov_significance(rows.s, rows.b, sigma), nan=-1.0)
        every = np.where(able, every, -1.0)
        best = int(np.argmax(every))
        expected = rows.threshold[best if every[best] >= 0 else -1]
        assert highest(rows, rows.s, rows.b, sigma) == expected


def test_of_events_without_background_the_lowest_threshold_is_taken() -> None:
    rows = Selected.of(np.ones(5, dtype=int), np.arange(5.0), np.ones(5))
    assert highest(rows, rows.s, rows.b) == 0.0
