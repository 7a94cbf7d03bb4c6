"""How long a run will still take, by what its fits have taken so far: of each model its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fivesigma.study.plan import Child, Task
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.forecast import Pace, conclusion, further, slowdown

_FIRST = " first"  # no model has this name
_ENOUGH = 2
"""Fits of a model from which on its own time is believed, and not what its kind foretells."""


@dataclass
class _Fits:
    """Some fits of a model: how many, their foretold seconds, and those that they have taken."""

    number: int = 0
    foretold: float = 0.0
    taken: float = 0.0

    def add(self, foretold: float, taken: float = 0.0, number: int = 1) -> None:
        """Count one more."""
        self.number += number
        self.foretold += foretold
        self.taken += taken

    @property
    def mean(self) -> float:
        """The mean of the foretold seconds."""
        return self.foretold / self.number


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
    _pending: dict[str, _Fits] = field(default_factory=dict)
    _done: dict[str, _Fits] = field(default_factory=dict)
    _woken: int = 0

    @classmethod
    def of(cls, prepared: Prepared, workers: int) -> Outlook:
        """Return the outlook of a study that is about to be carried out."""
        pace = Pace.of(prepared)
        return cls(pace, workers, further(prepared, pace), conclusion(prepared), slowdown(workers))

    def begin(self, tasks: Iterable[Task]) -> None:
        """A stage of these tasks begins; after the first one they are of what was foretold to follow."""
        self._pending = {}
        for task in tasks:
            self._pending.setdefault(_who(task), _Fits()).add(self.pace.seconds(task))
        if self._woken:
            foretold = sum(each.foretold for each in self._pending.values())
            self.further = max(0.0, self.further - foretold)

    def done(self, task: Task, seconds: float) -> None:
        """A task has taken so many seconds.

        The first of each worker woke what it fits with: it counts until others do.
        """
        foretold = self.pace.seconds(task)
        self._pending[_who(task)].add(-foretold, number=-1)
        self._woken += 1
        who = _who(task) if self._woken > self.workers else _FIRST
        self._done.setdefault(who, _Fits()).add(foretold, seconds)

    def left(self) -> float:
        """Return the seconds that are left."""
        pending = {who: each for who, each in self._pending.items() if each.number}
        n = sum(each.number for each in pending.values())
        fits = sum(each.foretold * self._ratio(who) for who, each in pending.items())
        longest = max((each.mean * self._ratio(who) for who, each in pending.items()), default=0.0)
        fits -= self._begun(n) * (fits / n if n < self.workers else longest) / 2 if n else 0.0
        return fits / max(1, min(self.workers, n)) + self.further * self._overall / self.workers + self.rest

    def _begun(self, n: int) -> int:
        """How many of n tasks are half done, as a rule: of a stage that ends all, else all at work but the newest."""
        return 0 if not self._woken else n if n < self.workers else self.workers - 1

    @property
    def rest(self) -> float:
        """The seconds of evidence and page."""
        return self.conclusion * self.slow

    @property
    def _overall(self) -> float:
        """How many times longer fits take than foretold, all models together."""
        told = [each for who, each in self._done.items() if who != _FIRST] or list(self._done.values())
        foretold = sum(each.foretold for each in told)
        return sum(each.taken for each in told) / foretold if foretold else self.slow

    def _ratio(self, who: str) -> float:
        """How many times longer the fits of one model take; as all of them do where few are done."""
        done = self._done.get(who)
        if done is None or done.number < _ENOUGH or not done.foretold:
            return self._overall
        return done.taken / done.foretold


def _who(task: Task) -> str:
    return "" if isinstance(task, Child) else task.model
