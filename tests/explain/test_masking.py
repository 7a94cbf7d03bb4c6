"""Path masking: bit for bit the forest's own prediction of permuted rows, and what the splits explain."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from fivesigma._core.forest import read_forest
from fivesigma.explain import masking
from fivesigma.explain.masking import masked_predictions, split_gains

RNG = np.random.default_rng(0)
X = np.where(RNG.random((700, 4)) < 0.05, np.nan, RNG.normal(size=(700, 4))).astype(np.float32)
Y = np.nan_to_num(X[:, 0] + X[:, 1] * X[:, 2]) + 0.1 * RNG.normal(size=700)
GROUPS = np.array([0, 1, 1, -1], dtype=np.int32)  # columns 1 and 2 go together, 3 stays


@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(7, random_state=0),
        ExtraTreesRegressor(5, random_state=0, bootstrap=True),
        RandomForestClassifier(5, random_state=0),
        DecisionTreeRegressor(random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_group_and_repeat_is_predicted_as_the_forest_predicts_it(model) -> None:
    model.fit(X, np.digitize(Y, [-1, 1]) if hasattr(model, "predict_proba") else Y)
    places = RNG.integers(0, len(X), size=(len(X), 2, 3)).astype(np.int32)
    found = masked_predictions(read_forest(getattr(model, "estimators_", [model])), X, places, GROUPS)
    for g, columns in enumerate(([0], [1, 2])):
        for r in range(3):
            moved = X.copy()
            moved[:, columns] = X[places[:, g, r]][:, columns]
            if hasattr(model, "predict_proba"):
                np.testing.assert_array_equal(found[g, r], model.predict_proba(moved))
            else:
                np.testing.assert_array_equal(found[g, r, :, 0], model.predict(moved))


def test_rows_in_blocks_are_predicted_as_together(monkeypatch) -> None:
    forest = read_forest(RandomForestRegressor(3, random_state=0).fit(X, Y).estimators_)
    places = RNG.integers(0, len(X), size=(len(X), 2, 2)).astype(np.int32)
    whole = masked_predictions(forest, X, places, GROUPS)
    monkeypatch.setattr(masking, "_BLOCK", 100)
    np.testing.assert_array_equal(masked_predictions(forest, X, places, GROUPS), whole)


def test_over_the_rows_of_the_fit_the_gains_are_the_decrease_of_impurity() -> None:
    tree = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, Y)
    forest, gains = read_forest([tree]), np.zeros(4)
    split_gains(forest.nodes, forest.values, 0, X, Y[:, None], np.full(len(X), 1 / len(X)), gains)
    np.testing.assert_allclose(gains, tree.tree_.compute_feature_importances(normalize=False), rtol=1e-9)
