"""One-hot: labels seen at the fit, and what is neither of them."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.onehot import OneHot

NAN = np.nan


def test_unknown_and_missing_categories_are_zeros_and_flagged() -> None:
    made = OneHot({1: ("u", "v")}).fit([[5.0, 0.0], [6.0, NAN], [7.0, 1.0]])
    out = made.transform([[1.0, 1.0], [2.0, NAN], [3.0, 2.0], [4.0, -1.0], [5.0, 0.5]])
    assert out.tolist() == [[1, 0, 1, 0], [2, 0, 0, 1], [3, 0, 0, 1], [4, 0, 0, 1], [5, 0, 0, 1]]
    assert made.get_feature_names_out(["x", "s"]).tolist() == ["x", "s=u", "s=v", "s missing"]


def test_a_label_that_no_fitted_row_has_makes_no_column() -> None:
    made = OneHot({0: ("u", "v", "w")}).fit([[0.0], [1.0], [2.0]], sample_weight=[1.0, 1.0, 0.0])
    assert made.get_feature_names_out(["s"]).tolist() == ["s=u", "s=v"]
    assert made.transform([[2.0], [1.0]]).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_without_gaps_at_the_fit_an_unknown_category_is_plain_zeros() -> None:
    made = OneHot({0: ("u", "v")}).fit([[0.0], [1.0]])
    assert made.transform([[2.0]]).tolist() == [[0.0, 0.0]]


def test_without_categories_the_table_passes_as_it_is() -> None:
    made = OneHot().fit([[1.0, NAN]])
    np.testing.assert_array_equal(made.transform([[3.0, NAN]]), [[3.0, NAN]])
    assert made.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="do not all exist"):
        OneHot({2: ("u",)}).fit([[1.0, 2.0]])
