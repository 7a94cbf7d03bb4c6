"""Partial dependence: the mean prediction as one column moves, over the curves of single events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.record.sections.explained import Effect, Effects
from fivesigma.report.panels import decades, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, MUTED
from fivesigma.report.text import labelled, short

_MOST = 6
_CURVES = 20


def effects_plot(view: View, model: str, kept: Effects) -> Plot:
    """Return one panel a column: the mean over folds with its error, and curves of single held-out events."""
    columns = kept.columns[:_MOST]
    of = f"probability of {short(kept.of)}" if kept.of else "prediction"
    axis = labelled(of, view.target_unit) if not kept.of else of if len(of) < 24 else "probability"
    units = {feature.name: feature.unit for feature in view.results.data.features}
    return Plot(
        name="effects",
        title=f"Partial dependence, {short(model)}",
        caption=(
            f"The {of} of held-out events when one column is set to each value: grey, single events; blue, their mean "
            "over folds with ±2 standard errors. Where columns hang together a curve may pass where no event is."
        ),
        alt=f"Partial dependence of {short(model)} on {', '.join(short(each.name) for each in columns)}.",
        size=(8.6, 2.5 * (-(-len(columns) // 3)) + 0.1),
        draw=lambda figure: _draw(figure, columns, units, axis),
        header=("column", "value", "mean", "error"),
        rows=[
            (each.name, *row) for each in columns for row in zip(each.grid, each.mean, each.std, strict=True)
        ],
    )


def _draw(figure: Any, columns: Sequence[Effect], units: Mapping[str, str | None], of: str) -> None:
    drawn = panels(figure, len(columns), 3, sharey=True)
    for i, (axes, each) in enumerate(zip(drawn, columns, strict=True)):
        grid(axes)
        x = numbers(each.grid)
        for curve in each.curves[:_CURVES]:
            axes.plot(x, numbers(curve), color=MUTED, linewidth=0.6, alpha=0.35)
        mean, reach = numbers(each.mean), 2 * numbers(each.std)
        axes.fill_between(x, mean - reach, mean + reach, color=BLUE, alpha=0.25, linewidth=0)
        axes.plot(x, mean, color=BLUE, linewidth=2.0)
        axes.set_xlabel(labelled(each.name, units.get(each.name), 24))
        if len(x) and x.min() > 0 and x.max() / x.min() > 50 and np.isfinite(x).all():
            axes.set_xscale("log")
            decades(axes.xaxis)
        if i % 3 == 0:
            axes.set_ylabel(of)
