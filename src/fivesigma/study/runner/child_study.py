"""One study of a scan: its fits, one after the other in memory, and the scores they come to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.dataset import Dataset
from fivesigma.risk.intervals import nadeau_bengio
from fivesigma.risk.metric import Metric
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.crossing.points import NAME as CROSSING
from fivesigma.study.analyses.fits import fits_of_scores
from fivesigma.study.analyses.scan.points import Number, is_fresh, study_at
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.records import finite
from fivesigma.study.fit.finished import Finished, Memory
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.plan import Child
from fivesigma.study.preparation.events import read
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.child_curves import curves
from fivesigma.study.runner.fitter import Fitter
from fivesigma.study.spec.document import Spec
from fivesigma.study.tasks.task import TRAIN, VALIDATION

Array = NDArray[Any]


@dataclass(frozen=True)
class ChildStudies:
    """Makes the studies of one scan.

    ``data`` and ``own`` are what the study was given in Python, if it was.
    """

    spec: Spec
    data: Dataset | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    _read: dict[str, Dataset] = field(default_factory=dict)

    def attempted(self, child: Child) -> dict[str, Any]:
        """Return what is asked of a study, or why it could not be done: that is a record too."""
        try:
            return self.curves(child) if child.asks == CROSSING else self.scores(child)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def scores(self, child: Child) -> dict[str, Any]:
        """Return the scores of one study."""
        spec = study_at(self.spec, child.values, child.seed)
        fresh = is_fresh(spec)
        prepared = prepare(spec, None if fresh else self.table(spec), self.own)
        if not fresh and any(key.startswith("data.") for key in child.values):
            prepared = without(prepared, self.sealed)
        return scores(prepared, fresh=fresh)

    def curves(self, child: Child) -> dict[str, Any]:
        """Return the outputs of one study against the column of its crossing."""
        return curves(prepare(study_at(self.spec, child.values, child.seed), None, self.own))

    def table(self, spec: Spec) -> Dataset:
        """Return the table of a study; the last one read is kept, since most points share it."""
        if spec.data.source == MEMORY:
            assert self.data is not None
            return self.data
        document = spec.to_document()
        key = json.dumps([document["data"], document["features"], document["split"]["test"]], sort_keys=True)
        if key not in self._read:
            self._read.clear()
            self._read[key] = read(spec)
        return self._read[key]

    @cached_property
    def sealed(self) -> NDArray[np.uint64]:
        """Hashes of the rows that the study seals as it is written: no point may use them, whatever it selects."""
        written: Prepared = prepare(self.spec, self.data, self.own)
        rows = [written.data.row_hashes[test] for test in written.split.tests.values()]
        return np.concatenate(rows) if rows else np.empty(0, dtype=np.uint64)


def scores(prepared: Prepared, *, fresh: bool) -> dict[str, Any]:
    """Return the ``models`` with their scores by part and metric, ``messages`` of those that failed, and ``remarks``.

    ``fresh`` says that the events are of this study alone, so that its test set may be scored: nobody has seen it, and
    nobody will again. The sealed rows of a table are left alone.
    """
    outcomes = outcomes_of(prepared)
    found = Evidence(prepared, outcomes, opened=fresh)
    return {"models": {name: _of_model(found, name) for name in found.fitted}, **_said(outcomes)}


def outcomes_of(prepared: Prepared) -> list[Outcome]:
    """Return what becomes of each model, its fits made here and kept in memory."""
    memory = Memory()
    run = Run(prepared, Finished(memory), {}, fits_of_scores)
    fitter = Fitter(prepared.fit_data, prepared.plan, prepared.own)
    for fits in run.lineup.values():
        for fit in fits:
            memory.results[prepared.plan.key(fit)] = fitter.attempted(fit)
    return run.outcomes


def _said(outcomes: Sequence[Outcome]) -> dict[str, dict[str, str]]:
    """Return why models failed, and what the others remarked (that chains have not converged, say)."""
    told = [each for each in outcomes if each.message]
    return {
        "messages": {each.entry.name: each.message for each in told if each.status == "failed"},
        "remarks": {each.entry.name: each.message for each in told if each.ok},
    }


def _of_model(found: Evidence, name: str) -> dict[str, dict[str, Number]]:
    """Return the scores that a model has, by part and metric."""
    parts, metrics = (TRAIN, *found.tests, VALIDATION), found.prepared.metrics
    scored = {
        part: {
            metric.name: _number(found, metric, part, name)
            for metric in metrics
            if found.scores.has(metric, part, name)
        }
        for part in parts
    }
    return {part: values for part, values in scored.items() if values}


def _number(found: Evidence, metric: Metric, part: str, name: str) -> Number:
    """Return a score, and of an out-of-fold one how uncertain it is by the spread of the folds."""
    value = finite(found.scores.value(metric, part, name))
    if found.parts.judged(metric, part).by != "folds" or value is None:
        return value, None, None
    if found.folds.too_few(metric) or not metric.interval:
        return value, None, None
    scores, sizes = found.scores.folded(metric, name), found.folds.sizes
    spread = found.folds.spread(metric, scores)
    if not scores.defined or spread.low is None or spread.high is None:
        return value, None, None
    error = (nadeau_bengio(scores.each, *sizes) + found.folds.between(metric, scores.slopes)) ** 0.5
    return value, (spread.high - spread.low) / 2, error


def without(prepared: Prepared, sealed: Array) -> Prepared:
    """Return the study without the training rows whose hash is among ``sealed``."""
    split, hashes = prepared.split, prepared.data.row_hashes
    kept = ~np.isin(hashes[split.train], sealed)
    if kept.all():
        return prepared
    return replace(prepared, split=split.kept(kept))
