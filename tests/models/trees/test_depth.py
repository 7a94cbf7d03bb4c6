"""The depth path equals scikit-learn's refits where splits are unique, and agrees in distribution elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.features.ranks import RankCodes
from fivesigma.models.trees import (
    DepthPath,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    ForestClassifier,
    ForestRegressor,
)
from fivesigma.models.trees.regressors import DecisionTreeRegressor as OurDecisionTreeRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 5))
Y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + 0.1 * RNG.normal(size=600)
W = RNG.integers(0, 4, size=600).astype(float)


@pytest.mark.parametrize(
    ("criterion", "weight"), [("squared_error", None), ("squared_error", W), ("absolute_error", None)]
)
def test_every_depth_equals_its_own_fit_on_training_rows(criterion, weight) -> None:
    tree = DecisionTreeRegressor(criterion=criterion, random_state=0, min_samples_leaf=3)
    path = DepthPath(tree).fit(X[:200], Y[:200], None if weight is None else weight[:200])
    kept = slice(None) if weight is None else weight[:200] > 0
    for d, prediction in zip(path.depths_, path.predict_path(X[:200]), strict=True):
        # absolute errors tie often, and rounding decides between equals: there the refit is ours
        made = DecisionTreeRegressor if criterion == "squared_error" else OurDecisionTreeRegressor
        refit = made(criterion=criterion, random_state=0, min_samples_leaf=3, max_depth=int(d))
        refit.fit(X[:200], Y[:200], sample_weight=None if weight is None else weight[:200])
        np.testing.assert_allclose(prediction[kept], refit.predict(X[:200])[kept], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        ExtraTreeRegressor(random_state=0),
        RandomForestRegressor(10, random_state=0, max_features=0.5),
        DecisionTreeClassifier(random_state=0, max_depth=6),
        RandomForestClassifier(10, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_last_depth_is_the_model_itself_missing_values_included(model) -> None:
    table = np.where(RNG.random(X.shape) < 0.05, np.nan, X)
    target = np.digitize(Y, [-0.5, 0.5]) if hasattr(model, "predict_proba") else Y
    path = DepthPath(model).fit(table, target)
    itself = path.estimator_.predict_proba if hasattr(model, "predict_proba") else path.estimator_.predict
    codes = RankCodes().fit_transform(table)
    np.testing.assert_array_equal(path.predict_path(table)[-1], itself(codes))
    np.testing.assert_array_equal(path.predict(table), path.estimator_.predict(codes))


@pytest.mark.parametrize(
    "model",
    [
        ForestRegressor(8, random_state=0),
        ForestClassifier(8, random_state=0, max_depth=6),
        ExtraTreesRegressor(8, random_state=0),
        ExtraTreesClassifier(8, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_forest_of_ours_holds_its_shallower_ones(model) -> None:
    table = np.where(RNG.random(X.shape) < 0.05, np.nan, X)
    target = np.digitize(Y, [-0.5, 0.5]) if hasattr(model, "predict_proba") else Y
    path = DepthPath(model).fit(table, target, W)
    itself = path.estimator_.predict_proba if hasattr(model, "predict_proba") else path.estimator_.predict
    np.testing.assert_array_equal(path.predict_path(table)[-1], itself(table))
    again = DepthPath.of_fitted(path.estimator_)
    np.testing.assert_array_equal(again.predict_path(table), path.predict_path(table))
    stump = clone(model).set_params(max_depth=1, max_features=None).fit(table, target, W)
    deep = DepthPath(clone(model).set_params(max_features=None)).fit(table, target, W)
    if "Forest" in type(model).__name__:  # the first cut of every tree looks at all columns: no draw decides
        shown = stump.predict_proba(table) if hasattr(model, "predict_proba") else stump.predict(table)
        np.testing.assert_allclose(deep.predict_path(table)[0], shown, rtol=1e-12)


def test_forest_depths_agree_with_refits_within_two_standard_errors_over_50_seeds() -> None:
    difference = []
    for seed in range(50):
        forest = RandomForestRegressor(5, random_state=seed, max_features=0.6)
        path = DepthPath(forest).fit(X[:200], Y[:200]).predict_path(X[200:])[2]
        refit = RandomForestRegressor(5, random_state=seed, max_features=0.6, max_depth=3).fit(
            X[:200], Y[:200]
        )
        target = Y[200:]
        difference.append(np.mean((path - target) ** 2) - np.mean((refit.predict(X[200:]) - target) ** 2))
    assert abs(np.mean(difference)) < 2 * np.std(difference, ddof=1) / 50**0.5


def test_a_constant_target_has_one_depth() -> None:
    path = DepthPath().fit(X[:20], np.ones(20))
    assert path.depths_.tolist() == [1]
    np.testing.assert_array_equal(path.predict_path(X[:3]), np.ones((1, 3)))


def test_what_has_no_depth_path_is_refused_in_a_sentence() -> None:
    with pytest.raises(WrongTypeError, match="needs a decision tree or a forest"):
        DepthPath(GradientBoostingRegressor()).fit(X, Y)
    for setting in ({"max_leaf_nodes": 5}, {"ccp_alpha": 0.1}):
        with pytest.raises(InputError, match="leave both at their defaults"):
            DepthPath(DecisionTreeRegressor(**setting)).fit(X, Y)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        DepthPath().fit(X, Y, -W)
