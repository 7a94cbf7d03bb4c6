"""Predicted against true with residuals, and the plane of a linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.report.figures.panels import grid, numbers, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, MUTED, VERMILLION
from fivesigma.report.text import labelled, short

_MOST_POINTS = 2000


def residuals(view: View) -> Plot | None:
    """Predicted against true of the best model, binned, and the median residual with its 16-84 % range."""
    best = view.best
    curve = view.curve(best, "residuals") if best is not None else None
    if best is None or not isinstance(curve, Mapping):
        return None
    target = labelled(view.results.data.target or "target", view.results.data.sections.get("target_unit"))
    return Plot(
        name="residuals",
        title=f"Predicted against true, {short(best.name)}",
        caption=(
            f"Left: {view.part} events in bins, darker is more; on the line the prediction is right. Right: residual "
            "(predicted − true) in bins of the true value, median and the range that holds 68 % of the events."
        ),
        alt=f"Predicted against true {target} of {short(best.name)}, and the residuals by true value.",
        size=(8.6, 4.0),
        draw=lambda figure: _draw_residuals(figure, curve, target),
        header=("true_low", "true_high", "n", "median_residual", "low", "high"),
        rows=_profile_rows(curve),
    )


def _profile_rows(curve: Mapping[str, Any]) -> list[tuple[object, ...]]:
    profile = curve["profile"]
    edges = profile["edges"]
    empty = [None] * (len(edges) - 1)
    columns = [profile.get(key) or empty for key in ("n", "median", "low", "high")]
    return list(zip(edges[:-1], edges[1:], *columns, strict=True))


def _draw_residuals(figure: Any, curve: Mapping[str, Any], target: str) -> None:
    left, right = figure.subplots(1, 2)
    _draw_density(left, curve)
    left.set_xlabel(f"true {target}")
    left.set_ylabel(f"predicted {target}")
    profile = curve["profile"]
    edges = numbers(profile["edges"])
    median, low, high = (numbers(profile[key]) for key in ("median", "low", "high"))
    seen = np.isfinite(median)
    centres = (edges[:-1] + edges[1:]) / 2.0
    zero_line(right, vertical=False)
    grid(right)
    right.errorbar(
        centres[seen],
        median[seen],
        xerr=np.diff(edges)[seen] / 2.0,
        yerr=np.clip(np.nan_to_num([(median - low)[seen], (high - median)[seen]]), 0.0, None),
        fmt="o",
        color=BLUE,
        markersize=4,
        elinewidth=1.2,
    )
    right.set_xlabel(f"true {target}")
    right.set_ylabel("predicted − true")
    for axes in (left, right):
        axes.locator_params(nbins=5)


def _draw_density(axes: Any, curve: Mapping[str, Any]) -> None:
    x, y = numbers(curve["true_edges"]), numbers(curve["predicted_edges"])
    counts = np.array([numbers(row) for row in curve["counts"]])
    top = float(np.nanmax(counts)) if counts.size else 0.0
    if top > 0.0:
        axes.imshow(
            _see_through(counts / top),
            origin="lower",
            extent=(x[0], x[-1], y[0], y[-1]),
            aspect="auto",
        )
    span = [max(x[0], y[0]), min(x[-1], y[-1])]
    axes.plot(span, span, color=VERMILLION, linewidth=1.1)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])


def _see_through(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return an image of one blue whose opacity is the density: it reads on white as on black. Rows are predicted."""
    image = np.zeros((*share.T.shape, 4), dtype=np.uint8)
    image[..., :3] = (30, 125, 190)
    filled = np.nan_to_num(share.T)
    image[..., 3] = np.where(filled > 0.0, 45 + 210 * np.sqrt(filled), 0).astype(np.uint8)
    return image


def linear_model(view: View) -> ModelRecord | None:
    """Return the model whose coefficients are shown: the best one that has any, else the first."""
    having = [m for m in view.ranked if isinstance(m.sections.get("coefficients"), Mapping)]
    return next((m for m in having if m.name == view.results.best), having[0] if having else None)


def plane(view: View) -> Plot | None:
    """The regression plane over two features, the others at their mean, with the events."""
    points = view.results.data.sections.get("points")
    named = next((m for m in reversed(view.ranked) if len(_names(m)) >= 2), None)
    if named is None or not isinstance(points, Mapping):
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
        alt=f"Three-dimensional view of {goal} over {axes[0]} and {axes[1]} with the fitted plane of {short(named.name)}.",
        size=(7.4, 5.6),
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
    axes.scatter(events[first], events[second], target, s=7, color=BLUE, linewidth=0, alpha=0.75, depthshade=False,
                 rasterized=target.size > 500)  # fmt: skip
    axes.plot_wireframe(x, y, surface, color=VERMILLION, linewidth=0.9)
    axes.set_xlabel(labels[0], labelpad=7)
    axes.set_ylabel(labels[1], labelpad=7)
    axes.set_zlabel(labels[2], labelpad=9)
    axes.set_box_aspect(None, zoom=0.86)
    axes.view_init(elev=22, azim=-55)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(MUTED)
        axis._axinfo["grid"].update(color=(0.5, 0.5, 0.5, 0.25), linewidth=0.6)
    axes.locator_params(nbins=5)


def _span(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, 11)
