"""What is left of a model without its best columns, or how few of them would do."""

from __future__ import annotations

from fivesigma.record.results import Comparison
from fivesigma.record.sections.explained import Ablation
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import joined, quoted, significance
from fivesigma.report.rounding import plain_number, value_with_error
from fivesigma.report.section import View, metric_name, unit_of_metric
from fivesigma.report.text import clean
from fivesigma.report.verdict import EVIDENCE, OBSERVATION


def _found(view: View) -> tuple[str, str, Ablation] | None:
    """The best model that was taken apart, the way, and its steps."""
    every = ((model.name, view.explained.ablations(model.name)) for model in view.ranked)
    return next(
        ((name, way, kept) for name, ways in every for way, kept in ways.items() if len(kept.steps) > 1), None
    )


def _sentence(view: View) -> str:
    found = _found(view)
    assert found is not None
    model, way, kept = found
    metric, steps = metric_name(view.results.metric), kept.steps
    start, end = (value_with_error(each.scores[kept.part]) for each in (steps[0], steps[-1]))
    if way == "forward":
        order = joined([_columns(step.changed) for step in steps if step.changed])
        reach = f"from {metric} {start} to {end}{_of(view)}"
        return f"Chosen one at a time on the folds, {order} bring {quoted(model)} {reach}."
    first = steps[1]
    lean = f"{quoted(model)} leans most on {_columns(first.changed)}; fitted anew without it,"
    takes = f", and {quoted(first.ranking.names[0])} takes over" if first.ranking is not None else ""
    gone = joined([_columns(step.changed) for step in steps[1:]])
    tail = f"; without {gone} it goes from {start} to {end}" if len(steps) > 2 else ""
    return f"{lean} its {metric} {_change(view, first.change)}{takes}{tail}{_of(view) if tail else ''}."


def _of(view: View) -> str:
    """Return the unit of the score as it stands behind a number."""
    unit = unit_of_metric(view.results.metric, view.target_unit)
    return f" {clean(unit)}" if unit else ""


def _columns(names: tuple[str, ...]) -> str:
    return " + ".join(map(quoted, names))


def _change(view: View, change: Comparison | None) -> str:
    """Return what a step did to the score, and whether that is seen."""
    if change is None or change.difference is None:
        return "changes by an unknown amount"
    way = "worse" if change.difference < 0 else "better"
    size = f"is {way} by {plain_number(abs(change.difference), 2)}{_of(view)}"
    if change.sigma_global is None:
        return size
    shown = significance(view, abs(change.sigma_global))
    word = view.word(change)
    seen = {OBSERVATION: f"an observed change ({shown})", EVIDENCE: f"evidence of a change ({shown})"}
    return f"{size}, {seen.get(word or '', f'not distinguished ({shown}) from no change')}"


ANSWER = Answer("ablation", lambda view: _found(view) is not None, _sentence)
