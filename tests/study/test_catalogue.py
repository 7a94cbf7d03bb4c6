"""The studies that ship: each is found, complete, documented, and readable as a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from fivesigma._core.errors import DataError, StudyError
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.shipped import FOLDER, built_in, find, is_built_in

NAMES = [study.name for study in built_in()]


def test_the_first_four_are_there() -> None:
    assert {"penguins-species", "adelie-chinstrap", "penguins-mass", "susy"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_valid_study_with_a_readme(name: str) -> None:
    study = next(each for each in built_in() if each.name == name)
    spec = Spec.read(study.path)
    assert spec.study.name == study.path.parent.name == name
    assert spec.study.question.endswith("?")
    for heading in ("**Question.**", "**Data.**", "**What to expect.**", "**Source.**"):
        assert heading in study.readme
    assert study.needs_data == (spec.data.path is None and spec.data.simulated is None)
    if not study.needs_data:
        assert all(Path(path).is_file() for path in spec.paths())
    assert is_built_in(study.path)


def test_the_penguins_carry_licence_and_citation() -> None:
    words = (FOLDER / "penguins" / "README.md").read_text(encoding="utf-8")
    assert "e90081" in words
    assert "CC0" in (FOLDER / "penguins" / "LICENSE.txt").read_text(encoding="utf-8")
    lines = (FOLDER / "penguins" / "penguins.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 345


def test_susy_says_what_it_needs() -> None:
    with pytest.raises(StudyError, match=r"the study 'susy' needs its table: give it by --data PATH"):
        Spec.read(find("susy")).paths()


def test_a_study_is_found_by_path_folder_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "susy").mkdir()  # a folder of data does not hide the study
    assert find("susy") == FOLDER / "susy" / "study.toml"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study.toml").write_text("")
    assert find("mine") == Path("mine/study.toml")
    assert find("mine/study.toml") == Path("mine/study.toml")
    with pytest.raises(DataError, match="Did you mean 'penguins-mass'"):
        find("penguin-mass")
    with pytest.raises(DataError, match="no such study file"):
        find("absent.toml")
