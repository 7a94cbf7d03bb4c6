"""Distribution of the score of signal and background: filled where trained, points where tested."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.report.figures.panels import bar_style, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BACKGROUND, SIGNAL
from fivesigma.report.text import listed, short

_SIDES = (("background", BACKGROUND), ("signal", SIGNAL))


def best_scores(view: View) -> Plot | None:
    """Score distribution of the best model."""
    curve = view.curve(view.best, "scores") if view.best is not None else None
    if view.best is None or not isinstance(curve, Mapping):
        return None
    best = view.best
    return Plot(
        name="scores",
        title=f"Score of {short(best.name)}",
        caption=(
            f"Share of events per unit of score, as a density. Filled: the training events as {short(best.name)} "
            f"scores them itself; points: {view.part} events with their statistical errors. Points away from the "
            "filling are what training has memorised."
        ),
        alt=f"Score of {short(best.name)} for signal and background, train as filled histograms, {view.part} as points.",
        size=(8.6, 3.9),
        draw=lambda figure: _draw_one(figure, view, curve),
        header=("model", "class", "part", "low_edge", "high_edge", "density", "error"),
        rows=_rows(best.name, curve),
    )


def other_scores(view: View) -> Plot | None:
    """Score distributions of all other models, small."""
    others = [
        m for m in view.ranked if m.name != view.results.best and isinstance(view.curve(m, "scores"), Mapping)
    ]
    if not others:
        return None
    return Plot(
        name="scores-others",
        title="Score of the other models",
        caption=f"As above; filled is train, points are {view.part}. Each panel has its own vertical scale.",
        alt=f"Score distributions of {listed([short(m.name) for m in others])}.",
        size=(8.6, 1.9 * math.ceil(len(others) / 3) + 0.4),
        draw=lambda figure: _draw_others(figure, view, others),
        header=("model", "class", "part", "low_edge", "high_edge", "density", "error"),
        rows=[row for model in others for row in _rows(model.name, view.curve(model, "scores"))],
    )


def _histogram(
    curve: Mapping[str, Any], part: str, side: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    block = curve.get(part) or {}
    return numbers(block.get(side)), numbers(block.get(f"{side}_error"))


def _rows(name: str, curve: Mapping[str, Any]) -> list[tuple[object, ...]]:
    edges = curve["edges"]
    return [
        (name, side, part, edges[i], edges[i + 1], float(value), float(errors[i]) if errors.size else None)
        for part in ("train", "test")
        for side, _ in _SIDES
        for values, errors in [_histogram(curve, part, side)]
        for i, value in enumerate(values)
    ]


def _draw_one(figure: Any, view: View, curve: Mapping[str, Any]) -> None:
    axes = figure.subplots()
    classes = view.results.data.classes or ("background", "signal")
    _draw_panel(axes, curve, {"background": short(classes[0]), "signal": short(classes[-1])}, view.part)
    grid(axes, "y")
    axes.set_xlabel(f"score (probability of {short(view.signal or 'signal')})")
    axes.set_ylabel("density of events")
    figure.legend(loc="outside right upper")


def _draw_panel(axes: Any, curve: Mapping[str, Any], names: Mapping[str, str], tested: str) -> None:
    edges = numbers(curve["edges"])
    centres, width = (edges[:-1] + edges[1:]) / 2.0, np.diff(edges)
    for side, hue in _SIDES:
        values, _ = _histogram(curve, "train", side)
        if values.size:
            axes.stairs(
                values, edges, fill=True, color=hue, alpha=0.32, linewidth=0, label=f"{names[side]}, train"
            )
            axes.stairs(values, edges, color=hue, linewidth=1.0)
    for side, hue in _SIDES:
        values, errors = _histogram(curve, "test", side)
        seen = np.isfinite(values) & (values > 0.0) if values.size else np.zeros(0, dtype=bool)
        if seen.any():
            shift = 0.08 * width[seen] * (1 if side == "signal" else -1)
            error = errors[seen] if errors.size else None
            axes.errorbar(
                centres[seen] + shift,
                values[seen],
                yerr=error,
                label=f"{names[side]}, {tested}",
                **bar_style(hue),
            )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0.0)


def _draw_others(figure: Any, view: View, others: list[ModelRecord]) -> None:
    names = {"background": "background", "signal": "signal"}
    for axes, model in zip(panels(figure, len(others), min(3, len(others))), others, strict=True):
        _draw_panel(axes, view.curve(model, "scores"), names, view.part)
        axes.set_title(short(model.name), loc="left")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=4)
