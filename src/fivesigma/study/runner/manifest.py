"""What surrounds a run: versions, paths, machine, and where it is kept."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fivesigma._core.environment import installed, versions
from fivesigma._core.errors import DataError, FivesigmaError
from fivesigma._core.executor import available_cores
from fivesigma.data import tables
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.shipped import is_built_in


def _default_folder(prepared: Prepared) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("runs") / f"{prepared.spec.study.name}-{stamp}-{study_hash(prepared)[:8]}"


def study_hash(prepared: Prepared) -> str:
    """Return the hash of all that the tasks of a run depend on."""
    return prepared.plan.hash


HIDDEN = "observed_hidden"
"""Whether observed events are not looked at where the signal would be."""


def _observed(prepared: Prepared) -> dict[str, Any]:
    """Return the files of observed events; {} without any."""
    files = observed_files(prepared.spec)
    told = [{"path": str(path), "sha256": file_hash(path)} for path in files]
    return {"observed": told, HIDDEN: True} if files else {}


def observed_files(spec: Spec) -> list[Path]:
    """Return the files of observed events that a study names."""
    asked = spec.data.observed
    return [] if asked is None else tables.paths([spec.absolute(path) for path in asked])


def refuse_other_observed(prepared: Prepared, manifest: Mapping[str, Any], path: Path) -> None:
    """Refuse to go on with observed events that are not those of the run."""
    for kept, now in zip(manifest.get("observed", ()), _observed(prepared).get("observed", ()), strict=False):
        if kept["sha256"] != now["sha256"]:
            raise DataError(
                f"{now['path']}: these observed events are not those that {path} began with; run the study anew into "
                "another folder."
            )


def _manifest(prepared: Prepared, *, blind: bool) -> dict[str, Any]:
    """Return what surrounds a run: versions, paths, machine; everything that is not the result."""
    now = datetime.now(UTC)
    paths = [] if prepared.spec.data.source == MEMORY else _files(prepared.spec)
    return {
        "run": hashlib.sha256(f"{now.isoformat()} {os.getpid()} {study_hash(prepared)}".encode()).hexdigest()[
            :32
        ],
        "study": prepared.spec.study.name,
        "question": prepared.spec.study.question,
        "study_hash": study_hash(prepared),
        "started": now.isoformat(timespec="seconds"),
        "blind": blind,
        "data": [{"path": path, "sha256": file_hash(Path(path))} for path in paths],
        **_observed(prepared),
        **_scores(prepared),
        "ledger": str(_ledger_file(prepared.spec)),
        "openings": None,
        "versions": versions()
        | {name: v for name in ("polars", "matplotlib", "skops") if (v := installed(name))},
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": available_cores(),
            "threads per worker": 1,
        },
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def _files(spec: Spec) -> list[str]:
    """Return the files of the study's table; the paths as they are written where one is gone since."""
    try:
        return [str(file) for file in spec.sources().files] if spec.paths() else []
    except FivesigmaError:
        return spec.paths()


def _scores(prepared: Prepared) -> dict[str, Any]:
    """Return the tables of scores made elsewhere, by the model that they stand for."""
    given = {each.name: each.given for each in prepared.plan.entries if each.given is not None}
    path = {model.name: model.file for model in prepared.spec.models}
    found = [{"model": name, "path": path[name], "sha256": each["sha256"]} for name, each in given.items()]
    return {"scores": found} if found else {}


def refuse_other_scores(prepared: Prepared, manifest: Mapping[str, Any], place: Path) -> None:
    """Raise `DataError` where a table of scores is not the one that the run in ``place`` began with."""
    now = {each["model"]: each for each in _scores(prepared).get("scores", ())}
    for then in manifest.get("scores", ()):
        same = now.get(then["model"], then)
        if same["sha256"] != then["sha256"]:
            raise DataError(
                f"{place}: the scores of '{then['model']}' in {same['path']} are not those that this run began with "
                f"(sha256 {same['sha256'][:12]}…, not {then['sha256'][:12]}…); put that file back, or run the study "
                "anew into another folder."
            )


def file_hash(path: Path) -> str | None:
    """Return the sha256 of a file, None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ledger_file(spec: Spec) -> Path:
    """Return the ledger beside the study file; in the current folder for what has no folder of its own."""
    here = spec.data.source == MEMORY or is_built_in(spec.folder / spec.place)
    return (Path.cwd() if here else spec.folder) / ".fivesigma" / "ledger.jsonl"
