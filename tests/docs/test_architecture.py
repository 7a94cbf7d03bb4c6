"""The map in docs/architecture.md is the territory, and decisions are numbered once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_rooms_of_a_study_are_those_on_the_map():
    study = ROOT / "src" / "fivesigma" / "study"
    drawn = {name.rstrip("/") for name in re.findall(r"`src/fivesigma/study/([\w./]+)`", PAGE)}
    folders = {path.name for path in study.iterdir() if path.is_dir() and path.name != "__pycache__"}
    files = {path.name for path in study.glob("*.py") if path.name != "__init__.py"}
    assert drawn == folders | files


def test_the_floors_are_those_of_the_package():
    table = PAGE[PAGE.index("## The floors") : PAGE.index("## The rooms")]
    drawn = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, flags=re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    package = ROOT / "src" / "fivesigma"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert drawn == folders


def test_each_decision_has_a_number_of_its_own_and_stands_in_the_index():
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert max(Counter(name[:4] for name in names).values()) == 1
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index) == names
