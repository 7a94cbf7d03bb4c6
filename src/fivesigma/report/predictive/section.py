"""How sure the models say they are, and how often they are right about it."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.predictive import Coverage, PredictiveRecord
from fivesigma.report.markup import cell
from fivesigma.report.predictive.figure import coverage, transforms
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View


def said(view: View, model: ModelRecord, kept: PredictiveRecord) -> str:
    """Return a few sentences: whether the intervals that are given hold what they say, and how wide they are.

    Those of a law that is given as it is, and those of a model without one, come first; else the conformal ones.
    """
    law = "its own law" if kept.own else "a Gaussian of its out-of-fold residuals"
    ways = ((law, kept.intervals), ("conformal intervals", kept.conformal))
    (word, first), (other, second) = ways[::-1] if kept.given == "conformal" and kept.conformal else ways
    text = f"{model.name} ({word}): {' and '.join(map(_held, first))} of the {view.events}"
    off = [each for each in first if _is_off(each)]
    if off:
        wrong = {"too narrow" if each.coverage < each.level else "too wide" for each in off}
        text += f": {' and '.join(sorted(wrong))}"
    unit = f" {view.target_unit}" if view.target_unit else ""
    text += f"; mean widths {' and '.join(plain_number(each.width, 3) for each in first)}{unit}"
    if second:
        text += f"; {other}: {' and '.join(map(_held, second))}"
    return ". ".join([text, *(_sentence(why) for why in kept.refused or ())]) + "."


def _is_off(each: Coverage) -> bool:
    """Whether the level lies outside the limits of the share; not where there are too few groups for limits."""
    return each.low is not None and each.high is not None and not each.low <= each.level <= each.high


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _held(each: Coverage) -> str:
    return f"{100 * each.level:.0f} % intervals hold {100 * each.coverage:.1f} %"


def _content(view: View) -> Content:
    models = view.having(PredictiveRecord)
    named = view.foremost(model.name for model, _ in models)
    shown = [each for each in models if each[0].name in named]
    plots = {"coverage": coverage(view, models), "transforms": transforms(view, shown)}
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
