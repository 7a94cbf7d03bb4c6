"""The help of every verb has examples, and they run as they stand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma.cli import main
from fivesigma.cli.app import GROUPS, app
from fivesigma.cli.examples import EXAMPLES

STUDY = """
[study]
name = "events"
[data]
path = "events.csv"
target = "label"
features = FEATURES
spectators = ["event"]
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
VERBS = [verb.__name__ for verbs in GROUPS.values() for verb in verbs]
CALLS = [(verb, example) for verb in VERBS for example in EXAMPLES[verb]]


def _table(place: Path, seed: int) -> None:
    X = np.random.default_rng(seed).normal(size=(240, 2))
    rows = [f"{1000 * seed + i},{a:.5f},{b:.5f},{'bs'[int(a + b > 0)]}" for i, (a, b) in enumerate(X)]
    place.write_text("\n".join(["event,a,b,label", *rows]))


@pytest.fixture(scope="module")
def unpainted() -> Any:
    """Runs with an empty page, which takes most of the time of so small a study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fivesigma.report.render", lambda _, __, out, ___: (out / "report.html").touch())
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, unpainted: Any) -> Path:
    """The project that the examples are told of."""
    folder = tmp_path_factory.mktemp("project")
    _table(folder / "events.csv", 1)
    _table(folder / "new.csv", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        runs = (("first", ["a"], ()), ("second", ["a", "b"], ()), ("blind", ["a", "b"], ("--blind",)))
        for name, features, more in runs:
            Path("events.toml").write_text(STUDY.replace("FEATURES", json.dumps(features)))
            words = ["run", "events.toml", "--out", f"runs/{name}", "--workers", "1", "--quiet", *more]
            assert main(words) == 0
    return folder


@pytest.mark.parametrize(("verb", "example"), CALLS, ids=[example for _, example in CALLS])
def test_every_example_runs(
    verb: str, example: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    here = shutil.copytree(project, tmp_path / "project")
    for run in (here / "runs").iterdir():
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["ledger"] = str(here / ".fivesigma" / "ledger.jsonl")
        (run / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.chdir(here)
    monkeypatch.setattr(
        "fivesigma.study.runner.forecast.available_cores", lambda: 1
    )  # in this process: quicker
    program, *words = shlex.split(example)
    assert (program, words[0]) == ("fivesigma", verb)
    assert main(words) == 0, capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_shows_its_examples(verb: str, capsys: Any) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    for example in EXAMPLES[verb]:
        assert f"\n    {example}\n" in said


def test_the_help_lists_every_verb_once_in_its_group(capsys: Any) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert len(set(VERBS)) == len(VERBS) == len(app.registered_commands)
    assert set(EXAMPLES) == set(VERBS)
    places = [said.index(f"\n{title}:\n") for title in GROUPS]
    assert places == sorted(places)
    for (title, verbs), start in zip(GROUPS.items(), places, strict=True):
        end = min((place for place in places if place > start), default=len(said))
        for verb in verbs:
            assert f"\n  {verb.__name__} " in said[start:end], title


def test_a_shell_completes_verbs_and_studies(tmp_path: Path) -> None:
    (tmp_path / "penguins-mine.toml").touch()

    def completed(words: str, at: int) -> list[str]:
        asked = {"_FIVESIGMA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        called = [sys.executable, "-c", "from fivesigma.cli import main; main()"]
        done = subprocess.run(
            called, env=os.environ | asked, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.stdout.split()

    assert completed("fivesigma re", 1) == ["resume", "report", "reproduce"]
    found = completed("fivesigma run penguins-m", 2)
    assert found == ["penguins-mass", "penguins-mine.toml"]


def test_a_shell_is_told_how_to_complete(capsys: Any) -> None:
    assert main(["--show-completion", "bash"]) == 0
    assert "_FIVESIGMA_COMPLETE=complete_bash" in capsys.readouterr().out
