"""Sine and cosine of angles: hand-worked, named, periodic."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.features.angles import SineCosine
from fivesigma.features.plan import FeaturePlan


def test_sines_stand_in_the_place_of_angles_and_cosines_behind() -> None:
    made = SineCosine({0: 180.0, 2: np.pi}).fit([[0.0, 9.0, 0.0]])
    found = made.transform([[30.0, 9.0, -np.pi / 2], [-150.0, np.nan, np.nan]])
    half = np.sqrt(3) / 2
    np.testing.assert_allclose(
        found, [[0.5, 9, -1, half, 0], [-0.5, np.nan, np.nan, -half, np.nan]], atol=1e-12
    )
    assert made.get_feature_names_out(["a", "x", "b"]).tolist() == [
        "sin(a)",
        "x",
        "sin(b)",
        "cos(a)",
        "cos(b)",
    ]


@pytest.mark.parametrize("half", [np.pi, 180.0])
def test_a_turn_more_is_no_other_angle(half: float) -> None:
    X = np.random.default_rng(1).uniform(-half, half, (50, 1))
    made = SineCosine({0: half}).fit(X)
    np.testing.assert_allclose(made.transform(X), made.transform(X + 2 * half), atol=1e-12)
    np.testing.assert_allclose((made.transform(X) ** 2).sum(axis=1), 1.0)


def test_without_angles_columns_pass_as_they_are() -> None:
    X = np.array([[1.0, np.nan]])
    np.testing.assert_array_equal(SineCosine().fit(X).transform(X), X)


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="7"):
        SineCosine({7: np.pi}).fit([[1.0]])


def test_a_plan_puts_them_first_and_fills_both() -> None:
    plan = FeaturePlan(
        ("kind", "phi", "pt"), {"kind": ("a", "b")}, angles={"phi": np.pi}, missing="impute", interactions=2
    )
    assert [name for name, _ in plan.steps(native=False, standardise=True)] == [
        "angles",
        "impute",
        "products",
        "onehot",
        "standardise",
    ]
    X = np.array([[0.0, 0.1, 1.0], [1.0, np.nan, 2.0], [0.0, 3.0, 5.0], [1.0, -3.0, 4.0]])
    for _, step in plan.steps(native=False, standardise=True):
        X = step.fit(X).transform(X)
    assert not np.isnan(X).any()
    assert plan.width == 3 + 3 + 2


def test_a_plan_without_angles_is_as_it_was() -> None:
    plan = FeaturePlan(("a", "b"), interactions=2, polynomial=3)
    assert plan.numeric == (0, 1)
    assert [name for name, _ in plan.steps(native=True, standardise=False)] == ["products"]
