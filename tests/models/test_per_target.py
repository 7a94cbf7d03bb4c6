"""One fit a target: equal to fits of each, weights, groups and laws included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from fivesigma.models import laws
from fivesigma.models.per_target import PerTarget
from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting
from fivesigma.risk.predictive import LEVELS

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(80, 2)), RNG.uniform(0.2, 2.0, 80)
Y = X @ RNG.normal(size=(2, 3)) + RNG.normal(size=(80, 3))


@pytest.mark.parametrize(
    "recipe", [Ridge(), make_pipeline(StandardScaler(), SVR()), DummyRegressor()], ids=str
)
def test_each_column_is_the_fit_to_that_target(recipe):
    found = PerTarget(recipe).fit(X, Y).predict(X)
    expected = np.column_stack([clone(recipe).fit(X, y).predict(X) for y in Y.T])
    np.testing.assert_array_equal(found, expected)


def test_weights_reach_every_fit():
    found = PerTarget(Ridge()).fit(X, Y, sample_weight=W)
    for one, y in zip(found.estimators_, Y.T, strict=True):
        np.testing.assert_array_equal(one.coef_, Ridge().fit(X, y, sample_weight=W).coef_)
    assert found.n_features_in_ == 2


def test_a_law_is_that_of_each_target_or_none():
    one = NaturalGradientBoosting(n_estimators=3, random_state=0)
    found = PerTarget(one).fit(X, Y)
    law = found.quantiles(X, LEVELS)
    assert law.shape == (80, 3, len(LEVELS))
    np.testing.assert_array_equal(law[:, 1], laws.quantiles(found.estimators_[1], X, LEVELS))
    assert PerTarget(Ridge()).fit(X, Y).quantiles(X, LEVELS) is None


def test_it_says_that_it_takes_several_targets():
    tags = PerTarget(Ridge()).__sklearn_tags__()
    assert tags.target_tags.multi_output
