"""The command line, in this process: what it prints where, and with which exit status."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from fivesigma.cli import main
from fivesigma.cli.session import _ending
from fivesigma.record.store import RunFolder

STUDY = """
[study]
name = "toy"
question = "Is it signal?"
seed = {seed}

[data]
path = "events.csv"
target = "label"
spectators = ["event"]
features = ["a", "b"]

[split]
test = 0.4

[[models]]
kind = "dummy"

[[models]]
kind = "logistic"

[evaluate]
bootstrap = 200
refits = 3
"""


class Call:
    """What one call of the program left."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as one JSON document."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def called(*words: str | Path) -> Call:
        capsys.readouterr()
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Call(status, captured.out, captured.err)

    return called


def _write_toy(folder: Path, seed: int = 0) -> Path:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 200)
    lines = ["event,a,b,label"]
    lines += [f"{i},{v + rng.normal():.6f},{rng.normal():.6f},{'bs'[v]}" for i, v in enumerate(y)]
    (folder / "events.csv").write_text("\n".join(lines))
    (folder / "toy.toml").write_text(STUDY.format(seed=seed))
    return folder / "toy.toml"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the toy study; its table and study file lie beside it."""
    folder = tmp_path_factory.mktemp("toy")
    study = _write_toy(folder)
    assert main(["run", str(study), "--out", str(folder / "run"), "--workers", "1", "--quiet"]) == 0
    return folder


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without their page, which takes most of the time of so small a study."""
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- what needs no run ---------------------------------------------------------------------


def test_help_and_version(call: Any) -> None:
    done = call("--help")
    assert done.status == 0
    for verb in (
        "run",
        "init",
        "inspect",
        "check",
        "resume",
        "unblind",
        "report",
        "compare",
        "predict",
        "ledger",
    ):
        assert re.search(rf"^  {verb} ", done.out, re.MULTILINE)
    assert call("--version").out.startswith("fivesigma 0.")


