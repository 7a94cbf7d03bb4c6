"""A single tree of ours: grown as scikit-learn's where every value has a bin of its own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.models.trees import DepthPath, TreeClassifier, TreeRegressor

SETTINGS = [{}, {"max_depth": 3}, {"min_samples_leaf": 7}]


def table(seed: int):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 3))
    return X, X[:, 0] + X[:, 1] ** 2 + rng.normal(size=200)


@pytest.mark.parametrize("settings", SETTINGS)
def test_values_are_those_of_scikit_learn_on_the_rows_of_the_fit(settings) -> None:
    X, y = table(0)
    theirs = DecisionTreeRegressor(random_state=0, **settings).fit(X, y)
    ours = TreeRegressor(random_state=0, **settings).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("settings", SETTINGS)
def test_impurity_of_classes_falls_as_far_as_that_of_scikit_learn(settings) -> None:
    X, y = table(1)
    y = y > np.median(y)
    theirs = DecisionTreeClassifier(random_state=0, **settings).fit(X, y)
    ours = TreeClassifier(random_state=0, max_bins=300, **settings).fit(X, y)
    own, other = (((model.predict_proba(X)[:, 1] - y) ** 2).mean() for model in (ours, theirs))
    assert own == pytest.approx(other, rel=0.1, abs=1e-12)


def test_weights_of_k_are_k_copies() -> None:
    X, y = table(2)
    k = np.random.default_rng(0).integers(1, 4, len(y))
    weighed = TreeRegressor(max_depth=4).fit(X, y, sample_weight=k)
    copied = TreeRegressor(max_depth=4).fit(np.repeat(X, k, axis=0), np.repeat(y, k))
    np.testing.assert_allclose(weighed.predict(X), copied.predict(X), rtol=1e-9)


def test_every_depth_is_that_of_a_fit_of_its_own() -> None:
    X, y = table(3)
    path = DepthPath(TreeRegressor(max_depth=6, random_state=0)).fit(X, y)
    for depth in (1, 3, 6):
        alone = TreeRegressor(max_depth=depth, random_state=0).fit(X, y)
        np.testing.assert_allclose(path.predict_path(X)[depth - 1], alone.predict(X), rtol=1e-9)


def test_a_leaf_of_no_row_is_refused() -> None:
    with pytest.raises(InputError, match="min_samples_leaf is 0; expected a whole number"):
        TreeRegressor(min_samples_leaf=0).fit(*table(0))
