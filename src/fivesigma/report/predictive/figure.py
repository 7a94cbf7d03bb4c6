"""Predictive laws against what came: the probability integral transform, and the width that coverage costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.predictive import Coverage, PredictiveRecord
from fivesigma.report.panels import grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, GREEN, INK, MUTED, ORANGE, PAPER, VERMILLION
from fivesigma.report.text import labelled, listed, short

_SERIES = (
    ("intervals", 0, "o", BLUE, "68 %, law"),
    ("intervals", 1, "s", VERMILLION, "95 %, law"),
    ("conformal", 0, "o", GREEN, "68 %, conformal"),
    ("conformal", 1, "s", ORANGE, "95 %, conformal"),
)

Shown = Sequence[tuple[ModelRecord, PredictiveRecord]]


def transforms(view: View, models: Shown) -> Plot:
    """Return the histogram of the probability integral transform, one panel a model."""
    columns = min(4, len(models))
    return Plot(
        name="transforms",
        title="Probability integral transform",
        caption=(
            f"Density of the predicted probability of getting less than what came, {view.events}. Flat: the law can "
            "be taken at its word; a hump: intervals too wide; a bowl: too narrow; a slope: biased. The band holds "
            "68 % of the bins of a flat one."
        ),
        alt=f"Histograms of the probability integral transform of {_named(models)}.",
        size=(8.6, 2.1 * -(-len(models) // columns) + 0.3),
        draw=lambda figure: _draw_transforms(figure, models, columns),
        header=("model", "from", "density"),
        rows=[
            (model.name, *row)
            for model, kept in models
            for row in zip(kept.pit.edges[:-1], kept.pit.density, strict=True)
        ],
    )


def _named(models: Shown) -> str:
    return listed([short(model.name) for model, _ in models])


def _draw_transforms(figure: Any, models: Shown, columns: int) -> None:
    shown = panels(figure, len(models), columns, sharex=True, sharey=True)
    for axes, (model, kept) in zip(shown, models, strict=True):
        pit = kept.pit
        axes.axhspan(1 - pit.error, 1 + pit.error, color=MUTED, alpha=0.18, linewidth=0)
        axes.axhline(1.0, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
        axes.stairs(numbers(pit.density), numbers(pit.edges), color=BLUE, linewidth=1.3)
        axes.set_title(short(model.name, 22), loc="left")
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    shown[0].set_ylim(bottom=0)
    for axes in shown[::columns]:
        axes.set_ylabel("density")
    for axes in shown[-columns:]:
        axes.set_xlabel("predicted probability")


def coverage(view: View, models: Shown) -> Plot:
    """Return coverage, and mean width, of the intervals of each model."""
    return Plot(
        name="coverage",
        title="Coverage and width of intervals",
        caption=(
            f"Left: share of {view.events} inside the central intervals, with exact 95 % limits; dashed, what is "
            "stated. Right: mean width. Laws are the model's own, or a Gaussian of its out-of-fold residuals "
            "(open); conformal intervals hold their level on average over events of new groups, if there are groups."
        ),
        alt="Coverage of 68 and 95 % intervals: " + "; ".join(_spoken(*each) for each in models) + ".",
        size=(8.6, 0.46 * len(models) + 1.3),
        draw=lambda figure: _draw_coverage(figure, models, view.target_unit),
        header=("model", "interval", "level", "coverage", "low", "high", "width"),
        rows=[
            (model.name, kind, each.level, each.coverage, each.low, each.high, each.width)
            for model, kept in models
            for kind in ("intervals", "conformal")
            for each in _of(kept, kind)
        ],
    )


def _of(kept: PredictiveRecord, kind: str) -> tuple[Coverage, ...]:
    return kept.intervals if kind == "intervals" else kept.conformal


def _spoken(model: ModelRecord, kept: PredictiveRecord) -> str:
    held = (f"{each.coverage:.3f}" for each in kept.intervals)
    return f"{short(model.name)} {' and '.join(held)}"


def _draw_coverage(figure: Any, models: Shown, unit: str | None) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    for axes in (left, right):
        grid(axes, "x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    for level in (0.6827, 0.95):
        left.axvline(level, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    for k, (kind, which, marker, hue, label) in enumerate(_SERIES):
        for place, (_, kept) in enumerate(models):
            if which >= len(_of(kept, kind)):
                continue
            each, at = _of(kept, kind)[which], place + (0.0, 0.0, 0.28, 0.28)[k] - 0.14
            face = hue if kept.own or kind == "conformal" else PAPER
            if each.low is not None:
                left.plot([each.low, each.high], [at, at], color=hue, linewidth=1.3)
            for axes, value in ((left, each.coverage), (right, each.width)):
                axes.plot(
                    value, at, marker, color=hue, markerfacecolor=face, markersize=5.5, linestyle="none"
                )
        left.plot([], [], marker, color=hue, linestyle="none", label=label)
    left.set_yticks(range(len(models)), [short(model.name) for model, _ in models])
    left.set_ylim(len(models) - 0.5, -0.5)
    left.set_xlabel("share of events inside")
    right.set_xlabel(labelled("mean width", unit))
    right.set_xlim(left=0)
    for place in range(1, len(models)):
        for axes in (left, right):
            axes.axhline(place - 0.5, color=INK, alpha=0.12, linewidth=0.6)
    figure.legend(loc="outside upper right", ncols=4, handletextpad=0.2)
