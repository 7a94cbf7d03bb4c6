"""Integrated gradients: exact of linear networks, complete of all, and symmetric where the function is."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.explain.integrated import COMPLETE, integrated_gradients
from fivesigma.models.neural import MLPClassifier, MLPRegressor
from fivesigma.models.neural.settings import ACTIVATIONS
from fivesigma.models.neural.slopes import ScoreSlopes
from fivesigma.study.study import Study

RNG = np.random.default_rng(6)
X = RNG.normal(2.0, [1.0, 3.0, 0.5], (300, 3))
COEFFICIENTS = np.array([2.0, -0.5, 4.0])
Y = X @ COEFFICIENTS + 7.0
CURVED = X[:, 0] * X[:, 1] + np.abs(X[:, 2])
FAST = {"epochs": 8, "n_members": 2, "early_stopping": False}


def explained(model, table):
    score = ScoreSlopes(model)
    Z = score.inputs(table)
    return score, Z, integrated_gradients(score, Z, np.zeros(Z.shape[1]))


def test_of_a_linear_network_the_parts_are_the_coefficients_times_the_way_from_the_mean():
    model = MLPRegressor(
        (), optimiser="rprop", batch_size="full", epochs=400, early_stopping=False, dtype="float64"
    )
    _, _, found = explained(model.fit(X, Y), X[:20])
    expected = (X[:20] - X.mean(axis=0)) * COEFFICIENTS
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert found.base == pytest.approx(Y.mean(), abs=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_parts_add_up_and_the_slope_is_the_derivative(activation):
    model = MLPRegressor((12, 6), activation, **FAST).fit(X, CURVED)
    score, Z, found = explained(model, X[:15])
    size = np.abs(found.values.sum(axis=1)).max()
    assert found.residual.max() < COMPLETE * size * 1.5
    assert found.base + found.values.sum(axis=1) == pytest.approx(model.predict(X[:15]), rel=1e-4, abs=1e-4)
    _derivative(score, Z)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (MLPRegressor((6,), "tanh", "gaussian", **FAST), CURVED),
        (MLPRegressor((6,), "tanh", "mixture", **FAST), CURVED),
        (MLPClassifier((6,), "tanh", **FAST), CURVED > 3),
        (MLPClassifier((6,), "tanh", **FAST), np.digitize(CURVED, [1, 5])),
    ],
    ids=["gaussian", "mixture", "two classes", "three classes"],
)
def test_the_slope_of_every_score_is_its_derivative_and_its_parts_add_up(model, y):
    score, Z, found = explained(model.fit(X, y), X[:15])
    _derivative(score, Z)
    assert found.residual.max() < 1e-5 * np.abs(found.values.sum(axis=1)).max()


def _derivative(score, Z):
    value, slope = score(Z)
    step = 1e-6
    for j in range(Z.shape[1]):
        ahead, behind = (score(Z + sign * step * np.eye(Z.shape[1])[j])[0] for sign in (1, -1))
        np.testing.assert_allclose(
            slope[:, j], (ahead - behind) / (2 * step), rtol=1e-3, atol=1e-3 * np.abs(slope).max()
        )
    assert value.shape == (len(Z),)


def test_a_jump_of_the_slope_is_found_wherever_it_lies():
    at = np.array([0.1234567, 0.71])

    def bent(x):
        above = np.maximum(x[:, :1] - at, 0.0)
        return above.sum(axis=1), (above > 0).sum(axis=1, keepdims=True).astype(float)

    found = integrated_gradients(bent, np.array([[1.0], [0.5]]), np.zeros(1))
    np.testing.assert_allclose(found.values[:, 0], [2 - at.sum(), 0.5 - at[0]], atol=1e-6)


def test_what_is_no_network_or_has_several_targets_is_refused():
    with pytest.raises(InputError, match="is no network of ours"):
        ScoreSlopes(object())
    with pytest.raises(InputError, match="of one target"):
        ScoreSlopes(MLPRegressor((2,), epochs=1).fit(X, np.column_stack([Y, Y])))


def test_a_study_has_them_beside_permutations_and_says_why_others_have_none(tmp_path):
    y = X[:, 0] ** 2 + 0.1 * X[:, 1]
    models = [{"kind": "dummy"}, {"kind": "linear"}, {"kind": "mlp", "params": {"hidden": [8], "epochs": 60}}]
    explain = {"integrated_gradients": True, "permutation": 3}
    study = Study(
        Dataset.from_arrays(X, y), models, evaluate={"bootstrap": 100, "refits": 2}, explain=explain
    )
    result = study.run(tmp_path / "r", workers=1, progress=False)
    kept = result.results.explain
    found = kept.integrated_gradients["mlp"]
    assert found.names[0] == kept.permutation["mlp"].names[0] == "x0"
    assert found.residual < 1e-5
    assert found.scale == "prediction"
    assert kept.integrated_gradients["linear"] is None
    assert "no network" in kept.messages["integrated_gradients"]["linear"]
    text = (result.path / "report.md").read_text()
    assert "integrated gradient\\|, prediction" in text
    assert "also comes first by integrated gradients" in text
