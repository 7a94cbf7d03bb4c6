"""Shapley values: what columns are worth in every order, which adds up to the prediction."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.explain.shapley import shapley_values
from fivesigma.models import trees
from fivesigma.models.trees import BoostingRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
X[:, 3] = X[:, 1] + 0.3 * X[:, 3]  # a stand-in for the best column
Y = X[:, 0] + 3 * X[:, 1] + 0.1 * RNG.normal(size=240)


class Stump:
    """A model that divides up its own predictions, ``x0 + 2`` of class 1: what it was asked about is kept."""

    def __init__(self, probability: bool) -> None:
        if probability:
            self.predict_proba = None

    def shapley(self, rows):
        parts = np.zeros((len(rows), rows.shape[1] + 1))
        parts[:, 0], parts[:, -1] = rows[:, 0], 2.0
        return np.stack([-parts, parts], axis=1) if hasattr(self, "predict_proba") else parts


def by_definition(says, x, trees, p):
    """The values of one row by the sum over all subsets of columns: what each is worth to those before it."""
    parts = np.zeros(p)
    for order in itertools.permutations(range(p)):
        known: set[int] = set()
        for j in order:
            parts[j] += says(x, known | {j}) - says(x, known)
            known = known | {j}
    return parts / math.factorial(p)


def of_subset(trees):
    """What trees say of a row of which some columns are known: both branches by weight where one is not."""

    def below(tree, node, x, known):
        if tree.children_left[node] < 0:
            return tree.value[node, 0, -1]
        left, right = tree.children_left[node], tree.children_right[node]
        if tree.feature[node] in known:
            value = np.float32(x[tree.feature[node]])
            goes = tree.missing_go_to_left[node] if np.isnan(value) else value <= tree.threshold[node]
            return below(tree, left if goes else right, x, known)
        w = tree.weighted_n_node_samples
        return (w[left] * below(tree, left, x, known) + w[right] * below(tree, right, x, known)) / w[node]

    return lambda x, known: np.mean([below(each.tree_, 0, x, known) for each in trees])


@pytest.mark.parametrize("made", [RandomForestRegressor, RandomForestClassifier, ExtraTreesRegressor])
def test_they_are_what_columns_are_worth_in_every_order(made) -> None:
    holed = X.copy()
    holed[RNG.random(X.shape) < 0.1] = np.nan
    w = RNG.uniform(0, 2, len(X))
    model = made(3, max_depth=6, random_state=0).fit(holed, Y if "Regressor" in made.__name__ else Y > 0, w)
    found = shapley_values(model, holed[:7])
    says = of_subset(model.estimators_)
    expected = [by_definition(says, x, model.estimators_, 4) for x in holed[:7]]
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.base == pytest.approx(says(holed[0], set()), abs=1e-12)


@pytest.mark.parametrize("made", [RandomForestRegressor, RandomForestClassifier])
@pytest.mark.parametrize("deep", [1, 3, None])
def test_shapley_values_add_up_to_the_prediction(made, deep) -> None:
    model = made(5, random_state=0, max_depth=deep).fit(X, Y if made is RandomForestRegressor else Y > 0)
    found = shapley_values(model, X[:21])
    told = model.predict(X[:21]) if made is RandomForestRegressor else model.predict_proba(X[:21])[:, 1]
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), told, atol=1e-12)


@pytest.mark.parametrize("made", [HistGradientBoostingRegressor, HistGradientBoostingClassifier])
def test_boosted_trees_divide_what_they_add_up(made) -> None:
    holed = X.copy()
    holed[::9, 1] = np.nan
    model = made(max_iter=20, min_samples_leaf=5).fit(holed, Y if "Regressor" in made.__name__ else Y > 0)
    found = shapley_values(model, holed[:20])
    told = model.predict(holed[:20]) if "Regressor" in made.__name__ else model.decision_function(holed[:20])
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), told, atol=1e-10)
    assert found.scale == ("prediction" if "Regressor" in made.__name__ else "log odds")


OURS = [
    trees.ForestRegressor(4, max_depth=5, random_state=0),
    trees.ForestClassifier(4, max_depth=5, random_state=0),
    trees.ExtraTreesClassifier(4, max_depth=5, random_state=0),
    trees.BoostingRegressor(max_iter=4, min_samples_leaf=5),
    trees.BoostingClassifier(max_iter=4, min_samples_leaf=5),
]


def of_subset_of_ours(model):
    """As `of_subset`, by the arrays of our own trees."""
    grown, read = model._trees, model.as_trees()

    def below(node, codes, known):
        f = grown.feature[node]
        if f < 0:
            return grown.value[node, -1]
        root = grown.roots[np.searchsorted(grown.roots, node, side="right") - 1]
        left = root + grown.child[node]
        if f in known:
            return below(left + (not grown.first[node] <= codes[f] <= grown.cut[node]), codes, known)
        w = grown.weight
        return sum(w[child] * below(child, codes, known) for child in (left, left + 1)) / w[node]

    def says(x, known):
        codes = grown.bins.codes(x[None])[:, 0]
        last = [t for t, first in enumerate(grown.outputs) if first == grown.outputs.max()]
        parts = [below(grown.roots[t], codes, known) for t in last]
        raw = np.mean(parts) if read.forest.start is None else read.forest.start[-1] + np.sum(parts)
        return raw if hasattr(model, "predict_proba") else read.told(np.array([[raw]]))[0]

    return says


@pytest.mark.parametrize("target", [Y > 0, np.digitize(Y, [-2, 2])], ids=["two", "three"])
@pytest.mark.parametrize("model", OURS, ids=lambda model: type(model).__name__)
def test_those_of_our_trees_are_what_columns_are_worth_in_every_order(model, target) -> None:
    holed = X.copy()
    holed[RNG.random(X.shape) < 0.1] = np.nan
    model = clone(model).fit(holed, target if is_classifier(model) else Y, RNG.uniform(0.5, 2, len(X)))
    found, says = shapley_values(model, holed[:5]), of_subset_of_ours(model)
    expected = [by_definition(says, x, None, 4) for x in holed[:5]]
    np.testing.assert_allclose(found.values, expected, atol=1e-11)
    assert found.base == pytest.approx(says(holed[0], set()), abs=1e-11)
    assert says(holed[0], set(range(4))) == pytest.approx(found.base + found.values[0].sum(), abs=1e-11)


@pytest.mark.parametrize("made", [BoostingRegressor, HistGradientBoostingRegressor])
def test_of_a_log_link_the_logarithm_is_divided(made) -> None:
    counts = RNG.poisson(np.exp(X[:, 1] / 2)).astype(float)
    model = made(loss="poisson", max_iter=20).fit(X, counts)
    found = shapley_values(model, X[:20])
    np.testing.assert_allclose(
        found.base + found.values.sum(axis=1), np.log(model.predict(X[:20])), atol=1e-10
    )
    assert found.scale == "log prediction"


def test_a_tree_that_is_a_leaf_says_the_same_of_everybody() -> None:
    found = shapley_values(DecisionTreeRegressor().fit(X, np.full(len(X), 3.0)), X[:2])
    assert (found.base, found.values.any()) == (3.0, False)


def test_the_package_shap_finds_the_same() -> None:
    shap = pytest.importorskip("shap", reason="the package shap is not installed")
    model = RandomForestClassifier(20, random_state=0).fit(X, Y > 0)
    theirs = np.asarray(shap.TreeExplainer(model).shap_values(X[:20]))[..., -1]
    np.testing.assert_allclose(shapley_values(model, X[:20]).values, theirs, atol=1e-12)


def test_sets_of_categories_are_refused() -> None:
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[1]).fit(np.floor(np.abs(X)), Y)
    with pytest.raises(InputError, match="categories into sets"):
        shapley_values(model, X)


def test_xgboost_divides_its_own_log_odds() -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra [boost] is not installed")
    model = xgboost.XGBClassifier(n_estimators=5).fit(X, Y > 0)
    found = shapley_values(model, X[:20])
    told = model.predict(X[:20], output_margin=True)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), told, atol=1e-4)


def test_progress_is_told_and_changes_nothing() -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra [boost] is not installed")
    model = xgboost.XGBRegressor(n_estimators=3).fit(X, Y)
    told: list[tuple[int, int]] = []
    some = shapley_values(model, np.tile(X, (3, 1))[:250], progress=lambda *at: told.append(at))
    assert told == [(100, 250), (200, 250), (250, 250)]
    np.testing.assert_array_equal(some.values, shapley_values(model, np.tile(X, (3, 1))[:250]).values)


@pytest.mark.parametrize("probability", [True, False])
def test_a_model_that_knows_its_own_values_is_asked(probability) -> None:
    found = shapley_values(Stump(probability), X)
    np.testing.assert_array_equal(found.values[:, 0], X[:, 0])
    assert (found.base, found.scale) == (2.0, "log odds" if probability else "prediction")
    np.testing.assert_allclose(found.importance, [np.abs(X[:, 0]).mean(), 0, 0, 0])


def test_what_has_no_trees_or_no_rows_is_refused() -> None:
    with pytest.raises(InputError, match="no tree model"):
        shapley_values(LinearRegression().fit(X, Y), X)
    with pytest.raises(InputError, match="X is empty"):
        shapley_values(Stump(False), X[:0])


def test_rows_in_parts_are_explained_as_together() -> None:
    told = []
    parts = shapley_values(Stump(False), np.tile(X, (2, 1))[:250], progress=lambda *at: told.append(at))
    assert told == [(100, 250), (200, 250), (250, 250)]
    np.testing.assert_array_equal(parts.values, shapley_values(Stump(False), np.tile(X, (2, 1))[:250]).values)
