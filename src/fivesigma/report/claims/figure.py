"""Differences with their intervals and significances, and the error budget of each score."""

from __future__ import annotations

from typing import Any

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.report.panels import edge_text, frame, grid, outside, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import sigma
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import GREEN, MUTED, ORANGE, PAPER
from fivesigma.report.text import short

_MARGIN = 0.08
_Row = tuple[str, Comparison | None, Comparison | None]


def differences(view: View) -> Plot | None:
    """Each model against the baseline and against the best: difference, 95 % interval, σ."""
    metric = view.results.metric
    rows = [_row(view, model) for model in view.ranked]
    rows = [row for row in rows if row[1] is not None or row[2] is not None]
    sides = [side for side in (1, 2) if any(_drawn(row, side) for row in rows)]
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


def _drawn(row: _Row, side: int) -> Comparison | None:
    """Return the comparison with the baseline (side 1) or with the best (2); None where it has no difference."""
    comparison = row[1] if side == 1 else row[2]
    return comparison if comparison is not None and comparison.difference is not None else None


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
        panel.margins(x=_MARGIN)
        for place, row in enumerate(rows):
            if (comparison := _drawn(row, side)) is not None:
                _draw_difference(panel, place, comparison)
        off = _leave_out_dummies(panel, view, rows, side)
        zero = f" ({edge_text('0', off)} is off the axis)" if off else ""
        panel.set_title(f"minus {short(against, 24)}{zero}", loc="left")
        panel.set_xlabel(f"difference in {_axis_name(view.metric)}, right is in favour")
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.locator_params(axis="x", nbins=5)
    axes[0].set_yticks(range(len(rows)), [short(row[0]) for row in rows])
    axes[0].set_ylim(len(rows) - 0.45, -0.55)


def _leave_out_dummies(panel: Any, view: View, rows: list[_Row], side: int) -> int:
    """Let the models that learn set the scale; return on which side this leaves out the zero, a dummy's own place.

    A difference of a dummy beyond is named at the edge. The zero stays where there is no second model to compare, and
    where it takes less than half of the axis.
    """
    shown = [each for row in rows if row[0] not in view.dummies and (each := _drawn(row, side))]
    known = [end for each in shown for end in (each.difference, each.low, each.high) if end is not None]
    if not known:
        return 0
    against = view.results.baseline if side == 1 else view.results.best
    far = max(min(known), -max(known)) > max(known) - min(known)
    off = against in view.dummies and len(shown) > 1 and far
    ends = frame(known if off else [*known, 0.0], _MARGIN)
    beyond = _name_dummies(panel, view, rows, side, ends)
    if ends is not None and (off or beyond):
        panel.set_xlim(*ends)
    return outside(0.0, ends)


def _name_dummies(
    panel: Any, view: View, rows: list[_Row], side: int, ends: tuple[float, float] | None
) -> bool:
    """Write at the edge the differences of dummies that lie beyond it; return whether there are any."""
    dummies = [(place, _drawn(row, side)) for place, row in enumerate(rows) if row[0] in view.dummies]
    far = [(place, each, outside(each.difference, ends)) for place, each in dummies if each is not None]
    for place, each, at in far:
        if at:
            panel.text(
                0.01 if at < 0 else 0.99, place, edge_text(f"{each.difference:+.3g}", at), va="center",
                ha="left" if at < 0 else "right", fontsize=8.5, color=MUTED, transform=panel.get_yaxis_transform(),
            )  # fmt: skip
    return any(at for *_, at in far)


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
