"""Imputation: hand-worked cases, and the law that a weight of k is k copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fivesigma._core.errors import InputError
from fivesigma.features.impute import MedianImputer, weighted_median

NAN = np.nan


@settings(max_examples=40)
@given(
    arrays(np.float64, 12, elements=st.integers(-5, 5).map(float)),
    arrays(np.int64, 12, elements=st.integers(0, 4)),
)
def test_the_weighted_median_is_the_median_of_the_copies(x, w) -> None:
    expected = np.median(np.repeat(x, w)) if w.sum() else 0.0
    assert weighted_median(x, w.astype(float)) == expected
    assert weighted_median(x, w / 3.0) == expected  # the unit of weights has no meaning


def test_gaps_are_filled_with_the_median_of_the_fitted_rows_and_marked() -> None:
    made = MedianImputer().fit([[1.0, NAN], [3.0, 4.0], [8.0, 6.0]])
    out = made.transform([[NAN, 1.0], [2.0, NAN]])
    np.testing.assert_array_equal(out, [[3.0, 1.0, 0.0], [2.0, 5.0, 1.0]])
    assert made.get_feature_names_out(["a", "b"]).tolist() == ["a", "b", "b missing"]


def test_a_gap_in_a_row_of_weight_zero_makes_no_column() -> None:
    made = MedianImputer().fit([[NAN, 1.0], [2.0, 2.0], [4.0, 3.0]], sample_weight=[0.0, 1.0, 1.0])
    assert made.indicated_.tolist() == []
    assert made.medians_.tolist() == [3.0, 2.5]


def test_a_column_without_any_value_becomes_zero() -> None:
    np.testing.assert_array_equal(MedianImputer().fit_transform([[NAN, 1.0], [NAN, 2.0]])[:, 0], [0.0, 0.0])


def test_only_the_chosen_columns_are_filled() -> None:
    out = MedianImputer(columns=[0], indicator=False).fit_transform([[NAN, NAN], [2.0, 1.0]])
    assert np.isnan(out[0, 1])
    assert out[0, 0] == 2.0
    with pytest.raises(InputError, match="do not all exist"):
        MedianImputer(columns=[5]).fit([[1.0]])
