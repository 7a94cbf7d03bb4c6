"""The fits that scores are made of: of each model its final one, the folds, refits, seeds and neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma.study.analyses.analysis import Analysis, Run
from fivesigma.study.plan import N_SEEDS, Entry, Fit, Task, lineup_fits
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called


@dataclass(frozen=True, eq=False)
class LineUp:
    """The line-up itself, as the first of the experiments."""

    run: Run

    def missing(self) -> Iterable[Task]:
        """Return every fit of the line-up."""
        return fits(self.run.prepared)

    def compared(self, evidence: Any) -> Iterable[Any]:
        """Return nothing: the models' pairs are the family's own."""
        return ()

    def record(self, evidence: Any) -> Mapping[str, Any]:
        """Return nothing: scores are the record's own."""
        return {}


def fits(prepared: Prepared) -> list[Fit]:
    """Return the fits that the scores of all models need."""
    return [fit for entry in prepared.plan.entries if not entry.skipped for fit in fits_of(prepared, entry)]


def fits_of(prepared: Prepared, entry: Entry) -> list[Fit]:
    """Return the fits that the scores of one model need, the final one first."""
    spec, split = prepared.spec, prepared.split
    density = _judged_by_folds(prepared, entry)
    clusters = prepared.n_classes is None and prepared.data.task == "clustering"
    refits = spec.evaluate.refits if split.tests and not clusters else 0
    stochastic = kind_called(entry.kind).stochastic
    return lineup_fits(
        entry,
        folds=split.n_folds if density or not clusters else 0,
        refits=refits,
        n_seeds=min(N_SEEDS, refits) if stochastic else 0,
        neighbours=() if clusters else tuple(neighbours(entry).values()),
        cost=prepared.costs[entry.name],
    )


def _judged_by_folds(prepared: Prepared, entry: Entry) -> bool:
    return kind_called(entry.kind).density or hasattr(prepared.own.get(entry.name), "score_samples")


def neighbours(entry: Entry) -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters of the ``less`` and the ``more`` flexible model of the same family that exist."""
    if entry.searched or entry.path is not None:
        return {}
    probes = kind_called(entry.kind).probes(entry.params)
    found: Iterator[tuple[str, Any]] = iter((("less", probes.less), ("more", probes.more)))
    return {name: dict(params) for name, params in found if params}


ANALYSIS = Analysis("lineup", experiment=LineUp)
