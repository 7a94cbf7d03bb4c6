"""One histogram per class of each of the most informative features."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.record.sections.columns import FeatureHistogram, HistogramsRecord
from fivesigma.report.panels import numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, MUTED
from fivesigma.report.text import labelled, listed, short

MOST = 24
_COLUMNS = 4


def features(view: View) -> Plot | None:
    """Histograms of the 24 most informative features; the numbers of all of them go into the CSV."""
    shown = informative(view)
    if not shown:
        return None
    top = shown[:MOST]
    names = [short(feature.name, 24) for feature in top]
    classes = view.results.data.classes
    return Plot(
        name="features",
        title="The features",
        caption=_caption(len(shown), view),
        alt=f"Histograms of {listed(names)}"
        + (f" for {listed([short(each.class_ or '') for each in top[0].histograms])}." if classes else "."),
        size=(8.6, 1.62 * math.ceil(len(top) / _COLUMNS) + 0.45),
        draw=lambda figure: _draw(figure, view, top),
        header=("feature", "unit", "separation", "class", "low_edge", "high_edge", "density", "error"),
        rows=[row for feature in shown for row in _rows(feature)],
    )


def informative(view: View) -> list[FeatureHistogram]:
    """Return the features that have a histogram, the one that separates most first."""
    kept = view.results.data.section(HistogramsRecord)
    found = [feature for feature in (() if kept is None else kept.features) if feature.edges]
    return sorted(found, key=lambda feature: -(feature.separation or 0.0))


def _caption(n: int, view: View) -> str:
    classes = view.results.data.classes
    order = f"The first {MOST} of {n} features" if n > MOST else "Features"
    rest = " The numbers of the others are in the CSV." if n > MOST else ""
    if classes:
        shown = view.only(max((len(each.histograms) for each in informative(view)), default=0))
        return f"{order} by how well each separates the classes alone; every class has the same area.{shown}{rest}"
    goal = short(view.results.data.target or "the target")
    return (
        f"{order} by how much of {goal} each explains alone: grey is the density of events, blue the median "
        f"of {goal} and the range of 68 %.{rest}"
    )


def _rows(feature: FeatureHistogram) -> list[tuple[object, ...]]:
    edges = feature.edges
    return [
        (feature.name, feature.unit, feature.separation, histogram.class_, *row)
        for histogram in feature.histograms
        for row in zip(edges[:-1], edges[1:], histogram.density, histogram.error, strict=True)
    ]


def _draw(figure: Any, view: View, top: Sequence[FeatureHistogram]) -> None:
    classes, hues = view.results.data.classes or (), view.class_colours
    axes = panels(figure, len(top), min(_COLUMNS, len(top)))
    for place, (panel, feature) in enumerate(zip(axes, top, strict=True)):
        if classes:
            _draw_classes(panel, feature, hues, labels=place == 0)
        else:
            _draw_target(panel, feature, view, outer=place % _COLUMNS == 0)
        panel.set_xlabel(labelled(feature.name, feature.unit, 24), fontsize=8.5)
        panel.xaxis.OFFSETTEXTPAD = 15  # below the label, which may be as wide as the panel
        panel.tick_params(labelsize=8)
        panel.set_xlim(feature.edges[0], feature.edges[-1])
        panel.locator_params(axis="x", nbins=4)
    if len(classes) > 1:
        figure.legend(loc="outside upper right", ncols=min(6, len(classes)))


def _draw_classes(panel: Any, feature: FeatureHistogram, hues: Mapping[str, str], *, labels: bool) -> None:
    edges = numbers(feature.edges)
    for histogram in feature.histograms:
        density, name = numbers(histogram.density), histogram.class_
        hue = hues.get(name or "", BLUE)
        panel.stairs(density, edges, fill=True, color=hue, alpha=0.16, linewidth=0)
        panel.stairs(density, edges, color=hue, linewidth=1.1, label=short(name, 22) if labels else None)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.set_ylim(bottom=0.0)


def _draw_target(panel: Any, feature: FeatureHistogram, view: View, *, outer: bool) -> None:
    """Draw the target along the feature over the density of events, which takes a quarter of the height."""
    edges = numbers(feature.edges)
    density = np.nan_to_num(numbers(feature.histograms[0].density))
    relative = density / max(float(density.max()), 1e-300)
    target = feature.target
    if target is None:
        panel.stairs(relative, edges, fill=True, color=MUTED, alpha=0.3)
        panel.set_yticks([])
        return
    low, median, high = (numbers(each) for each in (target.low, target.median, target.high))
    bottom, top = float(np.nanmin(low)), float(np.nanmax(high))
    reach = (top - bottom) or 1.0
    base = bottom - 0.35 * reach
    panel.stairs(base + 0.33 * reach * relative, edges, baseline=base, fill=True, color=MUTED, alpha=0.3)
    centres = (edges[:-1] + edges[1:]) / 2.0
    panel.fill_between(centres, low, high, color=BLUE, alpha=0.2, linewidth=0, step="mid")
    panel.plot(centres, median, color=BLUE, linewidth=1.4)
    panel.set_ylim(base, top + 0.05 * reach)
    panel.locator_params(axis="y", nbins=4)
    if outer:
        panel.set_ylabel(short(view.results.data.target or "target", 18), fontsize=8.5)
