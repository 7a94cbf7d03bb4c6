"""The spread of an ensemble against its error in bins, and the pulls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.spread import MemberSpreadRecord, PullsRecord
from fivesigma.report.panels import grid, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, MUTED, ORANGE
from fivesigma.report.text import labelled, listed, short

Shown = Sequence[tuple[ModelRecord, MemberSpreadRecord]]
_COLUMNS = 3
MOST_DRAWN = 100.0
"""Width of pulls beyond which σ has nothing to do with the error."""


def errors(view: View, models: Shown) -> Plot:
    """Return the error of the mean of members in bins of their spread, one panel a model."""
    values = models[0][1].what == "value"
    said = (
        "Root mean square error of the members' mean against the root mean square of their spread, in bins of it; "
        "dashed, where both are equal. The spread is between trainings alone, the error holds the noise of the events "
        "too: points above the line are no surprise, points that do not rise with it are."
        if values
        else "Root mean square error of the probabilities over what they state themselves, √mean p(1 − p), in bins of "
        "the spread between members; dashed, probabilities that come true. Above: where members are that far apart the "
        "probabilities are too sure; below: not sure enough."
    )
    return Plot(
        name="spread",
        title="Error against spread of the members",
        caption=f"{said} On {view.events}, with 95 % intervals.",
        alt="; ".join(_spoken(*each) for each in models) + ".",
        size=_size(len(models)),
        draw=lambda figure: _draw_errors(figure, models, view.target_unit if values else None),
        header=("model", "n", "spread", "error", "low", "high", "stated"),
        rows=[
            (model.name, b.n, b.spread, b.error.value, b.error.low, b.error.high, b.stated)
            for model, kept in models
            for b in kept.bins
        ],
    )


def _size(n: int) -> tuple[float, float]:
    columns = min(n, _COLUMNS)
    return (1.4 + 2.5 * max(columns, 2), 0.4 + 2.5 * -(-n // columns))


def _spoken(model: ModelRecord, kept: MemberSpreadRecord) -> str:
    each = [f"{b.error.value:.3g} at {b.spread:.3g}" for b in kept.bins]
    return f"{short(model.name)}: error {listed(each)}" if each else short(model.name)


def _draw_errors(figure: Any, models: Shown, unit: str | None) -> None:
    values = models[0][1].what == "value"
    shown = panels(figure, len(models), min(len(models), _COLUMNS))
    for place, (axes, (model, kept)) in enumerate(zip(shown, models, strict=True)):
        grid(axes)
        x = np.array([b.spread for b in kept.bins])
        by = np.array([1.0 if values else b.stated for b in kept.bins])
        y, low, high = (
            np.array([getattr(b.error, end) for b in kept.bins]) / by for end in ("value", "low", "high")
        )
        axes.errorbar(
            x, y, (y - low, high - y), fmt="o", color=BLUE, markersize=4, elinewidth=1.2, linestyle="none"
        )
        if values:
            axes.plot([0.0, high.max()], [0.0, high.max()], color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
            axes.set_ylim(0.0, 1.06 * high.max())
        else:
            axes.axhline(1.0, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.set_xlim(0.0, 1.08 * x.max() if x.max() > 0 else 1.0)
        axes.set_title(short(model.name, 24), loc="left")
        axes.set_xlabel(labelled("spread", unit) if values else "spread of probability")
        if place % _COLUMNS == 0:
            axes.set_ylabel(labelled("error", unit) if values else "error over stated")


def pulls(view: View, models: Shown) -> Plot:
    """Return the pulls of each model, with the normal law."""
    return Plot(
        name="pulls",
        title="Pulls",
        caption=(
            f"Density of (y − mean) / σ on {view.events}: σ the spread of the members, or the standard deviation of "
            "the predictive law; dashed, the normal law, which is that of an honest predictive law. Pulls by an honest "
            "spread of n members are wider (Student's t at n − 1); the text has that width, and what lies beyond ±5."
        ),
        alt="; ".join(f"{short(m.name)}: {said_of_pulls(p)}" for m, kept in models for p in told(kept)) + ".",
        size=_size(len(models)),
        draw=lambda figure: _draw_pulls(figure, models),
        header=("model", "sigma", "from", "density"),
        rows=[
            (model.name, each.sigma, *row)
            for model, kept in models
            for each in told(kept)
            for row in zip(each.edges[:-1], each.density, strict=True)
        ],
    )


def told(kept: MemberSpreadRecord) -> list[PullsRecord]:
    """Return the pulls that say something of σ."""
    return [each for each in kept.pulls or () if each.width.value <= MOST_DRAWN]


def said_of_pulls(each: PullsRecord) -> str:
    """Return the width of pulls in words."""
    return f"width {each.width.value:.3g} by {each.sigma}"


def _draw_pulls(figure: Any, models: Shown) -> None:
    columns = min(len(models), _COLUMNS)
    shown = panels(figure, len(models), columns, sharex=True, sharey=True)
    z = np.linspace(-5.0, 5.0, 201)
    for place, (axes, (model, kept)) in enumerate(zip(shown, models, strict=True)):
        axes.plot(
            z, np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi), color=MUTED, linewidth=0.9, linestyle=(0, (3, 2))
        )
        for each in told(kept):
            hue = BLUE if each.sigma == "members" else ORANGE
            axes.stairs(
                np.array(each.density),
                np.array(each.edges),
                color=hue,
                linewidth=1.3,
                label=f"σ of {each.sigma}",
            )
        axes.set_title(short(model.name, 24), loc="left")
        axes.set_xlim(-5.0, 5.0)
        if place >= len(models) - columns:
            axes.set_xlabel("pull")
        if place % columns == 0:
            axes.set_ylabel("density")
    shown[0].set_ylim(bottom=0.0)
    handles = {
        label: line for axes in shown for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(list(handles.values()), list(handles), loc="outside upper right", ncols=len(handles))
