"""What lies beside the user's data is not code, what their code prints goes to the log, one run holds a folder."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError
from fivesigma.record.store import RunFolder
from fivesigma.study.runner.run import canonical, resume

LOSS = """
import sys
import lent_by_the_user
print("woken", end="")

def Loud(prediction, target):
    sys.stdout.write("no newline")
    print("x" * 5000, end="", file=sys.stderr)
    return lent_by_the_user.half * (prediction - target) ** 2
"""
STUDY = """
[study]
name = "small"
[data]
path = "d.csv"
target = "y"
[split]
folds = 2
[evaluate]
claim = "fitted"
bootstrap = 200
[[models]]
kind = "dummy"
[[models]]
name = "<i>line</i>"
kind = "linear"
"""
OWN = """
[[models]]
name = "loud"
kind = "ridge"
penalty = "l2"
loss = "loud:Loud"
lambdas = [1.0]
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a table, a study, and a study whose loss is the user's own and prints."""
    return furnish(tmp_path)


def furnish(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 2))
    columns = {"<b>a</b>": x[:, 0], "b": x[:, 1], "y": x[:, 0] + rng.normal(size=150)}
    pl.DataFrame(columns).write_csv(tmp_path / "d.csv")
    (tmp_path / "plain.toml").write_text(STUDY)
    (tmp_path / "loud.toml").write_text(STUDY + OWN)
    (tmp_path / "loud.py").write_text(LOSS)
    (tmp_path / "lent_by_the_user.py").write_text("half = 0.5\n")
    return tmp_path


def fivesigma(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program as it is installed."""
    code = "import sys; from fivesigma.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *words], cwd=folder, capture_output=True, text=True, timeout=600
    )


def strew(folder: Path) -> None:
    """Put a decoy there for every module of Python and of everything that is installed or could be."""
    absent = {"xgboost", "shap", "torch", "astropy", "h5py", "dask", "mlflow", "cupy", "IPython", "pandas"}
    names = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *absent}
    for name in names:
        if name.isidentifier():
            text = f"open({str(folder / 'RAN')!r}, 'a').write({name!r} + chr(10))\nraise RuntimeError('a decoy')\n"
            (folder / f"{name}.py").write_text(text)


VERBS = (
    ("run", "plain.toml", "--out", "r", "--workers", "2"),
    ("run", "loud.toml", "--trust", "--out", "own", "--workers", "2"),
    ("check", "loud.toml", "--trust"),
    ("inspect", "d.csv"),
    ("init", "d.csv", "--target", "y", "--out", "made.toml"),
    ("predict", "r", "d.csv", "--out", "p.csv"),
    ("report", "r"),
    ("compare", "r", "r"),
    ("resume", "r"),
    ("reproduce", "r", "--workers", "2"),
    ("simulate", "toys", "--n", "20", "--out", "toys.csv"),
    *(("studies",), ("models",), ("doctor",)),
)


def test_no_verb_and_no_worker_imports_what_lies_in_the_current_folder(here: Path) -> None:
    """The verbs in one process, as a program that is installed calls them: the folder is not in its path."""
    strew(here)
    code = (
        "import json, sys\nfrom fivesigma.cli import main\n"
        "found = {}\nfor words in json.loads(sys.argv[1]):\n    found[' '.join(words)] = main([*words])\n"
        "open('statuses', 'w').write(json.dumps(found))\n"
    )
    command = [sys.executable, "-P", "-c", code, json.dumps(VERBS)]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=900)
    assert not (here / "RAN").exists(), (here / "RAN").read_text()
    assert "a decoy" not in done.stderr + (here / "r" / "log.txt").read_text()
    statuses = json.loads((here / "statuses").read_text())
    bad = {words: status for words, status in statuses.items() if status}
    assert bad == {}, done.stderr


def test_what_a_loss_prints_is_logged_up_to_a_bound_and_spoils_nothing(here: Path) -> None:
    found = []
    for workers in ("1", "2"):
        done = fivesigma(
            here, "run", "loud.toml", "--trust", "--out", f"r{workers}", "--workers", workers, "--json", "-q"
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["failed"] == []
        assert "xxx" not in done.stderr
        log = (here / f"r{workers}" / "log.txt").read_text()
        assert "loud: fold 0 printed:" in log
        assert "no newline" in log
        assert "more characters)" in log
        assert max(map(len, log.splitlines())) < 5000
        found.append(canonical(json.loads((here / f"r{workers}" / "results.json").read_text())))
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = furnish(tmp_path_factory.mktemp("done"))
    assert fivesigma(folder, "run", "plain.toml", "--out", "r", "--workers", "1", "-q").returncode == 0
    return folder


@pytest.fixture
def finished(done_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run, for one test to spoil."""
    shutil.copytree(done_once, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy" / "r"


def test_of_two_resumes_at_once_one_is_refused_in_a_sentence(finished: Path) -> None:
    (finished / "report.html").unlink()
    with RunFolder(finished).lock():
        done = fivesigma(finished.parent, "resume", "r")
        assert done.returncode == 2
        assert f"process {os.getpid()} on" in done.stderr
        assert "wait for it or stop it" in done.stderr
        with pytest.raises(InputError, match="is working in it"):
            resume(finished, progress=False)
    assert fivesigma(finished.parent, "resume", "r", "-q").returncode == 0


def test_a_page_that_is_made_again_has_the_same_bytes(finished: Path) -> None:
    pages = [(finished / name).read_bytes() for name in ("report.md", "report.html")]
    assert b"<i>" not in pages[0]
    assert b"<b>" not in pages[0]
    (finished / "report.html").unlink()
    (finished / "report.md").unlink()
    (finished / "results.json").unlink()
    resume(finished, workers=1, progress=False)
    assert [(finished / name).read_bytes() for name in ("report.md", "report.html")] == pages


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_task_is_done_again_and_said_and_the_results_stay(finished: Path, workers: int) -> None:
    before = canonical(json.loads((finished / "results.json").read_text()))
    task = sorted((finished / "tasks").glob("*.npz"))[0]
    content = bytearray(task.read_bytes())
    content[len(content) // 2] ^= 1
    task.write_bytes(content)
    (finished / "results.json").unlink()
    resume(finished, workers=workers, progress=False)
    assert canonical(json.loads((finished / "results.json").read_text())) == before
    (said,) = json.loads((finished / "manifest.json").read_text())["recomputed"]
    assert said.endswith("(its file was damaged)")
    assert f"recomputed: {said}" in (finished / "log.txt").read_text()
    assert "its file was damaged" in (finished / "report.html").read_text()
    assert (finished / "tasks" / "corrupt" / task.name).read_bytes() == content


def test_a_worker_that_dies_again_and_again_is_named_by_its_model(here: Path) -> None:
    (here / "loud.py").write_text(
        "import os\ndef Loud(p, t):\n"
        "    if os.getpgrp() == os.getpid():\n        os.kill(os.getpid(), 11)\n    return (p - t) ** 2 / 2\n"
    )
    few = (STUDY + OWN).replace(
        "bootstrap = 200", "bootstrap = 200\nrefits = 2"
    )  # each of its fits kills two workers
    (here / "loud.toml").write_text(few)
    done = fivesigma(here, "run", "loud.toml", "--trust", "--out", "r", "--workers", "2", "--json", "-q")
    assert done.returncode == 1
    (failed,) = json.loads(done.stdout)["failed"]
    assert failed.startswith("loud: ")
    assert "died twice (exit status -11" in failed
    assert "loud.py" in (here / "r" / "log.txt").read_text()  # where it was when it died
