"""Byte by byte: do two states of the code find the same in the golden studies?

python tests/golden/compare.py PARENT/src src [NAME ...]

Runs the studies with the code of both folders (that of the first is kept in the temporary folder, by the hash of
its files) and compares results.json less timing, predictions, page, summary, study file, figures and their
numbers. Says where each first differs; ends with status 0 where nothing does.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import golden

CACHE = Path(tempfile.gettempdir()) / f"fivesigma-golden-{os.getuid() if hasattr(os, 'getuid') else ''}"
_FOLDER = re.compile(r'(?<=")/[^"]*/(?=[^/"]+\.csv")')
MOST_KEPT = 4  # states of the code whose runs are kept
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def state(source: Path) -> str:
    """Return the hash of all that runs depend on: the code, the studies, and how they are carried out."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in (source / "fivesigma", golden.STUDIES):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    digest.update((golden.HERE / "golden.py").read_bytes())
    return digest.hexdigest()[:16]


def started(source: Path, scratch: Path, names: list[str]) -> subprocess.Popen[bytes]:
    """Begin to carry the studies out with the code in ``source``."""
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(source.resolve()), "MPLBACKEND": "Agg"}
    return subprocess.Popen(
        [sys.executable, str(golden.HERE / "golden.py"), str(scratch), *names], env=environment
    )


def prune() -> None:
    """Keep the runs of the states that were asked for last."""
    states = sorted(CACHE.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in states[MOST_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def carried_out(parent: Path, here: Path, names: list[str], scratch: Path) -> Path:
    """Carry the studies out with both states of the code; return where the runs of the parent are."""
    CACHE.mkdir(exist_ok=True)
    kept = CACHE / state(parent)
    running = [started(here, scratch, names)]
    if not kept.is_dir():
        fresh = Path(tempfile.mkdtemp(dir=CACHE, prefix="part-"))
        one = started(parent, fresh, [])
        if one.wait() == 0:
            fresh.replace(kept)
        else:
            kept = fresh
    kept.touch()
    for each in running:
        each.wait()
    prune()
    return kept


def unlike(one: Path, two: Path) -> Iterator[str]:
    """Yield a line for each file of two run folders that differs, and where first."""
    yield from _record(one, two)
    yield from _predictions(one, two)
    yield from _text("report.html", golden.page(one), golden.page(two))
    yield from _text("report.md", golden.summary(one), golden.summary(two))
    yield from _text("study.toml", _study(one), _study(two))
    left, right = ({path.name for path in (run / "figures").iterdir()} for run in (one, two))
    for name in sorted(left ^ right):
        yield f"figures/{name}: is {'new' if name in right else 'gone'}"
    for name in sorted(left & right):
        pair = [(run / "figures" / name).read_bytes() for run in (one, two)]
        if pair[0] != pair[1]:
            yield f"figures/{name}: differs"


def _record(one: Path, two: Path) -> Iterator[str]:
    left, right = golden.record(one), golden.record(two)
    found = list(islice(golden.differences(left, right, tolerance=0.0), 1000))
    if found:
        yield f"results.json: {len(found)} places; {'; '.join(line[:200] for line in found[:3])}"
    elif json.dumps(left) != json.dumps(right):
        yield "results.json: its keys stand in another order"


def _predictions(one: Path, two: Path) -> Iterator[str]:
    if (one / "predictions.parquet").read_bytes() == (two / "predictions.parquet").read_bytes():
        return
    left, right = golden.predictions(one), golden.predictions(two)
    if list(left) != list(right):
        yield f"predictions.parquet: columns are {', '.join(right)}; they were {', '.join(left)}"
    found = list(islice(golden.differences(left, right, tolerance=0.0), 1000))
    yield f"predictions.parquet: {'; '.join(found[:2]) or 'other bytes, equal numbers'}"


def _study(run: Path) -> str:
    """Return the study file of a run less the folder it lay in."""
    return _FOLDER.sub("", (run / "study.toml").read_text(encoding="utf-8"))


def _text(name: str, one: str, two: str) -> Iterator[str]:
    if one == two:
        return
    left, right = one.splitlines(), two.splitlines()
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
    was, now = (lines[at] if at < len(lines) else "" for lines in (left, right))
    first = next(
        (k for k, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
    )
    cut = slice(max(0, first - 60), first + 100)
    yield f"{name}: line {at + 1} is {now[cut]!r}, was {was[cut]!r}"


def fits(run: Path) -> set[str]:
    """Return the keys of the fits that a run made."""
    return {path.name for path in (run / "tasks").iterdir()}


def told(one: Path, two: Path) -> tuple[bool, list[str]]:
    """Return whether two runs are equal, and what is to be said of them."""
    if not (one / "report.html").is_file() or not (two / "report.html").is_file():
        return False, ["did not end"]
    lines = list(unlike(one, two))
    notes = [] if fits(one) == fits(two) else ["(the keys of its fits are others)"]
    return not lines, lines + notes


def main(parent: Path, here: Path, names: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="fivesigma-golden-") as scratch:
        kept = carried_out(parent, here, names, Path(scratch))
        equal = True
        for name in names or golden.NAMES:
            same, lines = told(kept / "runs" / name, Path(scratch) / "runs" / name)
            equal &= same
            print(f"{name}: {'equal' if same else 'DIFFERS'}", *lines, sep="\n    ")
    return 0 if equal else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
