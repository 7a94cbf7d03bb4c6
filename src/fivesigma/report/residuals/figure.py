"""Predicted against true, with the residuals by predicted value (calibration) and by true value (shrinkage)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.score_curves import (
    ProfileByPrediction,
    ProfileByTruth,
    ResidualHistogram,
    Residuals,
)
from fivesigma.report.panels import bar_style, grid, numbers, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, VERMILLION
from fivesigma.report.text import labelled, short

_Profile = ProfileByPrediction | ProfileByTruth
_VECTOR_POINTS = 500  # more are drawn as a picture of points, an eighth of the size


def residuals(view: View) -> Plot | None:
    """Predicted against true of the best model; the residual along the prediction, and its distribution."""
    shown = view.with_curve(lambda kept: kept.residuals)
    if not shown:
        return None
    (first, curve), target = shown[0], view.target
    model = short(first.name)
    return Plot(
        name="residuals",
        title=f"Predicted against true, {model}",
        caption=_caption(view, curve),
        alt=f"Predicted against true {target} of {model}, and the residuals by predicted and by true value.",
        size=(8.6, 6.2 if curve.shrinkage is not None else 4.3),
        draw=lambda figure: _draw_residuals(figure, view, curve),
        header=("quantity", "at", "value", "low", "high"),
        rows=_residual_rows(curve),
    )


def _caption(view: View, curve: Residuals) -> str:
    kind = "each point is an event" if curve.points is not None else "events in bins, darker is more"
    shrinkage = (
        " By true value, shrinkage: where predictions have scatter, events of extreme true value are predicted nearer "
        "the middle (regression to the mean), also by a calibrated model."
        if curve.shrinkage is not None
        else ""
    )
    return (
        f"Predicted against true: {kind} ({view.events}); on the line the prediction is right. Residuals "
        f"(predicted − true), median and the range that holds 68 % of the events: by predicted value, "
        f"calibration, zero where predictions can be taken at their word.{shrinkage} Their distribution"
        f"{_outside(curve)}."
    )


def _outside(curve: Residuals) -> str:
    outside = curve.histogram.outside
    return f" ({outside:.1%} lie outside)" if outside else ""


def _residual_rows(curve: Residuals) -> list[tuple[object, ...]]:
    """Return the numbers of all three panels in one table: events, profile, distribution."""
    points, profile, shape = curve.points, curve.profile, curve.histogram
    rows: list[tuple[object, ...]] = []
    if points is not None:
        rows += [("event", *pair, None, None) for pair in zip(points.true, points.predicted, strict=True)]
    rows += _profile_rows("median residual by predicted value", profile)
    if curve.shrinkage is not None:
        rows += _profile_rows("median residual by true value", curve.shrinkage)
    bins = zip(shape.edges[:-1], shape.density, shape.edges[1:], strict=True)
    return rows + [("density of the residual", low, value, low, high) for low, value, high in bins]


def _profile_rows(what: str, profile: _Profile) -> list[tuple[object, ...]]:
    columns = (_at(profile), profile.median, profile.low, profile.high)
    return [(what, *row) for row in zip(*columns, strict=True)]


def _at(profile: _Profile) -> tuple[float, ...]:
    return profile.predicted if isinstance(profile, ProfileByPrediction) else profile.true


def _draw_residuals(figure: Any, view: View, curve: Residuals) -> None:
    target, missed = view.target, labelled("predicted − true", view.target_unit)
    below = ["plane", "shape"] if curve.shrinkage is None else ["shape", "shrinkage"]
    layout = [["plane", "profile"], below]
    axes = figure.subplot_mosaic(layout, width_ratios=[1.15, 1.0])
    _draw_plane_of_events(axes["plane"], curve)
    axes["plane"].set_xlabel(f"true {target}")
    axes["plane"].set_ylabel(f"predicted {target}")
    _draw_profile(axes["profile"], curve.profile, missed)
    axes["profile"].set_xlabel(f"predicted {target}")
    if curve.shrinkage is not None:
        _draw_profile(axes["shrinkage"], curve.shrinkage, missed)
        axes["shrinkage"].set_xlabel(f"true {target}")
        axes["profile"].set_title("calibration: by predicted value")
        axes["shrinkage"].set_title("shrinkage: by true value")
        axes["shrinkage"].sharey(axes["profile"])
    _draw_shape(axes["shape"], curve.histogram)
    axes["shape"].set_xlabel(f"predicted − true {target}")


def _draw_shape(axes: Any, shape: ResidualHistogram) -> None:
    density, edges = numbers(shape.density), numbers(shape.edges)
    axes.stairs(density, edges, fill=True, color=BLUE, alpha=0.35)
    axes.stairs(density, edges, color=BLUE)
    zero_line(axes)
    axes.set_ylabel("density")
    axes.ticklabel_format(axis="y", style="plain")
    axes.set_yticks([])
    axes.set_ylim(bottom=0.0)


def _draw_profile(axes: Any, profile: _Profile, missed: str) -> None:
    columns = (_at(profile), profile.median, profile.low, profile.high)
    at, median, low, high = (numbers(column) for column in columns)
    axes.set_ylabel(missed)
    zero_line(axes, vertical=False)
    grid(axes)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.errorbar(at, median, yerr=np.clip([median - low, high - median], 0.0, None), **bar_style(BLUE))
    axes.locator_params(nbins=5)


def _draw_plane_of_events(axes: Any, curve: Residuals) -> None:
    if curve.points is not None:
        true, predicted = (numbers(each) for each in (curve.points.true, curve.points.predicted))
        many = true.size > _VECTOR_POINTS
        axes.plot(
            true, predicted, "o", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0, rasterized=many
        )
        both = np.concatenate([true, predicted])
        span = [float(np.nanmin(both)), float(np.nanmax(both))]
    else:
        assert curve.plane is not None
        weight = np.array([numbers(row) for row in curve.plane.weight])
        edges = numbers(curve.plane.edges)
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
