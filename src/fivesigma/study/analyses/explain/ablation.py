"""What is left without a column: deletion of the best, drop-column and forward selection, as fits of the plan.

Which columns go next follows from fits that are done, so these fits join the plan in stages. A stage is found by
going through the finished tasks again from the start: a run that was killed goes on from there, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.store import TaskStore
from fivesigma.risk.metric import Metric
from fivesigma.study.analyses.explain.importance import joined, label, message
from fivesigma.study.analyses.explain.settings import clustered, names_of
from fivesigma.study.fit.data import Material
from fivesigma.study.fit.outcome import ByPart, FitFailedError, Outcome, Said, folded
from fivesigma.study.fit.prediction import Predictions, scored, unpacked
from fivesigma.study.plan import Fit, Plan, key_of

Array = NDArray[Any]
Group = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stop:
    """A model on some of its columns.

    Attributes
    ----------
    columns : those it has
    changed : those that went, or came, since the stop before; () at the start
    validation : its out-of-fold predictions
    ranking : the record of the permutation importance of its columns; None where they were not ranked
    tests, refits : its predictions of the sealed tests, and those of its refits
    """

    columns: tuple[str, ...]
    changed: Group
    validation: Predictions
    ranking: Mapping[str, Any] | None = None
    tests: ByPart = field(default_factory=dict)
    refits: tuple[ByPart, ...] = ()


@dataclass(frozen=True, eq=False)
class Trail:
    """The stops of one way (drop_best, drop_column, forward) with one model, and why it ended before its time."""

    way: str
    model: str
    stops: tuple[Stop, ...] = ()
    message: str = ""


@dataclass(frozen=True, eq=False)
class Explored:
    """What the finished tasks tell: the trails, the fits they asked for, and those without which they cannot go on."""

    trails: tuple[Trail, ...]
    asked: Mapping[str, Fit]
    missing: Mapping[str, Fit]


class _WaitingError(Exception):
    """A trail cannot go on before these fits are done."""

    def __init__(self, fits: Mapping[str, Fit]) -> None:
        super().__init__(f"{len(fits)} fits are not done")
        self.fits = fits


@dataclass(frozen=True, eq=False)
class Tasks:
    """The finished tasks of a run: the plan, where the results lie, and the reasons of those that left none."""

    plan: Plan
    store: TaskStore
    material: Material
    died: Mapping[str, str]


def explore(tasks: Tasks, outcomes: Sequence[Outcome], metric: Metric, best: str | None) -> Explored:
    """Go as far as the finished tasks allow with each model asked about, by default the ``best`` on the folds."""
    asked = tasks.plan.shared.get("explain") or {}
    ways = [way for way in ("drop_column", "drop_best", "forward") if asked.get(way)]
    wanted = asked.get("models", ()) if asked.get("named") else (best,)
    chosen = [each for each in outcomes if each.ok and each.entry.name in wanted]
    trails: list[Trail] = []
    missing: dict[str, Fit] = {}
    every: dict[str, Fit] = {}
    for outcome in chosen if ways else ():
        explorer = _Explorer(tasks, outcome, metric)
        for way in ways:
            try:
                trails.append(explorer.trail(way, int(asked[way])))
            except _WaitingError as waiting:
                missing |= waiting.fits
        every |= explorer.asked
    return Explored(tuple(trails), every, missing)


@dataclass(frozen=True, eq=False)
class _Explorer:
    """The trails of one model; ``asked`` are the fits that they led to."""

    tasks: Tasks
    outcome: Outcome
    metric: Metric
    asked: dict[str, Fit] = field(default_factory=dict)

    def trail(self, way: str, rounds: int) -> Trail:
        """Return the trail of one way; `_WaitingError` where fits are missing."""
        stops: list[Stop] = []
        steps: Iterator[Stop] = {
            "drop_best": self._drop_best,
            "drop_column": self._drop_column,
            "forward": self._forward,
        }[way](rounds)
        why = ""
        try:
            for stop in steps:
                stops.append(stop)
        except FitFailedError as error:
            why = str(error)
        if not stops and not why:
            why = "it has one column, or one group of them, and none is left without it"
        return Trail(way, self.outcome.entry.name, tuple(stops), why)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The columns of the model, or their groups."""
        names = names_of(self.outcome.entry, self.tasks.material.meta["names"])
        return clustered(names, self.tasks.plan.shared["explain"]["groups"])

    def _drop_best(self, rounds: int) -> Iterator[Stop]:
        """The best group goes, by its mean over the folds of the fits before."""
        groups, ranking = list(self.groups), self.outcome.explained.get("permutation")
        for _ in range(min(rounds, len(groups) - 1)):
            if ranking is None:
                raise FitFailedError(self.outcome.messages.get("permutation", "its columns were not ranked"))
            gone = _named(groups, ranking["names"][0])
            groups.remove(gone)
            stop = self._stop(groups, gone, ranked=True)
            yield stop
            ranking = stop.ranking

    def _drop_column(self, rounds: int) -> Iterator[Stop]:
        groups = list(self.groups)
        if len(groups) > 1:
            rest = {gone: [each for each in groups if each != gone] for gone in groups}
            self._wait(fit for left in rest.values() for fit in self._fits("subset", left))
            yield from (Stop(_flat(left), gone, self._folded("subset", left)) for gone, left in rest.items())

    def _forward(self, rounds: int) -> Iterator[Stop]:
        """The group that raises the mean score on the folds most comes next."""
        used: list[Group] = []
        for _ in range(min(rounds, len(self.groups))):
            tried = {group: [*used, group] for group in self.groups if group not in used}
            self._wait(fit for with_it in tried.values() for fit in self._fits("subset", with_it))
            merits = {group: self._merit(self._folded("subset", each)) for group, each in tried.items()}
            best = max(merits, key=lambda group: merits[group])
            used = tried[best]
            yield self._stop(used, best, ranked=False)

    def _merit(self, validation: Predictions) -> float:
        """Return the mean score over folds, more being better; what is not defined is last."""
        prediction = scored(validation, self.metric)
        assert prediction is not None
        material, values = self.tasks.material, []
        for fold in range(material.folds.max() + 1):
            held = material.folds == fold
            rows = material.train[held]
            w = None if material.w is None else material.w[rows]
            cut = self.metric.cut(material.y[rows], prediction[held], w)
            values.append(
                self.metric.merit(self.metric.value(material.y[rows], prediction[held], w, cut=cut))
            )
        found = float(np.mean(values))
        return found if np.isfinite(found) else -np.inf

    # --- fits ----------------------------------------------------------------------------------------------------

    def _stop(self, groups: Sequence[Group], changed: Group, *, ranked: bool) -> Stop:
        """Return the model on ``groups``, with what claims need of it."""
        purpose = "left" if ranked else "subset"
        final, refits = self._fits("subset final", groups), self._fits("subset refit", groups)
        self._wait([*self._fits(purpose, groups), *final, *refits])
        return Stop(
            _flat(groups),
            changed,
            self._folded(purpose, groups),
            self._ranking(groups) if ranked else None,
            self._read(final[0])[0] if final else {},
            tuple(self._read(fit)[0] for fit in refits),
        )

    def _fits(self, purpose: str, groups: Sequence[Group]) -> list[Fit]:
        """Return the fits of one purpose, as many as the model has with all its columns."""
        model, plan = self.outcome.entry.name, self.tasks.plan
        like = {"subset final": "final", "subset refit": "refit"}.get(purpose, "fold")
        keys = plan.keys(model, like)
        if like == "final" and not self.tasks.material.tests:
            return []
        order = {name: j for j, name in enumerate(self.tasks.material.meta["names"])}
        columns = tuple(sorted(_flat(groups), key=lambda name: order[name]))
        return [
            Fit(model, purpose, number, cost=plan.fits[key].cost, columns=columns)
            for number, key in enumerate(keys)
        ]

    def _key(self, fit: Fit) -> str:
        return key_of(self.tasks.plan.shared, self.outcome.entry, fit)

    def _wait(self, fits: Any) -> None:
        """Raise `_WaitingError` where some of ``fits`` have left neither result nor reason."""
        keys = {self._key(fit): fit for fit in fits}
        self.asked.update(keys)
        if missing := {
            key: fit
            for key, fit in keys.items()
            if key not in self.tasks.died and not self.tasks.store.path(key).is_file()
        }:
            raise _WaitingError(missing)

    def _read(self, fit: Fit) -> Said:
        key = self._key(fit)
        found = self.tasks.store.read(key)
        if found is None and key not in self.tasks.died:
            raise _WaitingError({key: fit})  # its file was damaged
        arrays, meta = found if found is not None else ({}, {"error": self.tasks.died[key]})
        if "error" in meta:
            raise FitFailedError(
                f"on {len(fit.columns or ())} columns, {fit.purpose} {fit.number}: {meta['error']}"
            )
        return unpacked(arrays), meta

    def _folded(self, purpose: str, groups: Sequence[Group]) -> Predictions:
        """Return the out-of-fold predictions of the training rows."""
        parts = [self._read(fit)[0]["validation"] for fit in self._fits(purpose, groups)]
        return folded(parts, self.tasks.material)

    def _ranking(self, groups: Sequence[Group]) -> dict[str, Any] | None:
        parts = [self._read(fit)[1]["explained"].get("permutation", {}) for fit in self._fits("left", groups)]
        order = clustered(
            tuple(self._fits("left", groups)[0].columns or ()), self.tasks.plan.shared["explain"]["groups"]
        )
        found = joined(parts, order, len(self.tasks.material.train))
        if found is None:
            raise FitFailedError(message(parts))
        return found


def _flat(groups: Sequence[Group]) -> tuple[str, ...]:
    return tuple(name for group in groups for name in group)


def _named(groups: Sequence[Group], name: str) -> Group:
    """Return the group called ``name``."""
    return next(group for group in groups if label(group) == name)
