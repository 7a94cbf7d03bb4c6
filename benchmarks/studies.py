"""Do the built-in studies find what their READMEs say? One line a figure that is off, and the time of each study.

    python -m benchmarks.studies --tables DIR               all studies; those of a table that is not in DIR are named
    python -m benchmarks.studies --tables DIR susy-linear   one study
    python -m benchmarks.studies --kept DIR susy-linear     runs that are kept elsewhere, such as of another machine

What a README says stands in the ``expect.toml`` beside it: ``place`` in results.json, ``value`` as it was found,
``within`` how far another run may lie. Another version of a library draws other random numbers, so that a score moves
by the ``seed`` part of its error: ``within`` is twice that (of a scan, its standard error once), at least half a unit
of the last digit that the README writes and at most five.

Ends with 1 where a figure is off. It goes on where an earlier call with the same code was stopped.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import hashlib
import json
import math
import shutil
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.repeats import ROOT, code
from fivesigma.cli import main as fivesigma
from fivesigma.study.spec.shipped import FOLDER, built_in

KEPT = ROOT / "build" / "studies"
TABLES = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Figure:
    """A figure of a README: ``said`` as it is written there, and where the record has it."""

    said: str
    place: str
    value: float | int | str
    within: float = 0.0

    @property
    def last_digit(self) -> float:
        """One unit of the last digit that the README writes."""
        _, _, decimals = self.said.partition(".")
        return 10.0 ** -len(decimals)

    def holds(self, found: Any) -> bool:
        """Whether another run has found the same."""
        if isinstance(self.value, str) or isinstance(found, str):
            return bool(found == self.value)
        return found is not None and math.isfinite(found) and abs(found - self.value) <= self.within


@dataclass(frozen=True)
class Expected:
    """What the README of a study says of its run, and the numbers in it that are of no run, with the reason."""

    figures: tuple[Figure, ...]
    elsewhere: dict[str, str]
    tables: tuple[str, ...]


def expected(study: str) -> Expected:
    """Read the ``expect.toml`` of a built-in study."""
    document = tomllib.loads((FOLDER / study / "expect.toml").read_text(encoding="utf-8"))
    figures = tuple(Figure(**each) for each in document.get("figure", ()))
    elsewhere = {said: each["why"] for each in document.get("elsewhere", ()) for said in each["said"]}
    return Expected(figures, elsewhere, tuple(document.get("tables", ())))


def at(document: Any, place: str) -> Any:
    """Return what stands at a dotted ``place``; what a list holds goes by its name, or by its number.

    >>> at({"models": [{"name": "a b", "fits": [4, 5]}]}, "models.a b.fits.1")
    5
    """
    for step in place.split("."):
        if not isinstance(document, list):
            document = document[step]
            continue
        named = (each for each in document if isinstance(each, dict) and each.get("name") == step)
        found = next(named, None)
        document = found if found is not None else document[int(step)]
    return document


def off(figures: Sequence[Figure], document: Any) -> Iterator[str]:
    """Yield a line for each figure that a record does not have within what is allowed."""
    for figure in figures:
        try:
            found = at(document, figure.place)
        except (KeyError, IndexError, ValueError, TypeError):
            yield f"{figure.place}: is not in the record; the README says {figure.said}"
            continue
        if not figure.holds(found):
            yield f"{figure.place}: {found} instead of {figure.value} within {figure.within}"


def carried_out(study: str, tables: Sequence[str], folder: Path, workers: int) -> bool:
    """Run a study into ``folder``, or go on with it; whether it ended well. Other code or another study begins anew."""
    key = hashlib.sha256(code().encode() + (FOLDER / study / "study.toml").read_bytes()).hexdigest()
    note = folder.parent / f"{study}.key"
    if not note.exists() or note.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(key)
    if (folder / "report.html").exists():
        return True
    quietly = ["--quiet", "--workers", str(workers)]
    if (folder / "manifest.json").exists():
        return fivesigma(["resume", str(folder), *quietly]) == 0
    shutil.rmtree(folder, ignore_errors=True)
    data = [word for table in tables for word in ("--data", table)]
    return fivesigma(["run", study, "--out", str(folder), *data, *quietly]) == 0


@dataclass(frozen=True)
class Judged:
    """A README beside its run: whether it is true, None where the study was not run, and how long the run took."""

    true: bool | None
    seconds: float = 0.0


def judged(study: str, asked: argparse.Namespace) -> Judged:
    """Carry a study out, or take the run that is kept, and say which figures of its README are off."""
    known, folder = expected(study), asked.kept / study
    tables = [str(asked.tables / table) for table in known.tables]
    if not (folder / "report.html").exists() and not all(map(os.path.exists, tables)):
        return Judged(None)
    if asked.kept == KEPT and not carried_out(study, tables, folder, asked.workers):
        print(f"{study}: the run did not end, or a promise of it failed")
    if not (folder / "report.html").exists():
        return Judged(False if asked.kept == KEPT else None)
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    lines, seconds = list(off(known.figures, document)), float(document["timing"].get("total", 0.0))
    n = len(known.figures)
    print(f"{study}: {n - len(lines)} of {n} figures hold, {seconds:.0f} s", *lines, sep="\n  ", flush=True)
    return Judged(not lines, seconds)


def main(arguments: list[str]) -> int:
    """Run and compare; 1 where a README is not true."""
    asked = _asked(arguments)
    found = {study: judged(study, asked) for study in asked.studies}
    print(f"{sum(each.seconds for each in found.values()) / 60.0:.1f} minutes in all")
    if missing := [study for study, each in found.items() if each.true is None]:
        print(f"NOT RUN, neither a run nor their tables are there: {', '.join(missing)}")
    wrong = [study for study, each in found.items() if each.true is False]
    print(f"off: {', '.join(wrong)}" if wrong else "every README that was asked is true")
    return int(bool(wrong))


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [study.name for study in built_in()]
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"of {', '.join(names)}; default: all")
    parser.add_argument("--tables", type=Path, default=TABLES, help="folder of the tables that users bring")
    parser.add_argument("--kept", type=Path, default=KEPT, help="runs kept elsewhere are only compared")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    asked = parser.parse_args(arguments)
    asked.studies = asked.studies or names
    if unknown := sorted({*asked.studies} - {*names}):
        parser.error(f"{', '.join(unknown)}: no study of the package; expected some of {', '.join(names)}")
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
