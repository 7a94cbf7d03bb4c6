"""What became of each model: the predictions of all its fits, gathered from the run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import Material, expand
from fivesigma.study.plan import Entry, Plan

Array = NDArray[Any]
Predictions = dict[str, Array]


class Finished(Protocol):
    """Where the results of fits are found by key: a `TaskStore`, or a memory of them."""

    def read(self, key: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """Return arrays and document of a fit, None where it left nothing."""
        ...


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """What a fit of a curve was for, and what it left; ``meta`` has an ``error`` where it failed."""

    task: Mapping[str, Any]
    arrays: Predictions
    meta: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One model of the line-up with the predictions of its fits.

    Attributes
    ----------
    status : ok, failed or skipped; ``message`` says why, or what the library remarked.
    train : prediction of the final model on the training rows.
    validation : out-of-fold prediction of the training rows, NaN where none was made.
    tests : prediction of the final model on each sealed test.
    refits, seeds : predictions of the refits on each sealed test, in the order of their numbers.
    probes : out-of-fold predictions of the ``less`` and ``more`` flexible neighbours.
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
    train: Array | None = None
    validation: Array | None = None
    tests: Mapping[str, Array] = field(default_factory=dict)
    refits: tuple[Predictions, ...] = ()
    seeds: tuple[Predictions, ...] = ()
    probes: Mapping[str, Array] = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)
    explained: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    curves: tuple[CurvePoint, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the model was fitted, everywhere it had to be."""
        return self.status == "ok"


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

    def outcome(self) -> Outcome:
        final, about = self._read("final")[0]
        remarks = list(about["messages"])
        probes = {purpose: self._folded(purpose) for purpose in ("less", "more") if self._keys(purpose)}
        refits = tuple(arrays for arrays, _ in self._read("refit"))
        seeds = tuple(arrays for arrays, _ in self._read("seed"))
        return Outcome(
            self.entry,
            "ok",
            "; ".join(dict.fromkeys(remarks)),
            _count(self.plan, self.entry),
            float(about["fit_seconds"]),
            final.pop("train"),
            self._folded("fold"),
            final,
            refits,
            seeds,
            probes,
            about["described"] | self._reduction(about),
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

    def _read(self, purpose: str) -> list[tuple[Predictions, dict[str, Any]]]:
        """Return arrays and remarks of all fits of one purpose; `FitFailedError` where one has failed."""
        found = []
        for number, key in enumerate(self._keys(purpose)):
            result = self.tasks.read(key)
            arrays, meta = (
                result if result is not None else ({}, {"error": self.died.get(key, "it left no result")})
            )
            if "error" in meta:
                raise FitFailedError(f"{named(purpose, number)}: {meta['error']}")
            n_classes = self.material.meta["n_classes"]
            found.append(({name: expand(each, n_classes) for name, each in arrays.items()}, meta))
        return found

    def _folded(self, purpose: str) -> Array:
        """Return the out-of-fold predictions of the training rows."""
        parts = [arrays["validation"] for arrays, _ in self._read(purpose)]
        whole = np.full((len(self.material.train), *parts[0].shape[1:]), np.nan)
        for number, part in enumerate(parts):
            whole[self.material.folds == number] = part
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
