"""Ablation, selection, partial dependence and Shapley values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import InputError, MissingExtraError
from fivesigma.explain.ablation import drop_best, forward_selection
from fivesigma.explain.effects import partial_dependence
from fivesigma.explain.importance import cluster_columns
from fivesigma.explain.shapley import shapley_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
X[:, 3] = X[:, 1] + 0.3 * X[:, 3]  # a stand-in for the best column
Y = X[:, 0] + 3 * X[:, 1] + 0.1 * RNG.normal(size=240)
FOLDS = [(np.flatnonzero(np.arange(240) % 5 != k), np.flatnonzero(np.arange(240) % 5 == k)) for k in range(5)]


def _fit(table, y, w):
    return LinearRegression().fit(table, y, sample_weight=w)


def test_the_best_column_goes_and_its_stand_in_takes_over() -> None:
    seen = []
    steps = drop_best(
        _fit, X, Y, "r2", folds=FOLDS, rng=np.random.default_rng(0), progress=lambda *at: seen.append(at)
    )
    assert [step.changed for step in steps] == [None, 1, 3, 0]
    assert [len(step.columns) for step in steps] == [4, 3, 2, 1]
    assert steps[1].ranking[0] == 3
    assert steps[0].change is None
    assert steps[2].change is not None
    assert steps[2].change.sigma_local < -3
    assert steps[0].score > steps[1].score > steps[2].score
    assert seen[-1] == (4, 4)


def test_forward_selection_begins_with_the_best_and_skips_its_stand_in() -> None:
    steps = forward_selection(_fit, X, Y, "r2", folds=FOLDS, n_columns=2, sample_weight=np.ones(240))
    assert [step.changed for step in steps] == [1, 0]
    assert steps[1].columns == (1, 0)
    assert steps[1].change is not None
    assert steps[1].change.sigma_local > 2


def test_partial_dependence_of_a_line_is_the_line_and_its_curves_average_to_it() -> None:
    w = RNG.integers(1, 3, size=240)
    effect = partial_dependence(_fit(X, Y, None), X, 1, sample_weight=w)
    np.testing.assert_allclose(np.diff(effect.mean) / np.diff(effect.grid), 3, atol=0.1)
    np.testing.assert_allclose(np.average(effect.curves, axis=0, weights=w), effect.mean)
    classes = RandomForestClassifier(10, random_state=0).fit(X, Y > 0)
    share = partial_dependence(classes, X, 1, n_grid=5).mean
    assert share[0] < 0.3
    assert share[-1] > 0.7


def test_bad_input_is_one_sentence() -> None:
    with pytest.raises(InputError, match="expected 1 to 3 rounds"):
        drop_best(_fit, X, Y, "r2", folds=FOLDS, rng=np.random.default_rng(0), rounds=4)
    with pytest.raises(InputError, match="cannot be dropped"):
        drop_best(_fit, X[:, :1], Y, "r2", folds=FOLDS, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="column 7 is not there"):
        partial_dependence(_fit(X, Y, None), X, 7)
    with pytest.raises(InputError, match="is not fitted"):
        partial_dependence(LinearRegression(), X, 0)
    with pytest.raises(InputError, match="no tree model"):
        shapley_values(_fit(X, Y, None), X)


def test_an_absent_extra_answers_with_its_install_command(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "shap", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[shap\]'"):
        shapley_values(RandomForestRegressor(3).fit(X, Y), X)


@pytest.mark.parametrize("made", [RandomForestRegressor, RandomForestClassifier])
def test_shapley_values_add_up_to_the_prediction(made) -> None:
    pytest.importorskip("shap", reason="the extra [shap] is not installed")
    model = made(5, random_state=0).fit(X, Y if made is RandomForestRegressor else Y > 0)
    found = shapley_values(model, X[:20])
    told = model.predict(X[:20]) if made is RandomForestRegressor else model.predict_proba(X[:20])[:, 1]
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), told, atol=1e-6)


def test_xgboost_divides_its_own_log_odds() -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra [boost] is not installed")
    model = xgboost.XGBClassifier(n_estimators=5).fit(X, Y > 0)
    found = shapley_values(model, X[:20])
    told = model.predict(X[:20], output_margin=True)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), told, atol=1e-4)


def test_progress_is_told_and_changes_nothing() -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra [boost] is not installed")
    model = xgboost.XGBRegressor(n_estimators=3).fit(X, Y)
    told: list[tuple[int, int]] = []
    some = shapley_values(model, np.tile(X, (3, 1))[:250], progress=lambda *at: told.append(at))
    assert told == [(100, 250), (200, 250), (250, 250)]
    np.testing.assert_array_equal(some.values, shapley_values(model, np.tile(X, (3, 1))[:250]).values)


def test_many_columns_are_clustered_in_blocks() -> None:
    wide = np.random.default_rng(0).normal(size=(30, 1100))
    wide[:, 1099] = wide[:, 0]
    told: list[tuple[int, int]] = []
    found = cluster_columns(wide, threshold=0.99, progress=lambda *at: told.append(at))
    assert (0, 1099) in found
    assert told == [(1024, 1100), (1100, 1100)]
