"""Quantile forests on our trees and on scikit-learn's: what both keep, and what is read of version 0.1.0."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.ensemble import RandomForestRegressor as SklearnForest

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.saved_state import SavedState, UnsoundStateError
from fivesigma.explain.shapley import shapley_values
from fivesigma.features.ranks import RankCodes
from fivesigma.models.trees import (
    ExtraTreesRegressor,
    ForestClassifier,
    ForestRegressor,
    QuantileForest,
    regressors,
)

LEVELS = [0.025, 0.16, 0.5, 0.84, 0.975]
FORESTS = {
    "ours": ForestRegressor(7, min_samples_leaf=5, random_state=0),
    "ours, extra": ExtraTreesRegressor(7, min_samples_leaf=5, random_state=0),
    "scikit-learn's": SklearnForest(7, min_samples_leaf=5, random_state=0),
    "exact": regressors.RandomForestRegressor(7, min_samples_leaf=5, random_state=0),
    "exact, extra": regressors.ExtraTreesRegressor(7, min_samples_leaf=5, random_state=0),
}
every_forest = pytest.mark.parametrize("forest", FORESTS.values(), ids=FORESTS)


def _data(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, 3))
    return X, X[:, 0] + (0.2 + 0.3 * (X[:, 1] > 0)) * rng.normal(size=n)


def _leaves(model, X):
    """Return the leaf (n, T) of each row, a number of its own in each tree."""
    inner = model.estimator_
    if isinstance(inner, ForestRegressor | ExtraTreesRegressor):
        return inner.leaves(X)
    return inner.apply(model._ranks.transform(X))


@every_forest
def test_quantiles_are_those_of_the_leaves_by_hand(forest) -> None:
    X, y = _data(700, 0)
    w = np.random.default_rng(1).integers(1, 4, size=700).astype(float)
    model = QuantileForest(forest).fit(X, y, w)
    order, new = np.argsort(y), _data(40, 2)[0]
    train, found = _leaves(model, X), model.predict_quantiles(new, LEVELS)
    for i, leaves in enumerate(_leaves(model, new)):
        share = np.mean(
            [
                (w * (column == leaf)) / w[column == leaf].sum()
                for column, leaf in zip(train.T, leaves, strict=True)
            ],
            axis=0,
        )
        below = np.cumsum(share[order])
        np.testing.assert_array_equal(found[i], [y[order][np.searchsorted(below, q - 1e-12)] for q in LEVELS])


@every_forest
def test_the_mean_is_that_of_the_forest_alone(forest) -> None:
    X, y = _data(200, 0)
    model = QuantileForest(forest).fit(X, y)
    alone, w = type(forest)(**forest.get_params()), np.ones(200)
    if isinstance(forest, ForestRegressor | ExtraTreesRegressor):
        expected = alone.fit(X, y, w).predict(X)
    else:
        codes = RankCodes().fit_transform(X)
        expected = alone.fit(codes, y, w).predict(codes)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-10, atol=1e-12)


@every_forest
def test_missing_values_have_leaves(forest) -> None:
    X, y = _data(400, 3)
    gone = np.random.default_rng(0).random(400) < 0.3
    y = y + 10.0 * gone
    X[gone, 1] = np.nan
    middle = QuantileForest(forest).fit(X, y).predict_quantiles(X, [0.5])[:, 0]
    assert middle[gone].mean() - middle[~gone].mean() == pytest.approx(10.0, abs=1.0)


@every_forest
def test_blocks_of_rows_change_nothing(forest, monkeypatch) -> None:
    X, y = _data(100, 4)
    model = QuantileForest(forest).fit(X, y)
    expected = model.predict_quantiles(X, LEVELS)
    monkeypatch.setattr("fivesigma.models.trees.quantile_forest._MOST", 21)
    np.testing.assert_array_equal(model.predict_quantiles(X, LEVELS), expected)


@pytest.mark.parametrize("unit", [1e-100, 1e100])
@every_forest
def test_units_of_columns_target_and_weights_do_not_matter(forest, unit) -> None:
    X, y = _data(150, 5)
    w = np.random.default_rng(1).integers(1, 4, size=150).astype(float)
    of_w = 1.0 if isinstance(forest, ForestRegressor) else unit  # which draws as many events as there are
    expected = QuantileForest(forest).fit(X, y, w).predict_quantiles(X, LEVELS)
    scaled = QuantileForest(forest).fit(unit * X, 2.0**40 * y, of_w * w).predict_quantiles(unit * X, LEVELS)
    np.testing.assert_array_equal(scaled, 2.0**40 * expected)


def test_a_weight_of_k_is_k_copies_where_every_tree_sees_all_rows() -> None:
    X, y = _data(120, 6)
    k = np.random.default_rng(1).integers(1, 4, size=120)
    at = np.repeat(np.arange(120), k)
    forest = ExtraTreesRegressor(10, random_state=0)  # a leaf counts rows, so of one row each
    weighted = QuantileForest(forest).fit(X, y, k).predict_quantiles(X, LEVELS)
    np.testing.assert_array_equal(
        QuantileForest(forest).fit(X[at], y[at]).predict_quantiles(X, LEVELS), weighted
    )


def _of_version_0_1_0(model, X, y):
    """Turn a model on scikit-learn's trees into one of version 0.1.0: of each tree rows, starts and shares."""
    order = np.argsort(y, kind="stable")
    del model._leaves
    model._members = []
    for leaf in _leaves(model, X[order]).T:
        rows = np.argsort(leaf, kind="stable")
        starts = np.searchsorted(leaf[rows], np.arange(leaf.max() + 2))
        model._members.append((rows, starts, (model._w / np.bincount(leaf, weights=model._w)[leaf])[rows]))
    return model


