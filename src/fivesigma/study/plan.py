"""The plan of a run: the line-up, and independent tasks, each named by the hash of all that its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from fivesigma._core.counts import counted

N_SEEDS = 5
"""Fits at a fixed training set that show the seed's part of the training error."""
ENOUGH_REFITS = 10
"""Refits from which their spread is trusted to be the procedure's."""
SampleKind = Literal["all", "fold", "resample", "half", "five tenths", "nine tenths"]
SHARES: Mapping[str, float] = {"five tenths": 0.5, "nine tenths": 0.9}
"""Share of the blocks that a refit sees where it is no bootstrap sample: each of them once."""


def share(kind: str, n_units: int) -> float | None:
    """Return which part of ``n_units`` blocks a refit on a kind of sample sees, each once; None for a bootstrap sample.

    >>> share("nine tenths", 25), share("resample", 25)
    (0.88, None)
    """
    return max(round(SHARES[kind] * n_units), 1) / n_units if kind in SHARES else None


@dataclass(frozen=True)
class Entry:
    """One model of the line-up, resolved: what a worker needs to build it."""

    name: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    interactions: int = 1
    polynomial: int = 1
    tune: Mapping[str, Any] | bool = False
    trials: int | None = None
    skipped: str = ""
    path: Mapping[str, Any] | None = None
    search: str = "tpe"
    reduce: tuple[Mapping[str, Any], ...] = ()
    given: Mapping[str, Any] | None = None
    image: tuple[Any, ...] = ()
    """Families of image features that are the columns of a model of tables; () of one that takes events as they are."""

    @property
    def procedure(self) -> bool:
        """Whether σ can be about the procedure: our own fits are repeated; of scores from elsewhere, where enough are.

        >>> Entry("net", "predictions", given={"refits": [["a"], ["b"]]}).procedure, Entry("tree", "tree").procedure
        (False, True)
        """
        return self.given is None or len(self.given["refits"]) >= ENOUGH_REFITS

    @property
    def searched(self) -> bool:
        """Whether something of it is chosen by trials."""
        return bool(self.tune) or any(isinstance(each["n"], str | list) for each in self.reduce)

    @property
    def informed(self) -> bool:
        """Whether its chains start at the truth."""
        return bool(self.params.get("start") == "informed")


@dataclass(frozen=True)
class Sample:
    """Which training rows a fit sees, and so which rows it predicts.

    Attributes
    ----------
    kind : all of them, predicting the sealed tests; all but those of the fold ``number``, predicting that fold; or
        the bootstrap sample ``number`` of whole blocks, or a random part of them (`SHARES`), predicting the sealed
        tests; or all but a fold of one half, predicting that fold: ``number`` counts the folds of the halves of every
        halving
    n_rows : only the first so many of these, in whole blocks (learning curves)
    repeat : which of the repeats of the cross-validation the fold is of
    without : of a bootstrap sample, the fold whose rows it goes without, and predicts
    """

    kind: SampleKind = "all"
    number: int = 0
    n_rows: int | None = None
    repeat: int = 0
    without: int | None = None

    def __str__(self) -> str:
        part = "" if self.n_rows is None else f", {self.n_rows} rows"
        less = "" if self.without is None else f", without fold {self.without}"
        repeat = f" of repeat {self.repeat}" if self.repeat else ""
        return ("all rows" if self.kind == "all" else f"{self.kind} {self.number}") + repeat + part + less

    @property
    def again(self) -> bool:
        """Whether the fit is a refit: to other events than the study has, as another study would be."""
        return self.kind in ("resample", *SHARES) and self.without is None

    @property
    def stream(self) -> tuple[str | int, ...]:
        """What tells its randomness from that of other samples of a kind."""
        again = ("repeat", self.repeat) if self.repeat else ()
        return (self.number, *again, *(() if self.without is None else ("without", self.without)))


ALL = Sample()


