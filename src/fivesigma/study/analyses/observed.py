"""Observed events beside the simulation: the first plot of an analysis; where the signal would be it stays blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.data import readers, tables
from fivesigma.record.document import tuples
from fivesigma.record.sections.observed import ObservedColumn, ObservedRecord
from fivesigma.record.sections.section import named
from fivesigma.risk.binned import agreement, among
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.kept import kept_model
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.finished.fitted_model import FittedModel
from fivesigma.study.finished.other_table import OtherTable
from fivesigma.study.fit.prediction import Output
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]

N_BINS = 20
_ENDS = (0.005, 0.995)
"""Quantiles of the simulation between which the bins of a column lie."""
MOST_LABELS = 30


@dataclass(frozen=True, eq=False)
class Events:
    """Events in the columns of a model: ``X`` (n, p), weights, classes and scores (n,), NaN without a score."""

    X: Array
    w: Array
    code: Array
    score: Array

    def take(self, rows: Array) -> Events:
        """Return some of them."""
        return Events(self.X[rows], self.w[rows], self.code[rows], self.score[rows])


class Observed(Experiment):
    """The observed events of a study beside its simulated ones."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the columns and the score of the best model, of data and simulation."""
        best, prepared = found.best, self.run.prepared
        if prepared.spec.data.observed is None or best is None or _all_hidden(found):
            return {}
        model = kept_model(self.run, best)
        return {} if model is None else named(_recorded(found, best, model))

    def notes(self, found: Evidence) -> Sequence[tuple[str, str, str]]:
        """Say where observed events are not shown although they are asked for."""
        asked = self.run.prepared.spec.data.observed is not None and found.best is not None
        if asked and _all_hidden(found):
            what = (
                "the run is blind, and without two classes no cut says where the signal would be: unblind it"
            )
            return [("observed", "ok", f"observed events are not shown: {what}")]
        if not asked or kept_model(self.run, str(found.best)) is not None:
            return ()
        what = "the best model is not kept in the run folder, so no observed event can be given its score"
        return [("observed", "warning", f"observed events are not shown: {what}")]


def _all_hidden(found: Evidence) -> bool:
    """Whether no observed event may be looked at: the run is blind, and no cut parts what may be seen from the rest."""
    return not found.opened and not found.prepared.observed_open and found.prepared.n_classes != 2


def _recorded(found: Evidence, best: str, model: FittedModel) -> ObservedRecord:
    prepared = found.prepared
    simulated, data = _simulated(found, best, model), _observed(prepared, model)
    cut, absolute = _cut(found, best), _yields_are_declared(prepared)
    blind = cut is not None and not prepared.observed_open
    score = None if cut is None else _scores(simulated, data, cut if blind else None, absolute)
    if blind:
        simulated, data = (each.take(np.flatnonzero(each.score < cut)) for each in (simulated, data))
    factor = 1.0 if absolute else len(data.X) / max(float(simulated.w.sum()), 1e-300)
    simulated = replace(simulated, w=factor * simulated.w)
    every = [
        _column(prepared, model, j, simulated, data, scaled=not absolute) for j in range(len(model.names))
    ]
    told = _among_all(every if score is None else [*every, score])
    return ObservedRecord(
        model=best,
        classes=_classes(prepared),
        n_seen=len(data.X),
        expected=float(simulated.w.sum()),
        error=float(np.sqrt((simulated.w**2).sum())),
        scaled=None if absolute else factor,
        cut=cut,
        blind=blind,
        columns=told[: len(every)],
        score=None if score is None else told[-1],
    )


def _classes(prepared: Prepared) -> tuple[str, ...]:
    """Return what the stacked yields are of: the classes, or the target of a regression."""
    return tuple(prepared.data.classes or (prepared.data.target or "",))


def _among_all(columns: Sequence[ObservedColumn]) -> tuple[ObservedColumn, ...]:
    """Return the columns with each p as it is among all of them."""
    ps = among([each.p for each in columns])
    return tuple(replace(each, p_global=p) for each, p in zip(columns, ps, strict=True))


def _yields_are_declared(prepared: Prepared) -> bool:
    """Whether the weights of the events are their expected yields, so that their sum is held against the data."""
    weights = prepared.spec.weights
    return weights is not None and bool(weights.yields)


def _simulated(found: Evidence, best: str, model: FittedModel) -> Events:
    """Return the simulated events that may be seen, with scores by fits that have not seen them, as many as all."""
    prepared = found.prepared
    data, split = prepared.data, prepared.split
    parts = [(split.train, VALIDATION), *((split.tests[test], test) for test in found.parts.tests)]
    rows = np.concatenate([rows for rows, _ in parts])
    score = np.concatenate([_score_of(found, best, part, len(rows)) for rows, part in parts])
    w = np.ones(data.n_samples) if data.w is None else np.asarray(data.w)
    code = data.y[rows] if data.task == "classification" and data.y is not None else np.zeros(len(rows), int)
    events = Events(data.X[rows][:, data.positions(model.names)], w[rows], code, score)
    if np.isfinite(score).any():
        known = np.isfinite(score)
        events, rows = events.take(np.flatnonzero(known)), rows[known]
    by = found.parts.to_whole(rows)
    return replace(events, w=events.w * (w.sum() / events.w.sum() if by is None else by))


def _score_of(found: Evidence, best: str, part: str, n: int) -> Array:
    """Return the probability of the signal (n,), NaN where no fit that has not seen an event says it."""
    said = found.fitted[best].said(part).get(Output.PROBABILITY)
    if said is None or found.prepared.n_classes != 2:
        return np.full(n, np.nan)
    return np.asarray(said[:, -1], dtype=np.float64)


