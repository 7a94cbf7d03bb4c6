"""A saved model judged on newly labelled events: rightly, beside the test, without the rows it knows, and on record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import DataError, InputError
from fivesigma.risk.metrics import metric
from fivesigma.study.finished.openings import ledger_beside, openings
from fivesigma.study.runner.score import score
from fivesigma.study.study import Study
from tests.study.finished.answered import finished, table


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    names = ("number", "weighted", "grouped", "two", "classes", "clusters")
    return finished(tmp_path_factory.mktemp("scored"), *names)


def judged(run: Path, events: pl.DataFrame, folder: Path, **asked) -> dict:
    events.write_parquet(folder / "events.parquet")
    told = score(run, folder / "events.parquet", **asked)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    return told


@pytest.mark.parametrize(
    ("name", "model"), [("number", "linear"), ("weighted", "linear"), ("grouped", "linear")]
)
def test_the_value_is_that_of_the_metric_and_agrees_with_a_test_of_the_same_events(
    name, model, runs, tmp_path
) -> None:
    events = table(900, 7)
    told = judged(runs[name], events, tmp_path, model=model)
    w = events["w"].to_numpy().astype(float) if name == "weighted" else None
    said = fs.load(runs[name]).model(model).predict(events.select("a", "b").to_numpy())
    for each in ("r2", "rmse"):
        found = told["scores"][each]
        assert found["value"] == pytest.approx(metric(each).value(events["y"].to_numpy(), said, w), rel=1e-9)
        assert found["low"] < found["value"] < found["high"]
        test = fs.load(runs[name]).results.model(model).scores["test"][each].value
        sign = 1 if each == "r2" else -1
        assert found["difference"] == pytest.approx(sign * (found["value"] - test), rel=1e-9)
        assert abs(found["sigma"]) < 4
    assert (told["n"], told["n_trained"], told["n_test"]) == (900, 0, 0)
    assert next(iter(told["scores"])) == told["metric"] == "r2"
    assert any("agrees with the sealed test 'test'" in note for note in told["notes"])


@pytest.mark.parametrize("name", ["classes", "two"])
def test_classes_and_several_targets_are_judged_by_all_their_metrics(name, runs, tmp_path) -> None:
    told = judged(runs[name], table(900, 7), tmp_path)
    results = fs.load(runs[name]).results
    assert set(told["scores"]) == set(results.model(results.best).scores["test"])
    assert told["scores"][told["metric"]]["sigma"] is not None


def test_events_of_no_class_that_the_model_knows_are_counted(runs, tmp_path) -> None:
    events = table(300, 7)
    label = events["c"].to_numpy().astype(object)
    label[:7], label[7:10] = "x", None
    told = judged(runs["classes"], events.with_columns(pl.Series("c", label.tolist())), tmp_path)
    assert told["n"] == 290
    assert any("7 rows of other classes than b, s were dropped" in note for note in told["notes"])
    assert any("3 of 300 rows have no target 'c'" in note for note in told["notes"])


def test_events_of_another_kind_disagree_with_the_test(runs, tmp_path) -> None:
    other = table(900, 7).with_columns(y=pl.col("y") + 3 * pl.col("a"))
    told = judged(runs["number"], other, tmp_path, model="linear")
    assert told["scores"]["rmse"]["sigma"] < -5
    assert any("disagrees with the sealed test" in note for note in told["notes"])


def test_rows_that_were_trained_on_are_left_out_wherever_they_stand(runs, tmp_path) -> None:
    old, new = table(300, 1), table(200, 9)
    mixed = pl.concat([old, new]).sample(fraction=1.0, shuffle=True, seed=0)
    told = judged(runs["number"], mixed, tmp_path)
    n_test = fs.load(runs["number"]).results.split.n_test
    assert (told["n_trained"], told["n_test"], told["n"]) == (300 - n_test, n_test, 200 + n_test)
    assert told["scores"]["r2"]["sigma"] is not None
    fewer = mixed.select("a", "b", "y")  # known by its features alone
    assert judged(runs["number"], fewer, tmp_path)["n_trained"] == 300 - n_test
    again = judged(runs["number"], old, tmp_path)
    assert again["scores"]["r2"]["difference"] is None
    assert "these are the rows of the test themselves" in again["notes"][0]


def test_where_all_were_trained_on_nothing_is_left(runs, tmp_path) -> None:
    part = pl.read_parquet(runs["number"] / "predictions.parquet").filter(pl.col("part") == "train")
    with pytest.raises(InputError, match="no event is left to score: 240 of 240 were trained on"):
        judged(runs["number"], table(300, 1)[part["row"].to_list()], tmp_path)


def test_every_call_is_an_opening_and_counts_the_rows(runs, tmp_path) -> None:
    events = table(50, 11)
    before = len(openings(ledger_beside(runs["number"]))["openings"])
    calls = [judged(runs["number"], events, tmp_path)["openings"] for _ in range(3)]
    found = openings(ledger_beside(runs["number"]))["openings"][before:]
    assert calls == [1, 2, 3]
    assert [each["n"] for each in found] == [50, 50, 50]
    assert all(
        each["test"].startswith("score ") and each["test"].endswith("events.parquet") for each in found
    )
    other = judged(runs["classes"], events, tmp_path)
    assert (other["openings"], other["before"]) == (4, 50)


def test_a_sealed_row_of_a_blind_run_is_refused_and_opens_nothing(tmp_path) -> None:
    data = table(200, 1).select("a", "b", "y")
    data.write_csv(tmp_path / "t.csv")
    (tmp_path / "s.toml").write_text(
        '[data]\npath = "t.csv"\ntarget = "y"\n[split]\nfolds = 3\n[evaluate]\nrefits = 0\nclaim = "fitted"\n'
        'bootstrap = 100\n[[models]]\nkind = "dummy"\n[[models]]\nkind = "linear"\n'
    )
    run = Study.read(tmp_path / "s.toml").run(tmp_path / "run", workers=1, progress=False, blind=True)
    with pytest.raises(InputError, match=r"40 rows of it are sealed in this blind run; `fivesigma unblind "):
        judged(run.path, pl.concat([data, table(50, 3).select("a", "b", "y")]), tmp_path)
    with pytest.raises(DataError, match="there is no ledger"):
        ledger_beside(tmp_path)
    told = judged(run.path, table(50, 3), tmp_path)
    assert told["scores"]["r2"]["value"] is not None
    assert told["scores"]["r2"]["sigma"] is None
    assert "no opened test to compare with" in told["notes"][0]
    (run.path / "rows.npz").unlink()  # as a run of an older version is
    with pytest.raises(InputError, match="40 rows of it are sealed"):
        judged(run.path, data, tmp_path)
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,3\n")
    with pytest.raises(
        DataError, match=r"nothing tells which rows .* is gone or was changed; run the study again"
    ):
        judged(run.path, table(50, 3), tmp_path)


def test_what_cannot_be_judged_is_refused_in_a_sentence(runs, tmp_path) -> None:
    with pytest.raises(InputError, match="a clustering is judged on its own events"):
        judged(runs["clusters"], table(50, 3), tmp_path)
    for gone in ("y", "a", "w"):
        with pytest.raises(InputError, match=f"'{gone}'"):
            judged(runs["weighted"], table(50, 3).drop(gone), tmp_path)


def test_rows_that_are_mostly_alike_are_known_by_their_place_alone(tmp_path) -> None:
    rng = np.random.default_rng(0)
    frames = [pl.DataFrame({"a": rng.integers(0, 3, n), "y": rng.normal(size=n)}) for n in (200, 80)]
    frames[0].write_csv(tmp_path / "t.csv")
    (tmp_path / "s.toml").write_text(
        '[data]\npath = "t.csv"\ntarget = "y"\n[split]\nfolds = 3\nduplicates = "ignore"\n[evaluate]\nrefits = 0\n'
        'claim = "fitted"\nbootstrap = 100\n[[models]]\nkind = "dummy"\n[[models]]\nkind = "linear"\n'
    )
    run = Study.read(tmp_path / "s.toml").run(tmp_path / "run", workers=1, progress=False)
    told = judged(run.path, frames[1], tmp_path)
    assert (told["n"], told["n_trained"]) == (80, 0)
    assert any("mostly alike" in note for note in told["notes"])
    shutil.copy(tmp_path / "t.csv", tmp_path / "copy.csv")
    assert score(run.path, tmp_path / "copy.csv")["n_trained"] == run.results.split.n_train


FILES = """
[data]
features = ["a", "b"]
[data.files]
bkg = "bkg.csv"
sig = ["sig.csv", "more.csv"]
[split]
folds = 2
[evaluate]
bootstrap = 100
refits = 2
[[models]]
kind = "dummy"
[[models]]
kind = "naive-bayes"
"""


def test_a_study_of_a_file_a_class_is_scored_on_a_table_that_names_the_classes(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)
    rng = np.random.default_rng(0)

    def drawn(word: str, n: int) -> pl.DataFrame:
        x = rng.normal(size=(n, 2)) + (word == "sig")
        return pl.DataFrame({"a": x[:, 0], "b": x[:, 1]}).with_columns(pl.lit(word).alias("class"))

    files = {"bkg": drawn("bkg", 120), "sig": drawn("sig", 70), "more": drawn("sig", 50)}
    for name, each in files.items():
        each.drop("class").write_csv(tmp_path / f"{name}.csv")
    (tmp_path / "s.toml").write_text(FILES)
    run = tmp_path / "run"
    n_train = Study.read(tmp_path / "s.toml").run(run, workers=1, progress=False).results.split.n_train
    told = judged(run, pl.concat([*files.values(), drawn("sig", 60), drawn("bkg", 60)]), tmp_path)
    assert (told["n_trained"], told["n_test"], told["n"]) == (n_train, 240 - n_train, 360 - n_train)
    assert any("agrees with the sealed test" in note for note in told["notes"])
