"""What a study would do, before it does it: its fits, what follows from them, and about how long that takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from fivesigma._core.counts import counted
from fivesigma._core.errors import FivesigmaError
from fivesigma._core.executor import available_cores
from fivesigma.data.dataset import Dataset
from fivesigma.study.analyses.fits import fits_of_scores
from fivesigma.study.analyses.scan.points import children, is_fresh, study_at
from fivesigma.study.fit.finished import Finished, Memory
from fivesigma.study.plan import Child, Entry, Fit, Plan, Task
from fivesigma.study.preparation.images import width
from fivesigma.study.preparation.prepare import FOLDED, prepare
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.pace import OVERHEAD, seconds_of
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.runner.progress import duration
from fivesigma.study.runner.stages import first_stage, in_this_process
from fivesigma.study.tasks.registry import task as task_called

_WAKING = 3.5  # seconds until a worker has what it fits with
_SOON = 5.0  # seconds of fits; waking processes for them would cost more than they do
_INNER_FOLDS = 3  # of a search
_METRIC = 5e-8  # seconds of one event in one resample of one model, for all metrics together
_MODEL, _FIGURE, _PAGE = 0.2, 0.2, 3.0
"""Seconds that a model takes in the evidence and in the figures, and of the rest of the page."""
_AGREEMENT = 0.1  # of what clusterings are judged by, as a part of that
_BUSY = 1.3  # times longer than alone, from which on it is said
_LOOKED = 3  # points of a scan that are looked at
_SHARE = {"fold": 0.8, "half": 0.4, "nine tenths": 0.9, "five tenths": 0.5}
"""Part of the training rows that a fit sees, by the kind of its sample."""


@dataclass(frozen=True)
class Forecast:
    """Seconds on one idle core: of the fits that are known, of those that follow from them, of evidence and page.

    ``tasks`` is how many of them can be done at once.
    """

    fits: float
    further: float
    conclusion: float
    tasks: int

    def at_once(self, workers: int | None = None) -> int:
        """Return how many tasks are done at once: as was asked; else one where they are soon done, else one a core."""
        wanted = workers or (1 if self.fits + self.further < _SOON else available_cores())
        return max(1, min(wanted, self.tasks))

    def seconds(self, workers: int | None = None) -> float:
        """Return the time that it takes with so many workers, by how busy the machine is now."""
        n = self.at_once(workers)
        return self.alone(n) * slowdown(n)

    def alone(self, workers: int | None = None) -> float:
        """Return the time that it takes with so many workers where nothing else runs."""
        n = self.at_once(workers)
        waking = _WAKING if n > 1 else _WAKING / 2
        return waking + (self.fits + self.further) / n + self.conclusion


def slowdown(workers: int) -> float:
    """Return how many times longer each of so many workers takes beside what else runs on the machine.

    By the load of the last minute: of c cores that are asked for by more, each has its share.
    """
    try:
        others = os.getloadavg()[0]
    except OSError:  # not told on this system
        return 1.0
    return max(1.0, (others + workers) / available_cores())


def planned(prepared: Prepared) -> Plan:
    """Return the tasks that are known before any is done."""
    return first_stage(prepared, Finished(Memory())).plan


def n_workers(prepared: Prepared, plan: Plan, workers: int | None) -> int:
    """Return how many tasks of a plan are done at once, of so many processes as were asked for.

    Where none were, small studies have this process alone, unless they run code of the user's own, which may end the
    process that it is in.
    """
    if in_this_process(prepared, plan):
        return 1
    if workers is None and prepared.spec.scan is None and not prepared.spec.trust:
        return forecast(prepared, plan).at_once()
    return max(1, min(workers or available_cores(), len(plan.tasks)))


def forecast(prepared: Prepared, plan: Plan) -> Forecast:
    """Return about how long a study takes, by what each of its fits is."""
    pace = Pace.of(prepared)
    known = [pace.seconds(task) for task in plan.tasks.values()]
    return Forecast(sum(known), further(prepared, pace), conclusion(prepared), max(len(known), 1))


def foretold(prepared: Prepared, plan: Plan) -> list[str]:
    """Return how many studies a scan makes, and about how long the run takes."""
    said = []
    if prepared.spec.scan is not None:
        n, repeats = len(children(prepared.spec)), prepared.spec.scan.repeats
        parts = [counted(n // repeats, "point"), counted(repeats, "repeat")]
        said = [f"scan: {counted(n, 'study', 'studies')} ({', '.join(parts)})"]
    found = forecast(prepared, plan)
    cores = found.at_once()
    busy = found.seconds() > _BUSY * found.alone()
    beside = f" beside what else runs now, about {duration(found.alone())} alone" if busy else ""
    return [*said, f"time: about {duration(found.seconds())} on {counted(cores, 'core')}{beside}"]


@dataclass(frozen=True)
class Pace:
    """Seconds of each task of a study on one idle core; ``child`` are those of one study of its scan."""

    prepared: Prepared
    child: float = 0.0

    @classmethod
    def of(cls, prepared: Prepared) -> Pace:
        """Return the pace of a study; of a scan some points are prepared, to know what that costs."""
        return cls(prepared, 0.0 if prepared.spec.scan is None else _of_points(prepared))

    def seconds(self, task: Task) -> float:
        """Return the seconds of one task."""
        return self.child if isinstance(task, Child) else self.of_fit(task)

    def of_fit(self, fit: Fit) -> float:
        """Return the seconds of one fit: of its own rows, columns and settings."""
        entry = next(each for each in self.prepared.plan.entries if each.name == fit.model)
        n = len(self.prepared.split.train) * _SHARE.get(fit.sample.kind, 1.0)
        n = n if fit.sample.n_rows is None else min(n, fit.sample.n_rows)
        return seconds_of_entry(entry, self.prepared.data, n, fit)


def seconds_of_entry(entry: Entry, data: Dataset, n: float, fit: Fit) -> float:
    """Return the seconds of a fit to ``n`` rows, with those of its search or path inside."""
    kind = kind_called(entry.kind)
    p = width(entry, data) if fit.columns is None else len(fit.columns)
    K = float(len(data.classes or ()) or 1) if task_called(data.task).supervised else 1.0
    params = kind.checked({**entry.params, **fit.params}) if kind.parameters else {}
    times = _INNER_FOLDS * (entry.trials or 1) if entry.searched else FOLDED if entry.path is not None else 1
    rows = n * (1 - 1 / _INNER_FOLDS) if entry.searched else n
    return times * seconds_of(kind, rows, float(p), K, params)


def _of_points(prepared: Prepared) -> float:
    """Return the mean seconds of the studies of a scan, of which some are prepared; one that cannot be takes none."""
    every = children(prepared.spec)
    some = every if is_fresh(prepared.spec) else every[:1]
    found = []
    for at in sorted({round(i * (len(some) - 1) / (_LOOKED - 1)) for i in range(_LOOKED)}):
        with suppress(FivesigmaError):
            found.append(_of_point(prepared, some[at]))
    return sum(found) / max(len(found), 1)


def _of_point(prepared: Prepared, child: Child) -> float:
    """Return the seconds of one study of a scan: it is prepared, and models are fitted for scores alone."""
    started = time.process_time()
    there = prepare(study_at(prepared.spec, child.values, child.seed))
    drawn = time.process_time() - started
    pace = Pace(replace(there))
    return drawn + sum(map(pace.of_fit, _scored(there))) + OVERHEAD * len(there.plan.entries)


def _scored(prepared: Prepared) -> Iterator[Fit]:
    for entry in prepared.plan.entries:
        yield from fits_of_scores(prepared, entry)


def further(prepared: Prepared, pace: Pace) -> float:
    """Return the seconds of fits that are known once others are done: columns that are deleted one after the other."""
    spec, split = prepared.spec, prepared.split
    asked = spec.explain.refits
    rounds = sum(int(asked.get(way) or 0) for way in ("drop_best", "forward"))
    if not rounds:
        return 0.0
    named = spec.explain.models
    entries = [each for each in prepared.plan.entries if not each.skipped and each.kind != "dummy"]
    leaning = [each for each in entries if named is None or each.name in named]
    costs = sorted((pace.of_fit(Fit(each.name)) for each in leaning), reverse=True)
    asking = costs if named is not None else costs[:1]  # the best one alone: careful, the costliest
    return rounds * (1 + split.n_folds + spec.evaluate.refits) * sum(asking)


def conclusion(prepared: Prepared) -> float:
    """Return the seconds of evidence and page."""
    models = [each for each in prepared.plan.entries if not each.skipped]
    judged = sum(len(rows) for rows in prepared.split.tests.values()) or len(prepared.split.train)
    learnt = task_called(prepared.data.task).supervised
    classes = max(1, len(prepared.data.classes or ()) - 1) if learnt else _AGREEMENT
    resampled = _METRIC * prepared.spec.evaluate.bootstrap * judged * len(models) * classes
    return resampled + (_MODEL + _FIGURE) * len(models) + _PAGE


def expected(tasks: Iterable[Task], pace: Pace) -> float:
    """Return the seconds of some tasks on one idle core."""
    return sum(map(pace.seconds, tasks))
