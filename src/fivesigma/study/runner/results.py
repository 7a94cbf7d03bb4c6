"""From evidence to the record, and the table of predictions: numbers and text only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma._core.threads import side_by_side
from fivesigma.record.results import Audit, DataRecord, Feature, ModelRecord, Results, Score, SplitRecord
from fivesigma.record.sections.columns import RowsOfTest, RowsOfTestsRecord, TrainingRowsRecord
from fivesigma.record.sections.prevalence import PrevalenceRecord, SpreadRecord
from fivesigma.record.sections.saved import NotSavedRecord
from fivesigma.record.sections.section import named
from fivesigma.study.analyses import analyses
from fivesigma.study.analyses.score_curves import pictures
from fivesigma.study.evidence.claims import claims
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.tails import heavy_tail
from fivesigma.study.fit.intervals import intervals_of, out_of_fold, with_intervals
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import joined
from fivesigma.study.plan import ENOUGH_REFITS
from fivesigma.study.preparation.splitting import sections
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.runner.audit import after, seen
from fivesigma.study.runner.stages import Made
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]


def results(made: Made, audited: Sequence[Audit], *, opened: bool, n_threads: int = 1) -> Results:
    """Return the record of a run whose events are ``audited``; ``opened`` says whether the sealed tests were."""
    prepared, outcomes, asked = made.run.prepared, made.outcomes, made.experiments.values()
    found, spec = Evidence(prepared, outcomes, opened, tuple(asked)), prepared.spec
    found.scores.look_ahead(n_threads)
    _ = found.family  # what every model and most analyses ask for
    data, *parts = side_by_side(
        [
            partial(data_record, prepared, opened=opened),
            *(partial(each.record, found) for each in asked),
            *(partial(model_record, made, found, outcome) for outcome in outcomes),
        ],
        n_threads if found.scores.many else 1,
    )
    added = {key: value for each in parts[: len(asked)] for key, value in each.items()}
    notes = [
        *heavy_tail(found),
        *after(found.outcomes),
        *(note for each in asked for note in each.notes(found)),
    ]
    audit = (*audited, *(Audit(*note) for note in notes), *added.pop("audit", ()))
    return Results(
        study=spec.study.name,
        task=prepared.data.task,
        seed=spec.study.seed,
        metric=prepared.metric.name,
        baseline=found.baseline,
        best=found.best,
        data=data,
        split=split_record(prepared),
        models=tuple(parts[len(asked) :]),
        claims=claims(found),
        explain=added.pop("explain", None),
        scan=added.pop("scan", None),
        audit=audit,
        question=spec.study.question,
        claim=_about(found),
        blind=not opened,
        sections=added,
    )


def _about(found: Evidence) -> str:
    """Return what intervals and σ are about, on the part where they will stand once the tests are opened."""
    part = next(iter((*found.prepared.split.tests, *found.parts.crossfitted)), VALIDATION)
    return found.parts.judged(found.prepared.metric, part).claim


def data_record(prepared: Prepared, *, opened: bool) -> DataRecord:
    """Return what was read: its size, and what the columns hold as far as they may be seen."""
    data = prepared.data
    features = [Feature(**column) for column in seen(prepared, opened=opened).statistics()]
    return DataRecord(
        sha256=data.sha256,
        n_samples=data.n_samples,
        n_features=data.n_features,
        n_effective=data.n_effective,
        features=tuple(features),
        classes=data.classes,
        target=data.target,
        sections=pictures(prepared),
        kind=data.kind,
        shape=data.X.shape[1:],
    )


def split_record(prepared: Prepared) -> SplitRecord:
    """Return how the rows were divided."""
    split, first = prepared.split, next(iter(prepared.split.tests.values()), ())
    tests = {
        name: RowsOfTest(n=len(rows), sha256=_sha256(prepared.data.event_hashes[rows, 0]))
        for name, rows in split.tests.items()
    }
    train = _sha256(prepared.data.event_hashes[split.train, 0], split.units[split.train])
    more = named(RowsOfTestsRecord(rows=tests) if tests else None, TrainingRowsRecord(sha256=train))
    more |= named(_prevalence(prepared)) | sections(prepared.spec, split)
    group, repeats = prepared.data.group, split.n_repeats
    return SplitRecord(split.sha256, len(split.train), len(first), split.n_folds, group, more, repeats)


def _sha256(*arrays: Array) -> str:
    """Return the hash of what rows hold, in their order."""
    digest = hashlib.sha256()
    for each in arrays:
        digest.update(each.astype(each.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _prevalence(prepared: Prepared) -> PrevalenceRecord | None:
    fraction = prepared.fraction
    if fraction is None:
        return None
    split, parts = prepared.split, Parts(prepared, opened=False)
    held = [(name, strata) for name in split.tests if (strata := parts.strata(name)) is not None]
    return PrevalenceRecord(
        estimand=fraction.prevalence,
        why=fraction.why,
        stratified=split.stratified,
        spread=tuple(SpreadRecord(test=name, by_class=tuple(each.spread.tolist())) for name, each in held),
    )


def model_record(made: Made, found: Evidence, outcome: Outcome) -> ModelRecord:
    """Return the record of one model, fitted or not."""
    entry = outcome.entry
    settings = kind_called(entry.kind).checked(entry.params) if entry.kind else {}
    if entry.path is not None:  # the strength of a fixed penalty has no meaning on a path
        settings = {key: value for key, value in settings.items() if key not in ("lambda", "relative")}
    if not outcome.ok:
        return ModelRecord(entry.name, entry.kind, outcome.status, outcome.message, settings, outcome.n_fits)
    name, described = entry.name, dict(outcome.described)
    scores = found.scores.of(name)
    for each in made.experiments.values():
        scores["train"] |= each.scores(found, name)
    return ModelRecord(
        name=name,
        kind=entry.kind,
        status="ok",
        message="; ".join(
            filter(None, (outcome.message, _about_fitted(found, name), _caution(found, scores, name)))
        ),
        params=settings | _said(entry.path) | _given(entry.given) | described.pop("chosen", {}),
        n_fits=outcome.n_fits,
        converged=outcome.converged,
        generalisation=found.generalisation(name),
        scores=scores,
        versus_baseline=found.versus(name, found.baseline),
        versus_best=found.versus(name, found.best),
        sections=_sections(made, found, name),
    )


def _sections(made: Made, found: Evidence, name: str) -> dict[str, Any]:
    """Return the sections of a model: of each analysis what it read off fits, then what it makes of the evidence."""
    sections: dict[str, Any] = {}
    for analysis, experiment in zip(analyses().values(), made.experiments.values(), strict=True):
        for each in analysis.diagnostics:
            sections |= made.run.recorded[name][each.name]
        sections |= experiment.of_model(found, name)
    reason = found.fitted[name].described.get("not_saved")
    return sections | named(None if reason is None else NotSavedRecord(message=reason))


def _caution(found: Evidence, scores: Mapping[str, Mapping[str, Score]], name: str) -> str:
    """Return a warning where refits may vary less than the procedure does, or an empty string.

    Those to bootstrap samples do where a model goes smoothly through its events; of our own kinds it is known which.
    """
    fit = [scores["train"][each].value for each in ("accuracy", "r2") if each in scores["train"]]
    exact = any(value is not None and value > 1 - 1e-9 for value in fit)
    outcome, claim = found.fitted[name], found.prepared.spec.evaluate.claim
    unknown = outcome.entry.kind == "own" and outcome.share is None
    if not (exact and unknown and found.tests and claim == "procedure"):
        return ""
    error = scores[found.tests[0]][found.prepared.metric.name].error
    if (error.train or 0.0) <= (error.stat or 0.0):
        return ""
    return (
        "reproduces its training rows, and the training set is the larger part of its error: "
        "its intervals may hold the truth in fewer than 95 % of studies"
    )


def _about_fitted(found: Evidence, name: str) -> str:
    """Return a warning where σ is about a fitted model, in a study whose claims are about procedures."""
    entry, prepared = found.fitted[name].entry, found.prepared
    if entry.procedure or not prepared.split.tests or prepared.spec.evaluate.claim == "fitted":
        return ""
    n = len((entry.given or {})["refits"])
    known = f"{counted(n, 'refit')}, fewer than {ENOUGH_REFITS}" if n else "no refits"
    return f"{known}: its intervals and σ on test events are about this fitted model, not about the procedure"


def _given(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what scores made elsewhere are told by."""
    return {} if given is None else {key: given[key] for key in ("sha256", "columns", "out_of_fold")}


