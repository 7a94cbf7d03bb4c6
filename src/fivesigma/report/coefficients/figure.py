"""A linear law over the events: its line or curve over one column, its plane over two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.columns import PointsRecord
from fivesigma.report.panels import numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, GRID, MUTED, VERMILLION
from fivesigma.report.text import labelled, short

_MOST_POINTS = 2000
_MOST_COLUMNS = 4  # with more of them at their mean, the plane is far from the events
_VECTOR_POINTS = 500  # more are drawn as a picture of points, an eighth of the size
_ELEVATION = 22.0


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A model with its columns, the first two being the axes, and the events: (n,) of each column, and the target."""

    model: ModelRecord
    law: CoefficientsRecord
    names: tuple[str, ...]
    events: Mapping[str, NDArray[np.float64]]
    target: NDArray[np.float64]


def linear_model(view: View) -> tuple[ModelRecord, CoefficientsRecord] | None:
    """Return the model whose coefficients are shown, and these: the best one that has any, else the first."""
    having = [each for each in view.having(CoefficientsRecord) if each[1].names]
    return next((each for each in having if each[0].name == view.results.best), having[0] if having else None)


def plane(view: View) -> Plot | None:
    """The regression plane over two features, the others at their mean, with the events."""
    drawn = _drawn(view)
    if drawn is None:
        return None
    axes = [_axis(view, name) for name in drawn.names[:2]]
    goal = view.target
    n, model = drawn.target.size, short(drawn.model.name)
    return Plot(
        name="plane",
        title=f"The plane of {model}",
        caption=f"{goal} over {axes[0]} and {axes[1]}: {n} events and the fitted plane{_fixed(drawn)}.",
        alt=f"{goal} over {axes[0]} and {axes[1]} in 3-D, with the plane of {model}.",
        size=(7.4, 5.0),
        draw=lambda figure: _draw_plane(figure, drawn, [*axes, goal]),
        header=(*drawn.names, "target"),
        rows=[(*(float(drawn.events[n][i]) for n in drawn.names), float(drawn.target[i])) for i in range(n)],
    )


def _drawn(view: View) -> _Drawn | None:
    """Return the first model that has a plane over kept events, or None."""
    points = view.results.data.section(PointsRecord)
    having = view.having(CoefficientsRecord) if view.results.task == "regression" else []
    found = next((each for each in having if 2 <= len(each[1].names) <= _MOST_COLUMNS), None)
    if found is None or points is None or found[1].link not in (None, "identity"):
        return None
    (model, law), held = found, list(points.names)
    names = law.names
    if not set(names) <= set(held):
        return None
    values = np.array([numbers(row) for row in points.values])[:_MOST_POINTS]
    events = {name: values[:, held.index(name)] for name in names}
    return _Drawn(model, law, names, events, numbers(points.target)[:_MOST_POINTS])


def _fixed(drawn: _Drawn) -> str:
    """Say at which values the columns stand that are no axis."""
    means = [f"{short(name, 20)} = {np.nanmean(drawn.events[name]):.4g}" for name in drawn.names[2:]]
    return f", at the mean of the rest ({', '.join(means)})" if means else ""


def _axis(view: View, name: str) -> str:
    unit = next((f.unit for f in view.results.data.features if f.name == name), None)
    return labelled(name, unit, 26)


def _draw_plane(figure: Any, drawn: _Drawn, labels: Sequence[str]) -> None:
    axes = figure.add_subplot(projection="3d")
    first, second = (drawn.events[name] for name in drawn.names[:2])
    x, y = np.meshgrid(_span(first), _span(second))
    surface = _surface(drawn, x, y)
    many = drawn.target.size > _VECTOR_POINTS
    style = {"s": 7, "color": BLUE, "linewidth": 0, "alpha": 0.75, "depthshade": False, "rasterized": many}
    axes.scatter(first, second, drawn.target, **style)
    axes.plot_wireframe(x, y, surface, color=VERMILLION, linewidth=0.9)
    axes.set_xlabel(labels[0], labelpad=7)
    axes.set_ylabel(labels[1], labelpad=7)
    axes.set_zlabel(labels[2], labelpad=9)
    axes.set_box_aspect((1.25, 1.25, 0.9), zoom=0.95)
    axes.view_init(elev=_ELEVATION, azim=_azimuth(surface))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(MUTED)
        axis._axinfo["grid"].update(color=GRID, linewidth=0.6)
    axes.locator_params(nbins=5)


def _surface(drawn: _Drawn, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the law over the mesh ``x``, ``y``, the other columns at their mean."""
    law = drawn.law
    slopes = dict(zip(law.names, law.slopes, strict=True))
    first, second, *rest = drawn.names
    level = (law.offset or 0.0) + sum(slopes[n] * np.nanmean(drawn.events[n]) for n in rest)
    return np.asarray(level + slopes[first] * x + slopes[second] * y)


def _azimuth(surface: NDArray[np.float64]) -> float:
    """Return the azimuth in degrees from which the plane is seen neither on edge nor from right above."""
    reach = float(np.ptp(surface)) or 1.0
    slope_x, slope_y = (surface[0, -1] - surface[0, 0]) / reach, (surface[-1, 0] - surface[0, 0]) / reach
    normal = np.array([-slope_x, -slope_y, 1.0]) / np.hypot(1.0, np.hypot(slope_x, slope_y))
    elevation = np.radians(_ELEVATION)
    azimuths = np.array([-125.0, -140.0, -110.0, -55.0, -70.0, -40.0, 35.0, 55.0, 125.0, 145.0])
    angles = np.radians(azimuths)
    towards = np.cos(elevation) * np.array([np.cos(angles), np.sin(angles)]).T @ normal[:2]
    towards += np.sin(elevation) * normal[2]
    return float(azimuths[np.argmin(np.abs(np.abs(towards) - 0.6))])


def _span(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, 11)
