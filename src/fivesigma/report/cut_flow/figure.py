"""The events that are left after each cut, and the efficiency of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.sections.cut_flow import CutLine, CutStep, CutStepsRecord
from fivesigma.report.panels import bar_style, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import count
from fivesigma.report.style import BLUE, MUTED, VERMILLION
from fivesigma.report.text import percent, short

_APART = 0.16


def cut_flow(lines: Sequence[CutLine], steps: CutStepsRecord) -> Plot:
    """Return bars of the events left, and beside them the efficiencies with their limits."""
    of = "summed weights" if steps.weighted else "events"
    return Plot(
        name="cut-flow",
        title="Cut flow",
        caption=(
            f"Left, the events that pass each cut and all above it. Right, the efficiency in {of} with 95 % limits: "
            "relative to the events read (filled), and to those before the cut (open)."
        ),
        alt="; ".join(
            f"{short(line.name)}: {count(line.n)}"
            + ("" if line.efficiency is None else f" ({percent(line.efficiency)})")
            for line in lines[:12]
        ),
        size=(7.6, 1.3 + 0.42 * len(lines)),
        draw=lambda figure: _draw(figure, lines, steps),
        header=(
            "cut",
            "events",
            "sum of weights",
            "efficiency",
            "low",
            "high",
            "of those before",
            "low",
            "high",
        ),
        rows=[
            (
                *(line.name, line.n, line.sum_w, line.efficiency, line.low, line.high),
                *(step.efficiency, step.low, step.high),
            )
            for line, step in zip(lines, steps.steps, strict=True)
        ],
    )


def _draw(figure: Any, lines: Sequence[CutLine], steps: CutStepsRecord) -> None:
    bars, points = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.0, 1.2]})
    at = np.arange(len(lines))[::-1]
    _draw_counts(bars, at, lines)
    grid(points, "x")
    _draw_shares(points, at[1:] + _APART / 2, lines[1:], BLUE, "of the events read", filled=True)
    _draw_shares(
        points, at[1:] - _APART / 2, steps.steps[1:], VERMILLION, "of those before the cut", filled=False
    )
    points.set_xlabel(f"efficiency{' in Σw' if steps.weighted else ''}")
    points.set_xlim(*_ends(lines[1:], steps.steps[1:]))
    points.tick_params(axis="y", length=0)
    figure.legend(*points.get_legend_handles_labels(), loc="outside upper right", ncols=2)


def _draw_counts(axes: Any, at: Any, lines: Sequence[CutLine]) -> None:
    grid(axes, "x")
    most = max(line.n for line in lines)
    axes.barh(at, [line.n for line in lines], color=BLUE, height=0.6)
    for place, line in zip(at, lines, strict=True):
        axes.text(line.n + 0.02 * most, place, count(line.n), va="center", color=MUTED, fontsize=8.5)
    axes.set_yticks(at, [short(line.name, 24) for line in lines])
    axes.set_xlim(0, 1.22 * most)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_xlabel("events")
    axes.locator_params(axis="x", nbins=4)


def _draw_shares(
    axes: Any, at: Any, shares: Sequence[CutLine | CutStep], colour: str, label: str, *, filled: bool
) -> None:
    value, low, high = (
        numbers([getattr(each, word) for each in shares]) for word in ("efficiency", "low", "high")
    )
    reach = np.array([np.nan_to_num(np.clip(each, 0.0, None)) for each in (value - low, high - value)])
    style = bar_style(colour) | ({} if filled else {"markerfacecolor": "none"})
    axes.errorbar(value, at, xerr=reach, label=label, **style)


def _ends(lines: Sequence[CutLine], steps: Sequence[CutStep]) -> tuple[float, float]:
    """Return the ends of the axis of efficiencies: 0 and 1, or beyond where signed weights lead there."""
    shares: list[CutLine | CutStep] = [*lines, *steps]
    ends = (end for each in shares for end in (each.efficiency, each.low, each.high))
    known = [end for end in ends if end is not None]
    return min([-0.03, *(value - 0.05 for value in known)]), max([1.03, *(value + 0.03 for value in known)])
