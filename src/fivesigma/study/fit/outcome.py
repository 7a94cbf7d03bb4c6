"""What became of each model: the predictions of all its fits, gathered from the run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import Material, expand
from fivesigma.study.plan import Entry, Fit

Array = NDArray[Any]
Predictions = dict[str, Array]


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

    @property
    def ok(self) -> bool:
        """Whether the model was fitted, everywhere it had to be."""
        return self.status == "ok"


class FitFailedError(Exception):
    """A fit of a model failed; the model becomes a record with that message."""


Read = Callable[[Fit], tuple[Predictions, dict[str, Any]]]
"""Predictions of a fit by part, and its remarks."""


def outcome_of(
    entry: Entry, fits: Sequence[Fit], neighbours: Mapping[str, Any], read: Read, material: Material
) -> Outcome:
    """Return what became of a model: the predictions of its ``fits`` in the line-up, its ``neighbours`` among them."""
    if entry.skipped:
        return Outcome(entry, "skipped", entry.skipped)
    try:
        return _Gathering(entry, fits, neighbours, read, material).outcome()
    except FitFailedError as error:
        return Outcome(entry, "failed", str(error), len(fits))


@dataclass(frozen=True, eq=False)
class _Gathering:
    entry: Entry
    fits: Sequence[Fit]
    neighbours: Mapping[str, Any]
    read: Read
    material: Material

    def outcome(self) -> Outcome:
        final, about = self._of("all")[0]
        return Outcome(
            self.entry,
            "ok",
            "; ".join(dict.fromkeys(about["messages"])),
            len(self.fits),
            float(about["fit_seconds"]),
            final.pop("train"),
            self._folded({}),
            final,
            tuple(arrays for arrays, _ in self._of("resample")),
            tuple(arrays for arrays, _ in self._of("all")[1:]),
            {name: self._folded(params) for name, params in self.neighbours.items()},
            about["described"],
        )

    def _of(
        self, kind: str, params: Mapping[str, Any] | None = None
    ) -> list[tuple[Predictions, dict[str, Any]]]:
        """Return arrays and remarks of the fits on one kind of sample; `FitFailedError` where one has failed."""
        wanted = [fit for fit in self.fits if fit.sample.kind == kind and fit.params == (params or {})]
        return [self._done(fit) for fit in wanted]

    def _done(self, fit: Fit) -> tuple[Predictions, dict[str, Any]]:
        arrays, meta = self.read(fit)
        if "error" in meta:
            raise FitFailedError(f"{self._named(fit)}: {meta['error']}")
        return expanded(arrays, self.material.meta["n_classes"]), meta

    def _folded(self, params: Mapping[str, Any]) -> Array:
        """Return the out-of-fold predictions of the training rows."""
        parts = [arrays["validation"] for arrays, _ in self._of("fold", params)]
        whole = np.full((len(self.material.train), *parts[0].shape[1:]), np.nan)
        for number, part in enumerate(parts):
            whole[self.material.folds == number] = part
        return whole

    def _named(self, fit: Fit) -> str:
        """Return a fit in words."""
        number = fit.sample.number
        if fit.sample.kind == "fold":
            name = next((name for name, params in self.neighbours.items() if params == fit.params), None)
            of = f"the {name} flexible neighbour on" if name else "the fit of"
            return f"{of} fold {number}"
        if fit.sample.kind == "resample":
            return f"refit {number}"
        return f"the fit with seed {fit.seed - 1}" if fit.seed else "the final fit"


def expanded(arrays: Mapping[str, Array], n_classes: int | None) -> Predictions:
    """Return stored predictions as metrics take them."""
    return {name: expand(each, n_classes) if n_classes else each for name, each in arrays.items()}
