"""Which modules their own test file does not cover: each is run alone, with branch coverage, and the rest are listed.

    python tests/coverage_by_module.py                          all packages that promise it, two at a time
    python tests/coverage_by_module.py risk record/ledger -j 4  some

The own test file of ``risk/splits.py`` is ``tests/risk/test_splits.py``; that of ``data/readers/__init__.py`` is
``tests/data/test_readers.py``, asked for where an ``__init__`` does something. What numba compiles is left out,
since no tracer sees it. Ends with 1 where a module has no such file, or the file alone covers less than 70 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fivesigma"
PACKAGES = (
    *("risk", "data", "record", "features", "explain", "sampling"),
    *("study/evidence", "study/fit", "study/tasks"),
)
ASKED = 70.0


@dataclass(frozen=True)
class Covered:
    """What a test file alone covers of its module: ``percent`` of the branches, of the lines where there is none."""

    module: Path
    percent: float
    why: str = ""

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{self.percent:6.1f} %  {self.module.relative_to(SOURCE)}  {self.why}".rstrip()


def modules(names: list[str]) -> list[Path]:
    """Return the modules of packages, or the modules named, as files."""
    found: list[Path] = []
    for name in names:
        place = SOURCE / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return [each for each in found if each.name != "__init__.py" or _says_something(each)]


def _says_something(init: Path) -> bool:
    lines = init.read_text().splitlines()
    return any(
        line.startswith(("def ", "class ")) and "__getattr__" not in line and "__dir__" not in line
        for line in lines
    )


def own_test(module: Path) -> Path:
    """Return where the test file of ``module`` stands."""
    relative = module.relative_to(SOURCE)
    named = relative.parent if relative.stem == "__init__" else relative.with_suffix("")
    return ROOT / "tests" / named.parent / f"test_{named.name}.py"


def covered(module: Path) -> Covered:
    """Run the own test file of ``module``."""
    test = own_test(module)
    if not test.is_file():
        return Covered(module, 0.0, f"has no {test.relative_to(ROOT)}")
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"COVERAGE_FILE": str(Path(folder, "data")), "OMP_NUM_THREADS": "1"}
        asked = ["--branch", f"--include={module}"]
        ran = _python(
            "coverage", "run", *asked, "-m", "pytest", str(test), "-q", "-p", "no:cacheprovider", env=env
        )
        if ran.returncode != 0:
            return Covered(
                module, 0.0, "fails: " + (ran.stdout.strip() or ran.stderr.strip()).splitlines()[-1]
            )
        _python("coverage", "json", "-q", "-o", str(Path(folder, "found")), env=env)
        summary = json.loads(Path(folder, "found").read_text())["totals"]
    if summary["num_branches"]:
        return Covered(module, 100.0 * summary["covered_branches"] / summary["num_branches"])
    return Covered(module, float(summary["percent_covered"]))


def _python(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=env, capture_output=True, text=True)


def main(arguments: list[str]) -> int:
    """Print a line a module, the worst first, and how many are below what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", default=list(PACKAGES), help="packages or modules, as risk or risk/splits"
    )
    parser.add_argument("-j", "--jobs", type=int, default=2, help="test files run at a time")
    asked = parser.parse_args(arguments)
    with ThreadPoolExecutor(asked.jobs) as pool:
        found = sorted(pool.map(covered, modules(asked.names)), key=lambda each: each.percent)
    for each in found:
        print(each.line)
    below = [each for each in found if each.percent < ASKED]
    print(f"{len(below)} of {len(found)} modules are below {ASKED:.0f} %")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
