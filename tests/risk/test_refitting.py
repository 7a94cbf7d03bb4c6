"""A clone fitted with weights wherever they are taken."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fivesigma.risk.refitting import fitted

X = np.random.default_rng(0).normal(size=(30, 2))
Y = X[:, 0] + np.random.default_rng(1).normal(size=30)
W = np.random.default_rng(2).integers(1, 4, 30)


@pytest.mark.parametrize("model", [Ridge(), make_pipeline(StandardScaler(), Ridge())], ids=["one", "steps"])
def test_every_step_that_takes_weights_gets_them(model) -> None:
    copies = fitted(model, np.repeat(X, W, axis=0), np.repeat(Y, W))
    np.testing.assert_allclose(fitted(model, X, Y, W.astype(float)).predict(X), copies.predict(X))
    assert not hasattr(model, "n_features_in_")


def test_a_model_that_takes_none_is_fitted_without_them_throughout() -> None:
    model = make_pipeline(StandardScaler(), KNeighborsRegressor())
    alone = fitted(model, X, Y)
    np.testing.assert_array_equal(fitted(model, X, Y, W.astype(float)).predict(X), alone.predict(X))
