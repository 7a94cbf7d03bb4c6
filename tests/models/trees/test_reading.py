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


def test_importances_are_shares_of_each_tree_and_a_tree_without_splits_has_none() -> None:
    trees = BoostingRegressor(max_iter=4, min_samples_leaf=5).fit(X, Y).as_trees()
    np.testing.assert_allclose(trees.importances().sum(axis=1), 1.0)
    flat = BoostingRegressor(max_iter=2, min_samples_leaf=100).fit(X, Y).as_trees()
    assert (flat.importances() == 0).all()
    assert flat.forest.depth == 0
