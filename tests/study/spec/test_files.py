"""``[data.files]``: one line a class, what it says of the target, and what the command line puts in its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import FivesigmaError, StudyError
from fivesigma.study.finished.predict import predict
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

TOML = """[data.files]
ttbar = "tt/*.csv"
HH = "hh.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "tt").mkdir()
    for name, shift, n in (
        ("tt/a.csv", 0.0, 60),
        ("tt/b.csv", 0.0, 60),
        ("hh.csv", 1.5, 80),
        ("new.csv", 1.5, 30),
    ):
        pl.DataFrame({"x": rng.normal(size=n) + shift, "z": rng.normal(size=n)}).write_csv(tmp_path / name)
    (tmp_path / "study.toml").write_text(
        TOML
        + """[[models]]
kind = "dummy"
[[models]]
kind = "logistic"
[split]
folds = 2
[evaluate]
claim = "fitted"
refits = 0
bootstrap = 100
"""
    )
    return tmp_path


def test_files_say_target_and_classes() -> None:
    data = Spec.from_toml(TOML).data
    assert (data.target, data.classes, data.first) == ("class", ("ttbar", "HH"), "tt/*.csv")
    assert Spec.from_toml(
        TOML.replace("[data.files]", '[data]\nclasses = ["HH", "ttbar"]\n[data.files]')
    ).data.classes == (
        "HH",
        "ttbar",
    )
    spec = Spec.from_toml(TOML)
    assert Spec.from_toml(spec.to_toml()) == spec
    assert spec.resolved().paths()[1].endswith("/hh.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            TOML.replace("[data.files]", '[data]\ntarget = "y"\n[data.files]'),
            "data.files says the class of each row",
        ),
        (TOML.replace("[data.files]", '[data]\npath = "t.csv"\n[data.files]'), "another source of the table"),
        ('[data.files]\nHH = "hh.csv"', "names 1 class; expected two or more"),
        ('[data.files]\nHH = "hh.csv"\ntt = []', "files.tt is an empty list"),
        (
            TOML.replace("[data.files]", '[data]\ngroup = { path = "(" }\n[data.files]'),
            "is no regular expression",
        ),
        (TOML.replace("[data.files]", "[data]\ngroup = { path = 'a' }\n[data.files]"), "parts in brackets"),
        (TOML.replace("[data.files]", '[data]\nseparater = ";"\n[data.files]'), "Did you mean 'separator'"),
        ('[data]\nsource = "simulate:collider"\ngroup = { path = "(a)" }', "a simulated source has no path"),
    ],
)
def test_what_does_not_fit_is_one_sentence(text: str, said: str) -> None:
    from fivesigma.study.preparation.events import simulated

    with pytest.raises(StudyError, match=said):
        simulated(Spec.from_toml(text))


def test_a_study_of_files_runs_and_predicts(folder: Path) -> None:
    result = Study.read(folder / "study.toml").run(out=folder / "run", progress=False)
    assert result.results.data.classes == ("ttbar", "HH")
    assert result.results.data.n_samples == 200
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    assert [Path(each["path"]).name for each in manifest["data"]] == ["a.csv", "b.csv", "hh.csv"]
    made = predict(folder / "run", folder / "new.csv", folder / "p.csv", model="logistic")
    assert made["n_rows"] == 30


def test_the_command_line_replaces_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    data = Spec.read(folder / "study.toml", data=["HH=new.csv", "HH=hh.csv"]).data
    assert data.files == {"ttbar": ("tt/*.csv",), "HH": (str(folder / "new.csv"), str(folder / "hh.csv"))}
    whole = Spec.read(folder / "study.toml", data="whole.csv").data
    assert (whole.files, whole.path, whole.target) == (None, (str(folder / "whole.csv"),), "class")
    assert whole.classes == ("ttbar", "HH")
    with pytest.raises(FivesigmaError, match="no such file"):
        Spec.read(folder / "study.toml", data="HH=gone.csv").sources()
