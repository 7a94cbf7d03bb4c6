"""The logbook from the command line: in the terminal, as a page, as JSON, with notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma.cli import main

STUDY = """
[study]
name = "diary"
[data]
path = "d.csv"
target = "y"
task = "classification"
features = FEATURES
[split]
folds = 2
[[models]]
kind = "dummy"
[[models]]
kind = "naive-bayes"
[evaluate]
bootstrap = 100
refits = 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a table, and two runs of one study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fivesigma.report.render", lambda _, __, out, ___: (out / "report.html").touch())
    X = np.random.default_rng(1).normal(size=(300, 2))
    lines = [f"{a:.5f},{b:.5f},{int(a + b > 0)}" for a, b in X]
    Path("d.csv").write_text("\n".join(["a,b,y", *lines]))
    for name, features in (("one", ["a"]), ("two", ["a", "b"])):
        Path("s.toml").write_text(STUDY.replace("FEATURES", json.dumps(features)))
        assert main(["run", "s.toml", "--out", f"runs/{name}", "--workers", "1", "--quiet"]) == 0
    return tmp_path


def test_log_and_note(project: Path, capsys: Any) -> None:
    assert main(["note", "runs/two", "b helps"]) == 0
    assert main(["note", "runs/two", "really", "--json"]) == 0
    assert main(["log", "runs"]) == 0
    said = capsys.readouterr().out
    for each in (
        "noted beside runs/two",
        "two differs from one: data.features also has 'b'.",
        "b helps",
        "σ",
    ):
        assert each in said
    assert main(["log", "runs", "--json"]) == 0
    one, two = json.loads(capsys.readouterr().out)["runs"]
    assert (one["run"], two["run"]) == ("runs/one", "runs/two")
    assert (one["openings"], two["openings"]) == (2, 2)
    assert two["difference"] == pytest.approx(two["value"] - one["value"])
    assert [note["text"] for note in two["notes"]] == ["b helps", "really"]


def test_the_page_is_written_where_it_is_asked_for(project: Path, capsys: Any) -> None:
    Path("pages").mkdir()
    assert main(["log", "-o", "pages/log.html", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert 'href="../runs/two/report.html"' in Path("pages/log.html").read_text()


def test_a_folder_without_runs_is_one_sentence(tmp_path: Path, capsys: Any) -> None:
    assert main(["log", str(tmp_path)]) == 2
    assert "no run is in it or below" in capsys.readouterr().err
    assert main(["note", str(tmp_path), "x"]) == 2
    assert "is not a run folder" in capsys.readouterr().err
