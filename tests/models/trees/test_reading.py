"""Our trees as explanations read them: each row ends in the leaf that a prediction finds."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.tree_step import child
from fivesigma.models.trees import BoostingRegressor, ExtraTreesRegressor, ForestRegressor

RNG = np.random.default_rng(0)
X = np.where(RNG.random((120, 3)) < 0.2, np.nan, RNG.normal(size=(120, 3)))
Y = np.nan_to_num(X[:, 0]) * 2.0 + np.isnan(X[:, 1])


@pytest.mark.parametrize(
    "model", [ForestRegressor(3, random_state=0), ExtraTreesRegressor(3, random_state=0)]
)
def test_a_walk_by_thresholds_ends_where_the_prediction_does(model) -> None:
    trees = model.fit(X, Y).as_trees()
    seen, nodes = trees.seen(X), trees.forest.nodes.view(np.recarray)
    assert np.isnan(seen[np.isnan(X)]).all()
    means, deepest = np.zeros(len(X)), 0
    for i, row in enumerate(seen):
        for root in trees.forest.roots:
            at, depth = int(root), 0
            while nodes[at].feature >= 0:
                at, depth = int(child.py_func(nodes[at], row[nodes[at].feature >> 1])), depth + 1
            means[i] += trees.forest.values[at, 0]
            deepest = max(deepest, depth)
    np.testing.assert_allclose(trees.told(means[:, None] / 3), model.predict(X), rtol=1e-12)
    assert trees.forest.depth == deepest


@pytest.mark.parametrize(
    "model", [ForestRegressor(3, random_state=0), ExtraTreesRegressor(3, min_samples_leaf=9, random_state=0)]
)
def test_leaves_are_where_a_walk_ends_whatever_rows_go_with_it(model) -> None:
    trees = model.fit(X, Y).as_trees()
    seen, nodes, leaves = trees.seen(X), trees.forest.nodes.view(np.recarray), model.leaves(X)
    for row, ends in zip(seen, leaves, strict=True):
        for root, end in zip(trees.forest.roots, ends, strict=True):
            at = int(root)
            while nodes[at].feature >= 0:
                at = int(child.py_func(nodes[at], row[nodes[at].feature >> 1]))
            assert at == end
    for n in (1, 2, 3, 5):
        np.testing.assert_array_equal(model.leaves(X[:n]), leaves[:n])
    tall = np.tile(X, (5, 1))  # more rows than a tree sees at a time
    np.testing.assert_array_equal(model.leaves(tall), np.tile(leaves, (5, 1)))
    np.testing.assert_array_equal(model.predict(tall), np.tile(model.predict(X), 5))


def test_importances_are_shares_of_each_tree_and_a_tree_without_splits_has_none() -> None:
    trees = BoostingRegressor(max_iter=4, min_samples_leaf=5).fit(X, Y).as_trees()
    np.testing.assert_allclose(trees.importances().sum(axis=1), 1.0)
    flat = BoostingRegressor(max_iter=2, min_samples_leaf=100).fit(X, Y).as_trees()
    assert (flat.importances() == 0).all()
    assert flat.forest.depth == 0
