"""Clusters as they lie: densities over a histogram of one column, or events and ellipses in the first two."""

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
from fivesigma.report.panels import numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import GRID, INK, MUTED
from fivesigma.report.text import labelled, listed, short

MOST = 9
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
    truth = points.truth
    columns = min(_COLUMNS, len(models) + (truth is not None))
    n = len(models) + (truth is not None)
    more = view.results.data.n_features > 2
    rest = f" Only the first two of {view.results.data.n_features} columns are shown." if more else ""
    names = listed([short(model.name) for model, _ in models])
    return Plot(
        name="clusters",
        title="The clusters",
        caption=(
            "Each point is an event, coloured by its cluster; crosses are noise. Ellipses hold one and two standard "
            f"deviations of a cluster.{_OF_TRUTH if truth else ''}{rest}"
        ),
        alt=f"Events in {listed([short(name) for name in points.names])}, coloured by the clusters of {names}.",
        size=(8.6, 2.75 * math.ceil(n / columns) + 0.2),
        draw=lambda figure: _draw_plane(figure, view, points, models, columns),
        header=("event", *points.names, "truth", *(model.name for model, _ in models)),
        rows=_plane_rows(points, models),
    )


def _plane_rows(points: PointsRecord, models: Sequence[Clustering]) -> list[tuple[object, ...]]:
    truth = points.truth or (None,) * len(points.values)
    labels = [mixture.shown for _, mixture in models]
    return [(i, *values, truth[i], *(each[i] for each in labels)) for i, values in enumerate(points.values)]


def _draw_plane(
    figure: Any, view: View, points: PointsRecord, models: Sequence[Clustering], columns: int
) -> None:
    values, truth = np.array(points.values), points.truth
    spare = int(truth is not None)
    axes = panels(figure, len(models) + spare, columns, sharex=True, sharey=True)
    if truth is not None:
        named = [short(name, 14) for name in view.class_colours]
        _draw_points(axes[0], values, np.array(truth), list(view.class_colours.values()), named)
        axes[0].set_title("truth")
    for panel, (model, mixture) in zip(axes[spare:], models, strict=True):
        _draw_points(panel, values, np.array(mixture.shown), hues(view, mixture))
        _draw_ellipses(panel, mixture)
        panel.set_title(f"{short(model.name, 24)}, K = {mixture.n_clusters}")
    for place, panel in enumerate(axes):
        if place >= len(axes) - columns:
            panel.set_xlabel(_axis(points, 0, 18))
        if place % columns == 0:
            panel.set_ylabel(_axis(points, 1, 18))


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


def _draw_ellipses(axes: Any, mixture: MixtureRecord) -> None:
    if mixture.covariances is None:
        return
    for mean, spread in zip(mixture.means.value, mixture.covariances.value, strict=True):
        two = np.array([[math.nan if v is None else v for v in row[:2]] for row in spread[:2]])
        if not np.isfinite(two).all() or mean[0] is None:
            continue
        lengths, axes_of = np.linalg.eigh(two)
        angle = np.linspace(0.0, 2.0 * np.pi, 120)
        circle = np.stack([np.cos(angle), np.sin(angle)])
        ring = axes_of @ (np.sqrt(np.maximum(lengths, 0.0))[:, None] * circle)
        for radius in (1.0, 2.0):
            axes.plot(
                mean[0] + radius * ring[0], mean[1] + radius * ring[1], color=INK, linewidth=0.8, alpha=0.8
            )
        axes.plot(mean[0], mean[1], marker="+", color=INK, markersize=6)
