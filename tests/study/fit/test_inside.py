"""What stands inside a recipe is found whatever wraps it, and is called as a study calls it."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.plan import FeaturePlan
from fivesigma.study.fit import recipe
from fivesigma.study.fit.inside import chosen, columns_of, path_of, pipeline_of, spoken, weighted

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
LABELS = (X[:, 0] + 0.5 * RNG.normal(size=80) > 0).astype(int)
PLAN = FeaturePlan(("a", "b", "c"))


def made(kind, task="classification", y=LABELS, features=PLAN, **settings):
    return recipe.fit(recipe.build(kind, features=features, task=task, **settings), X, y).estimator


@pytest.mark.parametrize(
    ("kind", "settings", "uses"),
    [
        ("logistic", {}, True),
        ("logistic", {"tune": True, "trials": 2}, True),
        ("boosting", {"params": {"early_stopping": True, "max_iter": 3}}, True),
        ("svm", {}, True),
        ("knn", {}, False),
        ("knn", {"tune": True, "trials": 2}, False),
    ],
)
def test_what_uses_weights_is_known_through_every_wrapper(kind, settings, uses):
    assert weighted(recipe.build(kind, features=PLAN, task="classification", **settings)) is uses
    several = recipe.build("boosting", features=PLAN, task="regression", n_targets=2)
    assert weighted(several)


def test_what_was_chosen_has_the_names_of_a_study():
    assert chosen(made("logistic")) == {}
    assert list(chosen(made("logistic", tune={"lambda": [0.1, 1.0]}, trials=2))) == ["lambda"]
    path = made("ridge", "regression", X[:, 0], params={"lambda": 1.0}, path=None)
    assert chosen(path) == {} or list(chosen(path)) == ["lambda"]
    folded = made("poisson", "regression", LABELS.astype(float))
    assert chosen(folded) == {"lambda": path_of(folded).lambda_}
    assert chosen(recipe.build("boosting", features=PLAN, task="regression", n_targets=2)) == {
        "targets": "one fit each"
    }
    assert [spoken(name) for name in ("model__lam", "estimator__pca__n", "model__max_depth", "n")] == [
        "lambda", "pca.n", "max_depth", "n"
    ]  # fmt: skip


def test_the_pipeline_is_found_and_its_columns_are_named():
    squares = FeaturePlan(("a", "b", "c"), polynomial=2)
    fitted = made("logistic", features=squares, tune={"lambda": [0.1, 1.0]}, trials=2)
    assert pipeline_of(fitted).steps[-1][0] == "model"
    assert columns_of(fitted, ["a", "b", "c"])[:3] == ["a", "b", "c"]
    assert len(columns_of(fitted, ["a", "b", "c"])) == 6
    assert columns_of(made("naive-bayes"), ["a", "b", "c"])[:3] == ["a", "b", "c"]
    assert path_of(fitted) is None
    with pytest.raises(InputError, match="each target has a fit of its own"):
        pipeline_of(recipe.build("boosting", features=PLAN, task="regression", n_targets=2))
