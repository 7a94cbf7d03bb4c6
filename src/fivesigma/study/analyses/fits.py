"""The fits that the scores of a model are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.features.reduction import LEARNED
from fivesigma.risk.intervals import FEWEST_EVENTS
from fivesigma.study.fit.saved import feature_plan
from fivesigma.study.plan import N_SEEDS, Entry, Fit, Sample, SampleKind, lineup_fits
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.kind import LARGE
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.tasks.registry import task as task_called


def fits_of(prepared: Prepared, entry: Entry) -> list[Fit]:
    """Return the fits that the scores of one model need, the final one first; [] for one that is skipped.

    Of what no truth enters there are folds only where they have a density to judge by.
    """
    if entry.skipped:
        return []
    if entry.given is not None:
        return _looked_up(prepared, entry, entry.given)
    learnt, kind = task_called(prepared.data.task).supervised, kind_called(entry.kind)
    refits = samples_of_refits(prepared, entry)
    return lineup_fits(
        entry,
        folds=prepared.split.n_folds if learnt or _has_density(prepared, entry) else 0,
        repeats=prepared.split.n_repeats,
        refits=refits,
        halves=prepared.halves.size and len(prepared.halves) * 2 * prepared.split.n_folds,
        n_seeds=min(N_SEEDS, len(refits)) if kind.stochastic or _learns_columns(entry) else 0,
        neighbours=tuple(neighbours(entry).values()) if learnt and not is_large(prepared) else (),
        cost=prepared.costs[entry.name],
        again={} if learnt else kind.again,
        own_cuts=own_cuts(prepared),
    )


def is_large(prepared: Prepared) -> bool:
    """Whether there are too many events for neighbours of models that nobody chose: these were a third of all fits."""
    return not prepared.spec.models and len(prepared.split.train) > LARGE


def _learns_columns(entry: Entry) -> bool:
    """Whether a step of its features is drawn by the seed."""
    return any(each["kind"] in LEARNED for each in entry.reduce)


def samples_of_refits(prepared: Prepared, entry: Entry) -> list[Sample]:
    """Return the samples of the training rows to which a model is fitted again; [] where no score is of its refits.

    Without a test a supervised model is judged by folds alone; a clustering by what its refits say of the training
    rows, if these are enough for any interval.
    """
    n, learnt = prepared.spec.evaluate.refits, task_called(prepared.data.task).supervised
    if not (prepared.split.tests or (not learnt and len(prepared.split.train) >= FEWEST_EVENTS)):
        return []
    kind = sample_of_refits(prepared, entry)
    return [Sample(kind, number) for number in range(n)]


def sample_of_refits(prepared: Prepared, entry: Entry) -> SampleKind:
    """Return the kind of sample to which a model is fitted again, by what its kind makes of copies of an event.

    A bootstrap sample, but for two sorts of kinds (decision 0022). To clusterings that label their own events alone
    copies are a dense region: a half. To fits that go through their events they are nothing: nine tenths.
    """
    kind = kind_called(entry.kind)
    if not kind.labels_others or _labels_own_alone(prepared.own.get(entry.name)):
        return "five tenths"
    if entry.searched:
        return "resample"
    width = feature_plan(entry, prepared.meta).width
    through = kind.interpolates(kind.checked(entry.params), len(prepared.split.train), width)
    return "nine tenths" if through else "resample"


def _labels_own_alone(estimator: Any) -> bool:
    """Whether a user's own clustering has no labels for others than its own events."""
    return hasattr(estimator, "fit_predict") and not hasattr(estimator, "predict")


def own_cuts(prepared: Prepared) -> bool:
    """Whether each refit chooses a cut of its own: where claims about procedures are made on a metric with one."""
    return prepared.metric.has_cut and prepared.spec.evaluate.claim == "procedure"


def _looked_up(prepared: Prepared, entry: Entry, given: Mapping[str, Any]) -> list[Fit]:
    """Return the fits that were made elsewhere: of the rows that folds hold out only where they were held out."""
    return lineup_fits(
        entry,
        folds=prepared.split.n_folds if given["out_of_fold"] else 0,
        refits=[Sample("resample", number) for number in range(len(given["refits"]))],
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
