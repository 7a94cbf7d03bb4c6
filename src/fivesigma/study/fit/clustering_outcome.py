"""What became of each clustering: labels, probabilities and densities of its fits, gathered from the run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.data import Material
from fivesigma.study.fit.outcome import Finished, FitFailedError, named
from fivesigma.study.plan import Entry, Plan
from fivesigma.study.tasks.clustering import SEPARATOR

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Clustered:
    """One clustering of the line-up with what its fits say.

    Attributes
    ----------
    status : ok, failed or skipped; ``message`` says why, or what the library remarked.
    said : by part of the events (train, and each test it can label), "labels" (n,), "proba" (n, K), "density" (n,).
    held_out : log density of the training rows by fits that have not seen them, NaN where none was made, or None.
    by_order : mean held-out log density for each number of components that "auto" tried.
    described : what the final fit says of itself.
    """

    entry: Entry
    status: str
    message: str = ""
    n_fits: int = 0
    seconds: float = 0.0
    said: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    held_out: Array | None = None
    by_order: Mapping[int, float] = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the clustering was fitted, everywhere it had to be."""
        return self.status == "ok"


def gather(plan: Plan, tasks: Finished, material: Material, died: Mapping[str, str]) -> Iterator[Clustered]:
    """Yield the outcome of each clustering; ``died`` has the reasons of fits that left no file."""
    for entry in plan.entries:
        if entry.skipped:
            yield Clustered(entry, "skipped", entry.skipped)
            continue
        try:
            yield _outcome(plan, tasks, material, died, entry)
        except FitFailedError as error:
            yield Clustered(entry, "failed", str(error), _count(plan, entry))


def _count(plan: Plan, entry: Entry) -> int:
    return sum(fit.model == entry.name for fit in plan.fits.values())


def _outcome(
    plan: Plan, tasks: Finished, material: Material, died: Mapping[str, str], entry: Entry
) -> Clustered:
    (arrays, about), *_ = _read(plan, tasks, died, entry, "final")
    folds = _read(plan, tasks, died, entry, "fold")
    said: dict[str, dict[str, Array]] = {}
    for name, values in arrays.items():
        part, _, what = name.rpartition(SEPARATOR)
        said.setdefault(part, {})[what] = values
    return Clustered(
        entry,
        "ok",
        "; ".join(dict.fromkeys(about["messages"])),
        _count(plan, entry),
        float(about["fit_seconds"]),
        said,
        _folded(folds, material),
        _by_order(folds),
        about["described"],
    )


def _read(
    plan: Plan, tasks: Finished, died: Mapping[str, str], entry: Entry, purpose: str
) -> list[tuple[dict[str, Array], dict[str, Any]]]:
    found = []
    for number, key in enumerate(plan.keys(entry.name, purpose)):
        result = tasks.read(key)
        arrays, meta = result or ({}, {"error": died.get(key, "it left no result")})
        if "error" in meta:
            raise FitFailedError(f"{named(purpose, number)}: {meta['error']}")
        found.append((arrays, meta))
    return found


def _folded(folds: list[tuple[dict[str, Array], dict[str, Any]]], material: Material) -> Array | None:
    """Return the held-out log densities of the training rows."""
    if not folds:
        return None
    whole = np.full(len(material.train), np.nan)
    for number, (arrays, _) in enumerate(folds):
        whole[material.folds == number] = arrays["validation"]
    return whole


def _by_order(folds: list[tuple[dict[str, Array], dict[str, Any]]]) -> dict[int, float]:
    """Return the mean over folds for each number of components that every fold has tried."""
    tried = [meta["held_out"] for _, meta in folds]
    common = [K for K in (tried[0] if tried else ()) if all(K in each for each in tried)]
    return {int(K): float(np.mean([each[K] for each in tried])) for K in common}
