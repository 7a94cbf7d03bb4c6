"""Carries out the studies of a scan by key.

A worker process opens it by `open_work` (see `fivesigma._core.worker`).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.environment import versions
from fivesigma.data.dataset import Dataset
from fivesigma.record.store import RunFolder
from fivesigma.study.analyses.scan.points import Point, points, study_at, told
from fivesigma.study.preparation.events import read
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.child_study import scores, without
from fivesigma.study.spec.document import Spec


def units(spec: Spec) -> dict[str, tuple[Point, int]]:
    """Return the studies of a scan by key, a hash of all they depend on: the point and the number of the repeat."""
    if spec.scan is None:
        return {}
    document = {name: section for name, section in spec.to_document().items() if name != "scan"}
    shared = json.dumps([document, spec.scan.followers, versions()], sort_keys=True)
    return {
        hashlib.sha256(f"{shared} {told(point.values)} {seed}".encode()).hexdigest()[:32]: (point, number)
        for point in points(spec)
        for number, seed in enumerate(point.seeds)
    }


def is_fresh(spec: Spec) -> bool:
    """Whether each repeat draws events of its own, so that its test set is nobody's sealed one."""
    return spec.data.simulated is not None


@dataclass(frozen=True)
class Scanner:
    """Carries out the studies of one scan.

    ``data`` and ``own`` are what the study was given in Python, if it was.
    """

    spec: Spec
    folder: RunFolder
    data: Dataset | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    _read: dict[str, Dataset] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Scanner:
        """Open the scan of a run folder; whoever started the run has said whether a loss of theirs is trusted."""
        folder = RunFolder(path)
        return cls(Spec.read(folder.study, trust=True), folder)

    @cached_property
    def units(self) -> dict[str, tuple[Point, int]]:
        """The studies by key."""
        return units(self.spec)

    def __call__(self, key: str) -> None:
        """Do the study called ``key`` and keep its scores, or why it could not be done."""
        from threadpoolctl import threadpool_limits

        point, number = self.units[key]
        start = time.perf_counter()
        with threadpool_limits(1):
            try:
                found = self.scores(point, number)
            except Exception as error:  # a study that cannot be done is a record too
                found = {
                    "models": {},
                    "messages": {},
                    "remarks": {},
                    "error": f"{type(error).__name__}: {error}",
                }
        self.folder.tasks.write(key, {}, found | {"seconds": time.perf_counter() - start})

    def scores(self, point: Point, number: int) -> dict[str, Any]:
        """Return the scores of one study."""
        child = study_at(self.spec, point.values, point.seeds[number])
        fresh = is_fresh(child)
        prepared = prepare(child, None if fresh else self.table(child), self.own)
        if not fresh and any(key.startswith("data.") for key in point.values):
            prepared = without(prepared, self.sealed)
        return scores(prepared, fresh=fresh)

    def table(self, child: Spec) -> Dataset:
        """Return the table of a study; the last one read is kept, since most points share it."""
        if child.data.source == MEMORY:
            assert self.data is not None
            return self.data
        document = child.to_document()
        key = json.dumps([document["data"], document["features"], document["split"]["test"]], sort_keys=True)
        if key not in self._read:
            self._read.clear()
            self._read[key] = read(child)
        return self._read[key]

    @cached_property
    def sealed(self) -> NDArray[np.uint64]:
        """Hashes of the rows that the study seals as it is written: no point may use them, whatever it selects."""
        written: Prepared = prepare(self.spec, self.data, self.own)
        rows = [written.data.row_hashes[test] for test in written.split.tests.values()]
        return np.concatenate(rows) if rows else np.empty(0, dtype=np.uint64)


def open_work(path: str) -> Scanner:
    """Open what carries out the scan of the run folder ``path`` in a worker process."""
    return Scanner.open(Path(path))
