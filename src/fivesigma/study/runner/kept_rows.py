"""Which rows a run was trained on and which it sealed, by hashes: so that they are known again in another table.

A row is known by what its table holds of it beside target and weight, by its features, and by its place in a file; the
copies of a row are numbered. Where rows of a table are mostly alike, as in one of a few whole numbers, being equal says
nothing: then its place alone is what it is known by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError, FivesigmaError
from fivesigma.data import shape
from fivesigma.data.dataset import Dataset
from fivesigma.record.opened import among
from fivesigma.record.packed import pack, unpack
from fivesigma.record.store import GROUPS, RunFolder, write_bytes
from fivesigma.risk.row_hashes import place_hash, row_hash, told_apart
from fivesigma.risk.splits import Split
from fivesigma.study.preparation.prepare import divided
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.manifest import file_hash
from fivesigma.study.runner.openings import files_of
from fivesigma.study.spec.document import Spec

Hashes = NDArray[np.uint64]

DISTINCT = 0.99
"""The share of rows that must be told apart by what they hold for an equal one to be the same."""
_TRAIN, _SEALED, _ALIKE = "train", "sealed", "alike"


@dataclass(frozen=True, eq=False)
class KnownRows:
    """The rows of a run.

    Attributes
    ----------
    train, sealed : (n, 3) hashes of the training rows, and of those of all tests.
    distinct : (3,) whether rows are told apart by each.
    groups : (n,) the groups of the training rows, then of those of the tests; () of events without groups.
    """

    train: Hashes
    sealed: Hashes
    distinct: NDArray[np.bool_]
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, data: Dataset, split: Split, files: Sequence[str]) -> Self:
        """Return the rows of events that were divided; ``files`` are the hashes of the files that they are from."""
        hashes, distinct = hashed(data, files)
        sealed = np.concatenate([split.train[:0], *split.tests.values()])
        groups = np.empty(0, dtype=np.int64)
        if data.groups is not None:
            groups = np.asarray(data.groups[np.concatenate([split.train, sealed])], dtype=np.int64)
        return cls(hashes[split.train], hashes[sealed], distinct, groups)

    @classmethod
    def of_run(cls, folder: RunFolder) -> Self:
        """Return the rows of a run, of one of an older version by reading its table again.

        Raises
        ------
        DataError
            Where nothing tells them any more.
        """
        place = folder.rows
        if not place.is_file():
            return cls._again(folder)
        try:
            found = unpack(place.read_bytes())
            kept = cls(found[_TRAIN], found[_SEALED], ~found[_ALIKE], found[GROUPS])
            if not all(each.shape[1:] == kept.distinct.shape for each in (kept.train, kept.sealed)):
                raise ValueError("other hashes")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{place}: cannot be read as the rows of a run ({error}); copy it again."
            ) from None
        return kept

    @classmethod
    def _again(cls, folder: RunFolder) -> Self:
        spec, kept = Spec.read(folder.study), folder.manifest().get("data", ())
        gone = [each["path"] for each in kept if file_hash(Path(each["path"])) != each["sha256"]]
        if spec.data.source == MEMORY or gone:
            what = f"{gone[0]} is gone or was changed" if gone else "its events came from Python"
            raise DataError(
                f"{folder.path}: nothing tells which rows it was trained on: a run of an older version has not "
                f"kept it, and {what}; run the study again."
            )
        try:
            data, split = divided(spec)
        except FivesigmaError as error:
            raise DataError(f"{folder.path}: its table cannot be read again: {error}") from None
        return cls.of(data, split, [each["sha256"] for each in kept])

    def write(self, folder: RunFolder) -> None:
        """Keep the rows in a run folder."""
        arrays = {_TRAIN: self.train, _SEALED: self.sealed, _ALIKE: ~self.distinct, GROUPS: self.groups}
        write_bytes(folder.rows, pack(arrays))

    def within(self, hashes: Hashes, of: Hashes) -> NDArray[np.bool_]:
        """Mark which rows (n,) of some ``hashes`` (n, 3) are among those ``of`` this run."""
        return among(hashes[:, self.distinct], of[:, self.distinct])

    def only_by_place(self) -> bool:
        """Whether a row of another file cannot be known, as rows of this table are mostly alike."""
        return not self.distinct[:2].any()


def hashed(data: Dataset, files: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_]]:
    """Return what tells each row (n, 3): what is read of it, its features, its place; and whether rows differ in it."""
    each = [data.row_hashes, row_hash(shape.marked(data.X, data.mask))]
    distinct = [len(np.unique(one)) >= DISTINCT * len(one) for one in each]
    place = place_hash(files, data.rows) if files else np.zeros(data.n_samples, dtype=np.uint64)
    return np.column_stack([*map(told_apart, each), place]), np.array([*distinct, bool(files)])


def keep_rows(prepared: Prepared, folder: RunFolder) -> None:
    """Keep which rows a run was trained on, and which it sealed."""
    KnownRows.of(prepared.data, prepared.split, files_of(prepared, folder)).write(folder)


def without_rows(spec: Spec, results: Any, names: Sequence[str], file: str) -> Spec:
    """Return the study that reads ``file`` alone, all of it: no division, no models, columns as training had them.

    Parameters
    ----------
    results : the record of the run
    names : the columns that the model takes
    """
    said = spec.data
    features = said.features or (tuple(names) if results.data.kind == "table" else None)
    data = said.model_copy(
        update={
            "path": (file,),
            **dict.fromkeys(("files", "source", "observed", "rows", "fraction")),
            "spectators": (),
            "task": results.task,
            "classes": results.data.classes,
            "features": features,
        }
    )
    blank = Spec.from_document({"data": {"path": file, "target": "y"}}, place=spec.place, folder=spec.folder)
    return spec.model_copy(
        update={
            "data": data,
            "models": (),
            **{
                name: getattr(blank, name)
                for name in ("split", "evaluate", "explain", "curves", "components", "scan")
            },
        }
    )
