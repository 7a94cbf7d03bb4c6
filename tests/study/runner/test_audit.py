"""The audit comes before the first fit; under ``--strict`` a warning ends the study there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma.cli import main
from fivesigma.study.runner.audit import AuditError

MODELS = '[[models]]\nkind="dummy"\n[[models]]\nkind="linear"\n'


def write(folder: Path, *, leak: bool, more: str = "") -> Path:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 3))
    y = x[:, 0] + rng.normal(size=300)
    columns = {"a": x[:, 0], "b": x[:, 1], "c": 3 * y + 2 if leak else x[:, 2], "y": y}
    pl.DataFrame(columns).write_csv(folder / "t.csv")
    study = folder / "s.toml"
    study.write_text(
        f'[study]\nname="s"\n[data]\npath="t.csv"\ntarget="y"\n[evaluate]\nrefits=0\nclaim="fitted"\n{more}{MODELS}'
    )
    return study


def test_strict_stops_before_anything_is_fitted_or_written(tmp_path, capsys):
    study = write(tmp_path, leak=True)
    assert main(["run", str(study), "--strict", "--json", "--out", str(tmp_path / "r")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not (tmp_path / "r").exists()
    assert not (tmp_path / ".fivesigma").exists()
    assert told["run"] is None
    [failed] = told["failed"]
    assert failed.startswith("leak: ")
    [entry] = [each for each in told["audit"] if each["status"] != "ok"]
    assert entry["columns"] == ["c"]
    assert set(entry) == {"check", "status", "message", "columns", "rows", "advice"}


def test_strict_goes_on_where_nothing_is_wrong_and_says_the_same(tmp_path, capsys):
    study = write(tmp_path, leak=False)
    kept = []
    for strict in ([], ["--strict"]):
        out = tmp_path / f"r{len(strict)}"
        assert main(["run", str(study), *strict, "--quiet", "--workers", "1", "--out", str(out)]) == 0
        kept.append(json.loads((out / "results.json").read_text())["audit"])
    assert kept[0] == kept[1]
    assert all(each["status"] == "ok" for each in kept[0])


def test_without_strict_the_finding_stands_in_the_record_and_the_study_goes_on(tmp_path, capsys):
    study = write(tmp_path, leak=True)
    assert main(["run", str(study), "--quiet", "--workers", "1", "--out", str(tmp_path / "r")]) == 0
    kept = json.loads((tmp_path / "r" / "results.json").read_text())["audit"]
    [entry] = [each for each in kept if each["check"] == "leak"]
    assert entry["columns"] == ["c"]
    assert entry["advice"]
    assert entry["advice"] in (tmp_path / "r" / "report.md").read_text()


def test_a_blind_study_is_audited_by_its_training_rows(tmp_path):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 3))
    given = {"test": {"column": "part", "value": "b"}}
    data = fs.Dataset.from_arrays(
        X, X[:, 0] + rng.normal(size=400), spectators={"part": np.where(np.arange(400) < 300, "a", "b")}
    )
    moved = np.array(data.X)
    moved[300:] += 3.0
    shifted = fs.Dataset.from_arrays(moved, data.y, spectators=dict(data.spectators))
    study = fs.Study(
        shifted, models=["dummy", "linear"], split=given, evaluate={"refits": 0, "claim": "fitted"}
    )
    with pytest.raises(AuditError, match="another population"):
        study.run(tmp_path / "seen", workers=1, progress=False, strict=True)
    sealed = study.run(tmp_path / "blind", workers=1, progress=False, blind=True, strict=True)
    assert not [each for each in sealed.results.audit if each.check == "population"]


def test_check_says_what_the_audit_would_say(tmp_path, capsys):
    assert main(["check", str(write(tmp_path, leak=True))]) == 0
    assert "leak: the target follows from this feature alone" in capsys.readouterr().out
