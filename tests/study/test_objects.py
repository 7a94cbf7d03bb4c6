"""A study of lists from end to end: objects, cuts and angles in the record, and another table read as training did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma.study.finished.predict import predict
from fivesigma.study.spec.document import Spec

N = 240
STUDY = """
[data]
path = "events.parquet"
target = "kind"
features = ["count(jet)", "jet[0].phi", "met_phi", "lead"]
units = { met_phi = "deg" }

[objects.jet]
prefix = "Jet_"
momentum = ["pt", "eta", "phi", "mass"]
select = "pt > 5"
sort = "pt"

[cuts]
one = "count(jet) >= 1"
soft = "jet[0].pt < 200"

[features]
expressions = { lead = "jet[0].pt / max(met, 1)" }
fourvectors = { mis = ["met", "met_phi"] }
observables = ["deltaphi(jet[0], mis)", "transverse_mass(jet[0], mis)"]

[split]
folds = 2

[[models]]
kind = "dummy"

[[models]]
kind = "logistic"

[[models]]
kind = "tree"

[evaluate]
bootstrap = 100
refits = 2

[explain]
permutation = 2
models = ["logistic", "tree"]
"""
OBSERVABLES = ("deltaphi(jet[0], mis)", "transverse_mass(jet[0], mis)")


def written(path: Path, turn: float = 0.0) -> Path:
    """Write events whose class is whether the leading jet goes backwards; each azimuth is ``turn`` turns further."""
    rng = np.random.default_rng(5)
    counts = rng.poisson(2.0, N)
    jets = [np.sort(rng.exponential(30, k) + 5.1)[::-1] for k in counts]
    phis = [rng.uniform(-3.1, 3.1, k) for k in counts]
    back = np.array([bool(len(phi)) and abs(phi[0]) > 1.6 for phi in phis])
    pl.DataFrame(
        {
            "Jet_pt": [each.tolist() for each in jets],
            "Jet_eta": [rng.normal(0, 1, k).tolist() for k in counts],
            "Jet_phi": [(each + 2 * np.pi * turn).tolist() for each in phis],
            "Jet_mass": [[5.0] * k for k in counts],
            "met": rng.exponential(30, N),
            "met_phi": rng.uniform(-179, 179, N) + 360 * turn,
            "kind": np.where(back ^ (rng.random(N) < 0.1), "s", "b"),
        }
    ).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("objects")
    written(folder / "events.parquet")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    fs.Study.read(folder / "study.toml").run(out=folder / "run", progress=False)
    return folder / "run"


def results(run: Path) -> dict:  # type: ignore[type-arg]
    return dict(json.loads((run / "results.json").read_text(encoding="utf-8")))


def test_the_cut_flow_stands_in_the_record_and_on_the_page(run: Path) -> None:
    flow = results(run)["cut_flow"]
    assert [line["name"] for line in flow] == ["events read", "one", "soft"]
    assert flow[0]["n"] == N
    assert flow[-1]["n"] == results(run)["data"]["n_samples"]
    classes = results(run)["cut_steps"]["classes"]
    assert [sum(lines[at]["n"] for lines in classes.values()) for at in range(3)] == [
        each["n"] for each in flow
    ]
    parts = results(run)["weight_sums"]
    left = [parts["train"]["n"][k] + parts["test"]["n"][k] for k in range(len(classes))]
    assert [lines[-1]["n"] for lines in classes.values()] == left
    assert "Cut flow" in (run / "report.html").read_text(encoding="utf-8")


def test_models_other_than_trees_see_sine_and_cosine(run: Path) -> None:
    models = {model["name"]: model for model in results(run)["models"]}
    names = models["logistic"]["coefficients"]["names"]
    assert {"sin(jet[0].phi)", "cos(jet[0].phi)", "sin(met_phi)", "cos(deltaphi(jet[0], mis))"} <= set(names)
    assert [each["name"] for each in results(run)["data"]["features"]][-2:] == list(OBSERVABLES)
    permuted = results(run)["explain"]["permutation"]
    assert set(permuted["logistic"]["names"]) == set(permuted["tree"]["names"])
    assert models["logistic"]["scores"]["validation"]["roc_auc"]["value"] > 0.8


@pytest.mark.parametrize("model", ["logistic", "tree"])
@pytest.mark.parametrize("turn", [0, 1])
def test_predict_makes_objects_and_wraps_angles_as_training_did(
    run: Path, tmp_path: Path, model: str, turn: int
) -> None:
    table = written(tmp_path / "more.parquet", turn)
    predict(run, table, tmp_path / "out.parquet", model=model, format="probability")
    said, kept = pl.read_parquet(tmp_path / "out.parquet"), pl.read_parquet(run / "predictions.parquet")
    test = kept.filter(pl.col("part") == "test")
    found = said[f"{model}:s"].to_numpy()[test["row"].to_numpy()]
    np.testing.assert_allclose(found, test[f"{model}:s"].to_numpy(), rtol=1e-6, atol=1e-9)


def test_a_loaded_model_takes_the_columns_and_an_angle_a_turn_more(run: Path) -> None:
    model = fs.load(run).model("tree")
    row = dict.fromkeys(model.names, 0.5)
    plain, turned = (pl.DataFrame({**row, "met_phi": [0.5 + turn]}) for turn in (0.0, 360.0))
    np.testing.assert_array_equal(model.predict_proba(plain), model.predict_proba(turned))


def test_an_absent_list_is_refused_with_the_file(run: Path, tmp_path: Path) -> None:
    pl.DataFrame({"met": [1.0], "met_phi": [1.0], "Jet_pt": [[1.0]]}).write_parquet(tmp_path / "less.parquet")
    with pytest.raises(ValueError, match=r"less\.parquet: objects\.jet: the table has no list 'Jet_eta'"):
        predict(run, tmp_path / "less.parquet", tmp_path / "out.csv")


def test_an_observable_is_known_by_its_expression_and_the_study_reads_back(run: Path) -> None:
    again = Spec.read(run / "study.toml")
    assert again.features.observables == OBSERVABLES
    assert list(again.cuts or {}) == ["one", "soft"]
