"""Stacked yields with data points and their ratio, a panel a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma._core import laws
from fivesigma.record.sections.observed import ObservedColumn, ObservedRecord
from fivesigma.report.panels import decades, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, MUTED
from fivesigma.report.text import labelled, listed, short

MOST = 9
"""Columns that are drawn; the numbers of all are in the CSV."""
_ACROSS = 3
_STEEP = 12.0
_ONE_SIGMA = 0.158655
"""Upper tail of a Gaussian beyond one standard deviation."""


def columns_plot(view: View, kept: ObservedRecord) -> Plot:
    """Return the columns of the events that are looked at."""
    first = kept.columns[:MOST]
    more = (
        f" The numbers of the other {len(kept.columns) - MOST} are in the CSV."
        if len(kept.columns) > MOST
        else ""
    )
    where = f" Events with a score of {kept.cut:.3g} or more are left out of both." if kept.blind else ""
    return Plot(
        name="observed",
        title="Observed and expected",
        caption=f"{_meaning(kept)}{where}{more}",
        alt=f"Observed events over stacked simulation in {listed([short(each.name) for each in first])}.",
        size=(8.6, 2.75 * -(-len(first) // _ACROSS) + 0.4),
        draw=lambda figure: _draw(figure, first, kept.classes, view.class_colours),
        header=_HEADER,
        rows=_rows(kept.columns, kept.classes),
    )


def score_plot(view: View, kept: ObservedRecord, score: ObservedColumn) -> Plot:
    """Return the score of the best model, of data below the cut alone while that is blind."""
    where = (
        f" Data from {kept.cut:.3g} on, the best cut on the folds, are not looked at." if kept.blind else ""
    )
    return Plot(
        name="observed-score",
        title=f"Score of {short(kept.model)}, observed and expected",
        caption=f"{_meaning(kept)}{where}",
        alt=f"Observed events over stacked simulation in the score of {short(kept.model)}.",
        size=(6.4, 4.0),
        draw=lambda figure: _draw(figure, [score], kept.classes, view.class_colours, cut=kept.cut),
        header=_HEADER,
        rows=_rows([score], kept.classes),
    )


_HEADER = ("column", "low_edge", "high_edge", "observed", "class", "expected", "error")


def _meaning(kept: ObservedRecord) -> str:
    scaled = "" if kept.scaled is None else ", scaled to the number of observed events"
    return (
        f"Stacked: simulation{scaled}; hatched: its statistical error; points: observed events with 68 % Poisson "
        "intervals. Below: observed over expected."
    )


def _rows(columns: Sequence[ObservedColumn], classes: Sequence[str]) -> list[tuple[object, ...]]:
    return [
        (each.name, low, high, count, name, own, error)
        for each in columns
        for name, of_class in zip(classes, each.yields, strict=True)
        for low, high, count, own, error in zip(
            each.edges[:-1], each.edges[1:], each.counts, of_class, each.errors, strict=True
        )
    ]


def _draw(
    figure: Any,
    columns: Sequence[ObservedColumn],
    classes: Sequence[str],
    hues: Mapping[str, str],
    cut: float | None = None,
) -> None:
    across = min(_ACROSS, len(columns))
    down = -(-len(columns) // across)
    parts = figure.add_gridspec(down, across)
    for place, column in enumerate(columns):
        upper, lower = (
            parts[divmod(place, across)]
            .subgridspec(2, 1, height_ratios=(3, 1), hspace=0.08)
            .subplots(sharex=True)
        )
        _draw_yields(upper, column, classes, hues)
        _draw_ratio(lower, column)
        _mark_cut(upper, lower, column, cut)
        lower.set_xlabel(labelled(column.name, column.unit, 26), fontsize=8.5)
        if place % across == 0:
            upper.set_ylabel("events", fontsize=8.5)
            lower.set_ylabel("ratio", fontsize=8.5)
        _label(lower, column)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=min(5, len(names)))


def _draw_yields(panel: Any, column: ObservedColumn, classes: Sequence[str], hues: Mapping[str, str]) -> None:
    edges, base = np.array(column.edges), np.zeros(len(column.errors))
    for name, own in zip(classes, column.yields, strict=True):
        top = base + np.array(own)
        panel.stairs(
            top,
            edges,
            baseline=base,
            fill=True,
            color=hues.get(name, BLUE),
            alpha=0.45,
            label=short(name, 20),
        )
        base = top
    error = np.array(column.errors)
    _hatched(panel, edges, base - error, base + error)
    counts = numbers(column.counts)
    low, high = _poisson(counts)
    centres = (edges[1:] + edges[:-1]) / 2.0
    panel.errorbar(
        centres, counts, yerr=[counts - low, high - counts], fmt="o", color=INK, markersize=2.6, linewidth=0.9,
        label="observed",
    )  # fmt: skip
    top = max(float(np.nanmax([*base, *high[np.isfinite(high)], 1.0])), 1.0)
    if _is_steep(base):
        panel.set_yscale("log")
        decades(panel.yaxis)
        panel.set_ylim(0.5, 8.0 * top)
    else:
        panel.set_ylim(0.0, 1.15 * top)
        panel.locator_params(axis="y", nbins=4)
    panel.set_xlim(edges[0], edges[-1])
    panel.tick_params(labelsize=8, labelbottom=False)


def _is_steep(yields: Any) -> bool:
    """Whether most bins would vanish beside the fullest on a linear axis."""
    known = yields[yields > 1.0]
    return len(known) > 3 and float(known.max()) > _STEEP * float(np.median(known))


def _draw_ratio(panel: Any, column: ObservedColumn) -> None:
    edges, expected = np.array(column.edges), np.sum(column.yields, axis=0)
    counts, error = numbers(column.counts), np.array(column.errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, (low, high), part = (
            counts / expected,
            tuple(each / expected for each in _poisson(counts)),
            error / expected,
        )
    usable = np.isfinite(part) & (expected > 0)
    part = np.where(usable, part, 0.0)
    _hatched(panel, edges, 1.0 - part, 1.0 + part)
    centres = (edges[1:] + edges[:-1]) / 2.0
    ratio, low, high = (np.where(usable, each, np.nan) for each in (ratio, low, high))
    panel.errorbar(
        centres, ratio, yerr=[ratio - low, high - ratio], fmt="o", color=INK, markersize=2.6, linewidth=0.9
    )
    panel.axhline(1.0, color=MUTED, linewidth=0.8)
    panel.set_ylim(0.5, 1.5)
    panel.tick_params(labelsize=8)
    grid(panel, "y")


def _hatched(panel: Any, edges: Any, low: Any, high: Any) -> None:
    panel.stairs(
        high, edges, baseline=low, fill=True, facecolor="none", edgecolor=MUTED, hatch="/////", linewidth=0.0
    )


def _poisson(counts: Any) -> tuple[Any, Any]:
    """Return central 68 % intervals of Poisson means (Garwood 1936); NaN where a count is not looked at."""

    known = np.where(np.isfinite(counts), counts, 0.0)
    low = np.where(known > 0, laws.gamma_ppf(_ONE_SIGMA, np.maximum(known, 1e-9)), 0.0)
    high = laws.gamma_isf(_ONE_SIGMA, known + 1.0)
    return np.where(np.isfinite(counts), low, np.nan), np.where(np.isfinite(counts), high, np.nan)


def _mark_cut(upper: Any, lower: Any, column: ObservedColumn, cut: float | None) -> None:
    """Mark the cut, and grey what is not looked at."""
    if cut is None:
        return
    first = next(
        (edge for edge, count in zip(column.edges, column.counts, strict=False) if count is None), None
    )
    for panel in (upper, lower):
        panel.axvline(cut, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
        if first is not None:
            panel.axvspan(first, column.edges[-1], color=MUTED, alpha=0.12, linewidth=0.0)
    if first is not None:
        upper.text(
            (first + column.edges[-1]) / 2, 0.9, "blind", transform=upper.get_xaxis_transform(), ha="center",
            fontsize=8, color=MUTED,
        )  # fmt: skip


def _label(panel: Any, column: ObservedColumn) -> None:
    if column.labels is not None:
        panel.set_xticks(
            range(len(column.labels)),
            [short(each, 12) for each in column.labels],
            fontsize=8,
            rotation=20,
            ha="right",
        )
    else:
        panel.locator_params(axis="x", nbins=5)
