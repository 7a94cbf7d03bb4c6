"""Outputs against the field for every size, and where they cross against 1/size: a row a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.sections.crossing import CrossingCurve, CrossingModel, CrossingReading, CrossingRecord
from fivesigma.report.crossing.text import axis, readings, size_name, what
from fivesigma.report.panels import bar_style, grid, note
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import INK, MUTED, colour
from fivesigma.report.text import listed, short

_MOST = 5
"""Models that are drawn."""
_REACH = 1.12
"""How far the line of an extrapolation is drawn, in the largest 1/size."""
_OWN = 1
"""Colour of the extrapolated point."""


def plots(view: View) -> dict[str, Plot]:
    """Return a figure of every reading on the first test set, and of the first one on the others."""
    kept = view.results.section(CrossingRecord)
    assert kept is not None
    drawn = [each for each in readings(kept) if each.at == kept.at or each.test == kept.test]
    names = ["crossing", *(f"crossing-{number}" for number in range(2, 1 + len(drawn)))]
    return {name: _plot(kept, on, name) for name, on in zip(names, drawn, strict=True)}


def _plot(kept: CrossingRecord, on: CrossingReading, name: str) -> Plot:
    shown, size = on.models[:_MOST], size_name(kept)
    tested = f" on {short(on.test)}" if len({each.test for each in readings(kept)}) > 1 else ""
    known = "" if on.expected is None else f" Dashed: the known value {on.expected:.5g}."
    return Plot(
        name=name,
        title=f"{'Fluctuations of the output' if on.at is None else 'The crossing'}{tested}",
        caption=(
            f"Left: {_output(on)} against {axis(kept)} in systems of each {size}, bars one standard error over "
            f"{kept.repeats} repeats. Right: {what(on.at)} against 1/{size}, the line through the points, and at 0 "
            f"what it extrapolates to, with its whole error.{known}"
        ),
        alt=f"Crossings of {listed([short(model.model) for model in shown])}{tested}.",
        size=(8.6, 2.3 * len(shown) + 0.5),
        draw=lambda figure: _draw(figure, kept, on, shown),
        header=("test", "model", size, kept.over, "output", "error"),
        rows=[
            (each.test, each.model, each.size, x, y, error)
            for each in kept.curves
            if each.test == on.test
            for x, y, error in zip(each.x, *_drawn(each, on), strict=True)
        ],
    )


def _output(on: CrossingReading) -> str:
    return (
        "the variance of the output (of a probability: of its log odds)"
        if on.at is None
        else "the mean output"
    )


def _drawn(curve: CrossingCurve, on: CrossingReading) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return what a reading is read off, and its errors."""
    if on.at is None:
        return curve.variance, curve.variance_error
    return curve.mean, curve.mean_error


def _draw(figure: Any, kept: CrossingRecord, on: CrossingReading, shown: tuple[CrossingModel, ...]) -> None:
    axes = figure.subplots(len(shown), 2, squeeze=False, sharex="col")
    for (left, right), model in zip(axes, shown, strict=True):
        own = [each for each in kept.curves if (each.test, each.model) == (on.test, model.model)]
        _curves(left, kept, on, own)
        _mark(left, on, model)
        _line(right, on, model)
        right.set_ylabel(axis(kept))
        left.set_ylabel("variance" if on.at is None else "mean output")
        left.set_title(short(model.model), loc="left")
    axes[-1][0].set_xlabel(axis(kept))
    axes[-1][1].set_xlabel(f"1/{size_name(kept)}")
    handles, labels = axes[0][0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper right", ncols=min(len(handles), 6))


def _curves(panel: Any, kept: CrossingRecord, on: CrossingReading, own: list[CrossingCurve]) -> None:
    grid(panel)
    if not own:
        note(panel, "no study of it came to an end")
    for index, each in enumerate(own):
        label = f"{size_name(kept)} {each.size:g}"
        style = {**bar_style(colour(index)), "markersize": 2.6, "linestyle": "-", "linewidth": 0.9}
        y, error = _drawn(each, on)
        panel.errorbar(each.x, y, yerr=error, label=label, **style)


def _mark(panel: Any, on: CrossingReading, model: CrossingModel) -> None:
    """Mark the value that is crossed, the place that was found with its error, and what is known."""
    if on.at is not None:
        panel.axhline(on.at, color=MUTED, linewidth=0.8)
    if model.value is not None:
        error = model.error or 0.0
        panel.axvspan(model.value - error, model.value + error, color=MUTED, alpha=0.18, linewidth=0)
    if on.expected is not None:
        panel.axvline(on.expected, color=INK, linewidth=0.9, linestyle=(0, (5, 2)))


def _line(panel: Any, on: CrossingReading, model: CrossingModel) -> None:
    grid(panel)
    there = [point for point in model.points if point.at is not None]
    if not there:
        note(panel, "it crosses nowhere")
        return
    x = np.array([1 / point.size for point in there])
    y = np.array([point.at for point in there])
    panel.errorbar(x, y, yerr=[point.error or 0.0 for point in there], **bar_style(colour(0)))
    if model.value is not None and model.slope is not None:
        ends = np.array([0.0, _REACH * x.max()])
        panel.plot(ends, model.value + model.slope * ends, color=colour(0), linewidth=0.9)
        panel.errorbar([0.0], [model.value], yerr=[model.error or 0.0], **bar_style(colour(_OWN)))
    if on.expected is not None:
        panel.axhline(on.expected, color=INK, linewidth=0.9, linestyle=(0, (5, 2)))
    panel.set_xlim(-0.04 * x.max(), _REACH * x.max())
