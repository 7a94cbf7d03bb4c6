"""docs/add-a-metric.md, add-a-model.md, add-a-task.md and add-an-analysis.md, done as they are written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FIVESIGMA = (sys.executable, "-P", "-c", "from fivesigma.cli import main; raise SystemExit(main())")


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def installed(page: str, folder: Path) -> dict[str, str]:
    """Install the module of a page as a distribution in a folder, and return the environment that knows it."""
    module = next(block for block in blocks(page, "python") if block.startswith("# my_"))
    name = re.match(r"# (\w+)\.py", module)[1]  # type: ignore[index]
    (folder / f"{name}.py").write_text(module)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = tomllib.loads(next(block for block in blocks(page, "toml") if "entry-points" in block))
    lines = []
    for group, named in points["project"]["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in named.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    return os.environ | {"PYTHONPATH": path}


@pytest.mark.parametrize("page", ["add-a-metric.md", "add-a-model.md", "add-a-task.md", "add-an-analysis.md"])
def test_the_page_works_as_written(page, tmp_path):
    environment = installed(page, tmp_path)
    study = next(block for block in blocks(page, "toml") if "[data]" in block)
    (tmp_path / "study.toml").write_text(study)
    call = [*FIVESIGMA, "run", "study.toml", "--out", "out", "--quiet", "--workers", "1"]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {model["status"] for model in found["models"]} == {"ok"}
    new = {"add-a-metric.md": "cubic error", "add-an-analysis.md": "One column alone"}.get(page)
    assert new is None or new in (tmp_path / "out" / "report.html").read_text()
