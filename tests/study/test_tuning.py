"""Searches, feature steps and constraints in a study: the record, the page, the bytes, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma.record.journal import Journal
from fivesigma.study.runner.run import InterruptedRunError, canonical, resume

MODELS = """
[[models]]
kind = "dummy"
[[models]]
name = "narrow"
kind = "tree"
tune = { max_depth = [1, 2] }
search = "grid"
trials = 2
[[models]]
name = "searched"
kind = "logistic"
reduce = [{ kind = "f-test", n = 4 }, { kind = "pca", n = "tuned" }]
trials = 4
search = "random"
[[models]]
name = "chosen"
kind = "logistic"
reduce = { kind = "rfe", n = 2 }
[[models]]
name = "rising"
kind = "boosting"
params = { max_iter = 20, monotone = { c = -1, a = 1 } }
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(11)
    y = rng.integers(0, 2, 500)
    x = rng.normal(size=(500, 6)) + y[:, None] * [1.2, 0.0, 0.0, 0.8, 0.0, 0.0]
    path = tmp_path_factory.mktemp("data") / "events.csv"
    frame = {name: x[:, j] for j, name in enumerate("abcdef")}
    pl.DataFrame({**frame, "y": np.where(y, "s", "b")}).write_csv(path)
    return path


def write(folder: Path, table: Path, models: str = MODELS, more: str = "", refits: int = 2) -> Path:
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "small"\n[data]\npath = "{table}"\ntarget = "y"\n'
        f"[evaluate]\nbootstrap = 200\nrefits = {refits}\n{more}\n{models}"
    )
    return path


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    return fs.Study.read(write(folder, table)).run(folder / "run", workers=1, progress=False)


def document(run: Path) -> dict:
    return json.loads((run / "results.json").read_text())


def test_the_record_holds_the_search(finished) -> None:
    models = {model["name"]: model for model in document(finished.path)["models"]}
    assert {model["status"] for model in models.values()} == {"ok"}
    narrow = models["narrow"]["tuning"]
    assert narrow["search"] == "grid"
    assert [trial["params"] for trial in narrow["trials"]] == [{"max_depth": 1}, {"max_depth": 2}]
    assert narrow["trials"][narrow["best"]]["score"] == max(t["score"] for t in narrow["trials"])
    assert models["narrow"]["params"]["max_depth"] == 2
    searched = models["searched"]["tuning"]
    assert searched["space"] == {"pca.n": {"low": 1, "high": 4, "log": False, "integer": True}}
    assert searched["on_edge"] == []  # 1 and all of them are no edges: there is nothing beyond
    assert models["searched"]["params"]["pca.n"] in (1, 2, 3, 4)
    assert "tuning" not in models["chosen"]


def test_an_optimum_on_the_edge_is_an_audit_warning_and_stands_on_the_page(finished) -> None:
    kept = document(finished.path)
    assert next(m for m in kept["models"] if m["name"] == "narrow")["tuning"]["on_edge"] == ["max_depth"]
    notes = {note["check"]: note for note in kept["audit"] if note["status"] == "warning"}
    assert (
        notes["tuning"]["message"] == "narrow: max_depth = 2 lies at the edge of its range [1, 2]; widen it"
    )
    assert "10 for trust" in notes["refits"]["message"]
    page = (finished.path / "report.html").read_text()
    assert "max_depth lies at the edge of its range: the optimum may be beyond" in page
    assert "How settings were chosen" in (finished.path / "report.md").read_text()
    assert (finished.path / "figures" / "tuning-1.csv").is_file()


def test_the_record_holds_what_the_steps_left(finished) -> None:
    models = {model["name"]: model for model in document(finished.path)["models"]}
    first, second = models["searched"]["reduction"]
    assert (first["kind"], first["n_in"], len(first["left"])) == ("f-test", 6, 4)
    assert second["left"][0] == "PC1"
    assert sum(second["explained"]) == pytest.approx(1.0)
    (rfe,) = models["chosen"]["reduction"]
    assert rfe["left"] == ["a", "d"]
    assert rfe["n_fits"] == 1 + 5 + 2
    assert rfe["columns"][:2] == ["a", "d"]
    assert rfe["frequency"][:2] == [1.0, 1.0]
    assert models["chosen"]["coefficients"]["names"] == ["a", "d"]
    assert models["searched"]["coefficients"]["names"][0] == "PC1"
    page = (finished.path / "report.html").read_text()
    assert "What was left of the columns" in page
    assert "2 of 6 columns, the same ones in every one of 8 fits" in page


