"""Importing is cheap and honest: fresh interpreters are asked what they woke, and how long help takes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("torch", "matplotlib", "sklearn", "polars", "numba", "scipy", "pandas", "optuna", "skops")


def _woken(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after ``code``."""
    asked = (
        f"{code}\nimport sys, json\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_wakes_nothing_heavy() -> None:
    assert not _woken("import fivesigma") & {*HEAVY, "numpy", "pydantic", "typer", "rich"}


def test_every_public_name_is_there() -> None:
    code = "import fivesigma as fs\nfor name in fs.__all__: getattr(fs, name)"
    assert "fivesigma" in _woken(code)


@pytest.mark.parametrize(
    "floor", ["_core", "risk", "data", "record", "features", "models", "report", "study"]
)
def test_importing_a_floor_wakes_nothing_heavy(floor: str) -> None:
    assert not _woken(f"import fivesigma.{floor}") & set(HEAVY)


def test_help_wakes_neither_numerics_nor_the_schema() -> None:
    code = "from fivesigma.cli import main\nmain(['--help'])"
    assert not _woken(code) & {*HEAVY, "numpy", "pydantic"}


def test_help_answers_in_half_a_second() -> None:
    program = Path(sys.executable).with_name("fivesigma")
    command = (
        [str(program)]
        if program.exists()
        else [sys.executable, "-c", "from fivesigma.cli import main; main()"]
    )
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(
            [*command, "--help"], stdout=subprocess.DEVNULL, check=True, env={**os.environ, "CI": "1"}
        )
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 0.5, seconds
