"""What became of each model: the predictions of all its fits, gathered from the run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import Material
from fivesigma.study.fit.prediction import Output, Predictions, unpacked
from fivesigma.study.plan import Entry, Plan

Array = NDArray[Any]
ByPart = Mapping[str, Predictions]
Said = tuple[dict[str, dict[Output, Array]], dict[str, Any]]
"""The predictions of a fit by part, and its remarks."""


class Finished(Protocol):
    """Where the results of fits are found by key: a `TaskStore`, or a memory of them."""

    def read(self, key: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """Return arrays and document of a fit, None where it left nothing."""
        ...


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """What a fit of a curve was for, and what it left; ``meta`` has an ``error`` where it failed."""

    task: Mapping[str, Any]
    arrays: Mapping[str, Array]
    meta: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One model of the line-up with the predictions of its fits.

    Attributes
    ----------
    status : ok, failed or skipped; ``message`` says why, or what the library remarked.
    train : what the final model says of the rows it was fitted to.
    validation : what folds say of the training rows that they held out, NaN where none did, and what the final model
        says of them without having seen their truth.
    tests : what the final model says of each sealed test.
    refits, seeds : what the refits say of each sealed test, in the order of their numbers.
    probes : what the ``less`` and ``more`` flexible neighbours say of the rows that folds held out.
    described : what the final model says of itself.
    explained : what it leans on by method, joined over the folds, where that was asked for; None where there is none.
    messages : why there is none, by method.
    curves : what each fit of its curves was for, and the scores or predictions that it left.
    """

    entry: Entry
    status: str
    message: str = ""
    n_fits: int = 0
    seconds: float = 0.0
    train: Predictions = field(default_factory=dict)
    validation: Predictions = field(default_factory=dict)
    tests: ByPart = field(default_factory=dict)
    refits: tuple[ByPart, ...] = ()
    seeds: tuple[ByPart, ...] = ()
    probes: ByPart = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)
    explained: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    curves: tuple[CurvePoint, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the model was fitted, everywhere it had to be."""
        return self.status == "ok"

    def said(self, part: str) -> Predictions:
        """Return what is said of a part: train, validation, or a test."""
        return {"train": self.train, "validation": self.validation, **self.tests}.get(part, {})


class FitFailedError(Exception):
    """A fit of a model failed; the model becomes a record with that message."""


def gather(plan: Plan, tasks: Finished, material: Material, died: Mapping[str, str]) -> Iterator[Outcome]:
    """Yield the outcome of each model of the line-up; ``died`` has the reasons of fits that left no file."""
    for entry in plan.entries:
        if entry.skipped:
            yield Outcome(entry, "skipped", entry.skipped)
            continue
        try:
            yield _Gathering(plan, tasks, material, died, entry).outcome()
        except FitFailedError as error:
            yield Outcome(entry, "failed", str(error), _count(plan, entry))


def _count(plan: Plan, entry: Entry) -> int:
    return sum(fit.model == entry.name for fit in plan.fits.values())


@dataclass(frozen=True, eq=False)
class _Gathering:
    plan: Plan
    tasks: Finished
    material: Material
    died: Mapping[str, str]
    entry: Entry
    _kept: dict[str, list[Said]] = field(default_factory=dict)

    def outcome(self) -> Outcome:
        final, about = self._read("final")[0]
        probes = {purpose: self._folded(purpose) for purpose in ("less", "more") if self._keys(purpose)}
        return Outcome(
            self.entry,
            "ok",
            "; ".join(dict.fromkeys(about["messages"])),
            _count(self.plan, self.entry),
            float(about["fit_seconds"]),
            final.pop("train", {}),
            {**final.pop("validation", {}), **self._folded("fold")},
            final,
            tuple(parts for parts, _ in self._read("refit")),
            tuple(parts for parts, _ in self._read("seed")),
            probes,
            about["described"] | self._reduction(about) | self._by_order(),
            *self._explained(),
            tuple(self._curves()),
        )

    def _curves(self) -> Iterator[CurvePoint]:
        """Yield the fits of curves; one that failed fails its curve, not the model."""
        for key in self._keys("curve"):
            result = self.tasks.read(key)
            arrays, meta = (
                ({}, {"error": self.died.get(key, "it left no result")}) if result is None else result
            )
            yield CurvePoint(self.plan.fits[key].overrides, arrays, meta)

    def _reduction(self, about: Mapping[str, Any]) -> dict[str, Any]:
        if "reduced" not in about:
            return {}
        from fivesigma.study.analyses.reduction import joined

        others = [meta["reduced"] for purpose in ("fold", "refit") for _, meta in self._read(purpose)]
        return {"reduction": joined(about["reduced"], others)}

    def _by_order(self) -> dict[str, Any]:
        """Return the mean over folds of the held-out density for each number of components that all folds tried."""
        tried = [meta["by_order"] for _, meta in self._read("fold") if "by_order" in meta]
        common = [K for K in (tried[0] if tried else ()) if all(K in each for each in tried)]
        return (
            {"by_order": {int(K): float(np.mean([each[K] for each in tried])) for K in common}}
            if tried
            else {}
        )

    def _explained(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what was asked of the folds' fits, joined, and why some of it is not there."""
        asked = self.plan.shared.get("explain") or {}
        if self.entry.name not in asked.get("models", ()):
            return {}, {}
        from fivesigma.study.analyses.explain.aggregate import joined_methods

        parts = [meta.get("explained", {}) for _, meta in self._read("fold")]
        return joined_methods(parts, self.entry, asked, self.material)

    def _keys(self, purpose: str) -> list[str]:
        return self.plan.keys(self.entry.name, purpose)

    def _read(self, purpose: str) -> list[Said]:
        """Return what all fits of one purpose left; `FitFailedError` where one has failed."""
        if purpose not in self._kept:
            keys = self._keys(purpose)
            self._kept[purpose] = [self._one(purpose, number, key) for number, key in enumerate(keys)]
        return self._kept[purpose]

    def _one(self, purpose: str, number: int, key: str) -> Said:
        arrays, meta = self.tasks.read(key) or ({}, {"error": self.died.get(key, "it left no result")})
        if "error" in meta:
            raise FitFailedError(f"{named(purpose, number)}: {meta['error']}")
        return unpacked(arrays), meta

    def _folded(self, purpose: str) -> dict[Output, Array]:
        """Return what folds say of the training rows that they held out."""
        return folded([parts["validation"] for parts, _ in self._read(purpose)], self.material)


def folded(parts: Sequence[Predictions], material: Material) -> dict[Output, Array]:
    """Return what each fold said of the rows that it held out as predictions of all training rows, NaN elsewhere."""
    whole: dict[Output, Array] = {}
    for output in set.intersection(*map(set, parts)) if parts else ():
        whole[output] = np.full((len(material.train), *parts[0][output].shape[1:]), np.nan)
        for number, part in enumerate(parts):
            whole[output][material.folds == number] = part[output]
    return whole


def named(purpose: str, number: int) -> str:
    """Return a fit in words."""
    words = {
        "final": "the final fit",
        "fold": f"the fit of fold {number}",
        "refit": f"refit {number}",
        "seed": f"the fit with seed {number}",
        "less": f"the less flexible neighbour on fold {number}",
        "more": f"the more flexible neighbour on fold {number}",
    }
    return words[purpose]
