"""Rank codes: where a tree would cut, in no unit."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.features import ranks
from fivesigma.features.ranks import RankCodes, middles

X = np.array([[3.0, 1e40], [1.0, np.nan], [1.0, -1e40], [2.0, 0.0]])


def test_a_value_becomes_its_place_among_the_distinct_ones() -> None:
    codes = RankCodes().fit_transform(X)
    np.testing.assert_array_equal(codes, [[2, 2], [0, np.nan], [0, 0], [1, 1]])
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(RankCodes().fit(X).transform(X), codes)


def test_between_two_values_the_middle_is_of_the_lower_one() -> None:
    made = RankCodes().fit([[0.0], [1.0]])
    assert made.transform([[-9.0], [0.5], [0.51], [9.0]]).ravel().tolist() == [0, 0, 1, 1]


def test_a_row_of_weight_zero_and_a_copy_change_nothing() -> None:
    made = RankCodes().fit([[0.0], [5.0], [1.0], [1.0]], sample_weight=[1.0, 0.0, 2.0, 1.0])
    assert made.edges_.size == 1
    assert made.get_feature_names_out(["a"]).tolist() == ["a"]


def test_a_cut_is_given_back_in_the_unit_of_its_column() -> None:
    made = RankCodes().fit([[10.0, 4.0], [20.0, 4.0], [40.0, 4.0]])
    assert made.cut(0, 0.5) == pytest.approx(15, rel=1e-5)
    assert made.cut(0, 1.5) == pytest.approx(30, rel=1e-5)
    assert made.cut(0, 99.0) == pytest.approx(30, rel=1e-5)
    assert np.isnan(made.cut(1, 0.5))  # a constant column has no cut


def test_a_column_of_gaps_has_no_edges() -> None:
    made = RankCodes().fit([[np.nan], [np.nan]])
    assert made.edges_.size == 0
    np.testing.assert_array_equal(made.transform([[np.nan], [1.0]]), [[np.nan], [0.0]])


def test_no_more_values_are_told_apart_than_there_may_be(monkeypatch) -> None:
    monkeypatch.setattr(ranks, "MOST", 4)
    made = RankCodes().fit(np.arange(12.0)[:, None])
    assert made.edges_.size <= 4
    codes = made.transform(np.arange(12.0)[:, None]).ravel()
    assert (np.diff(codes) >= 0).all()


def test_the_middle_of_neighbouring_numbers_and_of_the_largest_ones_is_a_number_between_them() -> None:
    for low, high in ((1.0, np.nextafter(1.0, 2.0)), (-1.7e308, 1.7e308), (0.0, 5e-324)):
        (cut,) = middles(np.array([low, high]))
        assert low <= cut < high


@pytest.mark.parametrize(("a", "b"), [(1e-9, 0.0), (1e12, 3e13), (0.1, -7.0)])
def test_a_unit_and_an_offset_change_no_code(a, b) -> None:
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(200, 3)), 2)
    np.testing.assert_array_equal(RankCodes().fit_transform(a * x + b), RankCodes().fit_transform(x))
