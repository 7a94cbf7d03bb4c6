"""Long simulations that a kill does not lose: studies in blocks on two cores, a line of each kept on disk.

A scene's lines stand in ``build/scenes/NAME.txt`` under the hash of the code that they are of: the package less its
page and command line, and the scenes. Other code begins anew; the same code goes on where it was.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from functools import cache
from pathlib import Path

from benchmarks.scene import Lines, Null, Scene, nulls, scenes, studied

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "scenes"
BLOCK = 20
APART = ("cli", "report", "studies")
"""Folders of the package that have no say in a simulation."""


@cache
def code() -> str:
    """Return the hash of the code that a simulation depends on."""
    package = ROOT / "src" / "fivesigma"
    files = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in APART]
    digest = hashlib.sha256()
    for path in sorted([*files, *(ROOT / "benchmarks" / "scenes").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(name: str) -> Lines:
    """Return the lines that an earlier run of this code has left."""
    path = KEPT / f"{name}.txt"
    head, *lines = path.read_text().splitlines() if path.exists() else [""]
    if head != code():
        return Lines()
    whole = [line for line in lines if line.endswith(";")]  # a kill may leave half a line, and it is the last
    return Lines([[float(word) for word in line[:-1].split()] for line in whole])


def run(name: str, studies: int, workers: int = 2) -> Lines:
    """Return ``studies`` lines of a scene: those kept, and the others simulated and kept."""
    found = kept(name).numbers[:studies]
    KEPT.mkdir(parents=True, exist_ok=True)
    _write(name, found)
    blocks = [(name, first, min(first + BLOCK, studies)) for first in range(len(found), studies, BLOCK)]
    if not blocks:
        return Lines(found)
    with multiprocessing.Pool(workers) as pool, (KEPT / f"{name}.txt").open("a") as file:
        for lines in pool.imap(_block, blocks):
            found += lines
            file.writelines(_line(each) for each in lines)
            file.flush()
    return Lines(found)


def _write(name: str, lines: list[list[float]]) -> None:
    (KEPT / f"{name}.txt").write_text("".join([f"{code()}\n", *map(_line, lines)]))


def _line(numbers: list[float]) -> str:
    return f"{' '.join(map(repr, numbers))};\n"


def _block(asked: tuple[str, int, int]) -> list[list[float]]:
    name, first, last = asked
    scene: Scene | Null = (scenes() | nulls())[name]  # type: ignore[operator]
    return studied(scene, first, last)
