"""The ledger told: who opened which rows when, how many were open before, what each study claims now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError
from fivesigma.record.ledger import Ledger, Opening
from fivesigma.record.store import RunFolder
from fivesigma.study.finished.result import Result, load

LEDGER = Path(".fivesigma") / "ledger.jsonl"
"""Where the ledger of a folder with study files lies."""


def ledger_beside(place: str | Path = ".") -> Ledger:
    """Return the ledger of a folder with study files, of a study file, or of a run folder.

    Raises
    ------
    DataError
        Where there is none.
    """
    path = Path(place)
    if (path / "manifest.json").is_file():
        found = ledger_of_run(path)
    else:
        found = (path if path.is_dir() else path.parent) / LEDGER
    if not found.is_file():
        raise DataError(
            f"{found}: there is no ledger; name the folder of a study file of which a test was opened, or a run folder."
        )
    return Ledger(found)


def ledger_of_run(path: Path) -> Path:
    """Return the ledger that a run names; of a folder that was moved with its project, one above that knows the run."""
    manifest = RunFolder(path).manifest()
    named = Path(manifest["ledger"])
    if named.is_file():
        return named
    above = (each / LEDGER for each in path.resolve().parents if (each / LEDGER).is_file())
    known = (each for each in above if any(line.by == manifest.get("run") for line in Ledger(each).entries()))
    return next(known, named)


def openings(ledger: Ledger) -> dict[str, Any]:
    """Return what a ledger says.

    Returns
    -------
    dict : ``openings`` (of each time, study, run, test, n rows, how many of these other runs had opened ``before``),
        and ``studies`` (of each the last run whose folder is there, its first ``claim`` with ``verdict`` and
        ``sigma_global``, and whether it was ``blind``: None where no folder is)

    Raises
    ------
    DataError
        Where the chain is broken.
    """
    entries = ledger.entries()
    return {
        "openings": [
            {
                "time": each.time,
                "study": each.study,
                "run": each.name,
                "test": each.of,
                "n": each.n,
                "before": n,
            }
            for each, n in zip(entries, ledger.before(), strict=True)
        ],
        "studies": [
            _standing(ledger, name, [each for each in entries if each.study == name])
            for name in dict.fromkeys(each.study for each in entries)
        ],
    }


def _standing(ledger: Ledger, study: str, entries: Sequence[Opening]) -> dict[str, Any]:
    """Return what a study claims now: its last run that is still there."""
    found = next((run for each in reversed(entries) if (run := _run(ledger, each)) is not None), None)
    claim = next(iter(found.claims), None) if found is not None else None
    return {
        "study": study,
        "run": None if found is None else found.path.name,
        "claim": None if claim is None else claim.text,
        "verdict": None if claim is None else claim.verdict,
        "sigma_global": None if claim is None else claim.sigma_global,
        "blind": None if found is None else not found.not_blind,
    }


def _run(ledger: Ledger, opening: Opening) -> Result | None:
    """Return the run of an opening, None where its folder is gone, unfinished, or another's now."""
    if opening.folder is None:
        return None
    place = ledger.path.parent.parent / opening.folder
    try:
        same = RunFolder.open(place).manifest().get("run") == opening.by
        return load(place) if same else None
    except DataError:
        return None
