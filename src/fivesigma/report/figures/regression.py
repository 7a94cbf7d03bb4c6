"""Predicted against true with residuals, and the plane of a linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.report.figures.panels import bar_style, grid, numbers, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, GRID, MUTED, VERMILLION
from fivesigma.report.text import labelled, short

_MOST_POINTS = 2000
_ELEVATION = 22.0
_VECTOR_POINTS = 500  # more are drawn as a picture of points, an eighth of the size


def residuals(view: View) -> Plot | None:
    """Predicted against true of the best model; the residual along the prediction, and its distribution."""
    shown = [model for model in view.ranked if view.curve(model, "residuals")]
    if not shown:
        return None
    model, curve = short(shown[0].name), view.curve(shown[0], "residuals")
    target = labelled(view.results.data.target or "target", view.results.data.sections.get("target_unit"))
    kind = "each point is an event" if "points" in curve else "events in bins, darker is more"
    return Plot(
        name="residuals",
        title=f"Predicted against true, {model}",
        caption=(
            f"Left: {kind} ({view.events}); on the line the prediction is right. Right, above: residual "
            "(predicted − true) along the prediction, median and the range that holds 68 % of the events; "
            f"below: its distribution{_outside(curve)}."
        ),
        alt=f"Predicted against true {target} of {model}, and the residuals along the prediction.",
        size=(8.6, 4.3),
        draw=lambda figure: _draw_residuals(figure, curve, target),
        header=("quantity", "at", "value", "low", "high"),
        rows=_residual_rows(curve),
    )


def _outside(curve: Mapping[str, Any]) -> str:
    outside = curve["histogram"].get("outside")
    return f" ({outside:.1%} lie outside)" if outside else ""


def _residual_rows(curve: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Return the numbers of all three panels in one table: events, profile, distribution."""
    points, profile, shape = curve.get("points"), curve["profile"], curve["histogram"]
    rows: list[tuple[object, ...]] = []
    if points is not None:
        rows += [
            ("event", *pair, None, None) for pair in zip(points["true"], points["predicted"], strict=True)
        ]
    columns = [profile[key] for key in ("predicted", "median", "low", "high")]
    rows += [("median residual", *row) for row in zip(*columns, strict=True)]
    bins = zip(shape["edges"][:-1], shape["density"], shape["edges"][1:], strict=True)
    return rows + [("density of the residual", low, value, low, high) for low, value, high in bins]


def _draw_residuals(figure: Any, curve: Mapping[str, Any], target: str) -> None:
    axes = figure.subplot_mosaic([["plane", "profile"], ["plane", "shape"]], width_ratios=[1.15, 1.0])
    _draw_plane_of_events(axes["plane"], curve)
    axes["plane"].set_xlabel(f"true {target}")
    axes["plane"].set_ylabel(f"predicted {target}")
    _draw_profile(axes["profile"], curve["profile"])
    axes["profile"].set_xlabel(f"predicted {target}")
    axes["profile"].set_ylabel("predicted − true")
    shape = curve["histogram"]
    axes["shape"].stairs(
        numbers(shape["density"]), numbers(shape["edges"]), fill=True, color=BLUE, alpha=0.35
    )
    axes["shape"].stairs(numbers(shape["density"]), numbers(shape["edges"]), color=BLUE)
    zero_line(axes["shape"])
    axes["shape"].set_xlabel(f"predicted − true {target}")
    axes["shape"].set_ylabel("density")
    axes["shape"].ticklabel_format(axis="y", style="plain")
    axes["shape"].set_yticks([])
    axes["shape"].set_ylim(bottom=0.0)


def _draw_profile(axes: Any, profile: Mapping[str, Any]) -> None:
    at, median, low, high = (numbers(profile[key]) for key in ("predicted", "median", "low", "high"))
    zero_line(axes, vertical=False)
    grid(axes)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.errorbar(at, median, yerr=np.clip([median - low, high - median], 0.0, None), **bar_style(BLUE))
    axes.locator_params(nbins=5)


