"""Signal efficiency against background rejection, with its band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.score_curves import RocCurve
from fivesigma.report.panels import decades, grid, note, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import BLUE, MUTED, colour, dash
from fivesigma.report.text import listed, short

_FEWEST = 0.01  # efficiencies below one in a hundred rest on a handful of events
_AT_HALF = "rejection_50"
_COIN = (0, (2, 2))


def roc(view: View) -> Plot | None:
    """Background rejection against signal efficiency: of every model, or of each of several classes."""
    drawn = view.with_curve(lambda kept: kept.roc)
    if not drawn:
        return None
    if len(drawn[0][1]) == 1:
        return _binary(view, [(model, curves[0]) for model, curves in drawn])
    return _one_against_rest(view, drawn[0][0], drawn[0][1])


def _binary(view: View, drawn: list[tuple[ModelRecord, RocCurve]]) -> Plot:
    names = [short(model.name) for model, _ in drawn]
    return Plot(
        name="roc",
        title="Background rejection against signal efficiency",
        caption=(
            f"Signal is {short(view.signal or 'signal')}, {view.events}. Further up and to the right "
            f"separates more; the dotted line is a coin. The 68 % band of {names[0]} is from "
            f"resamples.{_rest(view, drawn)}"
        ),
        alt=f"ROC curves of {listed(names)}: {_spoken(view, drawn)}",
        size=(8.6, 4.3),
        draw=lambda figure: _draw_binary(figure, view, drawn),
        header=_HEADER,
        rows=[row for model, curve in drawn for row in _rows(model.name, curve)],
    )


_HEADER = ("model", "class", "efficiency", "background_efficiency", "low", "high", "rejection")


def _rows(name: str, curve: RocCurve) -> list[tuple[object, ...]]:
    columns = (curve.efficiency, curve.background_efficiency, curve.low, curve.high, curve.rejection)
    return [(name, curve.class_, *row) for row in zip(*columns, strict=True)]


def _spoken(view: View, drawn: list[tuple[ModelRecord, RocCurve]]) -> str:
    """Return the rejections of the table of metrics, at cuts chosen out of fold; else those of the curves."""
    scores = [(short(model.name), view.score(model, metric=_AT_HALF)) for model, _ in drawn]
    said = [
        f"{name} {value_with_error(score)}" for name, score in scores if score is not None and score.value
    ]
    if said:
        return f"{metric_name(_AT_HALF)}: {', '.join(said)}."
    read = [(short(model.name), _at_half(curve)) for model, curve in drawn]
    said = [f"{name} {value:.3g}" for name, value in read if value is not None]
    return (
        f"read off at half signal efficiency, rejection: {', '.join(said)}."
        if said
        else "no background passes."
    )


def _at_half(curve: RocCurve) -> float | None:
    return curve.rejection[int(np.argmin(np.abs(numbers(curve.efficiency) - 0.5)))]


def _draw_binary(figure: Any, view: View, drawn: list[tuple[ModelRecord, RocCurve]]) -> None:
    axes = figure.subplots()
    coin = np.linspace(_FEWEST, 1.0, 200)
    axes.plot(coin, 1.0 / coin, color=MUTED, linewidth=1.0, linestyle=_COIN, label="coin")
    top = 10.0
    named = view.foremost(model.name for model, _ in drawn)
    for index, (model, curve) in enumerate(each for each in drawn if each[0].name in named):
        look = (colour(index), dash(index))
        top = max(top, _draw_curve(axes, curve, look, _legend(view, model), first=index == 0))
    for curve in (curve for model, curve in drawn if model.name not in named):
        _draw_behind(axes, curve)
    axes.set_xlim(0.0, 1.0)
    _rejection_axis(axes, top)
    classes = view.results.data.classes or ("background", "signal")
    axes.set_xlabel(f"signal efficiency ε({short(classes[-1])})")
    axes.set_ylabel(f"background rejection 1/ε({short(classes[0])})")
    figure.legend(loc="outside right upper", title=metric_name("roc_auc"), alignment="left")


def _rejection_axis(axes: Any, top: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(1.0, top * 1.3)
    decades(axes.yaxis)
    grid(axes)


def _legend(view: View, model: ModelRecord) -> str:
    score = view.score(model, metric="roc_auc")
    return (
        f"{short(model.name, 24)}\n{value_with_error(score)}" if score is not None else short(model.name, 24)
    )


def _draw_no_curve(axes: Any, curve: RocCurve, hue: str, label: str) -> None:
    """Say why there is no curve: in the legend, since other models may have one; else in the panel."""
    events = bool(np.isfinite(numbers(curve.background_efficiency)).any())
    if events and label and not label.startswith("_"):
        axes.plot([], [], color=hue, label=f"{label}\n(no background passes)")
    else:
        note(axes, "no background passes" if events else "no events")


def _rest(view: View, drawn: list[tuple[ModelRecord, RocCurve]]) -> str:
    """Say which models are drawn in grey, if any are."""
    named = view.foremost(model.name for model, _ in drawn)
    others = [short(model.name) for model, _ in drawn if model.name not in named]
    return f" Grey: {listed(others)}." if others else ""


def _draw_behind(axes: Any, curve: RocCurve) -> None:
    """Draw the curve of a model that has no colour of its own."""
    efficiency, rejection = numbers(curve.efficiency), numbers(curve.rejection)
    use = efficiency >= _FEWEST
    axes.plot(efficiency[use], rejection[use], color=MUTED, linewidth=0.8, alpha=0.6, zorder=1)


def _draw_curve(axes: Any, curve: RocCurve, look: tuple[str, Any], label: str, *, first: bool) -> float:
    """Draw a curve, with its band if it is the ``first``; return the largest rejection."""
    efficiency, rejection = numbers(curve.efficiency), numbers(curve.rejection)
    use, (hue, style) = efficiency >= _FEWEST, look
    if not np.isfinite(rejection[use]).any():
        _draw_no_curve(axes, curve, hue, label)
        return 1.0
    top = float(np.nanmax(rejection[use], initial=1.0))
    if first:
        floor = 0.1 / top  # a band that reaches ε_B = 0 goes up and out of the picture
        low, high = (np.maximum(numbers(side)[use], floor) for side in (curve.low, curve.high))
        axes.fill_between(efficiency[use], 1.0 / high, 1.0 / low, color=hue, alpha=0.2, linewidth=0)
    axes.plot(
        efficiency[use],
        rejection[use],
        color=hue,
        linestyle=style,
        linewidth=2.2 if first else 1.2,
        label=label,
        zorder=3 if first else 2,
    )
    return top


def _one_against_rest(view: View, model: ModelRecord, shown: Sequence[RocCurve]) -> Plot:
    names = [short(curve.class_) for curve in shown]
    return Plot(
        name="roc",
        title="Background rejection against signal efficiency, each class against the rest",
        caption=(
            f"{short(model.name)}, with a 68 % band from resampled events; the dotted line is a coin."
            f"{view.only(len(shown))}"
        ),
        alt=f"ROC curves of {short(model.name)}, one panel a class: {listed(names)}.",
        size=(8.6, 2.9 * math.ceil(len(shown) / 3)),
        draw=lambda figure: _draw_classes(figure, view, shown),
        header=_HEADER,
        rows=[row for curve in shown for row in _rows(model.name, curve)],
    )


def _draw_classes(figure: Any, view: View, shown: Sequence[RocCurve]) -> None:
    coin, top = np.linspace(_FEWEST, 1.0, 100), 10.0
    axes = panels(figure, len(shown), min(3, len(shown)), sharex=True, sharey=True)
    for panel, curve in zip(axes, shown, strict=True):
        panel.plot(coin, 1.0 / coin, color=MUTED, linewidth=1.0, linestyle=_COIN)
        hue = view.class_colours.get(curve.class_, BLUE)
        top = max(top, _draw_curve(panel, curve, (hue, "-"), "", first=True))
        panel.set_title(short(curve.class_), loc="left")
    _rejection_axis(axes[0], top)  # which all of them share
    for panel in axes[1:]:
        grid(panel)
    figure.supxlabel("efficiency of the class ε", fontsize=10)
    figure.supylabel("rejection of the rest 1/ε", fontsize=10)