VERBS = [
    *(
        "run",
        "init",
        "inspect",
        "check",
        "split",
        "resume",
        "unblind",
        "report",
        "compare",
        "predict",
        "score",
    ),
    *("reproduce", "log", "note", "ledger", "studies", "models", "docs", "doctor"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_json_quiet_and_debug(call: Any, verb: str) -> None:
    done = call(verb, "--help")
    assert done.status == 0
    for option in ("--json", "--quiet", "--debug"):
        assert option in done.out


@pytest.mark.parametrize("verb", ["studies", "models", "docs", "doctor"])
def test_listings(call: Any, verb: str) -> None:
    assert call(verb).status == 0
    assert call(verb, "--quiet").out == ""
    assert call(verb, "--json").document


def test_studies_and_models_name_what_there_is(call: Any) -> None:
    names = {study["name"] for study in call("studies", "--json").document["studies"]}
    assert {"penguins-species", "susy"} <= names
    kinds = {model["name"]: model for model in call("models", "--json").document["models"]}
    assert "regression" in kinds["linear"]["tasks"]
    assert all(model["when"] for model in kinds.values())
    assert kinds["linear"]["data"] == ["table"]
    assert kinds["linear"]["lacking"] is None
    assert "image" in kinds["predictions"]["data"]


def test_a_model_that_is_said_to_take_tables_needs_to_be_told_no_more_of_them(call: Any) -> None:
    kinds = {model["name"]: model for model in call("models", "--json").document["models"]}
    assert kinds["set"]["data"] == ["set"]
    assert [name for name, model in kinds.items() if model["members"]] == ["set"]
    assert "a table too whose members are named in features.members" in call("models", "set").out
    assert kinds["forest"]["data"] == ["table"]


def test_a_model_that_lacks_an_extra_says_which(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    kinds = {model["name"]: model for model in call("models", "--json").document["models"]}
    assert kinds["xgboost"]["lacking"].endswith("pip install 'fivesigma[boost]'")


def test_the_split_is_written_and_nothing_is_opened(call: Any, here: Path) -> None:
    _write_toy(here)
    assert call("split", "toy.toml", "-o", "split.csv", "--refits", "2", "--quiet").out == ""
    done = call("split", "toy.toml", "-o", "split.parquet", "--json").document
    assert done["refits"] == 3
    table = polars.read_parquet(here / "split.parquet")
    assert table.columns == ["row", "event", "part", "fold", "resample_1", "resample_2", "resample_3"]
    assert len(table) == done["n_rows"] == sum(done["parts"].values())
    assert not list(here.rglob("ledger.jsonl"))
    assert polars.read_csv(here / "split.csv").columns == table.columns[:-1]
    assert (
        "*.csv, *.parquet, *.root, *.fits, *.h5 or *.hdf5" in call("split", "toy.toml", "-o", "split.txt").err
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rum"], "No such command 'rum'. Did you mean 'run'"),
        (["run"], "Missing argument 'STUDY'"),
        (["run", "susy", "--wrokers", "2"], "No such option"),
        (["run", "susy", "--workers", "many"], "Invalid value for '--workers'"),
        (["run", "penguin-species"], "Did you mean 'penguins-species'?"),
        (["run", "absent.toml"], "there is no such study file"),
        (["run", "susy"], "the study 'susy' needs its table: give it by --data PATH"),
        (["run", "susy", "--data", "absent.csv"], "absent.csv: no such file"),
        (["check", "susy"], "needs its table"),
        (["init", "absent.csv"], "absent.csv: no such file"),
        (["inspect", "absent.csv"], "absent.csv: no such file"),
        (["resume", "absent"], "absent: is not a run folder"),
        (["unblind", "absent"], "absent: is not a run folder"),
        (["report", "absent"], "absent: is not a run folder"),
        (["reproduce", "absent"], "absent: is not a run folder"),
        (["compare", "absent", "absent"], "absent: is not a run folder"),
        (["predict", "absent", "t.csv", "-o", "o.csv"], "absent: is not a run folder"),
        (["score", "absent", "t.csv"], "absent: is not a run folder"),
        (["predict", "absent", "t.csv", "-o", "o.xlsx"], "the table to write is named"),
    ],
)
def test_wrong_input_is_one_sentence_status_2_and_nothing_written(
    call: Any, here: Path, words: list[str], expected: str
) -> None:
    done = call(*words)
    assert done.status == 2
    assert expected in done.err
    assert len(done.err.splitlines()) == 1
    assert done.out == ""
    assert not list(here.iterdir())
    assert expected in call(*words, "--json").document["error"]


def test_init_inspect_and_check(call: Any, here: Path) -> None:
    _write_toy(here)
    seen = call("inspect", "events.csv", "--json").document
    assert seen["guesses"]["target"] == "label"
    assert "label" in call("inspect", "events.csv").out
    assert call("init", "events.csv").status == 0
    again = call("init", "events.csv")
    assert again.status == 2
    assert "events.toml: exists and is not overwritten" in again.err
    checked = call("check", "events.toml", "--json")
    assert checked.status == 0
    assert checked.document["ok"]
    assert sorted(path.name for path in here.iterdir()) == ["events.csv", "events.toml", "toy.toml"]


BROKEN = {
    "unknown key": ('target = "label"', 'tagret = "label"', "Did you mean 'target'"),
    "wrong type": ('target = "label"', "target = 3", "data.target: got 3, expected text"),
    "option of another format": (
        'target = "label"',
        'target = "label"\ntree = "mini"',
        "data.tree: unknown key",
    ),
    "absent target": ('target = "label"', 'target = "labels"', "labels"),
    "absent feature": ('features = ["a", "b"]', 'features = ["a", "bb"]', "bb"),
    "text feature": ('features = ["a", "b"]', 'features = ["a", "label"]', "label"),
    "unfit metric": ("bootstrap = 200", 'bootstrap = 200\nmetric = "r2"', "r2"),
    "constant target": (
        'target = "label"',
        'target = "label"\nselect = "a > -100 and label == \'s\'"',
        "constant",
    ),
    "no rows": ('target = "label"', 'target = "label"\nselect = "a > 1e9"', "no row"),
    "too many folds": ("test = 0.4", "test = 0.4\nfolds = 500", "folds"),
    "impossible setting": ('kind = "logistic"', 'kind = "logistic"\nparams = { lambda = -1.0 }', "lambda"),
    "unfit kind": ('kind = "logistic"', 'kind = "linear"', "linear"),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_a_broken_study_leaves_one_sentence_and_no_folder(call: Any, here: Path, what: str) -> None:
    old, new, expected = BROKEN[what]
    study = _write_toy(here)
    study.write_text(study.read_text().replace(old, new))
    done = call("run", "toy.toml")
    assert done.status == 2, done.out
    assert expected in done.err
    assert len(done.err.splitlines()) == 1
    assert sorted(path.name for path in here.iterdir()) == ["events.csv", "toy.toml"]


ROWS = [f"{i},{i % 7}.5,{i % 5}.25,{'bs'[i % 2]},1" for i in range(40)]
HEAD = "event,a,b,label,w"
TABLES = {
    "empty": (b"", "empty"),
    "no rows": (f"{HEAD}\n".encode(), "row"),
    "not UTF-8": (f"{HEAD}\n".encode() + b"1,\xff\xfe,2,s,1\n" * 20, "UTF-8"),
    "duplicate names": ("\n".join(["event,a,a,b,label,w", *(f"1,{row}" for row in ROWS)]).encode(), "'a'"),
    "text in a number": ("\n".join([HEAD, *ROWS, "41,many,1.0,s,1"]).encode(), "a"),
    "infinite": ("\n".join([HEAD, *ROWS, "41,inf,1.0,s,1"]).encode(), "inf"),
    "all missing": (
        "\n".join([HEAD, *(f"{i},,{i % 5}.25,{'bs'[i % 2]},1" for i in range(40))]).encode(),
        "missing",
    ),
    "lonely class": (
        "\n".join([HEAD, *(row.replace(",s,", ",b,") for row in ROWS), "41,1.0,1.0,s,1"]).encode(),
        "'s'",
    ),
    "fewer rows than folds": ("\n".join([HEAD, *ROWS[:4]]).encode(), ""),
    "weights that are missing": ("\n".join([HEAD, *ROWS, "41,1.0,1.0,s,"]).encode(), "weight"),
    "weights of zero": ("\n".join([HEAD, *(row[:-1] + "0" for row in ROWS)]).encode(), "weight"),
}


@pytest.mark.parametrize("what", list(TABLES))
def test_a_bad_table_leaves_one_sentence_and_no_folder(call: Any, here: Path, what: str) -> None:
    content, expected = TABLES[what]
    study = _write_toy(here)
    study.write_text(study.read_text().replace("spectators", 'weight = "w"\nspectators'))
    (here / "events.csv").write_bytes(content)
    done = call("run", "toy.toml")
    assert done.status == 2, done.out + done.err
    assert expected in done.err
    assert len(done.err.splitlines()) <= 2
    assert len(done.err) < 400
    assert sorted(path.name for path in here.iterdir()) == ["events.csv", "toy.toml"]


def test_a_bug_is_called_a_bug(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("fivesigma.study.spec.shipped.built_in", fail)
    done = call("studies")
    assert done.status == 1
    assert "a bug in fivesigma" in done.err
    assert "--debug shows where" in done.err
    assert main(["studies", "--debug"]) == 1


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "absent.toml", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = "import sys; from fivesigma.cli import main; sys.exit(main())"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=60) in (0, 120)


# --- a run, and what can be done with it ---------------------------------------------------


def test_run_says_leaderboard_claims_and_page(call: Any, here: Path) -> None:
    _write_toy(here)
    done = call("run", "toy.toml", "--out", "r", "-j", "1")
    assert done.status == 0, done.err
    assert done.out.startswith("“logistic” reaches ROC AUC ")
    assert f"page: {Path('r') / 'report.html'}" in done.out
    assert "%" in done.err  # plain progress lines
    again = call("run", "toy.toml", "--out", "r")
    assert again.status == 2
    assert "r: is not empty" in again.err


@pytest.mark.usefixtures("unpainted")
def test_run_as_json(call: Any, here: Path) -> None:
    _write_toy(here)
    done = call("run", "toy.toml", "--out", "r", "-j", "1", "--json", "--quiet")
    assert done.err == ""
    assert done.document["best"] == "logistic"
    assert done.document["answer"].startswith("“logistic” reaches ROC AUC ")
    assert {row["model"] for row in done.document["leaderboard"]["rows"]} == {"dummy", "logistic"}
    assert done.document["claims"][0]["text"]


def test_report_is_written_again(call: Any, toy: Path, tmp_path: Path) -> None:
    page = toy / "run" / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert call("report", toy / "run", "--out", tmp_path / "copy.html").status == 0
    assert page.read_bytes() == before == (tmp_path / "copy.html").read_bytes()


def test_report_shows_every_metric_where_it_is_asked_for(call: Any, toy: Path) -> None:
    plain = call("report", toy / "run")
    assert "ROC AUC" not in plain.out
    shown = call("report", toy / "run", "--metrics")
    assert "logistic: every metric [95 % interval]" in shown.out
    for label in ("ROC AUC", "log loss", "AMS", "Σw of signal"):
        assert label in shown.out
    assert "test" in call("report", toy / "run", "--metrics", "--json").document["scores"]["logistic"]


def test_resume_of_a_finished_run_changes_nothing(call: Any, toy: Path) -> None:
    before = (toy / "run" / "results.json").read_bytes()
    assert call("resume", toy / "run").status == 0
    assert (toy / "run" / "results.json").read_bytes() == before


@pytest.mark.usefixtures("unpainted")
def test_unblind(call: Any, here: Path) -> None:
    _write_toy(here)
    assert call("run", "toy.toml", "--out", "r", "-j", "1", "--blind", "-q").status == 0
    assert "test" not in json.loads((here / "r" / "results.json").read_text())["models"][0]["scores"]
    done = call("unblind", "r")
    assert done.status == 0, done.err
    assert "test" in json.loads((here / "r" / "results.json").read_text())["models"][0]["scores"]
    assert call("unblind", "r").status == 2


def test_predictions_are_those_of_the_run(call: Any, toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = call("predict", toy / "run", toy / "events.csv", "-o", out, "--keep", "event", "--json")
    assert done.status == 0, done.err
    predicted = [
        "logistic:b",
        "logistic:b:low",
        "logistic:b:high",
        "logistic:s",
        "logistic:s:low",
        "logistic:s:high",
    ]
    assert done.document["columns"] == ["event", *predicted, "logistic", "logistic:outside"]
    made = polars.read_csv(out)
    stored = polars.read_parquet(toy / "run" / "predictions.parquet").filter(polars.col("part") == "test")
    both = stored.join(made, on="event", suffix=" made")
    assert both.height == stored.height > 0
    np.testing.assert_allclose(both["logistic:s"], both["logistic:s made"], atol=1e-12)


def test_formats_of_predictions(call: Any, toy: Path, tmp_path: Path) -> None:
    def columns(*words: str) -> polars.DataFrame:
        out = tmp_path / "o.parquet"
        done = call("predict", toy / "run", toy / "events.csv", "-o", out, *words)
        assert done.status == 0, done.err
        return polars.read_parquet(out)

    assert columns("--format", "class").columns == ["logistic"]
    assert columns("--format", "probability").columns[::3] == ["logistic:b", "logistic:s", "logistic:outside"]
    kaggle = columns("--format", "kaggle", "--keep", "event", "--cut", "0.9")
    assert kaggle.columns == ["event", "RankOrder", "Class"]
    assert sorted(kaggle["RankOrder"]) == list(range(1, 201))
    assert set(kaggle.sort("RankOrder")["Class"].tail(1)) <= {"s"}
    assert columns("--model", "dummy", "--format", "class")["dummy"].n_unique() == 1


def test_predict_refuses_what_it_cannot_do(call: Any, toy: Path, tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("a,event\n1.0,2\n")
    (tmp_path / "words.csv").write_text("a,b\n1.0,x\n")
    out = tmp_path / "o.csv"
    for words, expected in [
        ((tmp_path / "short.csv",), "has no column 'b'"),
        ((tmp_path / "words.csv",), "the column 'b' holds text"),
        ((toy / "events.csv", "--keep", "evnt"), "Did you mean 'event'?"),
        ((toy / "events.csv", "--model", "forest"), "'forest' is not a fitted model"),
        ((toy / "events.csv", "--format", "classes"), "Did you mean 'class'?"),
        ((toy / "events.csv", "--cut", "7"), "is not a probability"),
        ((toy / "events.csv", "--level", "68"), "level is 68; expected a number between 0 and 1"),
    ]:
        done = call("predict", toy / "run", *words, "-o", out)
        assert done.status == 2
        assert expected in done.err
        assert not out.exists()


@pytest.mark.usefixtures("unpainted")
def test_compare_pairs_runs_of_one_split_and_refuses_others(call: Any, toy: Path, here: Path) -> None:
    study = _write_toy(here)
    study.write_text(study.read_text().replace('kind = "logistic"', 'kind = "tree"'))
    assert call("run", "toy.toml", "--out", "tree", "-j", "1", "-q").status == 0
    paired = call("compare", toy / "run", "tree", "--json").document
    assert paired["runs"][1]["paired"]
    stored = json.loads((here / "tree" / "results.json").read_text())
    assert stored["split"]["sha256"] == RunFolder(toy / "run").results().split.sha256
    gap = paired["runs"][1]["value"] - paired["runs"][0]["value"]
    assert paired["runs"][1]["difference"] == pytest.approx(gap, abs=1e-12)
    assert paired["runs"][1]["difference_low"] < gap < paired["runs"][1]["difference_high"]
    study.write_text(study.read_text().replace('"toy"', '"salt"'))
    assert call("run", "toy.toml", "--out", "salt", "-j", "1", "-q").status == 0
    unpaired = call("compare", "tree", "salt")
    assert unpaired.status == 0
    assert "cannot be paired: their splits differ" in unpaired.out


def test_comparing_a_run_with_itself_finds_nothing(call: Any, toy: Path) -> None:
    row = call("compare", toy / "run", toy / "run", "--json").document["runs"][1]
    assert (row["difference"], row["sigma_local"]) == (0.0, 0.0)
    assert row["run"] == str(toy / "run"), "a folder's name that two runs share names neither"
    assert call("compare", toy / "run").status == 2


def test_the_ledger_says_who_opened_what_and_what_is_claimed_now(call: Any, here: Path) -> None:
    assert "there is no ledger; name the folder" in call("ledger").err
    study = _write_toy(here)
    assert call("run", "toy.toml", "--out", "first", "-j", "1", "-q").status == 0
    study.write_text(study.read_text().replace('features = ["a", "b"]', 'features = ["a"]'))
    assert call("run", "toy.toml", "--out", "second", "-j", "1", "-q").status == 0
    study.write_text(study.read_text().replace('"toy"', '"renamed"'))
    third = call("run", "toy.toml", "--out", "third", "-j", "1")
    assert third.status == 0
    assert re.search(
        r"Not blind: \d+ of the \d+ test rows that σ rests on were opened before, by toy", third.out
    )
    found = call("ledger", "--json").document
    n = found["openings"][0]["n"]
    assert [(each["run"], each["test"]) for each in found["openings"]] == [
        (name, "test") for name in ("first", "second", "third")
    ]
    assert [each["before"] for each in found["openings"]][:2] == [0, n]
    assert 0 < found["openings"][2]["before"] < n
    assert [(each["study"], each["run"], each["blind"]) for each in found["studies"]] == [
        ("toy", "second", False), ("renamed", "third", False)
    ]  # fmt: skip
    assert (
        found == call("ledger", "toy.toml", "--json").document == call("ledger", "first", "--json").document
    )
    assert "(not blind)" in call("ledger").out
    first, second = ((here / name / "report.html").read_text() for name in ("first", "second"))
    assert "(not blind)" not in first
    assert "(not blind)" in second
    assert f"{n} of the {n} rows were open before, by toy (first)" in second
    third = (here / "third" / "report.html").read_text()
    assert re.search(r"Of the training rows \d+ had been opened as a test by toy \(first, second\)", third)
    shutil.rmtree(here / "third")
    assert "renamed: no folder of its runs is there." in call("ledger").out


@pytest.mark.usefixtures("unpainted")
def test_reproduce_is_bitwise_and_opens_nothing(call: Any, toy: Path) -> None:
    ledger = toy / ".fivesigma" / "ledger.jsonl"
    before = ledger.read_bytes()
    done = call("reproduce", toy / "run", "-j", "1", "--json")
    assert done.status == 0, done.err
    assert done.document["verdict"] == "bitwise equal"
    assert ledger.read_bytes() == before


@pytest.mark.usefixtures("unpainted")
def test_reproduce_says_where_the_first_difference_is(call: Any, here: Path) -> None:
    _write_toy(here)
    assert call("run", "toy.toml", "--out", "r", "-j", "1", "-q").status == 0
    table = here / "events.csv"
    table.write_text(table.read_text().replace("0,", "1,", 1))
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:-1], re.sub(r",[^,]+,", ",9.5,", lines[-1], count=1)]))
    done = call("reproduce", "r", "-j", "1")
    assert done.status == 1
    assert "different, first at data.sha256" in done.out


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_terminated_is_status_3_and_resumable(call: Any, here: Path) -> None:
    study = _write_toy(here)
    study.write_text(study.read_text().replace("refits = 3", "refits = 500"))
    program = "import sys; from fivesigma.cli import main; sys.exit(main())"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "run", "toy.toml", "--out", "r", "-j", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list((here / "r" / "tasks").glob("*.npz"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 3, err
    assert "fivesigma resume r" in err
    assert "Traceback" not in err
    assert not (here / "r" / "results.json").exists()


def test_a_full_disk_is_said_in_a_sentence_and_not_called_a_bug():
    message, status = _ending(OSError(errno.ENOSPC, "No space left on device"))
    assert status == 2
    assert "disk is full" in message
    assert "resume" in message


def test_a_file_of_several_tables_is_listed_and_one_is_named_by_an_option(call: Any, here: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(here / "two tables.h5", "w") as file:
        for group, n in {"train": 30, "test": 20}.items():
            file[f"{group}/x"], file[f"{group}/y"] = np.arange(n) / 7, np.arange(n) % 2
    seen = call("inspect", "two tables.h5", "--json")
    assert json.loads(seen.out)["tables"] == {"test": "20 rows", "train": "30 rows"}
    assert "fivesigma inspect 'two tables.h5' --option key=test" in call("inspect", "two tables.h5").out
    assert "name one: --option key=test" in call("init", "two tables.h5").err
    one = json.loads(call("inspect", "two tables.h5", "--option", "key=train", "--json").out)
    assert (one["n_rows"], [column["dtype"] for column in one["columns"]]) == (30, ["float64", "int64"])
    assert "is no NAME=VALUE" in call("inspect", "two tables.h5", "--option", "train").err
    assert "Did you mean 'key'" in call("inspect", "two tables.h5", "--option", "kex=train").err
