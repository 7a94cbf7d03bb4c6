"""The discriminant of the best model by class, and what it rejects of each background."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.sections.discriminant import DiscriminantRecord, Rejected
from fivesigma.report.panels import bar_style, decades, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import INK
from fivesigma.report.text import listed, short

MIXTURE = "all in these shares"
_APART = 0.012


def discriminant(view: View) -> Plot | None:
    """Return the figure of the best model; None where no model has a discriminant."""
    having = [each for each in view.having(DiscriminantRecord) if each[0].name not in view.dummies]
    if not having:
        return None
    model, kept = having[0]
    name, others = short(model.name), listed([short(each.class_) for each in kept.shares])
    return Plot(
        name="discriminant",
        title=f"Discriminant of {name}",
        caption=(
            f"Left: D of {name} for the {view.events} of each class, with the errors of the bins; what lies beyond "
            " the edges counts in the outermost bins. Right: background events for one that passes the cut that "
            f"keeps a share of {short(kept.signal)}, with 95 % intervals; an arrow is a lower limit."
        ),
        alt=f"D of {name} by class, and the rejection of {others} against the efficiency of {short(kept.signal)}.",
        size=(8.6, 3.7),
        draw=lambda figure: _draw(figure, view, kept),
        header=("class", "low", "high", "density", "error"),
        rows=[
            (drawn.class_, *row)
            for drawn in kept.histograms
            for row in zip(kept.edges[:-1], kept.edges[1:], drawn.density, drawn.error, strict=True)
        ],
    )


def _draw(figure: Any, view: View, kept: DiscriminantRecord) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_densities(left, view, kept)
    _draw_rejections(right, view, kept)


def _draw_densities(axes: Any, view: View, kept: DiscriminantRecord) -> None:
    edges = np.asarray(kept.edges)
    for drawn in kept.histograms:
        density, error = numbers(drawn.density), numbers(drawn.error)
        hue, width = view.class_colours[drawn.class_], 1.8 if drawn.class_ == kept.signal else 1.2
        axes.stairs(density, edges, color=hue, linewidth=width, label=short(drawn.class_, 20))
        axes.errorbar(
            (edges[1:] + edges[:-1]) / 2, density, yerr=error, fmt="none", ecolor=hue, elinewidth=0.8
        )
    axes.set_xlabel(f"D = ln p({short(kept.signal, 12)}) / Σ f p")
    axes.set_ylabel("density")
    axes.set_ylim(bottom=0.0)
    axes.legend()
    grid(axes, "y")


def _draw_rejections(axes: Any, view: View, kept: DiscriminantRecord) -> None:
    backgrounds = list(dict.fromkeys(each.background for each in kept.rejections))
    for at, background in enumerate(backgrounds):
        own = [each for each in kept.rejections if each.background == background]
        shift = _APART * (at - (len(backgrounds) - 1) / 2)
        _draw_background(axes, own, INK if background is None else view.class_colours[background], shift)
    axes.set_yscale("log")
    decades(axes.yaxis)
    axes.set_xlabel(f"efficiency of {short(kept.signal, 16)}")
    axes.set_ylabel("rejection 1/ε")
    if None in backgrounds:
        axes.legend(loc="lower left")
    grid(axes)


def _draw_background(axes: Any, own: list[Rejected], hue: str, shift: float) -> None:
    """Draw the rejection of one background; the colours of classes are those of the other panel."""
    x = np.array([each.efficiency for each in own]) + shift
    label = MIXTURE if own[0].background is None else None
    value, low, high = (
        numbers([getattr(each.rejection, word) for each in own]) for word in ("value", "low", "high")
    )
    open_above = ~np.isfinite(value) & np.isfinite(low)
    errors = np.nan_to_num(np.clip([value - low, high - value], 0.0, None))
    axes.errorbar(x, value, yerr=errors, label=label, **bar_style(hue))
    axes.errorbar(
        x[open_above], low[open_above], yerr=0.3 * low[open_above], lolims=True, fmt="none", ecolor=hue
    )
