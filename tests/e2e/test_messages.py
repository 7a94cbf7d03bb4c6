"""What is said of a run that has not ended, whichever verb asks; and the pages that messages name."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fivesigma.cli import main
from fivesigma.study.registry.registry import kinds

UNFINISHED = {
    "report": ["report", "RUN"],
    "predict": ["predict", "RUN", "t.csv", "-o", "o.csv"],
    "compare": ["compare", "RUN", "RUN"],
    "export": ["export", "RUN", "--to", "latex"],
    "reproduce": ["reproduce", "RUN"],
    "unblind": ["unblind", "RUN"],
}


@pytest.mark.parametrize("verb", UNFINISHED)
def test_a_run_that_has_not_ended_points_to_resume(verb: str, tmp_path: Path, capsys: Any) -> None:
    run = tmp_path / "a run"
    run.mkdir()
    (run / "study.toml").write_text('[data]\npath = "d.csv"\ntarget = "y"\n')
    (run / "manifest.json").write_text(json.dumps({"run": "0" * 32, "blind": True, "ledger": "gone"}))
    words = [str(run) if word == "RUN" else word for word in UNFINISHED[verb]]
    assert main(words) == 2
    assert f"this run has not ended; `fivesigma resume '{run}'` goes on" in capsys.readouterr().err


def test_pages_of_the_documentation_are_listed_and_shown(capsys: Any) -> None:
    assert main(["docs"]) == 0
    assert "study-file" in capsys.readouterr().out
    assert main(["docs", "logbook"]) == 0
    assert capsys.readouterr().out.startswith("# The logbook")
    assert main(["docs", "logbook", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"].endswith("logbook.md")
    assert main(["docs", "log-book"]) == 2
    assert "Did you mean 'logbook'?" in capsys.readouterr().err


def test_a_built_in_study_is_shown_and_copied(tmp_path: Path, capsys: Any) -> None:
    assert main(["studies", "penguins-mass"]) == 0
    said = capsys.readouterr().out
    assert "How heavy is this penguin?" in said
    assert "[[models]]" in said
    assert main(["studies", "penguins-mass", "--copy", str(tmp_path / "mine"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(file).name for file in files] == ["study.toml", "README.md", "penguins.csv", "LICENSE.txt"]
    assert main(["check", files[0], "--quiet"]) == 0
    assert main(["studies", "--copy", str(tmp_path)]) == 2


def test_the_settings_of_a_model_are_shown_with_defaults_and_ranges(capsys: Any) -> None:
    assert main(["models", "forest"]) == 0
    assert "n_estimators" in capsys.readouterr().out
    assert main(["models", "forest", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["settings"]}
    assert found["min_samples_leaf"]["default"] == 5
    assert found["min_samples_leaf"]["allowed"].startswith("a whole number from 1")
    assert found["min_samples_leaf"]["search"] == "a whole number from 1 to 100"
    assert found["n_estimators"]["search"] is None
    assert main(["models", "foest"]) == 2
    assert "Did you mean 'forest'?" in capsys.readouterr().err


@pytest.mark.parametrize("kind", kinds())
def test_every_model_can_be_shown(kind: str, capsys: Any) -> None:
    assert main(["models", kind, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in said["settings"]] == list(said["parameters"])
    assert main(["models", kind]) == 0
    shown = capsys.readouterr().out
    example = shown[shown.index("[[models]]") :]
    assert tomllib.loads(example)["models"][0]["kind"] == kind
