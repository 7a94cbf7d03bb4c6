"""Learned features: what a code holds, what a layer knows of the target, and the part of a network that is kept."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma import load_model
from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.features.components import PrincipalComponents
from fivesigma.models.linear.estimators import LinearRegressor
from fivesigma.models.neural import MLPRegressor
from fivesigma.models.neural.features import Autoencoder, NetworkFeatures, until
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.reduction import ReductionRecord
from fivesigma.study.study import Study

RNG = np.random.default_rng(8)
T = RNG.uniform(-1.5, 1.5, 500)
CURVE = np.column_stack([np.cos(2 * T), np.sin(2 * T), T**2]) + 0.01 * RNG.normal(size=(500, 3))


def test_one_unit_describes_a_curve_that_one_principal_component_does_not():
    left = 1.0 - PrincipalComponents(1).fit(CURVE).explained_[0]
    assert Autoencoder(1).fit(CURVE).error_ < 0.3 * left


def test_on_a_plane_two_units_leave_about_as_little_as_two_components():
    plane = RNG.normal(size=(500, 2)) @ RNG.normal(size=(2, 6)) + 0.05 * RNG.normal(size=(500, 6))
    assert Autoencoder(2).fit(plane).error_ < 0.05


def test_a_layer_learnt_from_the_target_makes_a_product_linear():
    X = RNG.normal(size=(800, 4))
    y = X[:, 0] * X[:, 1]
    step = NetworkFeatures(8).fit(X[:600], y[:600])
    scores = [
        LinearRegressor().fit(part[:600], y[:600]).score(part[600:], y[600:])
        for part in (X, PrincipalComponents(4).fit(X[:600]).transform(X), step.transform(X))
    ]
    assert scores[2] > 0.7 > 0.1 > max(scores[:2])


def test_the_first_part_of_a_network_gives_the_units_that_the_whole_one_has():
    network = MLPRegressor((5, 3), epochs=3, dtype="float64").fit(CURVE[:, :2], CURVE[:, 2])._networks[0]
    Z = RNG.normal(size=(7, 2))
    first, inner = until(network, 1).outputs(Z), until(network, 2).outputs(Z)
    W = network.theta[15:30].reshape(3, 5)
    np.testing.assert_allclose(inner, np.maximum(first, 0) @ W.T + network.theta[30:33], atol=1e-12)
    last = network.theta[33:36]
    np.testing.assert_allclose(
        network.outputs(Z)[:, 0], np.maximum(inner, 0) @ last + network.theta[36], atol=1e-12
    )


@pytest.mark.parametrize("n", [0, 1.5, True, "two"])
@pytest.mark.parametrize("made", [Autoencoder, NetworkFeatures])
def test_a_number_of_columns_that_is_none_is_refused(made, n):
    with pytest.raises(InputError, match="is no number of columns"):
        made(n).fit(CURVE, T)


def test_another_seed_is_another_code():
    one, two = (Autoencoder(1, epochs=5, random_state=seed).fit(CURVE).transform(CURVE) for seed in (0, 1))
    assert not np.allclose(one, two)


def test_a_study_compares_a_learned_step_with_components_of_equal_width_and_keeps_the_model(tmp_path):
    X = RNG.normal(size=(300, 4))
    y = X[:, 0] * X[:, 1] + 0.1 * RNG.normal(size=300)
    steps = [{"kind": kind, "n": 2} for kind in ("pca", "autoencoder", "network")]
    models = [{"kind": "dummy"}] + [{"kind": "linear", "name": s["kind"], "reduce": s} for s in steps]
    study = Study(Dataset.from_arrays(X, y), models, evaluate={"bootstrap": 100, "refits": 2})
    result = study.run(tmp_path / "r", workers=1, progress=False)
    assert [each.status for each in result.results.models] == ["ok"] * 4
    kept = {
        name: result.results.model(name).section(ReductionRecord).steps[0]
        for name in ("autoencoder", "network")
    }
    assert (kept["autoencoder"].left, kept["network"].left) == (("AE1", "AE2"), ("NET1", "NET2"))
    assert 0 < kept["autoencoder"].unexplained < 1
    assert result.results.model("network").section(CoefficientsRecord).errors is None
    text = (result.path / "report.md").read_text()
    assert "last hidden layer of a network: 2 made of 4 columns, learnt from the target" in text
    assert "seed" in (result.path / "results.json").read_text()
    errors = {n: result.results.model(n).scores["test"]["r2"].error.seed for n in ("pca", "network")}
    assert not errors["pca"]
    assert errors["network"] > 0
    again = load_model(result.path / "models" / "model-03.fivesigma")
    stored = read_table(result.path / "predictions.parquet")
    test = stored["part"] == "test"
    rows = stored["row"][test].astype(int)
    np.testing.assert_allclose(again.predict(X[rows]), stored["network"][test], rtol=1e-6)


def read_table(path):
    frame = pl.read_parquet(path)
    return {name: frame[name].to_numpy() for name in frame.columns}
