"""One study of a scan: its fits, one after the other in memory, and the scores they come to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk import evidence
from fivesigma.risk.clustering import LogLikelihood
from fivesigma.risk.intervals import nadeau_bengio
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.clustering import VALIDATION, ClusterEvidence
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.clustering_outcome import Clustered
from fivesigma.study.fit.clustering_outcome import gather as gather_clusterings
from fivesigma.study.fit.outcome import Outcome, gather
from fivesigma.study.plan import Plan
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.worker import Workshop

Array = NDArray[Any]
Number = tuple[float | None, float | None, float | None]
"""A score; where folds give one, half the width of its interval and its standard error."""

PURPOSES = ("final", "fold")
"""The fits a scan needs: errors come from its repeats, not from refits."""


@dataclass(frozen=True)
class _Memory:
    """The results of fits, where no file is wanted."""

    found: dict[str, tuple[dict[str, Array], dict[str, Any]]] = field(default_factory=dict)

    def read(self, key: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
        return self.found.get(key)


def scores(prepared: Prepared, *, fresh: bool) -> dict[str, Any]:
    """Return the ``models`` with their scores by part and metric, ``messages`` of those that failed, and ``remarks``.

    ``fresh`` says that the events are of this study alone, so that its test set may be scored: nobody has seen it, and
    nobody will again. The sealed rows of a table are left alone.
    """
    if prepared.data.task == "clustering":
        return _clustered(prepared, fresh=fresh)
    plan = _needed(prepared.plan, PURPOSES)
    outcomes = list(gather(plan, _done(prepared, plan), prepared.material, {}))
    found = Evidence(prepared, outcomes, opened=fresh)
    return {
        "models": {each.entry.name: _of_model(found, each, fresh) for each in outcomes if each.ok},
        **_said(outcomes),
    }


def _clustered(prepared: Prepared, *, fresh: bool) -> dict[str, Any]:
    """Return the scores of clusterings; folds are fitted only where the study's metric is of held-out events."""
    folded = prepared.metric.name == LogLikelihood.name
    plan = _needed(prepared.plan, PURPOSES if folded else PURPOSES[:1])
    outcomes = list(gather_clusterings(plan, _done(prepared, plan), prepared.material, {}))
    found = ClusterEvidence(prepared, outcomes, opened=fresh)
    parts = (VALIDATION, *found.tests)
    return {
        "models": {
            each.entry.name: _of_clustering(found, each.entry.name, parts) for each in outcomes if each.ok
        },
        **_said(outcomes),
    }


def _of_clustering(found: ClusterEvidence, name: str, parts: Sequence[str]) -> dict[str, dict[str, Number]]:
    scored = {
        part: {metric.name: found.value(metric, part, name) for metric in found.prepared.metrics}
        for part in parts
    }
    return {
        part: {metric: (value, None, None) for metric, value in each.items() if value is not None}
        for part, each in scored.items()
    }


def _said(outcomes: Sequence[Outcome] | Sequence[Clustered]) -> dict[str, dict[str, str]]:
    """Return why models failed, and what the others remarked (that chains have not converged, say)."""
    told = [each for each in outcomes if each.message]
    return {
        "messages": {each.entry.name: each.message for each in told if each.status == "failed"},
        "remarks": {each.entry.name: each.message for each in told if each.ok},
    }


def _needed(plan: Plan, purposes: Sequence[str]) -> Plan:
    return Plan.of(plan.shared, plan.entries, [fit for fit in plan.fits.values() if fit.purpose in purposes])


def _done(prepared: Prepared, plan: Plan) -> _Memory:
    workshop = Workshop(None, prepared.material, plan, prepared.own)
    return _Memory({key: workshop.attempted(fit) for key, fit in plan.fits.items()})


def _of_model(found: Evidence, outcome: Outcome, fresh: bool) -> dict[str, dict[str, Number]]:
    metrics, split = found.prepared.metrics, found.prepared.split
    name, parts = outcome.entry.name, {"train": (split.train, outcome.train)}
    if fresh:
        parts |= {test: (rows, outcome.tests[test]) for test, rows in split.tests.items()}
    scored: dict[str, dict[str, Number]] = {
        part: {metric.name: (_value(found, metric, name, *each), None, None) for metric in metrics}
        for part, each in parts.items()
    }
    return scored | {"validation": {metric.name: _validated(found, metric, name) for metric in metrics}}


def _value(found: Evidence, metric: Metric, name: str, rows: Array, prediction: Array | None) -> float | None:
    assert prediction is not None
    y, w, scale = found.parts.events(rows)
    return _finite(metric.value(y, prediction, w, cut=found.scores.cut(metric, name), scale=scale))


def _validated(found: Evidence, metric: Metric, name: str) -> Number:
    """Return the out-of-fold score, and how uncertain it is by the spread of the folds."""
    value = _finite(found.scores.validation_value(metric, name))
    if not found.folds.several or found.folds.too_few or not metric.interval or value is None:
        return value, None, None
    values = found.folds.values(metric, found.scores.validation(name))
    n_fit, n_validation = found.folds.sizes
    spread = evidence.cross_validated(values, n_fit=n_fit, n_validation=n_validation)
    if spread.low is None or spread.high is None:
        return value, None, None
    return value, (spread.high - spread.low) / 2, nadeau_bengio(values, n_fit, n_validation) ** 0.5


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def without(prepared: Prepared, sealed: Array) -> Prepared:
    """Return the study without the training rows whose hash is among ``sealed``."""
    split, hashes = prepared.split, prepared.data.row_hashes
    kept = ~np.isin(hashes[split.train], sealed)
    if kept.all():
        return prepared
    return dataclasses.replace(
        prepared, split=dataclasses.replace(split, train=split.train[kept], folds=split.folds[kept])
    )