def _observed(prepared: Prepared, model: FittedModel) -> Events:
    """Read the observed events as training read its table; those that fail the study's selection are left out."""
    spec = prepared.spec
    files = tables.paths([spec.absolute(each) for each in spec.data.observed or ()])
    parts = [OtherTable.read(model, spec, path) for path in files]
    X = np.concatenate([part.features[0][part.passed()] for part in parts])
    score = model.predict_proba(X)[:, -1] if prepared.n_classes == 2 else np.full(len(X), np.nan)
    return Events(X, np.ones(len(X)), np.zeros(len(X), dtype=int), score)


def _cut(found: Evidence, best: str) -> float | None:
    """Return the score at which the Asimov significance is largest on the folds; None without two classes."""
    prepared = found.prepared
    if prepared.n_classes != 2:
        return None
    asimov = metric("asimov")
    truth = found.parts.truth(asimov, VALIDATION)
    said = found.fitted[best].said(VALIDATION)[Output.PROBABILITY][truth.counts]
    chosen = asimov.cut(truth.y, said, truth.w, scale=truth.scale)
    if chosen is not None and np.isfinite(chosen):
        return float(chosen)
    return (
        float(np.median(said[truth.y == 1, -1])) if said.ndim == 2 else float(np.median(said[truth.y == 1]))
    )


def _column(
    prepared: Prepared, model: FittedModel, j: int, simulated: Events, data: Events, *, scaled: bool
) -> ObservedColumn:
    name = model.names[j]
    labels = model.labels(name)
    values, seen = simulated.X[:, j], data.X[:, j]
    edges = _edges(values, None if labels is None else len(labels))
    n = len(_classes(prepared))
    unit = prepared.data.units[list(prepared.data.names).index(name)]
    return _binned(name, unit, edges, values, seen, simulated, n, scaled=scaled, labels=labels)


def _edges(values: Array, n_labels: int | None) -> Array:
    """Return the edges of bins: of labels one each, of few distinct numbers one each, else equal ones."""
    if n_labels is not None:
        return np.arange(n_labels + 1) - 0.5
    known = values[np.isfinite(values)]
    distinct = np.unique(known[:10_000])
    if 1 <= len(distinct) <= N_BINS and np.isin(known, distinct).all():
        between = (distinct[1:] + distinct[:-1]) / 2.0
        half = float(np.diff(distinct).min() / 2.0) if len(distinct) > 1 else 0.5
        return np.array([distinct[0] - half, *between, distinct[-1] + half])
    low, high = np.quantile(known, _ENDS) if len(known) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)


def _scores(simulated: Events, data: Events, cut: float | None, absolute: bool) -> ObservedColumn:
    """Return the score in bins; of observed events those bins alone that lie below ``cut``."""
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    hidden = np.zeros(N_BINS, dtype=bool) if cut is None else edges[1:] > cut
    seen = data.take(np.flatnonzero(data.score < (np.inf if not hidden.any() else edges[:-1][hidden].min())))
    below = simulated.take(np.flatnonzero(_places(simulated.score, edges) < N_BINS - hidden.sum()))
    factor = 1.0 if absolute else len(seen.X) / max(float(below.w.sum()), 1e-300)
    scaled = replace(simulated, w=factor * simulated.w)
    n = int(simulated.code.max(initial=0)) + 1
    return _binned(
        "score", None, edges, scaled.score, seen.score, scaled, n, scaled=not absolute, hidden=hidden
    )


def _places(values: Array, edges: Array) -> Array:
    """Return the bin of each value, the first and the last open; -1 of what is missing."""
    at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return np.where(np.isnan(values), -1, at)


def _binned(  # noqa: PLR0913 all that a histogram is made of
    name: str,
    unit: str | None,
    edges: Array,
    values: Array,
    seen: Array,
    simulated: Events,
    n_classes: int,
    *,
    scaled: bool,
    hidden: Array | None = None,
    labels: Sequence[str] | None = None,
) -> ObservedColumn:
    n, at, own = len(edges) - 1, _places(values, edges), _places(seen, edges)
    known = at >= 0
    counts = np.bincount(own[own >= 0], minlength=n).astype(float)
    yields = np.zeros((n_classes, n))
    np.add.at(yields, (simulated.code[known], at[known]), simulated.w[known])
    variance = np.bincount(at[known], simulated.w[known] ** 2, minlength=n).astype(np.float64)
    shown = np.ones(n, dtype=bool) if hidden is None else ~hidden
    found = agreement(counts[shown], yields.sum(axis=0)[shown], variance[shown], scaled=scaled)
    return ObservedColumn(
        name=name,
        unit=unit,
        edges=tuples(edges),
        labels=None if labels is None else tuple(labels),
        counts=tuple(float(each) if see else None for each, see in zip(counts, shown, strict=True)),
        yields=tuples(yields),
        errors=tuples(np.sqrt(variance)),
        chi2=found.chi2,
        dof=found.dof,
        p=found.p,
        p_global=None,
    )


def check(prepared: Prepared) -> None:
    """Refuse observed events that cannot be read, before anything is fitted."""
    asked = prepared.spec.data.observed
    if asked is None:
        return
    if prepared.data.kind != "table":
        raise InputError("data.observed: observed events are shown of a table; remove the key.")
    for path in tables.paths([prepared.spec.absolute(each) for each in asked]):
        readers.reader_for(Path(path), prepared.spec.data.format)


ANALYSIS = Analysis("observed", check=check, experiment=Observed)
