"""The law that a linear model found, with the errors of its coefficients, and how far it is off."""

from __future__ import annotations

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import measured, on_events, quoted, scatter, unopened, with_unit
from fivesigma.report.law import law, says
from fivesigma.report.section import View

Law = tuple[ModelRecord, CoefficientsRecord]


def laws(view: View) -> list[Law]:
    """Return the linear models of one output, best first."""
    return [each for each in view.having(CoefficientsRecord) if each[1].names and each[1].slopes]


def of_the_best(view: View) -> Law | None:
    """Return the law of the best model, or of the only one beside the baseline; None where it is none of few terms."""
    others = [model for model in view.ranked if model.name != view.results.baseline]
    best = others[0] if len(others) == 1 else view.best
    return next((each for each in laws(view) if each[0] is best and text(view, each)), None)


def text(view: View, found: Law) -> str:
    """Return a law as one line; empty where it has too many terms for one."""
    model, kept = found
    target = view.results.data.target or "target"
    return law(says(model, target, view.signal), kept, view.target_unit if view.signal is None else None)


def _written(view: View) -> Law | None:
    """The law that can be written on a line, of the best model before others."""
    return of_the_best(view) or next((each for each in laws(view) if text(view, each)), None)


def _sentence(view: View) -> str:
    found = _written(view)
    assert found is not None
    model, metric = found[0], view.results.metric
    reached = measured(metric, with_unit(view, view.score(model)))
    off = scatter(view, model)
    how = f"{reached} and {off}" if off else reached
    said = f"{quoted(model.name)} finds {text(view, found)}, with {how}"
    return f"{said} {on_events(view)}{unopened(view)}."


ANSWER = Answer("law", lambda view: _written(view) is not None, _sentence)
