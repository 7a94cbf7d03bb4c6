"""Nothing is written over a table that is read, or over what a run holds; a page is named like one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.cli import main
from fivesigma.record.store import OWN, RunFolder, write_bytes
from fivesigma.study.finished.written import refuse_taken
from fivesigma.study.study import Study

TEXT = """
[data]
path = "d.csv"
target = "y"
features = ["x", "z"]
join = { path = "more.csv", on = "id" }
[split]
folds = 2
[evaluate]
bootstrap = 100
refits = 2
[[models]]
kind = "dummy"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, x = tmp_path_factory.mktemp("project"), np.arange(40)
    (folder / "d.csv").write_text("\n".join(["id,x,y", *(f"{i},{i % 7}.5,{i * i % 11}" for i in x)]))
    (folder / "more.csv").write_text("\n".join(["id,z", *(f"{i},{i % 5}.25" for i in x)]))
    (folder / "s.toml").write_text(TEXT)
    Study.read(folder / "s.toml").run(folder / "run", workers=1, progress=False)
    return folder


@pytest.fixture
def here(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(project, tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p")
    return tmp_path / "p"


def _bytes(folder: Path) -> dict[str, bytes]:
    ours = (path for path in folder.rglob("*") if path.is_file() and ".fivesigma" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in ours}


@pytest.mark.parametrize(
    "words",
    [
        *(["split", "s.toml", "-o", table] for table in ("d.csv", "more.csv", "run/predictions.parquet")),
        *(
            ["predict", "run", "d.csv", "-o", table]
            for table in ("d.csv", "./d.csv", "run/predictions.parquet")
        ),
        *(["log", "-o", page] for page in ("d.csv", "run/results.json", "run/report.html", "log.txt")),
        *(["report", "run", "-o", page] for page in ("d.csv", ".", "run/report.html", "run/report.md")),
    ],
    ids=" ".join,
)
def test_no_verb_writes_over_a_table_or_a_record(words: list[str], here: Path, capsys: Any) -> None:
    before = _bytes(here)
    assert main(words) == 2
    assert "bug" not in capsys.readouterr().err
    assert _bytes(here) == before


def test_a_run_knows_all_that_it_holds_and_nothing_more(project: Path) -> None:
    held = {path.name for path in (project / "run").iterdir()}
    assert held <= set(OWN), "a new file of a run is one that nothing may be written over"
    for name in ("results.json", "tasks/index.json", "figures/x.csv"):
        found = RunFolder.around(project / "run" / name)
        assert found is not None
        assert found.path == (project / "run").resolve()
    assert RunFolder.around(project / "d.csv") is None
    assert RunFolder.around(project / "run" / "mine.csv") is None


def test_what_one_has_written_oneself_is_written_again(here: Path) -> None:
    for place in ("out.csv", "run/mine.csv", "page.html"):
        (here / place).write_text("old")
        refuse_taken(here / place, [here / "d.csv"])
    with pytest.raises(InputError, match="is a table that is read"):
        refuse_taken(here / "d.csv", ["d.csv"])


@pytest.mark.parametrize(("place", "words"), [("gone/x.csv", "there is no folder"), (".", "is a folder")])
def test_a_place_where_nothing_can_be_written_says_why(place: str, words: str, here: Path) -> None:
    with pytest.raises(DataError, match=words):
        write_bytes(Path(place), b"")


def test_a_run_that_has_a_record_has_all_that_other_verbs_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*given: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("fivesigma.report.render", killed)
    with pytest.raises(RuntimeError):
        Study.read(project / "s.toml").run(tmp_path / "run", workers=1, progress=False)
    assert (tmp_path / "run" / "results.json").is_file()
    assert RunFolder(tmp_path / "run").tasks.index()
    assert (tmp_path / "run" / "rows.npz").is_file()
