"""A regression of several targets: each as a study of its own, their mean where it means something, claims of each."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError, StudyError
from fivesigma.risk.metrics import metric
from fivesigma.study.finished.compare import compare
from fivesigma.study.finished.fitted_model import load
from fivesigma.study.finished.predict import predict
from fivesigma.study.runner.run import canonical
from fivesigma.study.study import Study

TEXT = """
[study]
name = "targets"
[data]
path = "table.csv"
target = TARGET
features = ["a", "b"]
units = { p = "GeV", q = "GeV" }
weight = "w"
[split]
folds = 3
test = { column = "set", value = "b" }
[[models]]
kind = "dummy"
[[models]]
kind = "ridge"
[[models]]
kind = "forest"
params = { n_estimators = 10 }
[evaluate]
metric = "METRIC"
bootstrap = 100
refits = 2
"""


def written(folder, name, targets, metric="r2", text=TEXT):
    text = text.replace("TARGET", json.dumps(targets)).replace("METRIC", metric)
    (folder / f"{name}.toml").write_text(text)
    return Study.read(folder / f"{name}.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("targets"), np.random.default_rng(2)
    X = rng.normal(size=(300, 2))
    columns = {
        "a": X[:, 0],
        "b": X[:, 1],
        "p": X @ [1.0, 2.0] + 0.5 * rng.normal(size=300),
        "q": X @ [2.0, -1.0] + 2.0 * rng.normal(size=300),
        "w": rng.uniform(0.5, 2.0, 300),
        "set": np.where(rng.random(300) < 0.3, "b", "a"),
    }
    pl.DataFrame(columns).write_csv(path / "table.csv")
    return path


@pytest.fixture(scope="module")
def both(folder):
    return written(folder, "both", ["p", "q"]).run(folder / "both", workers=1, progress=False)


def models(run):
    record = json.loads((run.path / "results.json").read_text())
    return {each["name"]: each for each in record["models"]}


@pytest.mark.parametrize("target", ["p", "q"])
def test_each_target_is_scored_as_in_a_study_of_its_own(folder, both, target):
    alone = written(folder, target, target).run(folder / target, workers=1, progress=False)
    one, several = models(alone)["ridge"], models(both)["ridge"]["outputs"][target]
    for part, scores in one["scores"].items():
        assert set(several["scores"][part]) == set(scores)
        for name, score in scores.items():
            found = several["scores"][part][name]
            for key in ("value", "low", "high"):
                assert found[key] == (score[key] and pytest.approx(score[key], rel=1e-9)), (part, name, key)
    for name in ("r2", "rmse"):
        mine, other = several["versus_baseline"][name], one["versus_baseline"][name]
        assert mine["difference"] == pytest.approx(other["difference"], rel=1e-9)
        assert mine["sigma_local"] == pytest.approx(other["sigma_local"], rel=1e-6)
    assert several["unit"] == "GeV"
    table, single = (pl.read_parquet(run.path / "predictions.parquet").sort("row") for run in (both, alone))
    assert table[f"ridge:{target}"].to_numpy() == pytest.approx(single["ridge"].to_numpy(), abs=1e-12)
    assert table[f"target:{target}"].to_list() == single["target"].to_list()


def test_the_score_of_a_model_is_the_mean_over_targets(both):
    found = models(both)
    for model in found.values():
        for part in ("train", "validation", "test"):
            each = [model["outputs"][target]["scores"][part]["r2"]["value"] for target in ("p", "q")]
            assert model["scores"][part]["r2"]["value"] == pytest.approx(np.mean(each), rel=1e-12)
    assert found["ridge"]["params"]["targets"] == "one fit each"
    assert "targets" not in found["forest"]["params"]
    assert found["ridge"]["versus_baseline"]["r2"]["sigma_global"] is not None


def test_a_metric_with_a_unit_makes_a_claim_of_each_target(folder):
    run = written(folder, "rmse", ["p", "q"], "rmse").run(folder / "rmse", workers=1, progress=False)
    record = json.loads((run.path / "results.json").read_text())
    for target in ("p", "q"):
        texts = [each["text"] for each in record["claims"] if f"on rmse of {target}" in each["text"]]
        assert len(texts) == 3
    ridge = next(each for each in record["models"] if each["name"] == "ridge")
    sigmas = [ridge["outputs"][target]["versus_baseline"]["rmse"]["sigma_global"] for target in ("p", "q")]
    assert all(each is not None for each in sigmas)
    assert ridge["outputs"]["p"]["versus_baseline"]["mae"]["sigma_global"] is None


def test_a_metric_in_units_that_differ_is_no_primary_one(folder):
    text = TEXT.replace('q = "GeV"', 'q = "rad"')
    with pytest.raises(
        StudyError, match=r"'rmse' has no mean over the targets.*\(GeV, rad\); expected one of r2"
    ):
        written(folder, "units", ["p", "q"], "rmse", text).prepared()
    names = {each.name for each in written(folder, "units", ["p", "q"], "r2", text).prepared().metrics}
    assert "pearson_r" in names
    assert not {name for name in names if metric(name).has_unit}


@pytest.mark.parametrize(
    ("add", "said"),
    [
        ("[curves]\nlearning = true\n", "curves: it is asked of one target at a time"),
        ("[explain]\npermutation = 3\n", "explain: it is asked of one target at a time"),
    ],
)
def test_what_is_asked_of_one_target_is_refused_of_several(folder, add, said):
    with pytest.raises(StudyError, match=said):
        written(folder, "asked", ["p", "q"], text=TEXT + add).prepared()


@pytest.mark.parametrize(
    ("targets", "said"), [(["p", "p"], "names each target once"), ([], "names each target once")]
)
def test_targets_are_named_once(folder, targets, said):
    with pytest.raises(StudyError, match=said):
        written(folder, "odd", targets)


def test_the_page_has_a_panel_a_target(both):
    page = (both.path / "report.html").read_text()
    assert 'id="targets"' in page
    assert "true p" in (both.path / "figures" / "targets.svg").read_text()
    rows = (both.path / "figures" / "targets.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * 2
    assert "| p" in (both.path / "report.md").read_text()


def test_a_kept_model_predicts_all_targets(folder, both):
    found = predict(both.path, folder / "table.csv", folder / "out.csv", model="ridge")
    each = [f"ridge:{target}{end}" for target in ("p", "q") for end in ("", ":low", ":high")]
    assert found["columns"] == [*each, "ridge:outside"]
    kept = load(next((both.path / "models").glob("model-01.fivesigma")))
    table = pl.read_csv(folder / "table.csv")
    assert kept.targets == ("p", "q")
    values = kept.predict(table.select("a", "b").to_numpy())
    written = pl.read_csv(folder / "out.csv").select("ridge:p", "ridge:q")
    assert written.to_numpy() == pytest.approx(values, abs=1e-12)
    with pytest.raises(InputError, match="predicts values and has no law"):
        kept.predict_law(table.select("a", "b").to_numpy())


def test_runs_of_several_targets_are_compared_by_their_mean(both):
    found = compare([both.path, both.path])
    assert (found["metric"], found["runs"][1]["paired"]) == ("r2", True)
    assert found["runs"][1]["difference"] == 0.0


def test_two_workers_find_the_same_bytes(folder, both):
    again = written(folder, "both", ["p", "q"]).run(folder / "again", workers=2, progress=False)
    one, two = (json.loads((run.path / "results.json").read_text()) for run in (both, again))
    assert canonical(one) == canonical(two)


def test_laws_of_several_targets_are_kept_target_by_target(folder):
    text = TEXT.replace('kind = "ridge"', 'kind = "natural-gradient"\nparams = { n_estimators = 5 }')
    run = written(folder, "law", ["p", "q"], text=text).run(folder / "law", workers=1, progress=False)
    table = pl.read_parquet(run.path / "predictions.parquet").filter(pl.col("part") == "test")
    quantiles = [name for name in table.columns if name.startswith("natural-gradient:q:q")]
    assert len(quantiles) == 13
    law = table.select(quantiles).to_numpy()
    again = metric("crps").value(table["target:q"].to_numpy(), law, table["weight"].to_numpy())
    kept = models(run)["natural-gradient"]["outputs"]["q"]["scores"]["test"]["crps"]["value"]
    assert kept == pytest.approx(again, rel=1e-12)
