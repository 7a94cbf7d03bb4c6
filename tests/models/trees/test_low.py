"""Trees of few leaves say of rows by splits what they say of them by a walk: to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees.boosting import BoostingClassifier
from fivesigma.models.trees.low import MOST_LEAVES, add_low
from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting
from fivesigma.models.trees.nodes import Tree


def table(n: int, p: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).round(1)
    X[rng.random((n, p)) < 0.1] = np.nan
    return X, rng


def walked(grown, columns, n_outputs: int):
    """What the nodes say, one row and one tree after the other."""
    out = np.zeros((columns.shape[1], n_outputs))
    for i, codes in enumerate(columns.T):
        for t, root in enumerate(grown.roots[:-1]):
            node = root
            while grown.feature[node] >= 0:
                code = codes[grown.feature[node]]
                left = grown.first[node] <= code <= grown.cut[node]
                node = root + grown.child[node] + (not left)
            out[i, grown.outputs[t]] += grown.value[node, 0]
    return out


@pytest.mark.parametrize("n_leaves", [2, 3, 15, 16, 17, 31, 32, 33, 63, 64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_row_gets_what_a_walk_down_gives_it_to_the_bit(n_leaves, n_classes) -> None:
    X, rng = table(2_500, 4)
    y = rng.integers(n_classes, size=len(X))
    model = BoostingClassifier(max_iter=3, max_leaf_nodes=n_leaves, min_samples_leaf=1).fit(X, y)
    grown, columns = model._trees, model._trees.bins.codes(X)
    assert (np.diff(grown.roots).max() + 1) // 2 == n_leaves <= MOST_LEAVES
    found, expected = np.zeros((2, len(X), 3))
    add_low(columns[:, :300], grown.tree, grown.roots, grown.outputs, expected[:300])
    grown.add(columns, found)
    some = rng.choice(len(X), 300, replace=False)
    np.testing.assert_array_equal(found[some], walked(grown, columns[:, some], 3))
    np.testing.assert_array_equal(found[:300], expected[:300])


@pytest.mark.parametrize("n_leaves", [15, 64, 65, 100])
def test_many_rows_get_what_each_gets_alone(n_leaves) -> None:
    X, rng = table(700, 3, seed=1)
    model = BoostingClassifier(max_iter=5, max_leaf_nodes=n_leaves, min_samples_leaf=1)
    model.fit(X, rng.integers(2, size=len(X)))
    assert model._trees.low is (n_leaves <= MOST_LEAVES)
    alone = np.concatenate([model.decision_function(row[None]) for row in X])
    np.testing.assert_array_equal(model.decision_function(X), alone)


def test_a_tree_of_one_leaf_says_the_same_of_all() -> None:
    tree = Tree(
        np.array([-1, -1], np.int32),
        *np.zeros((3, 2), np.uint8),
        np.array([[0.5], [0.25]]),
        *np.zeros((2, 2)),
    )
    out = np.ones((5, 1))
    add_low(np.zeros((1, 5), np.uint8), tree, np.array([0, 1, 2]), np.zeros(2, np.int64), out)
    assert out.ravel().tolist() == [1.75] * 5


def test_both_outputs_of_a_law_are_those_of_its_stages() -> None:
    X, rng = table(600, 3, seed=2)
    X = np.nan_to_num(X)
    model = NaturalGradientBoosting(n_estimators=12, calibrate=False).fit(
        X, X[:, 0] + rng.normal(size=len(X))
    )
    few = np.concatenate([model.predict(X[at : at + 100]) for at in range(0, len(X), 100)])
    np.testing.assert_array_equal(model.predict(X), few)


@pytest.mark.parametrize("cut", [255, 256, 300, 65535])
def test_a_cut_beyond_all_codes_sends_every_row_left(cut) -> None:
    X, rng = table(600, 2)
    model = BoostingClassifier(max_iter=2, max_leaf_nodes=3, min_samples_leaf=1)
    grown = model.fit(X, rng.integers(2, size=len(X)))._trees
    grown.cut[grown.feature >= 0] = cut
    columns = grown.bins.codes(X)
    found = np.zeros((len(X), 1))
    grown.add(columns, found)
    np.testing.assert_array_equal(found, walked(grown, columns, 1))
