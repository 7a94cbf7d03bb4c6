"""Quantile forests and conformal intervals: coverage, laws of weights, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from fivesigma._core.errors import InputError
from fivesigma.models.trees import ForestRegressor, NaturalGradientBoosting, QuantileForest, SplitConformal
from fivesigma.models.trees.distributions import Normal
from fivesigma.models.trees.recalibration import Recalibration


def _data(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, 3))
    return X, X[:, 0] + (0.2 + 0.3 * (X[:, 1] > 0)) * rng.normal(size=n)


@pytest.mark.parametrize("made", [ForestRegressor, RandomForestRegressor])
def test_quantile_forest_covers_and_widens_where_the_scatter_does(made) -> None:
    X, y = _data(3000, 0)
    model = QuantileForest(made(40, min_samples_leaf=10, random_state=0)).fit(X[:1500], y[:1500])
    low, high = model.predict_quantiles(X[1500:], [0.16, 0.84]).T
    assert np.mean((low < y[1500:]) & (y[1500:] < high)) == pytest.approx(0.72, abs=0.08)
    wide = X[1500:, 1] > 0
    assert np.mean((high - low)[wide]) > 1.4 * np.mean((high - low)[~wide])


def test_conformal_coverage_is_marginal_and_exact_on_average() -> None:
    covered = {0.68: [], 0.95: []}
    for seed in range(60):
        X, y = _data(400, seed)
        model = SplitConformal(n_folds=3).fit(X[:200], y[:200])
        for level, held in covered.items():
            low, high = model.predict_interval(X[200:], level)
            held.append(np.mean((low <= y[200:]) & (y[200:] <= high)))
    for level, held in covered.items():
        error = np.std(held, ddof=1) / 60**0.5
        assert level - 2.5 * error < np.mean(held) < level + 1 / 67 + 2.5 * error


def test_conformal_widths_follow_a_predicted_standard_deviation() -> None:
    X, y = _data(800, 0)
    model = SplitConformal(NaturalGradientBoosting(n_estimators=60)).fit(X, y)
    low, high = model.predict_interval(X, 0.68)
    wide = X[:, 1] > 0
    assert np.mean((high - low)[wide]) > 1.3 * np.mean((high - low)[~wide])


def _grouped(rng, n_groups, size):
    groups = np.repeat(np.arange(n_groups), size)
    X = rng.normal(size=(len(groups), 2))
    return X, X[:, 0] + 2 * rng.normal(size=n_groups)[groups] + 0.3 * rng.normal(size=len(groups)), groups


def test_conformal_intervals_hold_events_of_new_groups() -> None:
    rng, held = np.random.default_rng(0), {"by groups": [], "as events": []}
    for _ in range(150):
        X, y, groups = _grouped(rng, 75, 6)
        fit = groups < 25
        for way, given in (("by groups", groups[fit]), ("as events", None)):
            low, high = (
                SplitConformal(n_folds=2).fit(X[fit], y[fit], groups=given).predict_interval(X[~fit], 0.9)
            )
            held[way].append(np.mean((low <= y[~fit]) & (y[~fit] <= high)))
    assert 0.89 < np.mean(held["by groups"]) < 0.97
    assert np.mean(held["as events"]) < np.mean(held["by groups"]) - 0.02


@pytest.mark.parametrize("inner", [None, NaturalGradientBoosting(n_estimators=20, min_weight_leaf=0)])
def test_a_weight_of_k_is_k_copies_in_a_group(inner) -> None:
    rng = np.random.default_rng(1)
    X, y, groups = _grouped(rng, 60, 3)
    k = rng.integers(1, 4, len(y))
    at = np.repeat(np.arange(len(y)), k)
    weighted = SplitConformal(inner).fit(X, y, k, groups).predict_interval(X, 0.8)
    copies = SplitConformal(inner).fit(X[at], y[at], groups=groups[at]).predict_interval(X, 0.8)
    np.testing.assert_allclose(weighted, copies, rtol=1e-3)


def test_few_groups_support_no_level_and_say_so() -> None:
    X, y, groups = _grouped(np.random.default_rng(2), 30, 20)
    model = SplitConformal().fit(X, y, groups=groups)
    assert len(np.unique(model.groups_)) == 6
    with pytest.raises(InputError, match=r"6 groups that were not fitted to .* expected at least 20"):
        model.predict_interval(X, 0.95)


def test_the_map_of_a_law_counts_groups_and_not_their_copies() -> None:
    rng = np.random.default_rng(3)
    z, groups = (
        np.repeat(2 * rng.normal(size=18), 20) + 1e-3 * rng.normal(size=360),
        np.repeat(np.arange(18), 20),
    )
    assert Recalibration.of(z, Normal()).slope(np.zeros(1))[0] != 1.0
    assert Recalibration.of(z, Normal(), None, groups).slope(np.zeros(1))[0] == 1.0


def test_bad_input_is_one_sentence() -> None:
    X, y = _data(30, 0)
    with pytest.raises(InputError, match=r"cannot support level 0\.99; expected at least 99"):
        SplitConformal().fit(X, y).predict_interval(X, 0.99)
