"""The tasks of a run, stage by stage: while something is missing, do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from fivesigma._core.executor import Executor, Processes, Serial
from fivesigma.record.store import RunFolder, write_arrays, write_json
from fivesigma.study.analyses import analyses, diagnostics
from fivesigma.study.analyses.analysis import Experiment, Run
from fivesigma.study.fit.finished import Finished
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.plan import Child, Fit, Plan, Task
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.progress import Progress
from fivesigma.study.runner.worker import Worker

SPEED = "sweeps_per_second"
"""What a fit that samples says of itself for the progress line."""


@dataclass(frozen=True, eq=False)
class Made:
    """All tasks of a run: the plan they make up, and what asked for them."""

    run: Run
    experiments: Mapping[str, Experiment]
    plan: Plan

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each model, all its fits counted."""
        return [
            replace(each, n_fits=self.plan.count(each.entry.name)) if each.status != "skipped" else each
            for each in self.run.outcomes
        ]

    @property
    def saved(self) -> dict[str, float]:
        """How many fits more than one analysis asked for, each of them made once, and what making them anew would take.

        Of one analysis that looks at a fit several times one look counts.
        """
        asked = Counter[str]()
        for each in self.experiments.values():
            asked.update({self.plan.key(task) for task in each.missing() if isinstance(task, Fit)})
        again = {key: n - 1 for key, n in asked.items() if n > 1}
        took = [n * self.run.done.read(key)[1].get("fit_seconds", 0.0) for key, n in again.items()]
        return {"fits": sum(again.values()), "seconds": float(sum(took))}

    @property
    def speeds(self) -> dict[str, float]:
        """Sweeps per second of the kept models that sample, by name."""
        kept = {name: fits[0] for name, fits in self.run.lineup.items() if fits}
        found = {name: speeds(self.run.read(fit)[1]) for name, fit in kept.items()}
        return {name: each[0] for name, each in found.items() if each}


def first_stage(prepared: Prepared, done: Finished) -> Made:
    """Return a run of which nothing more is done, with the tasks that are known beforehand."""
    run = Run(prepared, done, diagnostics())
    asked = {name: each.experiment(run) for name, each in analyses().items()}
    return Made(run, asked, prepared.plan.with_tasks(_asked(run, asked)))


def _asked(run: Run, asked: Mapping[str, Experiment]) -> dict[str, Task]:
    return run.plan.named(task for experiment in asked.values() for task in experiment.missing())


class Left(Protocol):
    """What knows how long a run will still take (`fivesigma.study.runner.outlook.Outlook`)."""

    def begin(self, tasks: Iterable[Task]) -> None:
        """A stage of these tasks begins."""

    def done(self, task: Task, seconds: float) -> None:
        """A task has taken so many seconds."""

    def left(self) -> float:
        """Return the seconds that are left."""


def in_this_process(prepared: Prepared, plan: Plan) -> bool:
    """Return whether tasks need what exists in this process only: arrays and estimators given in Python."""
    given = prepared.spec.data.source == MEMORY
    scanned = any(isinstance(task, Child) for task in plan.tasks.values())
    return bool(prepared.own) or (given and scanned)


def make(prepared: Prepared, folder: RunFolder, workers: int, progress: Progress, outlook: Left) -> Made:
    """Do every task that has no result yet, so many at once.

    Which columns go next, say, follows from fits that are done.
    """
    made = first_stage(prepared, Finished(folder.tasks))
    label = "fitting"
    with _executor(made, folder, workers) as executor:
        while missing := _missing(made):
            made = replace(made, plan=made.plan.with_tasks(missing))
            _stage(made, missing, folder, executor, Told(progress, label, outlook))
            label = "explaining"
        return replace(made, plan=made.plan.with_tasks(_asked(made.run, made.experiments)))


def _missing(made: Made) -> dict[str, Task]:
    asked = _asked(made.run, made.experiments)
    return {key: task for key, task in asked.items() if not made.run.done.has(key, task)}


@dataclass(frozen=True)
class Told:
    """How far a stage is, and how long all of the run will still take, is told under a label."""

    progress: Progress
    label: str
    outlook: Left

    def start(self, tasks: Collection[Task]) -> None:
        """A stage of these tasks begins."""
        scanned = all(isinstance(task, Child) for task in tasks)
        self.outlook.begin(tasks)
        self.progress.start(sum(task.cost for task in tasks), "scanning" if scanned else self.label)

    def done(self, task: Task, seconds: float, message: str) -> None:
        """A task is done."""
        self.outlook.done(task, seconds)
        self.progress.advance(task.cost, message, self.outlook.left())


def _stage(
    made: Made, missing: Mapping[str, Task], folder: RunFolder, executor: Executor, told: Told
) -> None:
    """Do the tasks of one stage, the costliest first."""
    todo = sorted(missing, key=lambda key: -missing[key].cost)
    told.start(missing.values())
    folder.note_damaged({key: str(missing[key]) for key in todo})
    data, done = made.run.prepared.fit_data, made.run.done
    write_arrays(folder.work / "arrays", data.arrays(), data.meta)
    write_json(folder.work / "plan.json", made.plan.to_document())
    for outcome in executor.run(todo):
        task = missing[outcome.key]
        done.forget(outcome.key)
        if outcome.error is not None:
            done.lost[outcome.key] = outcome.error
        _, meta = done.read(outcome.key)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        folder.log(f"{now} {task}, {outcome.seconds:.2f} s {meta.get('error', '')}".rstrip())
        folder.log_printed(str(task), outcome.printed)
        speed = "".join(f", {each:,.0f} sweeps/s" for each in speeds(meta))
        told.done(task, outcome.seconds, f"{task}{speed}")


def speeds(meta: Mapping[str, Any]) -> list[float]:
    """Return how fast a fit has sampled, as diagnostics read off; [] where it has not."""
    return [found[SPEED] for found in meta.get("found", {}).values() if SPEED in found]


@contextmanager
def _executor(made: Made, folder: RunFolder, workers: int) -> Iterator[Executor]:
    """Yield what carries the tasks out: this process, or several others."""
    if workers < 2:
        prepared = made.run.prepared
        given = prepared.spec.data.source == MEMORY
        yield Serial(Worker(folder, prepared.data if given else None, prepared.own, prepared.fit_data))
        return
    executor = Processes("fivesigma.study.runner.worker", (str(folder.path),), workers, keep=True)
    try:
        yield executor
    finally:
        executor.close()
