"""One study of a scan: its fits, one after the other in memory, and the scores they come to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk import evidence
from fivesigma.risk.intervals import nadeau_bengio
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.records import finite
from fivesigma.study.fit.outcome import Outcome, gather
from fivesigma.study.plan import Plan
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.worker import Workshop
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION

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
    honest = prepared.metric.scores in task(prepared.data.task).own  # on fitted rows too: no fold is asked
    plan = _needed(prepared.plan, PURPOSES[:1] if honest else PURPOSES)
    outcomes = list(gather(plan, _done(prepared, plan), prepared.material, {}))
    found = Evidence(prepared, outcomes, opened=fresh)
    return {"models": {name: _of_model(found, name) for name in found.fitted}, **_said(outcomes)}


def _said(outcomes: Sequence[Outcome]) -> dict[str, dict[str, str]]:
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
    values = found.folds.values(metric, found.scores.whole(metric, part, name))
    n_fit, n_validation = found.folds.sizes
    spread = evidence.cross_validated(values, n_fit=n_fit, n_validation=n_validation)
    if spread.low is None or spread.high is None:
        return value, None, None
    return value, (spread.high - spread.low) / 2, nadeau_bengio(values, n_fit, n_validation) ** 0.5


def without(prepared: Prepared, sealed: Array) -> Prepared:
    """Return the study without the training rows whose hash is among ``sealed``."""
    split, hashes = prepared.split, prepared.data.row_hashes
    kept = ~np.isin(hashes[split.train], sealed)
    if kept.all():
        return prepared
    return dataclasses.replace(
        prepared, split=dataclasses.replace(split, train=split.train[kept], folds=split.folds[kept])
    )