def _said(path: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a path was told, less the λ, which are in its own section."""
    if path is None:
        return {}
    kept = {key: path[key] for key in ("penalty", "l1_ratio", "select") if path[key] is not None}
    settings = {key: value for key, value in path["loss"].items() if key != "name"}
    return kept | {"loss": path["loss"]["name"]} | settings


_SPECTATOR = " (spectator)"


def prediction_table(prepared: Prepared, outcomes: Sequence[Outcome], *, opened: bool) -> dict[str, Array]:
    """Return the columns of ``predictions.parquet``: one line an event, the sealed ones only once opened."""
    data, split = prepared.data, prepared.split
    parts = {"train": split.train, **(split.tests if opened else {})}
    rows = np.concatenate(list(parts.values()))
    columns: dict[str, Array] = {
        "row": data.rows[rows],
        "part": np.repeat(list(parts), [len(each) for each in parts.values()]),
        **_target(prepared, rows),
        "weight": np.ones(len(rows)) if data.w is None else data.w[rows],
    }
    predicted: dict[str, Array] = {}
    for outcome in outcomes:
        if outcome.ok:
            predicted |= _predicted(prepared, outcome, parts)
    taken = {*columns, *predicted}
    for name, column in data.spectators.items():
        columns[name if name not in taken else f"{name}{_SPECTATOR}"] = column[rows]
    return columns | predicted


def _beside(spectator: str, columns: Sequence[str]) -> str:
    """Return the name of the column of a spectator: its own, unless another column is called so."""
    return f"{spectator}{_SPECTATOR}" if f"{spectator}{_SPECTATOR}" in columns else spectator


def prediction_units(
    prepared: Prepared, outcomes: Sequence[Outcome], columns: Sequence[str]
) -> dict[str, str]:
    """Return the units of the columns of `prediction_table`, where they have one."""
    data, made = prepared.data, task(prepared.data.task)
    targets = dict(zip(data.targets, data.target_units, strict=True))
    named = {_beside(name, columns): data.column_units.get(name) for name in data.spectators}
    known = named | {f"target:{name}" if data.several else "target": unit for name, unit in targets.items()}
    for outcome in outcomes:
        known |= made.units(columns, outcome.entry.name, targets)
    return {name: unit for name, unit in known.items() if unit and name in columns}


def _target(prepared: Prepared, rows: Array) -> dict[str, Array]:
    """Return the column of the truth, named; a class that is not known has the code -1, and is None."""
    data = prepared.data
    if data.y is None:
        return {}
    if data.several:
        return {f"target:{name}": data.y[rows, j] for j, name in enumerate(data.several)}
    if data.classes is None:
        return {"target": data.y[rows]}
    return {"target": np.array([*data.classes, None], dtype=object)[data.y[rows]]}


def _predicted(prepared: Prepared, outcome: Outcome, parts: Mapping[str, Array]) -> dict[str, Array]:
    """Return what is said of the training rows without having seen them over what is said of the test rows."""
    how, fits = prepared.spec.evaluate.intervals, prepared.fit_data
    intervals = intervals_of(fits, outcome.validation, how)
    said_of = {
        "train": out_of_fold(fits, outcome.validation, how),
        **{part: with_intervals(outcome.tests.get(part, {}), intervals) for part in prepared.split.tests},
    }
    first = next((known for part, known in said_of.items() if part in parts and known), {})
    if not first:
        return {}
    said = [
        {output: said_of[part].get(output, _unsaid(values, len(rows))) for output, values in first.items()}
        for part, rows in parts.items()
    ]
    columns = task(prepared.data.task).columns
    data = prepared.data
    return columns(outcome.entry.name, joined(said), data.classes or data.several)


def _unsaid(like: Array, n: int) -> Array:
    """Return what stands for an output that a model does not have of ``n`` rows: no cluster, not a number."""
    return np.full((n, *like.shape[1:]), -1 if like.dtype.kind == "i" else np.nan, dtype=like.dtype)
