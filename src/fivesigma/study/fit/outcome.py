"""What became of each model: the predictions of all its fits, gathered from the run folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.prediction import Output, Predictions, unpacked
from fivesigma.study.plan import Entry, Fit, Sample

Array = NDArray[Any]
ByPart = Mapping[str, Predictions]
Said = tuple[dict[str, dict[Output, Array]], dict[str, Any]]
"""The predictions of a fit by part, and its remarks."""
_NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?")


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
    refits, seeds : what the refits say of each sealed test, in the order of their numbers; of the training rows too
        where no fit sees their truth.
    share : the part of the training rows that a refit sees, each once; None for bootstrap samples.
    crossed : what the folds of each refit say of the training rows that they held out; {} where refits have none.
    probes : what the ``less`` and ``more`` flexible neighbours say of the rows that folds held out.
    seconds : that a fit to all rows takes, the median over those with other seeds and of other draws: the first of a
        process may compile, or wait for a library.
    repeats : what folds say in further repeats of the cross-validation.
    halves : of each halving of the events, what the folds of either half say of the rows that they held out.
    described : what the final model says of itself.
    converged : whether the final fit has, as it says itself; None where nothing could converge.
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
    share: float | None = None
    crossed: Mapping[Sample, Predictions] = field(default_factory=dict)
    probes: ByPart = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)
    converged: bool | None = None
    repeats: tuple[Predictions, ...] = ()
    halves: tuple[Predictions, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the model was fitted, everywhere it had to be."""
        return self.status == "ok"

    def said(self, part: str) -> Predictions:
        """Return what is said of a part: train, validation, crossfit (the same, of all rows), or a test."""
        unseen = {"validation": self.validation, "crossfit": self.validation}
        return {"train": self.train, **unseen, **self.tests}.get(part, {})


class FitFailedError(Exception):
    """A fit of a model failed; the model becomes a record with that message."""


Read = Callable[[Fit], tuple[dict[str, Array], dict[str, Any]]]
"""The stored predictions of a fit, and its remarks."""


def outcome_of(
    entry: Entry, fits: Sequence[Fit], neighbours: Mapping[str, Any], read: Read, fit_data: FitData
) -> Outcome:
    """Return what became of a model: what its ``fits`` in the line-up say, its ``neighbours`` among them."""
    if entry.skipped:
        return Outcome(entry, "skipped", entry.skipped)
    try:
        return _Gathering(fits, neighbours, read, fit_data).outcome(entry)
    except FitFailedError as error:
        return Outcome(entry, "failed", str(error), len(fits))


def told(messages: Sequence[str]) -> str:
    """Return messages as one text; those that differ in their numbers alone are told once, and counted.

    >>> told(["3 of 5 λ missed", "4 of 5 λ missed", "stopped early", "2 of 5 λ missed"])
    '3 of 5 λ missed (and 2 more like it); stopped early'
    """
    alike: dict[str, list[str]] = {}
    for message in dict.fromkeys(messages):
        alike.setdefault(_NUMBER.sub("#", message), []).append(message)
    more = (f" (and {len(each) - 1} more like it)" if len(each) > 1 else "" for each in alike.values())
    return "; ".join(each[0] + rest for each, rest in zip(alike.values(), more, strict=True))


@dataclass(frozen=True, eq=False)
class _Gathering:
    fits: Sequence[Fit]
    neighbours: Mapping[str, Any]
    read: Read
    fit_data: FitData

    def outcome(self, entry: Entry) -> Outcome:
        alike = [self._one(fit) for fit in self.fits if fit.sample.kind == "all"]
        (final, about), *seeds = alike
        probes = {name: self._folded(params) for name, params in self.neighbours.items()}
        again = [fit for fit in self.fits if fit.sample.again]
        refits = [self._one(fit) for fit in again]
        repeats = range(1, 1 + self.fit_data.further.shape[0])
        return Outcome(
            entry,
            "ok",
            told(about["messages"]),
            len(self.fits),
            median(float(each["fit_seconds"]) for _, each in alike + refits),
            final.pop("train", {}),
            {**final.pop("validation", {}), **self._folded({})},
            final,
            tuple(parts for parts, _ in refits),
            tuple(parts for parts, _ in seeds),
            next((self.fit_data.share(fit.sample) for fit in again), None),
            {fit.sample: each for fit in again if (each := self._crossed(fit.sample))},
            {name: said for name, said in probes.items() if said},
            about.get("described", {}),
            about.get("converged"),
            tuple(said for repeat in repeats if (said := self._folded({}, repeat))),
            tuple(self._halved()),
        )

    def _crossed(self, sample: Sample) -> dict[Output, Array]:
        """Return what the folds of a refit say of the rows that they held out; {} where it has none."""
        every = [fit for fit in self.fits if fit.sample.without is not None]
        own = [fit for fit in every if replace(fit.sample, without=None) == sample]
        return folded([self._one(fit)[0]["validation"] for fit in own], self.fit_data)

    def _one(self, fit: Fit) -> Said:
        """Return what a fit left; `FitFailedError` where it has failed."""
        arrays, meta = self.read(fit)
        if "error" in meta:
            raise FitFailedError(f"{self._named(fit)}: {meta['error']}")
        return unpacked(arrays), meta

    def _folded(self, params: Mapping[str, Any], repeat: int = 0) -> dict[Output, Array]:
        """Return what folds say of the training rows that they held out."""
        asked = ("fold", repeat, params)
        held = [fit for fit in self.fits if (fit.sample.kind, fit.sample.repeat, fit.params) == asked]
        return folded([self._one(fit)[0]["validation"] for fit in held], self.fit_data, repeat)

    def _halved(self) -> Iterator[dict[Output, Array]]:
        """Yield what the folds of either half say of the training rows that they held out, halving by halving."""
        parts = [self._one(fit)[0]["validation"] for fit in self.fits if fit.sample.kind == "half"]
        n_cells = len(parts) // max(len(self.fit_data.halves), 1)
        for number, cells in enumerate(self.fit_data.halves if parts else ()):
            yield gathered(parts[number * n_cells : (number + 1) * n_cells], cells)

    def _named(self, fit: Fit) -> str:
        """Return a fit in words."""
        number = fit.sample.number
        if fit.sample.kind == "fold":
            name = next((name for name, params in self.neighbours.items() if params == fit.params), None)
            of = f"the {name} flexible neighbour on" if name else "the fit of"
            return f"{of} {fit.sample}"
        if fit.sample.again or fit.sample.without is not None:
            held = "" if fit.sample.without is None else f", without fold {fit.sample.without}"
            return f"refit {number}{held}"
        if fit.sample.kind == "half":
            return f"the fit of {fit.sample}"
        return f"the fit with seed {fit.seed - 1}" if fit.seed else "the final fit"


def folded(parts: Sequence[Predictions], fit_data: FitData, repeat: int = 0) -> dict[Output, Array]:
    """Return what each fold said of the rows that it held out as predictions of all training rows, NaN elsewhere."""
    return gathered(parts, fit_data.folds if repeat == 0 else fit_data.further[repeat - 1])


def gathered(parts: Sequence[Predictions], number: Array) -> dict[Output, Array]:
    """Return parts as predictions of all rows, of which ``number`` (n,) says whose they are; NaN where nobody's."""
    whole: dict[Output, Array] = {}
    for output in set.intersection(*map(set, parts)) if parts else ():
        whole[output] = np.full((len(number), *parts[0][output].shape[1:]), np.nan)
        for own, part in enumerate(parts):
            whole[output][number == own] = part[output]
    return whole
