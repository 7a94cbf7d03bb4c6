"""Every model in training, out of fold and on tests, the gap, and the verdict on flexibility."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.report.generalisation.figure import generalisation, parts_of
from fivesigma.report.rounding import DASH, decimals_for, sigma, signed, value_with_error
from fivesigma.report.section import Content, Section, View
from fivesigma.risk.findings import UNTESTED

_MARKS = {"overfit": "warning", "underfit": "warning"}


def _line(view: View, model: ModelRecord) -> dict[str, object]:
    found = model.generalisation
    score = view.score(model, "validation")
    return {
        "name": model.name,
        "scores": [value_with_error(view.score(model, part)) for part in view.parts],
        "gap": signed(found.gap, decimals_for(score) if score is not None else 4),
        "verdict": found.verdict or DASH,
        "sigma": sigma(found.sigma),
        "mark": _MARKS.get(found.verdict, "none"),
    }


def _content(view: View) -> Content:
    plot = generalisation(view)
    context = {
        "metric": view.metric,
        "lines": [_line(view, model) for model in view.ranked],
        "untested": any(model.generalisation.verdict == UNTESTED for model in view.ranked),
        "parts": view.parts,
        "told": parts_of(view),
    }
    return Content(context, {"generalisation": plot} if plot is not None else {})


def _applies(view: View) -> bool:
    """Whether a model was scored on what it was fitted to: agreement with a truth that no fit sees has no such part."""
    return any(model.scores.get("train", {}).get(view.results.metric) for model in view.ranked)


SECTION = Section(
    "generalisation",
    "Generalisation",
    _applies,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
