"""Clusters as they lie: densities over a histogram of one column, or events and ellipses in a plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.columns import PointsRecord
from fivesigma.record.sections.mixture import MixtureRecord
from fivesigma.report.clusters.matching import hues
from fivesigma.report.clusters.plane import Gaussian, Plane, ellipse, plane
from fivesigma.report.panels import numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import GRID, INK, MUTED
from fivesigma.report.text import labelled, listed, short

MOST = 9
_RINGS = " Ellipses hold one and two standard deviations of a cluster."
_OF_TRUTH = " First the truth, which no fit has seen; a cluster has the colour of the class that it overlaps most with."
_COLUMNS = 3
Clustering = tuple[ModelRecord, MixtureRecord]


def clusters(view: View) -> Plot | None:
    """One panel a clustering, the best first; with a truth, two columns and more, that comes before them."""
    points = view.results.data.section(PointsRecord)
    models = view.having(MixtureRecord)[:MOST]
    if points is None or not models:
        return None
    return _line(view, points, models) if points.histogram is not None else _plane(view, points, models)


# --- one column ----------------------------------------------------------------------------------------------------


def _line(view: View, points: PointsRecord, models: Sequence[Clustering]) -> Plot:
    shown = [each for each in models if each[1].curve is not None] or list(models)
    columns = min(2, len(shown))
    return Plot(
        name="clusters",
        title="The clusters",
        caption=(
            "Grey: events per bin. Coloured: the components; dark: their sum; both are the fitted density times events "
            "times bin width. The band holds 95 % of the posterior. Ticks below mark the means."
        ),
        alt=f"Histogram of {short(points.names[0])} with the components found by "
        f"{listed([short(model.name) for model, _ in shown])}.",
        size=(8.6, 2.7 * math.ceil(len(shown) / columns) + 0.2),
        draw=lambda figure: _draw_line(figure, view, points, shown, columns),
        header=("model", "component", "x", "density", "low", "high"),
        rows=[row for model, mixture in shown for row in _curve_rows(model.name, mixture)],
    )


def _curve_rows(name: str, mixture: MixtureRecord) -> list[tuple[object, ...]]:
    curve = mixture.curve
    if curve is None:
        return []
    n = len(curve.x)
    empty: list[None] = [None] * n
    rows: list[tuple[object, ...]] = [
        (name, "sum", *each)
        for each in zip(curve.x, curve.total, curve.low or empty, curve.high or empty, strict=True)
    ]
    for k, part in enumerate(curve.components):
        rows += [(name, k, x, y, None, None) for x, y in zip(curve.x, part, strict=True)]
    return rows


def _draw_line(
    figure: Any, view: View, points: PointsRecord, models: Sequence[Clustering], columns: int
) -> None:
    assert points.histogram is not None
    counts, edges = numbers(points.histogram.counts), numbers(points.histogram.edges)
    scale = float(counts.sum() * (edges[1] - edges[0]))
    every = panels(figure, len(models), columns)
    for place, (axes, (model, mixture)) in enumerate(zip(every, models, strict=True)):
        axes.stairs(counts, edges, fill=True, color=GRID)
        _draw_components(axes, mixture, scale, hues(view, mixture))
        axes.set_title(f"{short(model.name)}, K = {mixture.n_clusters}")
        axes.set_xlabel(_axis(points, 0, 32))
        axes.set_ylim(bottom=0.0)
        if place % columns == 0:
            axes.set_ylabel("events per bin")


def _axis(points: PointsRecord, column: int, limit: int) -> str:
    unit = None if points.units is None else points.units[column]
    return labelled(points.names[column], unit, limit)


def _draw_components(axes: Any, mixture: MixtureRecord, scale: float, colours: Sequence[str]) -> None:
    curve = mixture.curve
    means = [mean[0] for mean in mixture.means.value]
    if curve is not None:
        x = numbers(curve.x)
        if curve.low is not None:
            axes.fill_between(
                x,
                scale * numbers(curve.low),
                scale * numbers(curve.high),
                color=INK,
                alpha=0.2,
                linewidth=0,
            )
        axes.plot(x, scale * numbers(curve.total), color=INK, linewidth=2.4, alpha=0.45)
        for k, part in enumerate(curve.components):
            axes.plot(x, scale * numbers(part), color=colours[k], linewidth=1.2)
    for k, mean in enumerate(means):
        if mean is not None:
            axes.plot(
                [mean, mean],
                [0.0, 0.04],
                color=colours[k],
                linewidth=2.2,
                transform=axes.get_xaxis_transform(),
            )


# --- two columns and more ------------------------------------------------------------------------------------------


def _plane(view: View, points: PointsRecord, models: Sequence[Clustering]) -> Plot:
    truth, seen = points.truth, plane(view, points)
    columns = min(_COLUMNS, len(models) + (truth is not None))
    n = len(models) + (truth is not None)
    names = listed([short(model.name) for model, _ in models])
    rings = any(seen.gaussians(mixture) for _, mixture in models)
    return Plot(
        name="clusters",
        title="The clusters",
        caption=(
            "Each point is an event, coloured by its cluster; crosses are noise."
            f"{_RINGS if rings else ''}{_OF_TRUTH if truth else ''}{seen.about}"
        ),
        alt=f"Events in {listed([short(name) for name in seen.heads])}, coloured by the clusters of {names}.",
        size=(8.6, 2.75 * math.ceil(n / columns) + 0.2),
        draw=lambda figure: _draw_plane(figure, view, seen, truth, models),
        header=("event", *seen.heads, "truth", *(model.name for model, _ in models)),
        rows=_plane_rows(seen, truth, models),
    )


def _plane_rows(
    seen: Plane, truth: tuple[int, ...] | None, models: Sequence[Clustering]
) -> list[tuple[object, ...]]:
    classes = truth or (None,) * len(seen.values)
    labels = [mixture.shown for _, mixture in models]
    return [
        (i, *values, classes[i], *(each[i] for each in labels))
        for i, values in enumerate(seen.values.tolist())
    ]


def _draw_plane(
    figure: Any, view: View, seen: Plane, truth: tuple[int, ...] | None, models: Sequence[Clustering]
) -> None:
    spare = int(truth is not None)
    columns = min(_COLUMNS, len(models) + spare)
    axes = panels(figure, len(models) + spare, columns, sharex=True, sharey=True)
    if truth is not None:
        named = [short(name, 14) for name in view.class_colours]
        _draw_points(axes[0], seen.values, np.array(truth), list(view.class_colours.values()), named)
        axes[0].set_title("truth")
    for panel, (model, mixture) in zip(axes[spare:], models, strict=True):
        _draw_points(panel, seen.values, np.array(mixture.shown), hues(view, mixture))
        for each in seen.gaussians(mixture):
            _draw_gaussian(panel, each)
        panel.set_title(f"{short(model.name, 24)}, K = {mixture.n_clusters}")
    for place, panel in enumerate(axes):
        if place >= len(axes) - columns:
            panel.set_xlabel(seen.labels[0])
        if place % columns == 0:
            panel.set_ylabel(seen.labels[1])


def _draw_points(
    axes: Any,
    values: NDArray[np.float64],
    labels: NDArray[np.int64],
    colours: Sequence[str],
    names: Sequence[str] = (),
) -> None:
    size = 5.0 if len(values) > 400 else 9.0
    for k in range(int(labels.max()) + 1):
        mine = labels == k
        name = names[k] if k < len(names) else None
        axes.scatter(
            *values[mine].T, s=size, color=colours[k], alpha=0.65, linewidths=0, label=name, rasterized=True
        )
    noise = labels < 0
    if noise.any():
        axes.scatter(*values[noise].T, s=size, color=MUTED, marker="x", linewidths=0.6, rasterized=True)
    if names:
        axes.legend(fontsize=7, markerscale=1.6, handletextpad=0.1, borderpad=0.1, labelspacing=0.2)


def _draw_gaussian(axes: Any, found: Gaussian) -> None:
    for radius in (1.0, 2.0):
        axes.plot(*ellipse(found, radius), color=INK, linewidth=0.8, alpha=0.8)
    axes.plot(*found[0], marker="+", color=INK, markersize=6)
