"""Differences with their intervals and significances, and the error budget of each score."""

from __future__ import annotations

from typing import Any

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.report.panels import grid, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import sigma
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import GREEN, MUTED, ORANGE, PAPER
from fivesigma.report.text import short

_Row = tuple[str, Comparison | None, Comparison | None]


def differences(view: View) -> Plot | None:
    """Each model against the baseline and against the best: difference, 95 % interval, σ."""
    metric = view.results.metric
    rows = [_row(view, model) for model in view.ranked]
    rows = [row for row in rows if row[1] is not None or row[2] is not None]
    sides = [side for side in (1, 2) if any(_drawable(row[side]) for row in rows)]
    if not sides:
        return None
    name = metric_name(metric)
    return Plot(
        name="differences",
        title="Differences and their significance",
        caption=(
            f"Difference in {name} of each model from the baseline and from the best model, on the same "
            f"{view.part} events. Bars are 95 % intervals; a filled point is distinguished at 3σ (global)."
        ),
        alt=f"Differences in {name} with 95 % intervals: " + "; ".join(_spoken(row) for row in rows) + ".",
        size=(8.6, 0.34 * len(rows) + 1.15),
        draw=lambda figure: _draw_differences(figure, view, rows, sides),
        header=("model", "against", "difference", "low", "high", "p", "sigma_local", "sigma_global"),
        rows=[_numbers(row, side, view) for row in rows for side in sides if row[side] is not None],
    )


def _row(view: View, model: ModelRecord) -> _Row:
    metric, baseline = view.results.metric, view.results.baseline
    best = None if model.name == baseline else model.versus_best.get(metric)  # mirrored in the other panel
    return model.name, model.versus_baseline.get(metric), best


def _drawable(comparison: object) -> bool:
    return isinstance(comparison, Comparison) and comparison.difference is not None


def _numbers(row: _Row, side: int, view: View) -> tuple[object, ...]:
    comparison = row[side]
    assert isinstance(comparison, Comparison)
    against = view.results.baseline if side == 1 else view.results.best
    return (
        row[0],
        against,
        comparison.difference,
        comparison.low,
        comparison.high,
        comparison.p,
        comparison.sigma_local,
        comparison.sigma_global,
    )


def _spoken(row: _Row) -> str:
    said = [
        f"{what} {comparison.difference:+.3g} ({sigma(comparison.sigma_global)})"
        for what, comparison in (("from the baseline", row[1]), ("from the best", row[2]))
        if comparison is not None and comparison.difference is not None
    ]
    return f"{short(row[0])} {', '.join(said)}"


def _draw_differences(figure: Any, view: View, rows: list[_Row], sides: list[int]) -> None:
    axes = figure.subplots(1, len(sides), sharey=True, squeeze=False)[0]
    for panel, side in zip(axes, sides, strict=True):
        against = view.results.baseline if side == 1 else view.results.best
        zero_line(panel)
        grid(panel, "x")
        for place, row in enumerate(rows):
            comparison = row[side]
            if isinstance(comparison, Comparison) and comparison.difference is not None:
                _draw_difference(panel, place, comparison)
        panel.set_title(f"minus {short(against, 24)}", loc="left")
        panel.set_xlabel(f"difference in {_axis_name(view.metric)}, right is in favour")
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.margins(x=0.08)
        panel.locator_params(axis="x", nbins=5)
    axes[0].set_yticks(range(len(rows)), [short(row[0]) for row in rows])
    axes[0].set_ylim(len(rows) - 0.45, -0.55)


def _axis_name(metric: str) -> str:
    return metric.replace("background rejection at", "1/ε_B at").replace(" signal efficiency", "")


def _draw_difference(panel: Any, place: int, comparison: Comparison) -> None:
    significance = comparison.sigma_global
    claimed = significance is not None and abs(significance) >= 3.0
    hue = MUTED if not claimed else GREEN if significance is not None and significance > 0 else ORANGE
    if comparison.low is not None and comparison.high is not None:
        panel.plot([comparison.low, comparison.high], [place, place], color=hue, linewidth=1.8, zorder=2)
    face = hue if claimed else PAPER
    panel.plot(comparison.difference, place, "o", color=hue, markerfacecolor=face, markersize=5.5, zorder=3)
    if significance is not None:
        right = panel.get_yaxis_transform()
        panel.text(1.015, place, sigma(significance), transform=right, va="center", fontsize=9, color=hue)