def _draw_plane_of_events(axes: Any, curve: Mapping[str, Any]) -> None:
    if "points" in curve:
        true, predicted = (numbers(curve["points"][key]) for key in ("true", "predicted"))
        many = true.size > _VECTOR_POINTS
        axes.plot(
            true, predicted, "o", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0, rasterized=many
        )
        both = np.concatenate([true, predicted])
        span = [float(np.nanmin(both)), float(np.nanmax(both))]
    else:
        weight = np.array([numbers(row) for row in curve["plane"]["weight"]])
        edges = numbers(curve["plane"]["edges"])
        span = [edges[0], edges[-1]]
        axes.imshow(
            _see_through(weight / max(float(weight.max()), 1e-300)), origin="lower", extent=(*span, *span)
        )
    axes.plot(span, span, color=VERMILLION, linewidth=1.1, zorder=1)
    axes.set_aspect("equal", adjustable="datalim")
    grid(axes)
    axes.locator_params(nbins=5)


def _see_through(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return an image of one blue whose opacity is the density; it reads on white and on black."""
    image = np.zeros((*share.T.shape, 4), dtype=np.uint8)
    image[..., :3] = (30, 125, 190)
    filled = np.clip(np.nan_to_num(share.T), 0.0, 1.0)
    image[..., 3] = np.where(filled > 0.0, 45 + 210 * np.sqrt(filled), 0).astype(np.uint8)
    return image


def linear_model(view: View) -> ModelRecord | None:
    """Return the model whose coefficients are shown: the best one that has any, else the first."""
    if view.results.task != "regression":
        return None
    having = [m for m in view.ranked if _names(m)]
    return next((m for m in having if m.name == view.results.best), having[0] if having else None)


def plane(view: View) -> Plot | None:
    """The regression plane over two features, the others at their mean, with the events."""
    points = view.results.data.sections.get("points")
    named = next((m for m in view.ranked if len(_names(m)) >= 2), None)
    if linear_model(view) is None or named is None or not isinstance(points, Mapping):
        return None
    held = list(points["names"])
    names = [name for name in _names(named) if name in held]
    if len(names) < 2 or len(names) != len(_names(named)):
        return None
    values = np.array([numbers(row) for row in points["values"]])[:_MOST_POINTS]
    events = {name: values[:, held.index(name)] for name in names}
    target = numbers(points["target"])[:_MOST_POINTS]
    fixed = ", ".join(f"{short(n, 20)} = {np.nanmean(events[n]):.4g}" for n in names[2:])
    axes = [_axis(view, name) for name in names[:2]]
    goal = labelled(view.results.data.target or "target", view.results.data.sections.get("target_unit"))
    return Plot(
        name="plane",
        title=f"The plane of {short(named.name)}",
        caption=(
            f"{goal} over {axes[0]} and {axes[1]}: {target.size} events and the fitted plane"
            + (f", at the mean of the rest ({fixed})." if fixed else ".")
        ),
        alt=f"{goal} over {axes[0]} and {axes[1]} in 3-D, with the plane of {short(named.name)}.",
        size=(7.4, 5.0),
        draw=lambda figure: _draw_plane(figure, named, events, target, [*axes, goal]),
        header=(*names, "target"),
        rows=[(*(float(events[n][i]) for n in names), float(target[i])) for i in range(target.size)],
    )


def _names(model: ModelRecord) -> list[str]:
    coefficients = model.sections.get("coefficients")
    return list(coefficients["names"]) if isinstance(coefficients, Mapping) else []


def _axis(view: View, name: str) -> str:
    unit = next((f.unit for f in view.results.data.features if f.name == name), None)
    return labelled(name, unit, 26)


def _draw_plane(
    figure: Any,
    model: ModelRecord,
    events: Mapping[str, NDArray[np.float64]],
    target: NDArray[np.float64],
    labels: Sequence[str],
) -> None:
    coefficients = model.sections["coefficients"]
    first, second, *rest = coefficients["names"]
    slopes = dict(zip(coefficients["names"], numbers(coefficients["values"]), strict=True))
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(_span(events[first]), _span(events[second]))
    level = (coefficients.get("intercept") or 0.0) + sum(slopes[n] * np.nanmean(events[n]) for n in rest)
    surface = level + slopes[first] * x + slopes[second] * y
    many = target.size > _VECTOR_POINTS
    style = {"s": 7, "color": BLUE, "linewidth": 0, "alpha": 0.75, "depthshade": False, "rasterized": many}
    axes.scatter(events[first], events[second], target, **style)
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