def test_saved_models_come_back_without_pickle_and_rise_where_they_must(finished) -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(1, 6)), 50, axis=0)
    for name in ("searched", "chosen", "narrow"):
        assert finished.model(name).predict_proba(X).shape == (50, 2)
    X[:, 0] = np.linspace(-3, 3, 50)
    assert (np.diff(finished.model("rising").predict_proba(X)[:, 1]) >= 0).all()
    X[:, 0], X[:, 2] = 0.0, np.linspace(-3, 3, 50)
    assert (np.diff(finished.model("rising").predict_proba(X)[:, 1]) <= 0).all()


def test_a_kept_column_and_a_prediction_of_one_name_are_refused(finished, table, tmp_path) -> None:
    from fivesigma.study.finished.predict import predict

    pl.read_csv(table).with_columns(pl.lit(1.0).alias("narrow:s")).write_csv(tmp_path / "t.csv")
    with pytest.raises(fs.InputError, match="--keep narrow:s: the prediction is called 'narrow:s' too"):
        predict(finished.path, tmp_path / "t.csv", tmp_path / "o.csv", model="narrow", keep=["narrow:s"])
    assert not (tmp_path / "o.csv").exists()


def test_two_workers_give_the_same_bytes(finished, table, tmp_path) -> None:
    run = fs.Study.read(write(tmp_path, table)).run(tmp_path / "run", workers=2, progress=False)
    assert canonical(document(run.path)) == canonical(document(finished.path))


