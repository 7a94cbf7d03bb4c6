"""What a study asks beside scores: a diagnostic reads off fits that are made anyway, an experiment asks for its own.

Both are small protocols; a capability is an `Analysis` that has one of them, or both, and nothing else knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import Material
from fivesigma.study.fit.finished import Finished
from fivesigma.study.fit.outcome import Outcome, gather
from fivesigma.study.plan import Entry, Fit, Plan, Task
from fivesigma.study.prepared import Prepared
from fivesigma.study.spec.section import Section

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit that has just been made, as diagnostics see it.

    Attributes
    ----------
    fit, entry : what was asked, and the model of the line-up
    estimator : the fitted recipe
    rows, asked : positions of the rows fitted to, and by part of those that are predicted
    data : the events of the study; ``shared`` what every fit of the plan depends on
    build : makes the unfitted recipe of another fit of this model
    """

    fit: Fit
    entry: Entry
    estimator: Any
    rows: Array
    asked: Mapping[str, Array]
    data: Material
    shared: Mapping[str, Any]
    build: Callable[[Fit], Any]

    @property
    def seed(self) -> int:
        """The study's seed."""
        return int(self.shared["seed"])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the model."""
        return tuple(self.data.meta["names"][i] for i in self.data.columns(self.entry))

    def table(self, rows: Array) -> Array:
        """Return events as the model takes them."""
        return self.data.table(rows, self.entry)


class Diagnostic(Protocol):
    """Read off a fit that is made anyway: coefficients, a path, the steps of a search, what a fold leans on."""

    @property
    def name(self) -> str:
        """Its name among all diagnostics."""

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Return the settings with which it is read off a fit of the line-up; None where it is not."""

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return what is read off: arrays, and JSON's own types."""

    def record(self, found: Mapping[Fit, Mapping[str, Any]], entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return sections of the model's record by name, from what was ``found`` at its fits; {} for none."""


class Experiment(Protocol):
    """Asks for tasks of its own, in stages, until none is missing; made anew for each run."""

    def missing(self) -> Iterable[Task]:
        """Return the tasks without which it cannot go on; those that are done already may be among them."""

    def compared(self, evidence: Any) -> Iterable[Any]:
        """Return its differences, which belong to the family of claims (`fivesigma.study.evidence.family.Compared`)."""

    def record(self, evidence: Any) -> Mapping[str, Any]:
        """Return what it adds to the record of the run."""


@dataclass(frozen=True)
class Analysis:
    """One capability: what it has of the following, and nothing else knows it.

    Attributes
    ----------
    name : what it is called; of one from outside its key in the study file too
    section : the keys of its section of the study file, where that is no field of `Spec`
    settle : what of it every fit depends on, as JSON's own types; None where nothing is asked
    check : raises what is wrong with what is asked, before anything is fitted
    diagnostics : what it reads off fits
    experiment : what asks for fits of its own, made for a run
    record, page : the classes of its section in ``results.json`` and on the page, of one from outside
    """

    name: str
    section: type[Section] | None = None
    settle: Callable[[Prepared], Mapping[str, Any] | None] | None = None
    check: Callable[[Prepared], None] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    experiment: Callable[[Run], Experiment] | None = None
    record: Any = None
    page: Any = None


@dataclass(frozen=True, eq=False)
class Run:
    """A run as far as it has come: what was prepared, and what is finished."""

    prepared: Prepared
    done: Finished

    @property
    def plan(self) -> Plan:
        """The shared settings and the line-up, by which tasks are named."""
        return self.prepared.plan

    def has(self, task: Task) -> bool:
        """Whether a task has left a result, or the reason why there is none."""
        return self.done.has(self.plan.key(task), task)

    def read(self, fit: Fit) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the predictions of a fit by part, and its remarks; ``error`` among them where it failed."""
        return self.done.read(self.plan.key(fit))

    def found(self, fit: Fit, name: str) -> dict[str, Any] | None:
        """Return what the diagnostic ``name`` read off a fit; None where it did not, or the fit failed."""
        return self.done.found(self.plan.key(fit), name)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of each model of the line-up, once all its fits are done."""
        return list(gather(self))
