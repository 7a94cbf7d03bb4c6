"""How sure the models say they are, and how often they are right about it."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.predictive import Coverage, PredictiveRecord
from fivesigma.report.markup import cell
from fivesigma.report.predictive.figure import coverage, transforms
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View

MOST_PANELS = 12


def said(view: View, model: ModelRecord, kept: PredictiveRecord) -> str:
    """Return one sentence: whether the intervals hold what they say, and how wide they are."""
    law = "its own law" if kept.own else "a Gaussian of its out-of-fold residuals"
    held = " and ".join(_held(each) for each in kept.intervals)
    text = f"{model.name} ({law}): {held} of the {view.events}"
    off = [each for each in kept.intervals if not each.low <= each.level <= each.high]
    if off:
        ways = {"too narrow" if each.coverage < each.level else "too wide" for each in off}
        text += f": {' and '.join(sorted(ways))}"
    widths = " and ".join(plain_number(each.width, 3) for each in kept.intervals)
    text += f"; mean widths {widths}"
    if kept.conformal:
        text += f"; conformal intervals: {' and '.join(_held(each) for each in kept.conformal)}"
    return text + "."


def _held(each: Coverage) -> str:
    return f"{100 * each.level:.0f} % intervals hold {100 * each.coverage:.1f} %"


def _content(view: View) -> Content:
    models = view.having(PredictiveRecord)
    plots = {"coverage": coverage(view, models), "transforms": transforms(view, models[:MOST_PANELS])}
    return Content({"lines": [said(view, *each) for each in models]}, plots)


def _markdown(view: View) -> str:
    return "\n".join(f"- {cell(said(view, *each))}" for each in view.having(PredictiveRecord))


SECTION = Section(
    "predictive",
    "How sure, and how often right",
    lambda view: bool(view.having(PredictiveRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
