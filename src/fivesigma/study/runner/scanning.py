"""Carry out the studies of a scan that have no result yet, in this process or in several."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fivesigma._core.executor import Executor, Processes, Serial, available_cores
from fivesigma.record.store import RunFolder
from fivesigma.study.analyses.scan.points import Point, points, study_at, told
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.child_study import PURPOSES
from fivesigma.study.runner.progress import Progress, duration
from fivesigma.study.runner.scanner import Scanner, is_fresh, units

OVERHEAD = 0.01
"""Seconds that a fit takes beside its cost law: pipeline, prediction, scores."""


def scan(prepared: Prepared, folder: RunFolder, workers: int | None, progress: Progress) -> dict[str, str]:
    """Do every study of the scan that has no result yet; return the reasons of those that left none."""
    every = units(prepared.spec)
    todo = [key for key in every if not folder.tasks.has(key)]
    died: dict[str, str] = {}
    if not todo:
        return died
    progress.start(float(len(todo)), "scanning")
    folder.note_damaged({key: _told(*every[key]) for key in todo})
    with _executor(prepared, folder, min(workers or available_cores(), len(todo))) as executor:
        for outcome in executor.run(todo):
            where = _told(*every[outcome.key])
            if outcome.error is not None:
                died[outcome.key] = outcome.error
            now = datetime.now(UTC).isoformat(timespec="seconds")
            folder.log(f"{now} scan: {where}, {outcome.seconds:.2f} s {outcome.error or ''}")
            folder.log_printed(f"scan: {where}", outcome.printed)
            progress.advance(1.0, where)
    return died


def _told(point: Point, number: int) -> str:
    return f"{told(point.values)}, repeat {number + 1}"


def foretold(prepared: Prepared) -> list[str]:
    """Return how many studies the scan makes and about how long they take; [] for a study without one.

    Simulated events of the first point are drawn once, to know what that costs.
    """
    spec = prepared.spec
    if spec.scan is None:
        return []
    first, n = points(spec)[0], len(units(spec))
    started, drawn = time.perf_counter(), 0.0
    if is_fresh(spec):
        prepare(study_at(spec, first.values, first.seeds[0]))
        drawn = time.perf_counter() - started
    fits = sum(fit.cost + OVERHEAD for fit in prepared.plan.fits.values() if fit.purpose in PURPOSES)
    cores = min(available_cores(), n)
    about = duration(max(1.0, n * (fits + drawn) / cores))
    studies = f"scan: {n} studies ({n // spec.scan.repeats} points, {spec.scan.repeats} repeats)"
    return [f"{studies}, about {about} on {cores} cores if each costs what the one written does"]


@contextmanager
def _executor(prepared: Prepared, folder: RunFolder, workers: int) -> Iterator[Executor]:
    """Yield what does the studies; arrays and estimators given in Python exist in this process only."""
    given = prepared.spec.data.source == MEMORY
    if given or prepared.own or workers < 2:
        yield Serial(Scanner(prepared.spec, folder, prepared.data if given else None, prepared.own))
    else:
        yield Processes("fivesigma.study.runner.scanner", (str(folder.path),), workers)