@dataclass(frozen=True)
class Fit:
    """One fit: model × sample × parameters × columns × seed.

    Attributes
    ----------
    model : its name in the line-up
    params : over those of the entry
    columns : in place of those of the entry
    seed : 0, or which of the fits that differ by the model's own randomness alone
    wanted : what diagnostics are to read off, with their settings by name; not part of the key
    cost : seconds, by the cost law of the kind; not part of the key
    """

    model: str
    sample: Sample = ALL
    params: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    seed: int = 0
    wanted: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 1.0

    @property
    def is_final(self) -> bool:
        """Whether it is the fit whose model is kept."""
        return (self.sample, self.columns, self.seed) == (ALL, None, 0) and not self.params

    def __str__(self) -> str:
        settings = [f"{name} = {value}" for name, value in self.params.items()]
        columns = [] if self.columns is None else [counted(len(self.columns), "column")]
        seed = [f"seed {self.seed}"] if self.seed else []
        return ", ".join([f"{self.model}: {self.sample}", *settings, *columns, *seed])


@dataclass(frozen=True)
class Child:
    """One study at other settings: the values of these by their places, and the seed and number of the repeat.

    ``asks`` is the analysis that wants it, which says what is kept of it.
    """

    values: Mapping[str, Any]
    seed: int
    number: int
    cost: float = 1.0
    asks: str = "scan"

    def __str__(self) -> str:
        values = ", ".join(f"{key} = {json.dumps(value)}" for key, value in self.values.items())
        return f"{self.asks}: {values}, repeat {self.number + 1}"


Task = Fit | Child
_TASKS: Mapping[str, type[Fit] | type[Child]] = {"fit": Fit, "child": Child}


