"""The fits that the scores of a model are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.study.plan import N_SEEDS, Entry, Fit, lineup_fits
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.tasks.registry import task as task_called


def fits_of(prepared: Prepared, entry: Entry) -> list[Fit]:
    """Return the fits that the scores of one model need, the final one first; [] for one that is skipped.

    Of what no truth enters there are no refits, and folds only where they have a density to judge by.
    """
    if entry.skipped:
        return []
    if entry.given is not None:
        return _looked_up(prepared, entry, entry.given)
    learnt = task_called(prepared.data.task).supervised
    refits = prepared.spec.evaluate.refits if prepared.split.tests and learnt else 0
    return lineup_fits(
        entry,
        folds=prepared.split.n_folds if learnt or _has_density(prepared, entry) else 0,
        repeats=prepared.split.n_repeats,
        refits=refits,
        halves=prepared.halves.size and len(prepared.halves) * 2 * prepared.split.n_folds,
        n_seeds=min(N_SEEDS, refits) if kind_called(entry.kind).stochastic else 0,
        neighbours=tuple(neighbours(entry).values()) if learnt else (),
        cost=prepared.costs[entry.name],
    )


def _looked_up(prepared: Prepared, entry: Entry, given: Mapping[str, Any]) -> list[Fit]:
    """Return the fits that were made elsewhere: of the rows that folds hold out only where they were held out."""
    return lineup_fits(
        entry,
        folds=prepared.split.n_folds if given["out_of_fold"] else 0,
        refits=len(given["refits"]),
        n_seeds=len(given["seeds"]),
        neighbours=(),
        cost=prepared.costs[entry.name],
    )


def fits_of_scores(prepared: Prepared, entry: Entry) -> list[Fit]:
    """Return the fits without which a model has no scores: the final one, and folds where they judge the study.

    Folds are those of the first repeat: the studies of a scan are repeated themselves.
    """
    task = task_called(prepared.data.task)
    folds = task.supervised or prepared.metric.scores not in task.own
    every = [fit for fit in fits_of(prepared, entry) if not fit.params and not fit.seed]
    return [
        fit
        for fit in every
        if fit.is_final or (fit.sample.kind == "fold" and not fit.sample.repeat and folds)
    ]


def _has_density(prepared: Prepared, entry: Entry) -> bool:
    return kind_called(entry.kind).density or hasattr(prepared.own.get(entry.name), "score_samples")


def neighbours(entry: Entry) -> dict[str, dict[str, Any]]:
    """Return the parameters of the ``less`` and the ``more`` flexible model of the same family that exist."""
    if entry.searched or entry.path is not None:
        return {}
    probes = kind_called(entry.kind).probes(entry.params)
    found = {"less": probes.less, "more": probes.more}
    return {name: dict(params) for name, params in found.items() if params}
