"""The ledger is told with what each study claims now, as far as its runs are there."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.record.ledger import Ledger
from fivesigma.study.finished.openings import ledger_beside, openings
from fivesigma.study.study import Study

TEXT = """
[study]
name = "NAME"
[data]
path = "d.csv"
target = "y"
[split]
folds = 2
test = 0.3
[evaluate]
bootstrap = 100
refits = 2
[[models]]
kind = "dummy"
[[models]]
kind = "linear"
"""


def test_a_study_claims_what_its_last_run_that_is_there_claims(tmp_path, monkeypatch):
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)
    x = np.random.default_rng(0).normal(size=(120, 2))
    lines = [f"{a:.4f},{a + 0.1 * b:.4f}" for a, b in x]
    (tmp_path / "d.csv").write_text("\n".join(["a,y", *lines]))
    ledger = Ledger(tmp_path / ".fivesigma" / "ledger.jsonl")
    ledger.open("0" * 32 + ":test", "f" * 64, "older", n=7)
    for name, out in (("one", "runs/a"), ("one", "runs/b"), ("two", "c")):
        (tmp_path / "s.toml").write_text(TEXT.replace("NAME", name))
        Study.read(tmp_path / "s.toml").run(tmp_path / out, workers=1, progress=False)
    found = openings(ledger_beside(tmp_path))
    assert [(each["study"], each["run"]) for each in found["openings"]] == [
        ("older", "0" * 32 + ":test"), ("one", "a"), ("one", "b"), ("two", "c")
    ]  # fmt: skip
    assert [each["before"] for each in found["openings"][:3]] == [0, 0, found["openings"][1]["n"]]
    older, one, two = found["studies"]
    assert older == dict.fromkeys(older) | {"study": "older"}
    assert (one["run"], one["blind"], one["verdict"]) == ("b", False, "evidence")
    assert "> 5σ (not blind)" in one["claim"]
    assert openings(ledger_beside(tmp_path / "c")) == openings(ledger_beside(tmp_path / "s.toml")) == found
    moved = shutil.copytree(tmp_path, tmp_path / "moved")
    for folder in (moved / "c", moved / "runs" / "a"):
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(
            json.dumps({**manifest, "ledger": str(tmp_path / "gone.jsonl")})
        )
        assert openings(ledger_beside(folder)) == found, (
            "a folder moved with its project has the ledger above it"
        )
    (folder / "manifest.json").write_text(json.dumps({**manifest, "run": "9" * 32, "ledger": "gone.jsonl"}))
    with pytest.raises(DataError, match="there is no ledger"):
        ledger_beside(folder)
    manifest = json.loads((tmp_path / "runs" / "b" / "manifest.json").read_text())
    (tmp_path / "runs" / "b" / "manifest.json").write_text(json.dumps({**manifest, "run": "another"}))
    again = openings(ledger_beside(tmp_path))["studies"][1]
    assert (again["run"], again["blind"], again["verdict"]) == ("a", True, "observation"), (
        "a folder used again is no run"
    )
    assert two["run"] == "c"


def test_where_there_is_no_ledger_it_says_what_to_name(tmp_path):
    with pytest.raises(DataError, match="there is no ledger; name the folder of a study file"):
        ledger_beside(tmp_path)
