"""Confusion: how well each labelling of the events can be learnt, and the middle peak of the W."""

from __future__ import annotations

from typing import Any

from fivesigma.record.sections.confusion import ConfusionModel, ConfusionRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.panels import bar_style, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import Content, Section, View
from fivesigma.report.style import INK, MUTED, colour
from fivesigma.report.text import clean, labelled, listed, short
from fivesigma.report.transitions import off_text, value_text

_MOST = 5
"""Models that are drawn in a colour of their own."""


def _kept(view: View) -> ConfusionRecord:
    kept = view.results.section(ConfusionRecord)
    assert kept is not None
    return kept


def summary(kept: ConfusionRecord) -> list[str]:
    """Return one line a model."""
    return [_said(kept, model) for model in kept.models]


def _said(kept: ConfusionRecord, model: ConfusionModel) -> str:
    name, lost = f"“{clean(model.model)}”", f" ({clean(model.message)})" if model.message else ""
    if model.value is None:
        return f"the accuracy of {name} over labellings of {clean(kept.over)} is no W{lost}"
    unit = f" {clean(kept.unit)}" if kept.unit else ""
    peak = f"{clean(kept.over)} = {value_text(model.value, model.error)}{unit}"
    known = (
        ""
        if kept.expected is None
        else f"; known is {kept.expected:.5g}: {off_text(model.value, model.error, kept.expected)}"
    )
    return f"the middle peak of the W of {name} is at {peak}{known}{lost}"


def _plot(kept: ConfusionRecord) -> Plot:
    shown = kept.models[:_MOST]
    known = "" if kept.expected is None else f" Dashed: the known value {kept.expected:.5g}."
    return Plot(
        name="confusion",
        title="Confusion",
        caption=(
            f"Accuracy ({kept.part}) of models that learn to tell events above a value of {kept.over} from those "
            f"below, against that value; bars are one standard error over {kept.repeats} repeats. Trivial labellings "
            "at both ends are learnt well, and so is the one that is true of the events: the middle peak of the W, "
            f"marked with its error.{known}"
        ),
        alt=f"Accuracy of {listed([short(model.model) for model in shown])} against the labelling.",
        size=(8.6, 4.2),
        draw=lambda figure: _draw(figure, kept, shown),
        header=("model", kept.over, "accuracy", "error"),
        rows=[(model.model, p.at, p.accuracy, p.error) for model in kept.models for p in model.points],
    )


def _draw(figure: Any, kept: ConfusionRecord, shown: tuple[ConfusionModel, ...]) -> None:
    panel = figure.subplots()
    grid(panel)
    for index, model in enumerate(shown):
        hue = colour(index)
        bars = [point.error or 0.0 for point in model.points]
        style = {**bar_style(hue), "linestyle": "-", "linewidth": 1.0}
        y = numbers([point.accuracy for point in model.points])
        panel.errorbar([point.at for point in model.points], y, yerr=bars, label=short(model.model), **style)
        if model.value is not None:
            error = model.error or 0.0
            panel.axvspan(model.value - error, model.value + error, color=hue, alpha=0.15, linewidth=0)
            panel.axvline(model.value, color=hue, linewidth=0.9)
    if kept.expected is not None:
        panel.axvline(kept.expected, color=INK, linewidth=0.9, linestyle=(0, (5, 2)))
    panel.set_xlabel(f"labelling: {labelled(kept.over, kept.unit)} above")
    panel.set_ylabel(f"accuracy, {kept.part}")
    if len(shown) > 1:
        figure.legend(loc="outside upper right", ncols=min(len(shown), 4))
    panel.tick_params(colors=MUTED)


def _lines(kept: ConfusionRecord) -> list[tuple[str, ...]]:
    return [
        (
            model.model,
            value_text(model.value, model.error),
            off_text(model.value, model.error, kept.expected),
        )
        for model in kept.models
    ]


def _content(view: View) -> Content:
    kept = _kept(view)
    said = [f"{text[0].upper()}{text[1:]}." for text in summary(kept)]
    return Content({"sentences": said}, {"confusion": _plot(kept)})


def _markdown(view: View) -> str:
    kept = _kept(view)
    said = "\n".join(f"- {cell(text)}." for text in summary(kept))
    head = ("model", f"middle peak, {labelled(kept.over, kept.unit)}", "off the known")
    return f"{said}\n\n{table(head, _lines(kept))}"


SECTION = Section(
    "confusion",
    "Confusion",
    lambda view: view.results.section(ConfusionRecord) is not None,
    _content,
    _markdown,
    terminal=lambda view: summary(_kept(view)),
)
