"""A whole run on small data: same bytes on any number of workers, after a kill, blind and unblinded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

import fivesigma as fs
from fivesigma.study.runner.run import InterruptedRunError, canonical, resume, unblind

MODELS = '[[models]]\nkind="dummy"\n[[models]]\nkind="logistic"\n'


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 400)
    x = rng.normal(size=(400, 3)) + y[:, None] * [1.0, 0.4, 0.0]
    path = tmp_path_factory.mktemp("data") / "events.csv"
    frame = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "event": np.arange(400), "y": np.where(y, "s", "b")}
    pl.DataFrame(frame).write_csv(path)
    return path


def write_study(folder: Path, table: Path, more: str = MODELS, evaluate: str = "") -> Path:
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname="small"\n[data]\npath="{table}"\ntarget="y"\nspectators=["event"]\n'
        f"[evaluate]\nbootstrap=200\nrefits=2\n{evaluate}\n{more}"
    )
    return path


def document(run: Path) -> str:
    return canonical(json.loads((run / "results.json").read_text()))


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    study = fs.Study.read(write_study(folder, table))
    return study.run(folder / "run", workers=1, progress=False)


@pytest.mark.parametrize("target", ["y", "c"])
def test_evidence_weighed_side_by_side_is_that_weighed_in_a_row(table, tmp_path, monkeypatch, target):
    monkeypatch.setattr("fivesigma.study.evidence.scores.MANY", 0)
    kinds = ["dummy", "logistic" if target == "y" else "linear", "tree", "boosting"]
    models = "".join(f'[[models]]\nkind="{kind}"\n' for kind in kinds)
    study = write_study(tmp_path, table, models, "slices={ a=[0.5] }\n[explain]\n")
    study.write_text(study.read_text().replace('target="y"', f'target="{target}"'))
    for workers in (1, 2):
        fs.Study.read(study).run(tmp_path / f"{workers}", workers=workers, progress=False)
    assert document(tmp_path / "1") == document(tmp_path / "2")
    assert (tmp_path / "1/report.html").exists()


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_a_table_is_matched_by_the_names_of_its_columns(finished, table, library):
    frame = pl.read_csv(table).head(5)
    expected = finished.best.predict_proba(frame.select("a", "b", "c").to_numpy())
    shuffled = frame.select("c", "event", "b", "a")
    given = shuffled if library == "polars" else pandas.DataFrame(shuffled.to_dict(as_series=False))
    np.testing.assert_array_equal(finished.best.predict_proba(given), expected)
    with pytest.raises(fs.InputError, match="no column 'b'"):
        finished.best.predict(given[["a", "c", "event"]])


def test_a_run_killed_after_its_page_leaves_no_copy_of_the_events(table, tmp_path):
    run = tmp_path / "run"
    fs.Study.read(write_study(tmp_path, table)).run(run, workers=1, progress=False)
    before = document(run)
    (run / "work").mkdir()
    resume(run, workers=1, progress=False)
    assert not (run / "work").exists()
    assert document(run) == before


def test_a_study_without_a_test_set_calls_nothing_sealed(table, tmp_path):
    study = write_study(tmp_path, table, "[split]\ntest = 0\n" + MODELS)
    board = fs.Study.read(study).run(tmp_path / "run", workers=1, progress=False).leaderboard()
    assert "no test set" in str(board)
    assert "sealed" not in str(board)


def test_a_spectator_called_like_a_prediction_is_kept(table, tmp_path):
    frame = pl.read_csv(table).rename({"event": "dummy"})
    data = fs.Dataset.from_frame(frame, target="a", features=["b", "c"], spectators=["dummy"])
    study = fs.Study(data, models=["dummy"], split={"folds": 2}, evaluate={"bootstrap": 100, "refits": 2})
    study.run(tmp_path / "run", workers=1, progress=False)
    kept = pl.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert kept["dummy (spectator)"].to_list() == kept["row"].to_list()
    assert kept["dummy"].dtype == pl.Float64


def test_an_unblinding_that_was_stopped_goes_on_by_resume(table, tmp_path, monkeypatch):
    run = tmp_path / "run"
    fs.Study.read(write_study(tmp_path, table)).run(run, workers=1, progress=False, blind=True)
    with monkeypatch.context() as patched:
        patched.setattr("fivesigma.report.render", _interrupted)
        with pytest.raises(InterruptedRunError):
            unblind(run, progress=False)
    with pytest.raises(fs.InputError, match="resume"):
        unblind(run, progress=False)
    result = resume(run, progress=False)
    assert "test" in result.results.model("logistic").scores
    assert (run / "report.html").is_file()


def _interrupted(*_):
    raise KeyboardInterrupt


def test_the_folder_holds_what_the_design_names(finished):
    names = {p.name for p in finished.path.iterdir()}
    expected = {
        "study.toml",
        "results.json",
        "manifest.json",
        "predictions.parquet",
        "models",
        "tasks",
        "figures",
    }
    assert expected | {"report.html", "report.md", "log.txt"} <= names
    assert "work" not in names


def test_scores_are_those_of_the_stored_predictions(finished):
    stored = pl.read_parquet(finished.path / "predictions.parquet")
    for part, rows in (("validation", "train"), ("test", "test")):
        kept = stored.filter(pl.col("part") == rows)
        for record in finished.results.models:
            score = record.scores[part]["roc_auc"]
            again = roc_auc_score(kept["target"].to_numpy(), kept[f"{record.name}:s"].to_numpy())
            of_all_rows = score.pooled if part == "validation" else score.value
            assert of_all_rows == pytest.approx(again, abs=1e-12)


def test_predictions_have_one_line_an_event_with_its_spectators(finished):
    stored = pl.read_parquet(finished.path / "predictions.parquet")
    assert sorted(stored["row"].to_list()) == list(range(400))
    assert (stored["row"] == stored["event"]).all()
    assert set(stored["part"].unique()) == {"train", "test"}


def test_two_workers_give_the_same_bytes(finished, table, tmp_path):
    run = fs.Study.read(write_study(tmp_path, table)).run(tmp_path / "run", workers=2, progress=False)
    assert document(run.path) == document(finished.path)


@pytest.mark.torture
def test_a_killed_run_resumes_to_the_same_bytes(finished, table, tmp_path, tenth):
    """However often it is killed: once after five tasks, or again after each one more."""
    study, run = write_study(tmp_path, table), tmp_path / "run"
    begin = (
        f"import fivesigma as fs; fs.Study.read({str(study)!r}).run({str(run)!r}, workers=2, progress=False)"
    )
    again = f"from fivesigma.study.runner.run import resume; resume({str(run)!r}, workers=2, progress=False)"
    for n_tasks in range(5, 5 + tenth(10)):
        _killed_after(n_tasks, again if run.exists() else begin, run / "tasks")
    assert not (tmp_path / "run" / "results.json").exists()
    run = resume(tmp_path / "run", workers=1, progress=False)
    assert document(run.path) == document(finished.path)
    ledger = [
        json.loads(line) for line in (tmp_path / ".fivesigma" / "ledger.jsonl").read_text().splitlines()
    ]
    assert len(ledger) == 1


def _killed_after(n_tasks: int, code: str, tasks: Path) -> None:
    """Kill ``code`` and its workers when so many tasks are done; two minutes end a wait that would not."""
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(tasks.glob("*.npz")) if tasks.is_dir() else []) < n_tasks:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_second_run_of_the_same_rows_is_counted(table, tmp_path):
    study = fs.Study.read(write_study(tmp_path, table, '[[models]]\nkind="dummy"\n'))
    for count in (1, 2):
        run = study.run(tmp_path / f"run{count}", workers=1, progress=False)
        manifest = json.loads((run.path / "manifest.json").read_text())
        assert manifest["openings"] == {"test": count}


def test_another_seed_seals_the_same_rows(table, tmp_path):
    path = write_study(tmp_path, table)
    one, two = (fs.Study.read(path, seed=seed).prepared().split for seed in (0, 7))
    assert one.tests["test"].tolist() == two.tests["test"].tolist()
    assert one.folds.tolist() != two.folds.tolist()


def test_a_choice_of_features_neither_moves_the_test_nor_hides_an_opening(table, tmp_path):
    path = write_study(tmp_path, table, '[[models]]\nkind="dummy"\n')
    every = path.read_text()
    some = (
        every.replace("spectators=", 'features=["b","ab"]\nspectators=')
        + '[features.expressions]\nab="a*b"\n'
    )
    sealed = []
    for count, text in enumerate((every, some), start=1):
        path.write_text(text)
        study = fs.Study.read(path)
        prepared = study.prepared()
        sealed.append(prepared.data.rows[prepared.split.tests["test"]].tolist())
        run = study.run(tmp_path / f"run{count}", workers=1, progress=False)
        assert json.loads((run.path / "manifest.json").read_text())["openings"] == {"test": count}
    assert sealed[0] == sealed[1]


def test_a_group_that_is_left_out_moves_no_other_across(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500), "run": np.arange(500) // 10})
    split = []
    for select in (None, "run != 0"):
        data = fs.Dataset.from_frame(frame, target="y", group="run", select=select)
        prepared = fs.Study(data, models=["dummy"]).prepared()
        split.append(set((data.rows[prepared.split.tests["test"]] // 10).tolist()) - {0})
    assert len(split[0] ^ split[1]) <= 1  # the share is kept, so that one group at its border may move


def test_blind_seals_the_test_until_it_is_opened(finished, table, tmp_path):
    study = fs.Study.read(write_study(tmp_path, table))
    run = study.run(tmp_path / "run", workers=1, progress=False, blind=True)
    assert all("test" not in record.scores for record in run.results.models)
    assert not (tmp_path / ".fivesigma").exists()
    stored = pl.read_parquet(run.path / "predictions.parquet")
    assert set(stored["part"].unique()) == {"train"}
    assert run.results.claims
    opened = unblind(run.path, progress=False)
    assert document(opened.path) == document(finished.path)
    with pytest.raises(fs.InputError, match="open already"):
        unblind(run.path, progress=False)


def test_a_failing_fit_becomes_a_record_and_the_run_goes_on(tmp_path):
    class Broken(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            raise ArithmeticError("singular")

    rng = np.random.default_rng(0)
    data = fs.Dataset.from_arrays(rng.normal(size=(120, 2)), rng.integers(0, 2, 120))
    study = fs.Study(data, models=["dummy", ("broken", Broken())], evaluate={"bootstrap": 100, "refits": 2})
    run = study.run(tmp_path / "run", progress=False)
    record = run.results.model("broken")
    assert record.status == "failed"
    assert "singular" in record.message
    assert run.results.best == "dummy"


def test_estimators_of_the_user_take_part(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    data = fs.Dataset.from_arrays(rng.normal(size=(200, 2)) + y[:, None], y)
    study = fs.Study(data, models=["dummy", ("mine", LinearSVC())], evaluate={"bootstrap": 100, "refits": 2})
    run = study.run(tmp_path / "run", workers=2, progress=False)
    assert run.results.model("mine").scores["test"]["roc_auc"].value > 0.8


def test_the_best_model_predicts_labels(finished):
    X = np.array([[3.0, 1.0, 0.0], [-3.0, -1.0, 0.0]])
    assert finished.best.predict(X).tolist() == ["s", "b"]
    with pytest.raises(fs.InputError, match="expected"):
        finished.best.predict(X[:, :2])


def test_wrong_input_leaves_no_folder(table, tmp_path):
    study = fs.Study.read(write_study(tmp_path, table, '[[models]]\nkind="linear"\n'))
    with pytest.raises(fs.InputError, match="does regression"):
        study.run(tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_changed_table_is_not_resumed(table, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(table.read_bytes())
    run = fs.Study.read(write_study(tmp_path, copy)).run(tmp_path / "run", workers=1, progress=False)
    (run.path / "results.json").unlink()
    copy.write_text(copy.read_text().replace("\n", "\n", 1) + "1,2,3,400,s\n")
    with pytest.raises(fs.DataError, match="not those that this run began with"):
        resume(run.path, progress=False)


@pytest.mark.parametrize("form", ["column", "file"])
def test_given_tests_are_used_as_given(table, tmp_path, form):
    frame = pl.read_csv(table)
    if form == "column":
        path = tmp_path / "t.csv"
        frame.with_columns(
            part=pl.when(pl.col("event") % 4 == 0).then(pl.lit("x")).otherwise(pl.lit("o"))
        ).write_csv(path)
        split = '[split]\ntest={column="part", value="x"}\n'
        expected = [i for i in range(400) if i % 4 == 0]
    else:
        path, other = tmp_path / "train.csv", tmp_path / "other.csv"
        frame[:300].write_csv(path)
        frame[300:].write_csv(other)
        split = '[split.test]\nshifted={path="other.csv"}\n'
        expected = list(range(300, 400))
    prepared = fs.Study.read(write_study(tmp_path, path, split)).prepared()
    (rows,) = prepared.split.tests.values()
    assert prepared.data.rows[rows].tolist() == expected
    assert list(prepared.split.tests) == (["test"] if form == "column" else ["shifted"])


def test_copies_of_given_test_rows_are_in_no_part(table, tmp_path):
    frame = pl.read_csv(table).with_columns(part=pl.lit("o"))
    copies = frame[:7].with_columns(part=pl.lit("x"))
    others = frame[300:].with_columns(part=pl.lit("x"))
    pl.concat([frame[:300], copies, others]).write_csv(tmp_path / "t.csv")
    split = '[split]\ntest={column="part", value="x"}\n[[models]]\nkind="dummy"\n'
    study = fs.Study.read(write_study(tmp_path, tmp_path / "t.csv", split))
    run = study.run(tmp_path / "run", workers=1, progress=False)
    kept = pl.read_parquet(run.path / "predictions.parquet")
    assert sorted(kept["row"].to_list()) == list(range(7, 407))
    assert any("7 rows are left out of training" in note.message for note in run.results.audit)


def test_blind_says_nothing_of_the_values_and_labels_of_the_test(table, tmp_path):
    frame = pl.read_csv(table).with_columns(
        part=pl.when(pl.col("event") < 80).then(pl.lit("x")).otherwise(pl.lit("o"))
    )
    found = []
    for shift in (0.0, 1000.0):
        there = pl.col("part") == "x"
        table = frame.with_columns(a=pl.col("a") + pl.when(there).then(shift).otherwise(0.0))
        table = table.with_columns(y=pl.when(there & (shift > 0)).then(pl.lit("s")).otherwise(pl.col("y")))
        table.write_csv(tmp_path / "t.csv")
        split = '[split]\ntest={column="part", value="x"}\n[[models]]\nkind="dummy"\n'
        study = fs.Study.read(write_study(tmp_path, tmp_path / "t.csv", split))
        run = study.run(tmp_path / f"run{shift}", workers=1, progress=False, blind=True)
        record = json.loads((run.path / "results.json").read_text())
        found.append((record["audit"], record["data"] | {"sha256": None}))
    assert found[0] == found[1]


def test_fits_keep_the_units_of_the_split():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 2))
    X[10] = X[90]
    data = fs.Dataset.from_arrays(X, rng.normal(size=100), groups=np.arange(100) // 2)
    units = fs.Study(data, models=["dummy"]).prepared().fit_data.units
    assert units[10] == units[11] == units[90] == units[91]
