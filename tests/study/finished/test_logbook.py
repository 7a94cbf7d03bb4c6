"""The logbook holds each run against the one before it of the same study or test, and none of them can break it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.dataset import Dataset
from fivesigma.record.notes import add
from fivesigma.study.finished.compare import compare
from fivesigma.study.finished.logbook import logbook
from fivesigma.study.finished.result import load
from fivesigma.study.study import Study

KEYS = {
    "run", "time", "study", "metric", "value", "low", "high", "changed", "difference", "sigma", "notes", "openings"
}  # fmt: skip


def events(columns=3):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(600, 3))
    y = (X[:, 0] + X[:, 1] + 0.5 * rng.normal(size=600) > 0).astype(int)
    return Dataset.from_arrays(X, y).with_features([f"x{i}" for i in range(columns)])


STARTED = {
    "one": ({"data": events(1)}, False),
    "two": ({"data": events(2)}, False),
    "aside": ({"name": "other", "split": {"folds": 2, "test": 0.0}}, False),
    "blind": ({"seed": 1}, True),
    "last": ({"evaluate": {"metric": "accuracy"}}, False),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder of runs that were started one after the other."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("fivesigma.report.render", lambda _, __, out, ___: (out / "report.html").touch())
        for minute, (name, (more, blind)) in enumerate(STARTED.items()):
            settings = {"data": events(), "split": {"folds": 2}} | more
            settings["evaluate"] = {"bootstrap": 100, "refits": 3, **settings.get("evaluate", {})}
            study = Study(settings.pop("data"), ["dummy", "naive-bayes"], **settings)
            study.run(Path("runs") / name, workers=1, progress=False, blind=blind)
            _date(folder / "runs" / name, f"2026-11-29T07:{minute:02}:00+00:00")
    return folder


def _date(run, time):
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"started": time}))


@pytest.fixture
def copied(project, tmp_path):
    """The same runs, of which a test may damage some."""
    return Path(shutil.copytree(project / "runs", tmp_path / "runs"))


def by_name(book):
    return {Path(entry.run).name: entry for entry in book.entries}


def test_runs_stand_in_the_order_in_which_they_were_started(project):
    assert list(by_name(logbook(project))) == list(STARTED)


def test_the_document_has_these_keys_and_is_json(project):
    found = json.loads(json.dumps(logbook(project / "runs").to_document(), allow_nan=False))
    assert list(found) == ["runs"]
    assert all(set(each) == KEYS for each in found["runs"])


def test_a_difference_is_what_compare_says_of_the_two_runs(project):
    two = by_name(logbook(project / "runs"))["two"]
    row = compare([project / "runs" / "one", project / "runs" / "two"])["runs"][1]
    assert (two.difference, two.sigma) == (row["difference"], row["sigma_local"])
    assert two.sigma > 3, "the later run has the column that matters: positive in its favour"
    assert list(two.changed) == row["differs"]
    assert any("x1" in each for each in two.changed)
    assert not two.blind, "the run before had shown what these events are like"


def test_scores_are_those_of_the_best_model_where_it_is_judged(project):
    for name, part in (("two", "test"), ("aside", "validation")):
        entry, results = by_name(logbook(project / "runs"))[name], load(project / "runs" / name).results
        score = results.model(results.best).scores[part][results.metric]
        assert (entry.value, entry.low, entry.high) == (score.value, score.low, score.high)


def test_another_study_on_other_rows_is_held_against_none(project):
    aside = by_name(logbook(project / "runs"))["aside"]
    assert (aside.before, aside.changed, aside.difference, aside.openings) == ("", (), None, 0)


def test_a_blind_run_stays_blind(project):
    blind = by_name(logbook(project / "runs"))["blind"]
    assert (blind.value, blind.low, blind.high, blind.difference, blind.sigma) == (None,) * 5
    assert blind.sealed
    assert "fivesigma unblind" in blind.said
    assert any("study.seed" in each for each in blind.changed), "what changed is no secret"


def test_no_difference_is_claimed_over_a_blind_run_or_by_another_metric(project, copied):
    last = by_name(logbook(project / "runs"))["last"]
    assert Path(last.before).name == "blind"
    assert (last.difference, last.sigma) == (None, None)
    assert "its test is sealed" in last.said
    shutil.rmtree(copied / "blind")
    last = by_name(logbook(copied))["last"]
    assert Path(last.before).name == "two"
    assert (last.difference, last.sigma) == (None, None)
    assert "compare runs of one task and metric" in last.said
    assert any("evaluate.metric" in each for each in last.changed)


def test_openings_are_counted_when_the_log_is_made(project):
    found = {name: entry.openings for name, entry in by_name(logbook(project / "runs")).items()}
    assert found == {"one": 3, "two": 3, "aside": 0, "blind": 3, "last": 3}


def test_without_its_ledger_a_run_says_what_was_counted_when_it_was_made(copied):
    for run in copied.iterdir():
        manifest = json.loads((run / "manifest.json").read_text())
        (run / "manifest.json").write_text(json.dumps(manifest | {"ledger": str(run / "gone")}))
    found = {name: entry.openings for name, entry in by_name(logbook(copied)).items()}
    assert (found["one"], found["two"], found["last"]) == (1, 2, 3)


def test_notes_stand_beside_their_run(copied):
    add(copied / "two", "x1 is the missing energy")
    add(copied / "two", "and again")
    document = logbook(copied).to_document()["runs"][1]
    assert [each["text"] for each in document["notes"]] == ["x1 is the missing energy", "and again"]
    assert set(document["notes"][0]) == {"time", "text"}


DAMAGES = {
    "unfinished": lambda run: [(run / name).unlink() for name in ("results.json", "report.html")],
    "results torn": lambda run: (run / "results.json").write_text('{"schema": "fivesi'),
    "results of something else": lambda run: (run / "results.json").write_text("[]"),
    "manifest torn": lambda run: (run / "manifest.json").write_text("{"),
    "manifest of something else": lambda run: (run / "manifest.json").write_text("[]"),
    "no study": lambda run: (run / "study.toml").unlink(),
    "study torn": lambda run: (run / "study.toml").write_text("[data"),
    "no predictions": lambda run: (run / "predictions.parquet").unlink(),
    "predictions torn": lambda run: (run / "predictions.parquet").write_bytes(b"PAR1"),
    "notes torn": lambda run: (run / "notes.json").write_text("["),
    "refits torn": lambda run: [path.write_bytes(b"x") for path in (run / "tasks").glob("*.npz")],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_listed_with_a_sentence_and_the_others_are_as_before(damage, copied):
    before = by_name(logbook(copied))
    DAMAGES[damage](copied / "two")
    found = by_name(logbook(copied))
    two = found.pop("two")
    assert two.said.endswith((".", "?")) or (damage == "refits torn" and two.difference is not None)
    assert not {"one", "aside"} - found.keys()
    assert all(found[name] == before[name] for name in ("one", "aside"))
    json.dumps(logbook(copied).to_document(), allow_nan=False)


def test_an_unfinished_run_names_resume_in_the_document_too(copied):
    DAMAGES["unfinished"](copied / "two")
    document = next(each for each in logbook(copied).to_document()["runs"] if each["run"].endswith("two"))
    assert "fivesigma resume" in document["changed"][0]
    assert (document["value"], document["difference"], document["study"]) == (None, None, "study")


def test_a_folder_without_runs_says_so(tmp_path):
    with pytest.raises(DataError, match="no run is in it or below"):
        logbook(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        logbook(tmp_path / "absent")