def test_what_version_0_1_0_kept_says_the_same() -> None:
    X, y = _data(600, 7)
    w = np.random.default_rng(1).integers(1, 4, size=600).astype(float)
    model = QuantileForest(FORESTS["exact"]).fit(X, y, w)
    expected = model.predict_quantiles(X, LEVELS)
    old = _of_version_0_1_0(model, X, y)
    old.check_state(SavedState(old))
    np.testing.assert_array_equal(old.predict_quantiles(X, LEVELS), expected)


@pytest.mark.parametrize("broken", ["rows", "starts", "few"])
def test_what_version_0_1_0_cannot_have_kept_is_refused(broken) -> None:
    X, y = _data(60, 7)
    old = _of_version_0_1_0(QuantileForest(FORESTS["exact"]).fit(X, y), X, y)
    rows, starts, share = old._members[3]
    if broken == "rows":
        rows[0] = 60
    elif broken == "starts":
        old._members[3] = (rows, np.append(starts, np.full(200, 60)), share)
    else:
        old._members.pop()
    with pytest.raises(UnsoundStateError, match="expected"):
        old.check_state(SavedState(old))


def test_leaves_of_other_rows_or_of_another_forest_are_refused() -> None:
    X, y = _data(60, 7)
    model = QuantileForest(FORESTS["ours"]).fit(X, y)
    model.check_state(SavedState(model))
    other = QuantileForest(FORESTS["ours"]).fit(*_data(80, 7))
    for name, said in (("_leaves", "nodes"), ("estimator_", "nodes")):
        mixed = QuantileForest(FORESTS["ours"]).fit(X, y)
        setattr(mixed, name, getattr(other, name))
        with pytest.raises(UnsoundStateError, match=said):
            mixed.check_state(SavedState(mixed))
    model._leaves.rows[-1] = 60
    with pytest.raises(UnsoundStateError, match="rows below 60"):
        model.check_state(SavedState(model))


def test_explanations_walk_our_trees() -> None:
    X, y = _data(300, 8)
    model = QuantileForest(FORESTS["ours"]).fit(X, y)
    found = shapley_values(model, X[:9])
    np.testing.assert_array_equal(found.values, shapley_values(model.estimator_, X[:9]).values)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.predict(X[:9]), rtol=1e-10)
    assert not hasattr(QuantileForest(FORESTS["exact"]).fit(X, y), "as_trees")


@pytest.mark.parametrize("forest", [ForestClassifier(3), RandomForestClassifier(3)])
def test_a_forest_of_classes_is_refused(forest) -> None:
    with pytest.raises(WrongTypeError, match="random forest or extra trees for regression"):
        QuantileForest(forest).fit(*_data(30, 0))


@pytest.mark.parametrize("levels", [[0.9, 0.1], [0.0], [1.0], [[0.5]]])
def test_levels_rise_between_0_and_1(levels) -> None:
    model = QuantileForest(FORESTS["ours"]).fit(*_data(30, 0))
    with pytest.raises(InputError, match="rising probabilities"):
        model.predict_quantiles(_data(3, 0)[0], levels)
