"""One histogram per class of each of the most informative features."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.report.figures.panels import numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BACKGROUND, SIGNAL, colour
from fivesigma.report.text import labelled, listed, short

MOST = 24
_COLUMNS = 4


def features(view: View) -> Plot | None:
    """Histograms of up to 24 features; the numbers of all that were histogrammed go into the CSV."""
    shown = all_histograms(view)
    if not shown:
        return None
    top = shown[:MOST]
    names = [short(h["name"], 24) for h in top]
    classes = view.results.data.classes
    return Plot(
        name="features",
        title="The features",
        caption=_caption(len(shown), bool(classes)),
        alt=f"Histograms of {listed(names)}"
        + (f" for {listed([short(c) for c in classes])}." if classes else "."),
        size=(8.6, 1.62 * math.ceil(len(top) / _COLUMNS) + 0.45),
        draw=lambda figure: _draw(figure, view, top),
        header=("feature", "unit", "class", "low_edge", "high_edge", "count"),
        rows=[row for histogram in shown for row in _rows(histogram)],
    )


def all_histograms(view: View) -> list[Mapping[str, Any]]:
    """Return the histograms of the record, most informative first as the run ordered them."""
    found = view.results.data.sections.get("histograms")
    return (
        [h for h in found if isinstance(h, Mapping) and h.get("edges")] if isinstance(found, Sequence) else []
    )


def _caption(n: int, classes: bool) -> str:
    kind = "Each class is scaled to the same area" if classes else "Counts of events"
    more = f"; the {MOST} most informative of {n}, the others are in the CSV" if n > MOST else ""
    order = ", most informative first" if classes or n > MOST else ""
    return f"{kind}{more}{order}. Overflow is left out."


def _counts(histogram: Mapping[str, Any]) -> dict[str, Any]:
    counts = histogram["counts"]
    return dict(counts) if isinstance(counts, Mapping) else {"": counts}


def _rows(histogram: Mapping[str, Any]) -> list[tuple[object, ...]]:
    edges = histogram["edges"]
    return [
        (histogram["name"], histogram.get("unit"), name, edges[i], edges[i + 1], value)
        for name, values in _counts(histogram).items()
        for i, value in enumerate(values)
    ]


def _draw(figure: Any, view: View, top: Sequence[Mapping[str, Any]]) -> None:
    classes = view.results.data.classes or ()
    hues = {classes[0]: BACKGROUND, classes[1]: SIGNAL} if len(classes) == 2 else {}
    axes = panels(figure, len(top), min(_COLUMNS, len(top)))
    for panel, histogram in zip(axes, top, strict=True):
        _draw_feature(panel, histogram, hues, first=panel is axes[0])
    if len(classes) > 1:
        figure.legend(loc="outside upper right", ncols=min(6, len(classes)))


def _draw_feature(panel: Any, histogram: Mapping[str, Any], hues: Mapping[str, str], *, first: bool) -> None:
    edges = numbers(histogram["edges"])
    width = np.diff(edges)
    for index, (name, values) in enumerate(_counts(histogram).items()):
        heights = np.nan_to_num(numbers(values))
        area = float((heights * width).sum())
        if name and area > 0.0:
            heights = heights / area
        hue = hues.get(name, colour(index))
        panel.stairs(heights, edges, fill=True, color=hue, alpha=0.16, linewidth=0)
        panel.stairs(heights, edges, color=hue, linewidth=1.1, label=short(name, 22) if first else None)
    panel.set_xlabel(labelled(histogram["name"], histogram.get("unit"), 24), fontsize=8.5)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.tick_params(labelsize=8)
    panel.set_xlim(edges[0], edges[-1])
    panel.set_ylim(bottom=0.0)
    panel.locator_params(axis="x", nbins=4)
