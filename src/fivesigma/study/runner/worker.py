"""Carries out the tasks of a run by key, and keeps their results in the run folder.

A worker process opens it by `open_work` (see `fivesigma._core.worker`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivesigma._core.probed import import_scikit_learn
from fivesigma.data.dataset import Dataset
from fivesigma.record.store import RunFolder
from fivesigma.study.fit.data import FitData
from fivesigma.study.plan import Fit, Plan, Task
from fivesigma.study.runner.fitter import Fitter

if TYPE_CHECKING:
    from fivesigma.study.runner.child_study import ChildStudies


_A_MOMENT = 1.0
"""Seconds that a task takes from which on its result is flushed to the disk: for less it is done again."""


@dataclass(frozen=True)
class Worker:
    """The tasks of one run folder.

    ``data`` and ``own`` are what the study was given in Python, if it was; they exist in the calling process only. So
    do the arrays that the run ``held`` already: they need not stand in memory twice.
    """

    folder: RunFolder
    data: Dataset | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    held: FitData | None = None
    _tasks: dict[str, Task] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, key: str) -> None:
        """Do the task called ``key`` and keep what it leaves, or why it failed."""
        from fivesigma._core.threads import single_threaded

        import_scikit_learn()
        task, journal = self.task(key), self.folder.tasks.journal(key)
        start = time.perf_counter()
        with single_threaded():
            if isinstance(task, Fit):
                arrays, meta = self.fitter.attempted(task, journal)
            else:
                arrays, meta = {}, self.children.attempted(task)
        seconds = time.perf_counter() - start
        in_steps = journal.path.exists()
        lasting = in_steps or seconds >= _A_MOMENT
        self.folder.tasks.write(key, arrays, meta | {"seconds": seconds}, synced=lasting)
        if in_steps:
            journal.remove()

    def task(self, key: str) -> Task:
        """Return the task called ``key``; the plan of a run grows by stages after it was opened."""
        if key not in self._tasks:
            self._tasks.update(plan_of(self.folder).tasks)
        return self._tasks[key]

    @cached_property
    def fitter(self) -> Fitter:
        """Makes fits of the run's own arrays."""
        data = FitData.read(self.folder.work / "arrays")
        if (held := self.held) is not None:
            data = replace(
                data, X=held.X, y=held.y, w=held.w, units=held.units, train=held.train, folds=held.folds
            )
        return Fitter(data, plan_of(self.folder), self.own, self.folder)

    @cached_property
    def children(self) -> ChildStudies:
        """Makes the studies of a scan; whoever started the run has said whether a loss of theirs is trusted.

        What reads and weighs studies is imported with the first of them.
        """
        from fivesigma.study.runner.child_study import ChildStudies
        from fivesigma.study.spec.document import Spec

        return ChildStudies(Spec.read(self.folder.study, trust=True), self.data, self.own)


def plan_of(folder: RunFolder) -> Plan:
    """Return the plan of a run as far as it has grown."""
    return Plan.from_document(json.loads((folder.work / "plan.json").read_text(encoding="utf-8")))


def open_work(path: str) -> Worker:
    """Open what carries out the tasks of the run folder ``path`` in a worker process."""
    return Worker(RunFolder(Path(path)))
