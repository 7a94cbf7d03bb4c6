"""Where the models place a transition: the crossing of an infinite system, or the middle peak of a W."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.confusion import ConfusionModel, ConfusionRecord
from fivesigma.record.sections.crossing import CrossingModel, CrossingRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import joined, quoted
from fivesigma.report.section import View
from fivesigma.report.text import clean
from fivesigma.report.transitions import off_text, value_text

_MOST = 3
"""Models that one sentence names."""


@dataclass(frozen=True)
class _Told:
    """What the models say: of which column, read off what, and what is known."""

    over: str
    unit: str | None
    how: str
    expected: float | None
    models: tuple[CrossingModel | ConfusionModel, ...]


def _told(view: View) -> _Told | None:
    """Return what was found, of a crossing where there are both; models without a value have none."""
    crossed, confused = view.results.section(CrossingRecord), view.results.section(ConfusionRecord)
    if crossed is not None:
        where = (
            "the peak of the variance of its output"
            if crossed.at is None
            else f"its output at {crossed.at:g}"
        )
        how = f"read off {where} in systems of several sizes"
        return _Told(crossed.over, crossed.unit, how, crossed.expected, _known(crossed.models))
    if confused is not None:
        how = "the middle peak of its accuracy over labellings"
        return _Told(confused.over, confused.unit, how, confused.expected, _known(confused.models))
    return None


def _known(
    models: tuple[CrossingModel, ...] | tuple[ConfusionModel, ...],
) -> tuple[CrossingModel | ConfusionModel, ...]:
    known = [model for model in models if model.value is not None]
    return tuple(sorted(known, key=lambda model: (model.error is None, model.error or 0.0)))


def filled(view: View) -> bool:
    """Whether some model places a transition."""
    told = _told(view)
    return told is not None and bool(told.models)


def _sentence(view: View) -> str:
    told = _told(view)
    assert told is not None
    unit = f" {clean(told.unit)}" if told.unit else ""
    first, *others = (_placed(told, model, unit) for model in told.models[:_MOST])
    rest = f"; {joined(others)}" if others else ""
    known = "" if told.expected is None else f"; known is {told.expected:.5g}"
    return f"The transition is at {clean(told.over)} = {first}, {told.how}{rest}{known}."


def _placed(told: _Told, model: CrossingModel | ConfusionModel, unit: str) -> str:
    far = off_text(model.value, model.error, told.expected)
    beside = "" if told.expected is None else f", {far} off what is known"
    return f"{value_text(model.value, model.error)}{unit} by {quoted(model.model)}{beside}"


ANSWER = Answer("transition", filled, _sentence)
