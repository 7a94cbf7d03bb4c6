"""Shapley values: how each column pushes the prediction of single events, and how that depends on its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.explained import ShapleyPoints
from fivesigma.report.panels import grid, numbers, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, MUTED, ORANGE, PURPLE, SKY, VERMILLION
from fivesigma.report.text import labelled, short

Array = NDArray[np.float64]
_BINS = (BLUE, SKY, PURPLE, ORANGE, VERMILLION)  # of the palette, from low to high values
_PANELS = 3
_LANE = 0.38  # half the height that the points of a column may take


def beeswarm(model: str, scale: str, points: ShapleyPoints) -> Plot:
    """Return one point an event and column: to the right it raises the prediction, coloured by the column's value."""
    names, name = points.names, short(model)
    return Plot(
        name="shapley",
        title=f"Shapley values of {name}",
        caption=(
            f"One point a held-out event: how far a column moves its prediction ({scale}) from the mean. Blue "
            "points have low values of the column, vermillion ones high values, in fifths; grey: missing, or a group."
        ),
        alt=f"Shapley values of {name}, the columns of largest mean size first: {', '.join(map(short, names))}.",
        size=(8.6, 1.0 + 0.42 * len(names)),
        draw=lambda figure: _draw_swarm(figure, points, scale),
        header=("column", "value", "shapley"),
        rows=_rows(points),
    )


def _rows(points: ShapleyPoints) -> list[tuple[object, ...]]:
    return [
        (name, None if columns is None else columns[i], value)
        for name, columns, values in zip(points.names, points.columns, points.values, strict=True)
        for i, value in enumerate(values)
    ]


def _draw_swarm(figure: Any, points: ShapleyPoints, scale: str) -> None:
    axes = figure.subplots()
    grid(axes, "x")
    zero_line(axes)
    for i, values in enumerate(points.values):
        x = numbers(values)
        y = i + _spread(x)
        fifths = _fifths(points.columns[i], len(x))
        for k in range(-1, len(_BINS)):
            chosen = fifths == k
            colour = MUTED if k < 0 else _BINS[k]
            axes.plot(x[chosen], y[chosen], "o", color=colour, markersize=2.6, markeredgewidth=0)
    axes.set_yticks(range(len(points.names)), [short(name, 24) for name in points.names])
    axes.set_ylim(len(points.names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlabel(f"Shapley value ({scale})")


def _spread(x: Array) -> Array:
    """Return how far each point stands from its lane's middle, so that equal values do not hide each other."""
    width = float(np.ptp(x)) or 1.0
    bins = np.floor((x - x.min()) / width * 60).astype(int)
    crowd = np.bincount(bins)
    out, seen = np.zeros(len(x)), np.zeros(len(crowd), dtype=int)
    step = min(0.09, 2 * _LANE / max(int(crowd.max()), 1))
    for i, at in enumerate(bins):
        rank = seen[at]
        out[i] = step * ((rank + 1) // 2) * (1 if rank % 2 else -1)
        seen[at] += 1
    return out


def _fifths(columns: Any, n: int) -> NDArray[np.int64]:
    """Return in which fifth of the column's values each point lies, -1 for none."""
    found = np.full(n, -1)
    if columns is None:
        return found
    value = numbers(columns)
    known = np.isfinite(value)
    if known.any():
        edges = np.quantile(value[known], np.linspace(0, 1, len(_BINS) + 1)[1:-1])
        found[known] = np.searchsorted(edges, value[known], side="left")
    return found


def dependence(view: View, model: str, points: ShapleyPoints) -> Plot | None:
    """Return Shapley value against the value of the column, for the first columns that stand alone."""
    alone = [i for i, columns in enumerate(points.columns) if columns is not None][:_PANELS]
    if not alone:
        return None
    units = {feature.name: feature.unit for feature in view.results.data.features}
    names = [points.names[i] for i in alone]
    return Plot(
        name="shapley-dependence",
        title=f"Shapley value against the column's own value, {short(model)}",
        caption="One point a held-out event. Spread at one value of a column is what other columns make of it.",
        alt=f"Shapley values of {', '.join(map(short, names))} against their values.",
        size=(8.6, 2.7),
        draw=lambda figure: _draw_dependence(figure, points, alone, units),
        header=("column", "value", "shapley"),
        rows=[row for row in _rows(points) if row[0] in names],
    )


def _draw_dependence(
    figure: Any, points: ShapleyPoints, alone: list[int], units: Mapping[str, str | None]
) -> None:
    row = figure.subplots(1, len(alone), sharey=True, squeeze=False)[0]
    for axes, i in zip(row, alone, strict=True):
        grid(axes)
        zero_line(axes, vertical=False)
        x, y = numbers(points.columns[i]), numbers(points.values[i])
        axes.plot(x, y, "o", color=PURPLE, markersize=2.4, markeredgewidth=0, alpha=0.75)
        axes.set_xlabel(labelled(points.names[i], units.get(points.names[i]), 24))
    row[0].set_ylabel("Shapley value")