def test_a_search_that_is_killed_goes_on_with_its_trials(finished, table, tmp_path, monkeypatch) -> None:
    added, add = [], Journal.add

    def stop(self, trial) -> None:
        add(self, trial)
        added.append(trial)
        if len(added) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "add", stop)
    with pytest.raises(InterruptedRunError):
        fs.Study.read(write(tmp_path, table)).run(tmp_path / "run", workers=1, progress=False)
    (steps,) = (tmp_path / "run" / "tasks").glob("*.steps")
    assert 1 <= len(Journal(steps).trials()) <= 3
    again = []
    monkeypatch.setattr(Journal, "add", lambda self, trial: again.append(trial) or add(self, trial))
    resume(tmp_path / "run", workers=1, progress=False)
    assert canonical(document(tmp_path / "run")) == canonical(document(finished.path))
    assert not list((tmp_path / "run" / "tasks").glob("*.steps"))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ('kind = "tree"\ntune = { max_depth = [9, 2] }', "tune.max_depth = [9, 2] leaves no range"),
        ('kind = "tree"\ntune = { max_depth = [2, 9] }\ntrials = 0', "got 0, expected 1 or more"),
        ('kind = "tree"\ntune = { depth = [2, 9] }', "Did you mean 'max_depth'"),
        ('kind = "linear"\ntune = true', "linear has nothing to tune"),
        ('kind = "naive-bayes"\ntune = { monotone = [1, 2] }', "is not one of its parameters"),
        ('kind = "tree"\nsearch = "grid"', "search is given but nothing is tuned"),
        ('kind = "tree"\ntrials = 3', "trials is given but nothing is tuned"),
        ('kind = "tree"\ntune = true\nsearch = "gird"', "Did you mean 'grid'"),
        (
            'kind = "tree"\ntune = { max_depth = [2, 3, 4, 5] }\nsearch = "grid"\ntrials = 3',
            "the smallest grid has 4 points and trials = 3",
        ),
        ('kind = "tree"\nreduce = { kind = "pca", n = 7 }', "pca: n = 7 of 6 columns; expected at most 6"),
        ('kind = "tree"\nreduce = { kind = "pcq", n = 2 }', "Did you mean 'pca'"),
        ('kind = "tree"\nreduce = { kind = "pca" }', "n is missing in a step"),
        ('kind = "tree"\nreduce = { kind = "pca", m = 2, n = 1 }', "'m' is unknown in a step"),
        ('kind = "tree"\nreduce = "pca"', "is no step; write { kind = 'pca', n = 5 }"),
        ('kind = "logistic"\npenalty = "l1"\nreduce = { kind = "pca", n = "tuned" }', "fix n in reduce"),
        ('kind = "tree"\nfeatures = ["a", "b", "a"]', "features names 'a' twice"),
        ('kind = "boosting"\nparams = { monotone = { g = 1 } }', "'g' is no column of numbers"),
        ('kind = "boosting"\nparams = { monotone = { a = 2 } }', "a table of -1 (falling), 0 or 1 (rising)"),
        ('kind = "boosting"\nparams = { monotone = { a = 1 } }\ninteractions = 2', "products or powers"),
        (
            'kind = "boosting"\nparams = { monotone = { a = 1 } }\nreduce = { kind = "pca", n = 2 }',
            "give the model reduce = false",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(model, words, table, tmp_path) -> None:
    with pytest.raises(fs.FivesigmaError) as caught:
        fs.Study.read(write(tmp_path, table, f"[[models]]\n{model}\n")).run(tmp_path / "run", progress=False)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_steps_of_the_study_reach_every_model_but_the_dummy_and_can_be_declined(table, tmp_path) -> None:
    from fivesigma.study.preparation.prepare import prepare
    from fivesigma.study.spec.document import Spec

    models = (
        '[[models]]\nkind = "dummy"\n[[models]]\nkind = "tree"\n[[models]]\nkind = "knn"\nreduce = false\n'
    )
    more = '[features]\nreduce = { kind = "l1", n = 3 }'
    entries = prepare(Spec.read(write(tmp_path, table, models, more))).plan.entries
    assert [len(entry.reduce) for entry in entries] == [0, 1, 0]
    spec = Spec.read(write(tmp_path, table, "", '[features]\nreduce = { kind = "l1", n = [1, 3] }'))
    entries = prepare(spec).plan.entries
    assert {entry.trials for entry in entries if entry.kind != "dummy"} == {40}
    assert Spec.from_toml(spec.to_toml()).to_document() == spec.to_document()


def test_xgboost_rises_where_it_must_and_stops_early(table) -> None:
    pytest.importorskip("xgboost")
    from fivesigma.features.plan import FeaturePlan
    from fivesigma.study.fit import recipe

    frame = pl.read_csv(table)
    X, y = frame.select("a", "b", "c").to_numpy(), (frame["y"] == "s").to_numpy().astype(int)
    made = recipe.build(
        "xgboost",
        features=FeaturePlan(("a", "b", "c")),
        task="classification",
        params={"monotone": {"b": 1}, "early_stopping": True, "max_iter": 400},
    )
    w = np.where(y == 1, 3.0, 1.0)
    fitted = recipe.fit(made, X, y, w).estimator
    assert 1 <= fitted.n_iter_ < 400
    assert fitted.estimator_.steps[-1][1].get_params()["max_bin"] is None
    Z = np.repeat(X[:1], 60, axis=0)
    Z[:, 1] = np.linspace(-3, 3, 60)
    assert (np.diff(recipe.predict(fitted, Z, 2)[:, 1]) >= -1e-7).all()


def test_labels_of_the_test_alone_are_said_and_nothing_to_code_is_too(tmp_path) -> None:
    rng = np.random.default_rng(2)
    word = np.where(np.arange(300) < 240, np.array(["u", "v"])[rng.integers(0, 2, 300)], "new")
    part = np.where(np.arange(300) < 200, "train", "test")
    x = rng.normal(size=300)
    pl.DataFrame({"x": x, "s": word, "part": part, "y": x + rng.normal(size=300)}).write_csv(
        tmp_path / "t.csv"
    )
    text = (
        f'[data]\npath = "{tmp_path / "t.csv"}"\ntarget = "y"\nfeatures = FEATURES\n'
        '[split]\ntest = { column = "part", value = "test" }\n[features]\ncategorical = "onehot"\n'
        '[evaluate]\nrefits = 10\nbootstrap = 100\n[[models]]\nkind = "linear"\n'
    )
    for features, check in (('["x", "s"]', "labels"), ('["x"]', "categorical")):
        (tmp_path / "study.toml").write_text(text.replace("FEATURES", features))
        run = fs.Study.read(tmp_path / "study.toml").run(tmp_path / check, workers=1, progress=False)
        warnings = {note.check: note.message for note in run.results.audit if note.status == "warning"}
        assert check in warnings
        assert "refits" not in warnings
        if check == "labels":
            assert "60 events of test have labels that no training event has ('new')" in warnings["labels"]
            assert run.model("linear").estimator is not None
