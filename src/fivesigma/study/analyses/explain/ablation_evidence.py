"""What a model loses with its columns, as evidence: each step scored, each step's change with its σ, and the record.

The columns are ranked on the folds of the training rows. Where a test is open the change is judged there, on rows
that had no part in the choice; else on the folds, which chose the column too, so that it is a little optimistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.document import tuples
from fivesigma.record.sections import explained
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement
from fivesigma.study.analyses.explain.ablation import AblationPath, AblationStep
from fivesigma.study.analyses.explain.importance import errors, label
from fivesigma.study.analyses.explain.settings import every_name
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.evidence.folds import FoldScores
from fivesigma.study.evidence.records import comparison_record, score_record
from fivesigma.study.fit.prediction import Predictions, scored
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]

CAVEAT = "judged on the folds, which also chose the columns: a little optimistic"
NAME = "ablation"


def compared(found: Evidence, paths: Sequence[AblationPath]) -> Iterator[Compared]:
    """Yield the change at each step, two-sided; each is about the method, the model and the columns it has now."""
    for path, now, before in _changes(paths):
        difference = _difference(found, path, now, before)
        yield Compared(*_called(path, now, before), difference, NAME, _about(path, now))


def _about(path: AblationPath, now: AblationStep) -> tuple[str, str, tuple[str, ...]]:
    return path.method, path.model, now.columns


def _changes(
    paths: Sequence[AblationPath],
) -> Iterator[tuple[AblationPath, AblationStep, AblationStep | None]]:
    """Yield each step and the one before it, None for the model with all its columns."""
    for path in paths:
        if path.method == "drop_best":
            yield from (
                (path, now, before) for now, before in zip(path.steps, (None, *path.steps), strict=False)
            )
        elif path.method == "forward":
            yield from ((path, now, before) for now, before in zip(path.steps[1:], path.steps, strict=False))


def _difference(
    found: Evidence, path: AblationPath, now: AblationStep, before: AblationStep | None
) -> Difference:
    metric = found.prepared.metric
    if found.tests:
        test = found.tests[0]
        whole = found.scores.measured(metric, test, path.model)
        earlier = whole if before is None else _measured(found, path.model, before, test)
        claim = found.prepared.spec.evaluate.claim
        return evidence.compare(_measured(found, path.model, now, test), earlier, claim=claim)
    earlier_scores = found.scores.folded(metric, path.model) if before is None else _folded(found, before)
    return found.folds.difference(metric, _folded(found, now), earlier_scores)


def _folded(found: Evidence, step: AblationStep) -> FoldScores:
    """Return the scores of a model on some of its columns, fold by fold of all repeats."""
    return found.scores.folded_of(found.prepared.metric, (step.validation, *step.repeats))


def _scored(found: Evidence, said: Predictions) -> Array:
    """Return what the primary metric scores of a model on some of its columns."""
    prediction = scored(said, found.prepared.metric)
    assert prediction is not None
    return prediction


def _measured(found: Evidence, model: str, step: AblationStep, test: str) -> Measurement:
    metric = found.prepared.metric
    cut, cuts = found.scores.cut_of(metric, step.validation), found.scores.cuts_of(metric, step.crossed)
    said, share = step.tests[test], found.fitted[model].share
    return found.scores.measured_of(metric, test, said, refits=step.refits, cut=cut, cuts=cuts, share=share)


def _called(path: AblationPath, now: AblationStep, before: AblationStep | None) -> tuple[str, str]:
    """Return what a claim calls the model at a step, and at the one before."""
    way = list(path.steps)
    if path.method == "forward":
        assert before is not None
        return tuple(f"{path.model} on {', '.join(each.columns)}" for each in (now, before))  # type: ignore[return-value]
    gone = [label(each.changed) for each in way[: way.index(now) + 1]]
    return f"{path.model} without {', '.join(gone)}", " ".join(
        [path.model, *(["without", ", ".join(gone[:-1])] if gone[:-1] else [])]
    )


def records(
    found: Evidence, paths: Sequence[AblationPath]
) -> Iterator[tuple[AblationPath, explained.Ablation | explained.Importance | None]]:
    """Yield the record of each path; None for one that did not begin."""
    for path in paths:
        if not path.steps:
            yield path, None
        elif path.method == "drop_column":
            yield path, _dropped(found, path)
        else:
            start = [_start(found, path)] if path.method == "drop_best" else []
            yield (
                path,
                explained.Ablation(
                    part=found.tests[0] if found.tests else "validation",
                    caveat="" if found.tests else CAVEAT,
                    steps=(*start, *(_step(found, path, step) for step in path.steps)),
                ),
            )


def _start(found: Evidence, path: AblationPath) -> explained.AblationStep:
    """Return the record of the model with all its columns."""
    metric, scores = found.prepared.metric.name, found.scores.of(path.model)
    columns = [*path.steps[0].columns, *path.steps[0].changed]
    order = every_name(found.prepared.plan.entry(path.model), found.prepared.meta)
    return explained.AblationStep(
        columns=tuple(sorted(columns, key=order.index)),
        changed=(),
        scores={part: scores[part][metric] for part in ("validation", *found.tests)},
        change=None,
        ranking=_first(path.ranking),
    )


def _step(found: Evidence, path: AblationPath, step: AblationStep) -> explained.AblationStep:
    metric, claim = found.prepared.metric, found.prepared.spec.evaluate.claim
    scores = {"validation": score_record(found.folds.score(metric, _folded(found, step)))}
    for test in found.tests:
        scores[test] = score_record(evidence.score(_measured(found, path.model, step, test), claim=claim))
    change = found.family.of(NAME, _about(path, step))
    return explained.AblationStep(
        columns=tuple(step.columns),
        changed=tuple(step.changed),
        scores=scores,
        change=None if change is None else comparison_record(change.difference),
        ranking=_first(step.ranking),
    )


def _first(ranking: explained.Importance | None) -> explained.Ranking | None:
    """Return a ranking without its draws."""
    if ranking is None:
        return None
    return explained.Ranking(names=ranking.names, mean=ranking.mean, std=ranking.std)


def _dropped(found: Evidence, path: AblationPath) -> explained.Importance | None:
    """Return what the score on each fold loses when the model is fitted without each column."""
    metric, split = found.prepared.metric, found.prepared.split
    base = metric.merit(found.folds.values(metric, found.scores.whole(metric, VALIDATION, path.model)))
    each = [metric.merit(found.folds.values(metric, _scored(found, step.validation))) for step in path.steps]
    draws = np.stack([base - without for without in each], axis=1)
    if not np.isfinite(draws).all():
        return None
    order = np.argsort(-draws.mean(axis=0), kind="stable")
    parts = [{"n_held": int((split.folds == fold).sum())} for fold in range(split.n_folds)]
    return explained.Importance(
        names=tuple(label(path.steps[j].changed) for j in order),
        mean=tuples(draws.mean(axis=0)[order]),
        std=tuples(errors(draws, parts, len(split.train))[order]),
        draws=tuples(draws[:, order]),
        method="fitted anew without the column, held-out folds",
    )
