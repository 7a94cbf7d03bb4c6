"""What a model loses with its columns, as evidence: each stop scored, each step's change with its σ, and the record.

The columns are ranked on the folds of the training rows. Where a test is open the change is judged there, on rows
that had no part in the choice; else on the folds, which chose the column too, so that it is a little optimistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement
from fivesigma.study.analyses.explain.ablation import Stop, Trail
from fivesigma.study.analyses.explain.importance import errors, label
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.evidence.records import comparison_record, score_record
from fivesigma.study.fit.prediction import Predictions, scored
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]

CAVEAT = "judged on the folds, which also chose the columns: a little optimistic"
NAME = "ablation"


@dataclass(frozen=True, eq=False)
class Ablation:
    """The changes along the trails, each of which belongs to the family of claims."""

    trails: Sequence[Trail]

    def compared(self, found: Evidence, /) -> Iterator[Compared]:
        """Yield the change at each step, two-sided; each is about the way, the model and the columns it has now."""
        for trail, now, before in _steps(self.trails):
            difference = _difference(found, trail, now, before)
            yield Compared(*_called(trail, now, before), difference, NAME, _about(trail, now))


def _about(trail: Trail, now: Stop) -> tuple[str, str, tuple[str, ...]]:
    return trail.way, trail.model, now.columns


def _steps(trails: Sequence[Trail]) -> Iterator[tuple[Trail, Stop, Stop | None]]:
    """Yield each stop and the one before it, None for the model with all its columns."""
    for trail in trails:
        if trail.way == "drop_best":
            yield from (
                (trail, now, before) for now, before in zip(trail.stops, (None, *trail.stops), strict=False)
            )
        elif trail.way == "forward":
            yield from (
                (trail, now, before) for now, before in zip(trail.stops[1:], trail.stops, strict=False)
            )


def _difference(found: Evidence, trail: Trail, now: Stop, before: Stop | None) -> Difference:
    metric = found.prepared.metric
    if found.tests:
        test = found.tests[0]
        whole = found.scores.measured(metric, test, trail.model)
        earlier = whole if before is None else _measured(found, before, test)
        claim = found.prepared.spec.evaluate.claim
        return evidence.compare(_measured(found, now, test), earlier, claim=claim)
    earlier_said = found.fitted[trail.model].validation if before is None else before.validation
    both = (_scored(found, said) for said in (now.validation, earlier_said))
    return found.folds.difference(metric, *both)


def _scored(found: Evidence, said: Predictions) -> Array:
    """Return what the primary metric scores of a model on some of its columns."""
    prediction = scored(said, found.prepared.metric)
    assert prediction is not None
    return prediction


def _measured(found: Evidence, stop: Stop, test: str) -> Measurement:
    metric = found.prepared.metric
    cut = found.scores.cut_of(metric, stop.validation)
    return found.scores.measured_of(metric, test, stop.tests[test], refits=stop.refits, cut=cut)


def _called(trail: Trail, now: Stop, before: Stop | None) -> tuple[str, str]:
    """Return what a claim calls the model at a stop, and at the one before."""
    way = list(trail.stops)
    if trail.way == "forward":
        assert before is not None
        return tuple(f"{trail.model} on {', '.join(each.columns)}" for each in (now, before))  # type: ignore[return-value]
    gone = [label(each.changed) for each in way[: way.index(now) + 1]]
    return f"{trail.model} without {', '.join(gone)}", " ".join(
        [trail.model, *(["without", ", ".join(gone[:-1])] if gone[:-1] else [])]
    )


def records(found: Evidence, trails: Sequence[Trail]) -> Iterator[tuple[Trail, dict[str, Any] | None]]:
    """Yield the record of each trail; None for one that did not begin."""
    for trail in trails:
        if not trail.stops:
            yield trail, None
        elif trail.way == "drop_column":
            yield trail, _dropped(found, trail)
        else:
            stops = [_stop(found, trail, stop) for stop in trail.stops]
            yield (
                trail,
                {
                    "part": found.tests[0] if found.tests else "validation",
                    "caveat": "" if found.tests else CAVEAT,
                    "steps": ([_start(found, trail)] if trail.way == "drop_best" else []) + stops,
                },
            )


def _start(found: Evidence, trail: Trail) -> dict[str, Any]:
    """Return the record of the model with all its columns."""
    outcome, metric = found.fitted[trail.model], found.prepared.metric.name
    scores = found.scores.of(trail.model)
    ranking = outcome.explained.get("permutation")
    columns = [*trail.stops[0].columns, *trail.stops[0].changed]
    order = list(found.prepared.data.names)
    return {
        "columns": sorted(columns, key=order.index),
        "changed": [],
        "scores": {part: asdict(scores[part][metric]) for part in ("validation", *found.tests)},
        "change": None,
        "ranking": _first(ranking),
    }


def _stop(found: Evidence, trail: Trail, stop: Stop) -> dict[str, Any]:
    metric, claim = found.prepared.metric, found.prepared.spec.evaluate.claim
    said, cut = _scored(found, stop.validation), found.scores.cut_of(metric, stop.validation)
    value = found.scores.value_of(metric, VALIDATION, said, cut)
    scores = {"validation": found.folds.score(metric, said, value)}
    for test in found.tests:
        scores[test] = score_record(evidence.score(_measured(found, stop, test), claim=claim))
    change = found.family.of(NAME, _about(trail, stop))
    return {
        "columns": list(stop.columns),
        "changed": list(stop.changed),
        "scores": {part: asdict(score) for part, score in scores.items()},
        "change": None if change is None else asdict(comparison_record(change.difference)),
        "ranking": _first(stop.ranking),
    }


def _first(ranking: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a ranking without its draws."""
    if ranking is None:
        return None
    return {key: ranking[key] for key in ("names", "mean", "std")}


def _dropped(found: Evidence, trail: Trail) -> dict[str, Any] | None:
    """Return what the score on each fold loses when the model is fitted without each column."""
    metric, split = found.prepared.metric, found.prepared.split
    base = metric.merit(found.folds.values(metric, found.scores.whole(metric, VALIDATION, trail.model)))
    each = [metric.merit(found.folds.values(metric, _scored(found, stop.validation))) for stop in trail.stops]
    draws = np.stack([base - without for without in each], axis=1)
    if not np.isfinite(draws).all():
        return None
    order = np.argsort(-draws.mean(axis=0), kind="stable")
    parts = [{"n_held": int((split.folds == fold).sum())} for fold in range(split.n_folds)]
    return {
        "names": [label(trail.stops[j].changed) for j in order],
        "mean": draws.mean(axis=0)[order].tolist(),
        "std": errors(draws, parts, len(split.train))[order].tolist(),
        "draws": draws[:, order].tolist(),
        "method": "fitted anew without the column, held-out folds",
    }
