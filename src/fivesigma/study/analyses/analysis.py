"""What a study asks beside scores: a diagnostic reads off fits that are made anyway, an experiment asks for its own.

Both are small protocols; a capability is an `Analysis` that has one of them, or both, and nothing else knows it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from numpy.typing import NDArray

from fivesigma.record.results import Score
from fivesigma.record.sections.section import Section as RecordSection
from fivesigma.study.analyses.fits import fits_of, neighbours
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.finished import Finished
from fivesigma.study.fit.outcome import Outcome, outcome_of
from fivesigma.study.plan import Entry, Fit, Plan, Task
from fivesigma.study.prepared import Prepared

if TYPE_CHECKING:
    from fivesigma.report.section import Section as PageSection
    from fivesigma.study.spec.section import Section

Array = NDArray[Any]
Found = Sequence[tuple[Fit, Mapping[str, Any]]]
"""What a diagnostic read off fits, in the order of the line-up."""


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
    data: FitData
    shared: Mapping[str, Any]
    build: Callable[[Fit], Any]

    @property
    def seed(self) -> int:
        """The study's seed."""
        return int(self.shared["seed"])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the model."""
        names = self.data.seen(self.entry)["names"]
        return tuple(names[i] for i in self.data.columns(self.entry))

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

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return sections of the model's record by name, from what was ``found`` at its fits; {} for none."""


class OfKept(ABC):
    """A diagnostic of the kept model alone: a section of the model's record, of the type ``kept``."""

    kept: ClassVar[type[RecordSection]]

    @property
    def name(self) -> str:
        """The key of the section."""
        return self.kept.key

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the fit whose model is kept."""
        return {} if fit.is_final else None

    @abstractmethod
    def section(self, fitted: Fitted) -> RecordSection | None:
        """Return the section; None for a model that has none."""

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the document of the section; {} for a model that has none."""
        found = self.section(fitted)
        document: Mapping[str, Any] = {} if found is None else found.to_document()
        return document

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return the section as it was read off, named."""
        return {self.name: self.kept.from_document(found[0][1])} if found else {}


@dataclass(frozen=True, eq=False)
class Experiment:
    """What an analysis does in a run, made anew for each: it asks for tasks, compares, and adds to the record.

    Each of these is nothing, unless an analysis has something of its own to say.
    """

    run: Run

    def missing(self) -> Iterable[Task]:
        """Return the tasks without which it cannot go on; those that are done already may be among them."""
        return ()

    def compared(self, found: Evidence, /) -> Iterable[Compared]:
        """Return its differences, which belong to the family of claims."""
        return ()

    def scores(self, found: Evidence, name: str) -> Mapping[str, Score]:
        """Return what it adds to the scores of a fitted model on the rows it was fitted to, by metric."""
        return {}

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the sections that it adds to the record of a fitted model, by name."""
        return {}

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the sections that it adds to the record of the run, by name."""
        return {}

    def notes(self, found: Evidence) -> Iterable[tuple[str, str, str]]:
        """Return what a reader must be told: checks with their status and a message."""
        return ()


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
    record, page : of one from outside, the classes of its sections in ``results.json``, and its sections of the page
    """

    name: str
    section: type[Section] | None = None
    settle: Callable[[Prepared], Mapping[str, Any] | None] | None = None
    check: Callable[[Prepared], None] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    experiment: type[Experiment] = Experiment
    record: tuple[type[RecordSection], ...] = ()
    page: tuple[PageSection, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """A run as far as it has come: what was prepared, what is finished, and what is read off its fits.

    Attributes
    ----------
    diagnostics : by name
    fits : makes the fits that the scores of a model need
    recorded : by model and diagnostic the sections of the record, once there are `outcomes`
    """

    prepared: Prepared
    done: Finished
    diagnostics: Mapping[str, Diagnostic]
    fits: Callable[[Prepared, Entry], list[Fit]] = fits_of
    recorded: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The shared settings and the line-up, by which tasks are named."""
        return self.prepared.plan

    @cached_property
    def lineup(self) -> Mapping[str, list[Fit]]:
        """The fits that the scores of each model need, the final one first, with what is read off them."""
        return {
            entry.name: [self._read_off(entry, fit) for fit in self.fits(self.prepared, entry)]
            for entry in self.plan.entries
        }

    def _read_off(self, entry: Entry, fit: Fit) -> Fit:
        if entry.given is not None:
            return fit
        wanted = {name: each.wanted(entry, fit, self.plan.shared) for name, each in self.diagnostics.items()}
        return replace(fit, wanted={name: asked for name, asked in wanted.items() if asked is not None})

    @property
    def index(self) -> dict[str, dict[str, list[str]]]:
        """The keys of the fits of each model by the kind of their sample, in the order of their numbers.

        The neighbours of a model in flexibility, which are fits of folds, are not among them, nor the folds of refits.
        """
        found: dict[str, dict[str, list[str]]] = {}
        for name, fits in self.lineup.items():
            own = (each for each in fits if each.sample.kind != "fold" or not each.params)
            for fit in (each for each in own if each.sample.without is None):
                found.setdefault(name, {}).setdefault(fit.sample.kind, []).append(self.plan.key(fit))
        return found

    @property
    def complete(self) -> bool:
        """Whether every fit of the line-up is done."""
        return all(self.has(fit) for fits in self.lineup.values() for fit in fits)

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
        found = []
        for entry in self.plan.entries:
            fits = self.lineup[entry.name]
            outcome = outcome_of(entry, fits, neighbours(entry), self.read, self.prepared.fit_data)
            found.append(self._described(outcome) if outcome.ok else outcome)
        return found

    def _described(self, outcome: Outcome) -> Outcome:
        """Return the outcome with the sections that diagnostics make of what they read off its fits."""
        model, failed = outcome.entry.name, list[str]()
        recorded = self.recorded.setdefault(model, {})
        for name, each in self.diagnostics.items():
            read = [(fit, self.found(fit, name) or {}) for fit in self.lineup[model] if name in fit.wanted]
            failed += [f"{name}: {found['error']}" for _, found in read if "error" in found][:1]
            whole = [(fit, found) for fit, found in read if found and "error" not in found]
            recorded[name] = each.record(whole, outcome.entry, self)
        sections = {key: value for section in recorded.values() for key, value in section.items()}
        message = "; ".join(filter(None, [outcome.message, *failed]))
        return replace(outcome, message=message, described={**outcome.described, **sections})
