"""Imputation, one-hot, products and the steps a plan makes of them: hand-worked cases and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.pipeline import Pipeline

from fivesigma._core.errors import InputError
from fivesigma.features.impute import MedianImputer, weighted_median
from fivesigma.features.onehot import OneHot
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.products import Products

NAN = np.nan
few = settings(deadline=None, derandomize=True, max_examples=40)


@few
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


def test_products_of_pairs_and_powers_of_columns() -> None:
    made = Products(interactions=2, polynomial=3, columns=[0, 2]).fit([[2.0, 9.0, 3.0]])
    assert made.transform([[2.0, 9.0, 3.0]]).tolist() == [[2, 9, 3, 6, 4, 9, 8, 27]]
    names = made.get_feature_names_out(["a", "b", "c"]).tolist()
    assert names == ["a", "b", "c", "a × c", "a²", "c²", "a³", "c³"]
    assert np.isnan(made.transform([[NAN, 1.0, 1.0]])[0, 3])


@pytest.mark.parametrize("settings_", [{"interactions": 3}, {"polynomial": 0}, {"polynomial": 99}])
def test_orders_that_are_not_built_are_refused(settings_) -> None:
    with pytest.raises(InputError, match=r"interactions|polynomial"):
        Products(**settings_).fit([[1.0]])
    with pytest.raises(InputError, match=r"interactions|polynomial"):
        FeaturePlan(("a",), **settings_)


def test_a_plan_names_every_column_and_counts_them() -> None:
    plan = FeaturePlan(("a", "s", "b"), {"s": ("u", "v")}, interactions=2, polynomial=2)
    X = np.array([[1.0, 0.0, 2.0], [NAN, 1.0, 3.0], [2.0, NAN, 5.0], [4.0, 0.0, 1.0]])
    pipeline = Pipeline(plan.steps(native=False, standardise=True)).fit(X)
    names = pipeline.get_feature_names_out(list(plan.names)).tolist()
    assert names == ["a", "b", "a missing", "a × b", "a²", "b²", "s=u", "s=v", "s missing"]
    assert plan.width == len(names) - 2  # indicators are not counted
    np.testing.assert_allclose(pipeline.transform(X).mean(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("missing", "native", "expected"),
    [("native", True, []), ("native", False, ["impute"]), ("impute", True, ["impute"]), ("drop", False, [])],
)
def test_the_missing_policy(missing, native, expected) -> None:
    steps = FeaturePlan(("a",), missing=missing).steps(native=native, standardise=False)
    assert [name for name, _ in steps] == expected


def test_standardise_follows_the_study_then_the_model() -> None:
    for said, wanted, expected in [(None, True, 1), (None, False, 0), (True, False, 1), (False, True, 0)]:
        assert (
            len(FeaturePlan(("a",), missing="drop", standardise=said).steps(native=True, standardise=wanted))
            == expected
        )


def test_an_unknown_policy_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError, match="Did you mean 'impute'"):
        FeaturePlan(("a",), missing="imput")
