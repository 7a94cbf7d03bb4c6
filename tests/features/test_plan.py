"""What a study says of its features becomes named pipeline steps, in their order."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from fivesigma._core.errors import InputError
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.reduction import Reduction

NAN = np.nan


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


def test_the_plan_puts_steps_in_their_place() -> None:
    plan = FeaturePlan(
        ("a", "b", "c"), interactions=2, reductions=(Reduction("f-test", 4), Reduction("pca", (1, 9)))
    )
    assert (plan.made, plan.width, plan.tuned) == (6, 4, {"pca": (1, 4)})
    names = [name for name, _ in plan.steps(native=True, standardise=True)]
    assert names == ["impute", "products", "f-test", "pca", "standardise"]


@pytest.mark.parametrize("orders", [{"interactions": 3}, {"polynomial": 0}, {"polynomial": 99}])
def test_orders_that_are_not_built_are_refused(orders) -> None:
    with pytest.raises(InputError, match=r"interactions|polynomial"):
        FeaturePlan(("a",), **orders)


def test_more_than_there_are_is_refused_and_so_is_a_step_twice() -> None:
    with pytest.raises(InputError, match="n = 9 of 3 columns"):
        FeaturePlan(("a", "b", "c"), reductions=(Reduction("pca", 9),)).refuse_too_many()
    with pytest.raises(InputError, match="'pca' twice"):
        FeaturePlan(("a",), reductions=(Reduction("pca", 1), Reduction("pca", 1)))
