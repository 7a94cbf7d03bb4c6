"""The events of a classification in their first two principal components, each in the colour of its class."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.sections.components import ComponentsRecord
from fivesigma.report.panels import grid
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.text import component, short

_FEW = 400


def components(view: View, kept: ComponentsRecord) -> Plot | None:
    """Return the events in the colours of their classes; None of a clustering, whose figure is that of its clusters."""
    if kept.target is None:
        return None
    classes = list(view.results.data.classes or ())
    gaps = " A missing value stands at the mean of its column." if kept.n_missing else ""
    return Plot(
        name="components",
        title="The events in two components",
        caption=(
            f"Each point is one of {len(kept.values)} training events in the colour of its class, along two "
            f"axes with their share of the variance, in standard deviations of the columns.{gaps} The directions know "
            "nothing of the classes: what lies apart here can be told apart; what lies on top of each other may be "
            "apart in another direction."
        ),
        alt=(
            "Training events in their first two principal components, coloured by class: "
            f"{', '.join(short(name) for name in classes)}."
        ),
        size=(7.2, 5.0),
        draw=lambda figure: _draw(figure, view, kept),
        header=("component 1", "component 2", "class"),
        rows=[(*pair, classes[k]) for pair, k in zip(kept.values, kept.target, strict=True)],
    )


def _draw(figure: Any, view: View, kept: ComponentsRecord) -> None:
    axes = figure.subplots()
    grid(axes)
    values, target = np.array(kept.values), np.array(kept.target)
    hues = np.array(list(view.class_colours.values()))
    axes.scatter(
        *values.T,
        c=hues[target],
        s=9.0 if len(values) <= _FEW else 5.0,
        alpha=0.65,
        linewidths=0,
        rasterized=True,
    )
    for name, hue in view.class_colours.items():
        axes.plot([], [], "o", color=hue, markersize=5, linestyle="none", label=short(name, 24))
    axes.set_xlabel(component(1, kept.explained[0]))
    axes.set_ylabel(component(2, kept.explained[1]))
    figure.legend(loc="outside upper right", ncols=6, handletextpad=0.2)
