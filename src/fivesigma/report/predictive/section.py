"""How sure the models say they are, and how often they are right about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.report.markup import cell
from fivesigma.report.predictive.figure import coverage, transforms
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View

MOST_PANELS = 12


def _models(view: View) -> list[ModelRecord]:
    return [model for model in view.ranked if model.sections.get("predictive")]


def said(view: View, model: ModelRecord) -> str:
    """Return one sentence: whether the intervals hold what they say, and how wide they are."""
    kept = model.sections["predictive"]
    law = "its own law" if kept["own"] else "a Gaussian of its out-of-fold residuals"
    held = " and ".join(_held(each) for each in kept["intervals"])
    text = f"{model.name} ({law}): {held} of the {view.events}"
    off = [each for each in kept["intervals"] if not each["low"] <= each["level"] <= each["high"]]
    if off:
        ways = {"too narrow" if each["coverage"] < each["level"] else "too wide" for each in off}
        text += f": {' and '.join(sorted(ways))}"
    widths = " and ".join(plain_number(each["width"], 3) for each in kept["intervals"])
    text += f"; mean widths {widths}"
    if kept["conformal"]:
        text += f"; conformal intervals: {' and '.join(_held(each) for each in kept['conformal'])}"
    return text + "."


def _held(each: Mapping[str, Any]) -> str:
    return f"{100 * each['level']:.0f} % intervals hold {100 * each['coverage']:.1f} %"


def _content(view: View) -> Content:
    models = _models(view)
    plots = {"coverage": coverage(view, models), "transforms": transforms(view, models[:MOST_PANELS])}
    return Content({"lines": [said(view, model) for model in models]}, plots)


def _markdown(view: View) -> str:
    return "\n".join(f"- {cell(said(view, model))}" for model in _models(view))


SECTION = Section(
    "predictive",
    "How sure, and how often right",
    lambda view: bool(_models(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
