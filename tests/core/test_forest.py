"""Flat trees: the same leaves as scikit-learn's own, for every float32 value and for what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from fivesigma._core.forest import read_forest
from fivesigma._core.tree_step import child

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)).astype(np.float32)
GAPS = np.where(RNG.random(X.shape) < 0.2, np.nan, X).astype(np.float32)
Y = X[:, 0] * X[:, 1] > 0


def leaf(forest, root, row):
    at, nodes = int(root), forest.nodes.view(np.recarray)
    while nodes[at].feature >= 0:
        at = int(child.py_func(nodes[at], row[nodes[at].feature >> 1]))
    return at


@pytest.mark.parametrize(
    ("model", "table"),
    [
        (RandomForestClassifier(3, random_state=0), X),
        (RandomForestClassifier(3, random_state=0), GAPS),
        (RandomForestRegressor(3, random_state=0, max_depth=4), GAPS),
        (ExtraTreesRegressor(3, random_state=0), X),
        (RandomForestRegressor(2, max_depth=1, random_state=0), X),
    ],
)
def test_every_row_ends_in_the_leaf_of_the_tree_itself(model, table):
    trees = model.fit(table, Y).estimators_
    forest = read_forest(trees)
    applied = model.apply(table)
    for number, root in enumerate(forest.roots):
        for row in range(0, len(table), 7):
            assert leaf(forest, root, table[row]) - root == applied[row, number]
    assert forest.depth == max(tree.get_depth() for tree in trees)
    assert forest.values.shape == (len(forest.nodes), model.n_classes_ if hasattr(model, "classes_") else 1)


def test_a_threshold_between_two_float32_values_sorts_them_as_the_double_did():
    low = np.float32(0.1)
    high = np.float32(low + 3e-7)  # nearer ones scikit-learn does not part
    tree = DecisionTreeClassifier().fit([[low], [high]], [0, 1])
    forest = read_forest([tree])
    assert [forest.values[leaf(forest, 0, np.array([x]))].argmax() for x in (low, high)] == [0, 1]


def test_a_single_leaf_is_a_forest_too():
    forest = read_forest([DecisionTreeClassifier().fit(X, np.zeros(len(X)))])
    assert (len(forest.nodes), forest.depth, forest.nodes[0]["feature"]) == (1, 0, -1)


@pytest.mark.parametrize(("x", "side"), [(0.0, "left"), (0.5, "left"), (0.6, "right"), (np.nan, "right")])
def test_one_step_down(x, side):
    forest = read_forest([DecisionTreeClassifier(max_depth=1).fit([[0.0], [1.0]], [0, 1])])
    node = forest.nodes.view(np.recarray)[0]
    assert child.py_func(node, np.float32(x)) == node[side]
    node["feature"] |= 1
    assert child.py_func(node, np.float32(np.nan)) == node["left"]