@dataclass(frozen=True)
class Plan:
    """All tasks of a run by key, and what they share.

    Attributes
    ----------
    shared : what every key depends on (data and split hashes, task, seed, versions, settings).
    entries : the line-up in the order of the leaderboard.
    tasks : by key, the costliest first.
    """

    shared: Mapping[str, Any]
    entries: tuple[Entry, ...]
    tasks: Mapping[str, Task] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """The hash of what all tasks depend on: the shared settings and the line-up."""
        depends = {"shared": dict(self.shared), "entries": [asdict(entry) for entry in self.entries]}
        return hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()

    def key(self, task: Task) -> str:
        """Return the name of a task: a hash of everything its result depends on.

        >>> plan = Plan({"seed": 0}, (Entry("a", "dummy"),))
        >>> plan.key(Fit("a", cost=2.0)) == plan.key(Fit("a"))
        True
        >>> plan.key(Fit("a", Sample("fold", 1))) == plan.key(Fit("a", Sample("fold", 2)))
        False
        """
        bare = replace(task, wanted={}) if isinstance(task, Fit) else task  # it is much to copy for nothing
        document = {**asdict(bare), "cost": None, "wanted": None}
        before = self._before[task.model if isinstance(task, Fit) else None]
        return hashlib.sha256(f'{before}, "task": {_sorted(document)}}}'.encode()).hexdigest()[:32]

    @cached_property
    def _before(self) -> Mapping[str | None, str]:
        """What stands before a task in the text of its key: of each model, and under None of all."""
        which: dict[str | None, tuple[Entry, ...]] = {
            None: self.entries,
            **{entry.name: (entry,) for entry in reversed(self.entries)},
        }
        return {
            name: f'{{"entries": {_sorted(list(map(asdict, entries)))}, "shared": {_sorted(dict(self.shared))}'
            for name, entries in which.items()
        }

    def named(self, tasks: Iterable[Task]) -> dict[str, Task]:
        """Return tasks by key; of equal ones there is one, of which everything is wanted that is of any of them."""
        found: dict[str, Task] = {}
        for task in tasks:
            key = self.key(task)
            found[key] = joined(found[key], task) if key in found else task
        return found

    def with_tasks(self, tasks: Mapping[str, Task]) -> Plan:
        """Return the plan with more tasks, the costliest first."""
        every = dict(self.tasks)
        for key, task in tasks.items():
            every[key] = joined(every[key], task) if key in every else task
        return replace(self, tasks=dict(sorted(every.items(), key=lambda item: -item[1].cost)))

    def entry(self, name: str) -> Entry:
        """Return the entry called ``name``."""
        return next(entry for entry in self.entries if entry.name == name)

    def count(self, model: str) -> int:
        """Return how many fits of the model there are."""
        return sum(isinstance(task, Fit) and task.model == model for task in self.tasks.values())

    def to_document(self) -> dict[str, Any]:
        """Return the plan as JSON's own types."""
        return {
            "shared": dict(self.shared),
            "entries": [asdict(entry) for entry in self.entries],
            "tasks": {key: {"task": _kind(task), **asdict(task)} for key, task in self.tasks.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_document` wrote.

        >>> plan = Plan({"seed": 0}, (Entry("a", "dummy"),))
        >>> plan = plan.with_tasks(plan.named([Fit("a", Sample("fold", 1)), Child({"x": 1}, 3, 0)]))
        >>> Plan.from_document(plan.to_document()) == plan
        True
        """
        return cls(
            document["shared"],
            tuple(_entry(item) for item in document["entries"]),
            {key: _task(item) for key, item in document["tasks"].items()},
        )


def joined(task: Task, other: Task) -> Task:
    """Return a task of which everything is wanted that is wanted of two equal ones."""
    if not isinstance(task, Fit) or not isinstance(other, Fit):
        return task
    return replace(task, wanted={**task.wanted, **other.wanted}, cost=max(task.cost, other.cost))


def _sorted(document: Any) -> str:
    return json.dumps(document, sort_keys=True, default=str)


def _kind(task: Task) -> str:
    return next(name for name, kind in _TASKS.items() if isinstance(task, kind))


def _entry(item: Mapping[str, Any]) -> Entry:
    features = item["features"]
    kept = {"features": None if features is None else tuple(features), "reduce": tuple(item["reduce"])}
    kept["image"] = tuple(item.get("image", ()))
    return Entry(**{**item, **kept})


def _task(item: Mapping[str, Any]) -> Task:
    known = {name: value for name, value in item.items() if name != "task"}
    if item["task"] == "child":
        return Child(**known)
    columns = known["columns"]
    kept = {"sample": Sample(**known["sample"]), "columns": None if columns is None else tuple(columns)}
    return Fit(**{**known, **kept})


def lineup_fits(  # noqa: PLR0913 keywords: each a sort of fit
    entry: Entry,
    *,
    folds: int,
    refits: Sequence[Sample],
    n_seeds: int,
    neighbours: Sequence[Mapping[str, Any]],
    cost: float,
    again: Mapping[str, Any] | None = None,
    repeats: int = 1,
    halves: int = 0,
    own_cuts: bool = False,
) -> list[Fit]:
    """Return the fits that one model of the line-up needs: its final one, folds of all repeats, refits, folds of halves
    (``halves`` in all) and seeds, and the folds of its ``neighbours`` in flexibility, told by the parameters in which
    they differ, in the first repeat. ``again`` are the parameters of refits and seeds; where refits choose cuts
    of their own (``own_cuts``), the folds of each refit too.
    """
    held = [Sample("fold", number) for number in range(folds)]
    again = again or {}
    fits = [Fit(entry.name, cost=cost)]
    fits += [Fit(entry.name, sample, cost=cost) for sample in _repeated(held, repeats)]
    fits += (anew := [Fit(entry.name, sample, again, cost=cost) for sample in refits])
    fits += [Fit(entry.name, Sample("half", number), cost=cost / 2) for number in range(halves)]
    fits += [Fit(entry.name, params=again, seed=1 + number, cost=cost) for number in range(n_seeds)]
    fits += [fit for each in (anew if own_cuts else ()) for fit in crossed(each, folds)]
    return fits + _neighbouring(entry, held, neighbours, cost)


def _repeated(held: Sequence[Sample], repeats: int) -> list[Sample]:
    """Return the folds of all repeats of the cross-validation, repeat by repeat."""
    return [replace(sample, repeat=repeat) for repeat in range(repeats) for sample in held]


def _neighbouring(
    entry: Entry, held: Sequence[Sample], neighbours: Sequence[Mapping[str, Any]], cost: float
) -> list[Fit]:
    """Return the folds of the neighbours in flexibility."""
    return [Fit(entry.name, sample, params, cost=cost) for params in neighbours for sample in held]


def crossed(refit: Fit, folds: int) -> list[Fit]:
    """Return the fits that hold out each fold of the events of a refit in turn, as the study's folds do.

    >>> [str(each) for each in crossed(Fit("tree", Sample("resample", 3)), 2)]
    ['tree: resample 3, without fold 0', 'tree: resample 3, without fold 1']
    """
    return [replace(refit, sample=replace(refit.sample, without=fold)) for fold in range(folds)]
