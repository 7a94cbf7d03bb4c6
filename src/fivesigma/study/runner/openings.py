"""What a run opens is noted in the ledger, and what was open before is noted in its manifest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma.record.ledger import Ledger, Rows
from fivesigma.record.store import RunFolder
from fivesigma.risk.row_hashes import place_hash, rows_key
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.manifest import file_hash
from fivesigma.study.tasks.task import CROSSFIT, TRAIN

Array = NDArray[Any]


def ledger_of(folder: RunFolder) -> Ledger:
    """Return the ledger that a run writes into."""
    return Ledger(Path(folder.manifest()["ledger"]))


def rows_of(prepared: Prepared, at: Array, files: Sequence[str]) -> Rows:
    """Return the rows at ``at`` as the ledger knows them: by what was read of them, and by their place in ``files``.

    The latter knows the rows of a file again that was read in another way, or not whole.
    """
    data = prepared.data
    place = place_hash(files, data.rows) if files else data.event_hashes[:, 0]
    return Rows(rows_key(data.row_hashes[at]), len(at), np.column_stack([data.event_hashes[at], place[at]]))


def files_of(prepared: Prepared, folder: RunFolder) -> list[str]:
    """Return the hashes of the files that a study reads, those of given tests last; [] where there is none."""
    given = prepared.spec.split.test if isinstance(prepared.spec.split.test, Mapping) else {}
    tests = [Path(prepared.spec.absolute(each.path)) for each in given.values() if each.path is not None]
    found = [each["sha256"] for each in folder.manifest()["data"]] + [file_hash(path) for path in tests]
    return [] if None in found else found


def opened_by(prepared: Prepared) -> Mapping[str, Array]:
    """Return positions of the rows that a run opens when it ends, by the name of their part.

    Those of its tests; all rows where each is scored by a fit that has not seen it; none where folds judge.
    """
    if prepared.spec.evaluate.crossfit:
        return {CROSSFIT: prepared.split.train}
    return prepared.split.tests


def open_rows(prepared: Prepared, folder: RunFolder, parts: Mapping[str, Array]) -> None:
    """Note in the ledger that this run opens ``parts``, and in its manifest how often they have been opened.

    Parameters
    ----------
    parts : positions of the rows whose scores are looked at, by the name of their part: those of each test, or all
        rows where every event is scored by a model that has not seen it

    Raises
    ------
    DataError
        Where the ledger is broken or cannot be written; then nothing may be scored.
    """
    manifest, ledger, place = folder.manifest(), ledger_of(folder), place_of(folder)
    files = files_of(prepared, folder)
    openings = {
        name: ledger.open(
            f"{manifest['run']}:{name}",
            rows_of(prepared, at, files),
            prepared.spec.study.name,
            test=name,
            folder=place,
        )
        for name, at in parts.items()
    }
    folder.write_manifest({**manifest, "openings": openings})


def note_seen(prepared: Prepared, folder: RunFolder, parts: Mapping[str, Array]) -> None:
    """Note in the manifest which rows of ``parts``, and of training, other runs had opened before this one."""
    manifest, ledger = folder.manifest(), ledger_of(folder)
    every, files = {**parts, TRAIN: prepared.split.train}, files_of(prepared, folder)
    try:
        seen = {
            name: ledger.seen(f"{manifest['run']}:{name}", rows_of(prepared, at, files)).to_document()
            for name, at in every.items()
        }
    except DataError as error:  # whoever opens a test has been told; who opens none can do without
        folder.log(f"what was opened before is not known: {error}")
        return
    folder.write_manifest({**manifest, "seen": seen})


def place_of(folder: RunFolder) -> str:
    """Return where a run lies as it is found from the folder of its study."""
    here, home = folder.path.resolve(), Path(folder.manifest()["ledger"]).resolve().parent.parent
    try:
        return Path(os.path.relpath(here, home)).as_posix()
    except ValueError:  # on another drive
        return here.as_posix()
