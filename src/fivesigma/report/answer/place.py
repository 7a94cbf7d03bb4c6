"""What stands at a dotted place of ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.record.document import read
from fivesigma.record.place import at
from fivesigma.record.results import Score, to_document
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import begun, quoted, unopened, with_unit
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.section import View, metric_name
from fivesigma.risk.metrics import metrics

Place = tuple[str, ...]


def answer(asked: str) -> Answer:
    """Return the answer that a dotted place is."""

    def found(view: View) -> tuple[Place, Any] | None:
        return at(to_document(view.results), asked)

    def sentence(view: View) -> str:
        place = found(view)
        assert place is not None
        return f"{begun(_said(view, *place))}{unopened(view)}."

    return Answer(asked, lambda view: _sayable(found(view)), sentence)


def _sayable(found: tuple[Place, Any] | None) -> bool:
    """Whether there is a number or text, or a score with its error."""
    if found is None:
        return False
    value = found[1]
    if isinstance(value, Mapping):
        return value.get("value") is not None
    return isinstance(value, (bool, int, float, str)) and value != ""


def _said(view: View, place: Place, value: Any) -> str:
    if isinstance(value, Mapping):
        return _scored(view, place, value)
    return f"{_called(view, place)} is {_plain(value)}"


def _scored(view: View, place: Place, value: Mapping[str, Any]) -> str:
    """A score of a model: its metric, the model and the part of the data."""
    metric = place[-1]
    shown = with_unit(view, read(Score, dict(value)), metric if metric in metrics() else None)
    return f"{_called(view, place)} is {shown}"


def _called(view: View, place: Place) -> str:
    """A place as a sentence names it: of a score in words, else as it is written."""
    if len(place) >= 5 and place[0] == "models" and place[2] == "scores":
        more = {(): "", ("low",): "the lower limit of ", ("high",): "the upper limit of "}
        behind = place[5:]
        if behind in more or behind == ("value",):
            return (
                f"{more.get(behind, '')}{metric_name(place[4])} of {quoted(place[1])} {_on(view, place[3])}"
            )
    return f"{quoted('.'.join(place))} of the results"


def _on(view: View, part: str) -> str:
    if part in view.tests:
        name = "" if part == "test" else f" {quoted(part)}"
        n = f"{count(view.results.split.n_test)} " if part == view.tests[0] else ""
        return f"on the {n}events of the test set{name}" if name else f"on {n}sealed test events"
    return {
        "train": "on the training events",
        "validation": "on the validation folds",
    }.get(part, "on all events, each scored by a fit that has not seen it")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return count(value)
    return plain_number(value) if isinstance(value, float) else quoted(value)
