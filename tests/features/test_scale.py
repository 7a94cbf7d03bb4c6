"""Scales: the mean and the spread of a column in any unit, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.features.scale import Scale, TargetScale

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2)) * [1.0, 50.0] + [0.0, -7.0]
Y = X[:, 1]


def test_centre_and_deviation_are_numpys() -> None:
    scale = Scale.of(X)
    np.testing.assert_allclose(scale.centre, X.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(scale.deviation, X.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scale.values(scale.scores(X)), X, rtol=1e-12, atol=1e-12)


def test_weights_are_copies() -> None:
    w = RNG.integers(1, 4, 40)
    weighed, copied = Scale.of(X, w.astype(float)), Scale.of(np.repeat(X, w, axis=0))
    np.testing.assert_allclose(weighed.centre, copied.centre)
    np.testing.assert_allclose(weighed.deviation, copied.deviation)


def test_gaps_are_left_out_and_a_column_of_nothing_else_scores_nothing() -> None:
    table = np.column_stack([np.where(np.arange(40) % 3, X[:, 0], np.nan), np.full(40, np.nan)])
    scale = Scale.of(table)
    assert scale.centre[0] == pytest.approx(np.nanmean(table[:, 0]))
    assert scale.deviation[0] == pytest.approx(np.nanstd(table[:, 0]))
    assert scale.deviation[1] == 0
    assert np.isnan(scale.scores(table)[:, 1]).all()


def test_a_constant_column_scores_zero_whatever_comes() -> None:
    scale = Scale.of(np.full((3, 1), 4.0))
    assert scale.scores(np.array([[4.0], [9.0], [np.nan]])).ravel()[:2].tolist() == [0.0, 0.0]
    assert scale.units.tolist() == [1.0]


def test_one_number_for_all_columns_is_the_root_of_their_mean_variance() -> None:
    together = Scale.of(X).together()
    np.testing.assert_allclose(together.deviation, np.sqrt(X.var(axis=0).mean()))
    np.testing.assert_allclose(together.scores(X).var(axis=0).mean(), 1.0)


@pytest.mark.parametrize("power", [-900, -30, 30, 900])
def test_a_power_of_two_as_unit_changes_no_bit(power) -> None:
    np.testing.assert_array_equal(
        Scale.of(np.ldexp(X, power)).scores(np.ldexp(X, power)), Scale.of(X).scores(X)
    )


def test_a_target_comes_back_from_its_scores_and_its_places() -> None:
    target = TargetScale.of(Y)
    np.testing.assert_allclose(target.values(target.scores(Y)), Y, rtol=1e-12)
    np.testing.assert_allclose(target.at(target.places(Y)), Y, atol=1e-9)
    assert target.places(Y).min() == 0.0
    assert target.places(Y).max() <= 1.0
    np.testing.assert_allclose(target.rounded(Y), target.scores(Y), atol=2.0**-36)
    assert (target.mean, target.deviation) == pytest.approx((Y.mean(), Y.std()))


def test_rows_of_weight_zero_have_no_say_in_a_target() -> None:
    w = np.r_[np.zeros(5), np.ones(35)]
    assert TargetScale.of(Y, w).mean == pytest.approx(Y[5:].mean())
    assert TargetScale.of(np.full(4, 2.0)).deviation == 0.0
