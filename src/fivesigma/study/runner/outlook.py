"""How long a run will still take, by what its fits have taken so far: of each model its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from fivesigma.study.plan import Child, Task
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.forecast import Pace, conclusion, further, slowdown

_ENOUGH = 2
"""Fits of a model from which on its own time is believed, and not what its kind foretells."""


@dataclass
class Outlook:
    """What is left of a run: pending tasks, fits that follow from them, evidence and page.

    Parameters
    ----------
    pace : foretells the seconds of a task on an idle core
    workers : how many tasks are done at once
    further, conclusion : seconds of what follows, on an idle core
    slow : how many times longer everything takes beside other programs, until tasks have shown it

    >>> from fivesigma.study.plan import Fit
    >>> class Even:
    ...     def seconds(self, task): return 1.0
    >>> tasks = [Fit("a", seed=i) for i in range(4)]
    >>> outlook = Outlook(Even(), 1, 0.0, 0.0)
    >>> outlook.begin(tasks)
    >>> outlook.left()
    4.0
    >>> for task in tasks[:2]: outlook.done(task, 3.0)
    >>> outlook.left()
    6.0
    """

    pace: Pace
    workers: int
    further: float
    conclusion: float
    slow: float = 1.0
    _pending: list[Task] = field(default_factory=list)
    _taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _foretold: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _stages: int = 0

    @classmethod
    def of(cls, prepared: Prepared, workers: int) -> Outlook:
        """Return the outlook of a study that is about to be carried out."""
        pace = Pace.of(prepared)
        return cls(pace, workers, further(prepared, pace), conclusion(prepared), slowdown(workers))

    def begin(self, tasks: Iterable[Task]) -> None:
        """A stage of these tasks begins; after the first one they are of what was foretold to follow."""
        self._pending = list(tasks)
        if self._stages:
            self.further = max(0.0, self.further - sum(map(self.pace.seconds, self._pending)))
        self._stages += 1

    def done(self, task: Task, seconds: float) -> None:
        """A task has taken so many seconds."""
        self._pending.remove(task)
        self._taken[_who(task)].append(seconds)
        self._foretold[_who(task)].append(self.pace.seconds(task))

    def left(self) -> float:
        """Return the seconds that are left."""
        pending = [self.pace.seconds(task) * self._ratio(_who(task)) for task in self._pending]
        at_once = max(1, min(self.workers, len(pending)))
        fits = sum(pending) - sum(pending[: self._begun]) / 2  # tasks that are begun are half done, as a rule
        return fits / at_once + self.further * self._overall / self.workers + self.rest

    @property
    def _begun(self) -> int:
        """How many tasks other workers are at: of a stage that ends all that are left, else all but a new one."""
        n = len(self._pending)
        return 0 if self.workers == 1 or not self._taken else n if n < self.workers else self.workers - 1

    @property
    def rest(self) -> float:
        """The seconds of evidence and page."""
        return self.conclusion * self.slow

    @property
    def _overall(self) -> float:
        """How many times longer fits take than foretold, all models together."""
        foretold = sum(map(sum, self._foretold.values()))
        return sum(map(sum, self._taken.values())) / foretold if foretold else self.slow

    def _ratio(self, who: str) -> float:
        """How many times longer the fits of one model take; as all of them do where few are done."""
        foretold = sum(self._foretold[who])
        if len(self._taken[who]) < _ENOUGH or not foretold:
            return self._overall
        return sum(self._taken[who]) / foretold


def _who(task: Task) -> str:
    return "" if isinstance(task, Child) else task.model
