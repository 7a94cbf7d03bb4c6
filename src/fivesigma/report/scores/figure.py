"""Distribution of the score of signal and background: filled where trained, points where tested."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.score_curves import ScoreHistogram, ScoreHistograms
from fivesigma.report.panels import bar_style, decades, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import MUTED
from fivesigma.report.text import listed, short

_HEADER = ("model", "score", "class", "part", "low_edge", "high_edge", "density", "error")


def best_scores(view: View) -> Plot | None:
    """Score distribution of the best model, one panel for each class scored."""
    shown = view.with_curve(lambda kept: kept.scores)
    if not shown:
        return None
    model, curve = shown[0]
    name, scored = short(model.name), _scored(curve)
    return Plot(
        name="scores",
        title=f"Score of {name}",
        caption=(
            f"Density of events in the score. Filled: training events as {name} itself scores them; points: "
            f"{view.events} with their statistical errors. Where they part is what training has memorised."
            f"{view.only(len(scored)) if view.signal is None else ''}"
        ),
        alt=f"Score of {name} by true class, train as filled histograms, {short(view.part)} as points.",
        size=(8.6, 3.9 if len(scored) == 1 else 2.9 * math.ceil(len(scored) / 3)),
        draw=lambda figure: _draw_best(figure, curve, scored, view.class_colours),
        header=_HEADER,
        rows=_rows(model.name, curve),
    )


def other_scores(view: View) -> Plot | None:
    """Score distributions of all other models, small; for two classes only."""
    every = view.with_curve(lambda kept: kept.scores)[1:]
    if not every or view.signal is None:
        return None
    named = view.foremost(model.name for model, _ in every)
    others = [each for each in every if each[0].name in named]
    more = (
        f" Those of {len(every) - len(others)} more are in scores-others.csv."
        if len(every) > len(others)
        else ""
    )
    return Plot(
        name="scores-others",
        title="Score of the other models",
        caption=f"As above; filled is train, points are {view.events}. Each panel has its own scale.{more}",
        alt=f"Score distributions of {listed([short(model.name) for model, _ in others])}.",
        size=(8.6, 1.9 * math.ceil(len(others) / 3) + 0.4),
        draw=lambda figure: _draw_others(figure, others, view.class_colours),
        header=_HEADER,
        rows=[row for model, curve in every for row in _rows(model.name, curve)],
    )


def _scored(curve: ScoreHistograms) -> list[str]:
    return list(dict.fromkeys(histogram.score for histogram in curve.histograms))


def _rows(name: str, curve: ScoreHistograms) -> list[tuple[object, ...]]:
    edges = curve.edges
    return [
        (name, h.score, h.class_, h.part, *row)
        for h in curve.histograms
        for row in zip(edges[:-1], edges[1:], h.density, h.error, strict=True)
    ]


def _draw_best(figure: Any, curve: ScoreHistograms, scored: list[str], hues: Mapping[str, str]) -> None:
    axes = panels(figure, len(scored), min(3, len(scored)), sharex=True)
    for panel, name in zip(axes, scored, strict=True):
        _draw_panel(panel, curve, name, hues)
        grid(panel, "y")
        panel.set_xlabel(f"score (probability of {short(name, 20)})")
    axes[0].set_ylabel("density of events")
    handles, labels = axes[0].get_legend_handles_labels()
    if len(scored) > 1:
        labels = [label.replace(short(scored[0], 20), "the class") for label in labels]
    figure.legend(
        handles,
        labels,
        loc="outside right upper" if len(scored) == 1 else "outside upper right",
        ncols=1 if len(scored) == 1 else 4,
    )


def _draw_panel(axes: Any, curve: ScoreHistograms, scored: str, hues: Mapping[str, str]) -> None:
    edges = numbers(curve.edges)
    of_class = [h for h in curve.histograms if h.score == scored]
    filled = [h for h in of_class if h.part == "train"]
    for histogram in filled:
        hue, name = _side(histogram, hues)
        density = numbers(histogram.density)
        axes.stairs(density, edges, fill=True, color=hue, alpha=0.32, linewidth=0, label=f"{name}, train")
        axes.stairs(density, edges, color=hue, linewidth=1.0)
    for histogram in of_class:
        if histogram.part != "train":
            _draw_points(axes, histogram, edges, hues)
    axes.set_xlim(edges[0], edges[-1])
    _upright(axes, curve, scored)


def _side(histogram: ScoreHistogram, hues: Mapping[str, str]) -> tuple[str, str]:
    """Return the colour of a histogram, that of its class or grey for the rest, and its name."""
    return hues.get(histogram.class_, MUTED), short(histogram.class_, 20)


def _upright(axes: Any, curve: ScoreHistograms, scored: str) -> None:
    """Choose a logarithmic axis where a peak would flatten the rest."""
    density = np.concatenate([numbers(h.density) for h in curve.histograms if h.score == scored])
    seen = density[density > 0.0]
    if seen.size and seen.max() > 8.0 * np.median(seen):
        axes.set_yscale("log")
        axes.set_ylim(0.6 * seen.min(), 2.0 * seen.max())
        decades(axes.yaxis)
    else:
        axes.set_ylim(bottom=0.0)


def _draw_points(
    axes: Any, histogram: ScoreHistogram, edges: NDArray[np.float64], hues: Mapping[str, str]
) -> None:
    hue, name = _side(histogram, hues)
    density, error = numbers(histogram.density), numbers(histogram.error)
    seen = density > 0.0
    if not seen.any():
        return
    nudge = (
        0.08 * np.diff(edges) * (1.0 if histogram.class_ == histogram.score else -1.0)
    )  # so that bars of both classes stay apart
    centres = (edges[:-1] + edges[1:]) / 2.0 + nudge
    label = f"{name}, {short(histogram.part, 16)}"
    axes.errorbar(centres[seen], density[seen], yerr=error[seen], label=label, **bar_style(hue))


def _draw_others(
    figure: Any, others: list[tuple[ModelRecord, ScoreHistograms]], hues: Mapping[str, str]
) -> None:
    for axes, (model, curve) in zip(panels(figure, len(others), min(3, len(others))), others, strict=True):
        _draw_panel(axes, curve, _scored(curve)[0], hues)
        axes.set_title(short(model.name), loc="left")
        axes.tick_params(axis="y", which="both", left=False, labelleft=False)
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=4)
