"""Shapley values: they add up to the prediction, and an absent package answers with its install command."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import InputError, MissingExtraError
from fivesigma.explain import shapley
from fivesigma.explain.shapley import shapley_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
X[:, 3] = X[:, 1] + 0.3 * X[:, 3]  # a stand-in for the best column
Y = X[:, 0] + 3 * X[:, 1] + 0.1 * RNG.normal(size=240)


class Stump:
    """A model that divides up its own predictions, ``x0 + 2`` of class 1: what it was asked about is kept."""

    def __init__(self, probability: bool) -> None:
        if probability:
            self.predict_proba = None

    def shapley(self, rows):
        parts = np.zeros((len(rows), rows.shape[1] + 1))
        parts[:, 0], parts[:, -1] = rows[:, 0], 2.0
        return np.stack([-parts, parts], axis=1) if hasattr(self, "predict_proba") else parts


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


@pytest.mark.parametrize("probability", [True, False])
def test_a_model_that_knows_its_own_values_is_asked(probability) -> None:
    found = shapley_values(Stump(probability), X)
    np.testing.assert_array_equal(found.values[:, 0], X[:, 0])
    assert (found.base, found.scale) == (2.0, "log odds" if probability else "prediction")
    np.testing.assert_allclose(found.importance, [np.abs(X[:, 0]).mean(), 0, 0, 0])


def test_of_scikit_learns_trees_the_last_class_is_explained(monkeypatch) -> None:
    """With a stand-in for the package: what it gives for each class is the same, but for the sign."""
    made = SimpleNamespace(
        expected_value=[0.25, 0.75], shap_values=lambda rows: np.stack([-rows, rows], axis=-1)
    )
    monkeypatch.setattr(shapley, "require", lambda *_: SimpleNamespace(TreeExplainer=lambda model: made))
    for model, scale in (
        (RandomForestClassifier(2, random_state=0), "probability"),
        (HistGradientBoostingClassifier(max_iter=2), "log odds"),
    ):
        found = shapley_values(model.fit(X, Y > 0), X)
        np.testing.assert_array_equal(found.values, X)
        assert (found.base, found.scale) == (0.75, scale)
    assert shapley_values(RandomForestRegressor(2).fit(X, Y), X).scale == "prediction"


def test_what_has_no_trees_or_no_rows_is_refused() -> None:
    with pytest.raises(InputError, match="no tree model"):
        shapley_values(LinearRegression().fit(X, Y), X)
    with pytest.raises(InputError, match="X is empty"):
        shapley_values(Stump(False), X[:0])


def test_rows_in_parts_are_explained_as_together() -> None:
    told = []
    parts = shapley_values(Stump(False), np.tile(X, (2, 1))[:250], progress=lambda *at: told.append(at))
    assert told == [(100, 250), (200, 250), (250, 250)]
    np.testing.assert_array_equal(parts.values, shapley_values(Stump(False), np.tile(X, (2, 1))[:250]).values)
