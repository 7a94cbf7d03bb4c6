"""The error budget of each score: what a larger test set, training set, or another seed would change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fivesigma._core.units import power
from fivesigma.record.results import ModelRecord
from fivesigma.report.panels import decade, edge_text, grid
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import total_error
from fivesigma.report.section import View, metric_name, unit_of_metric
from fivesigma.report.style import BLUE, INK, ORANGE, PAPER, SKY
from fivesigma.report.text import short

_ROOM = 1.1
"""The length of the axis in largest variances: room for the number behind the longest bar."""


def budget(view: View) -> Plot | None:
    """Where the uncertainty of each score comes from: finite test set, finite training set, seed."""
    metric = view.results.metric
    rows = [(m, m.scores.get(view.part, {}).get(metric)) for m in view.ranked]
    known = [(m, s) for m, s in rows if s is not None and total_error(s) is not None]
    if not known:
        return None
    return Plot(
        name="error-budget",
        title="Error budget",
        caption=(
            f"Variance of each {metric_name(metric)}: what a larger test set would shrink (stat), what a "
            "larger training set would (train), and the part of the latter that the seed alone makes "
            "(hatched). The number is the standard error, stat ⊕ train."
        ),
        alt=f"Error budget of {metric_name(metric)}: "
        + "; ".join(f"{short(m.name)} total {total_error(s):.2g}" for m, s in known)
        + ".",
        size=(8.6, 0.3 * len(known) + 1.1),
        draw=lambda figure: _draw_budget(figure, view, known),
        header=("model", "stat", "train", "seed", "total"),
        rows=[(m.name, s.error.stat, s.error.train, s.error.seed, total_error(s)) for m, s in known],
    )


def _in(exponent: int, unit: str | None) -> list[str]:
    """Return in which power of ten and of the unit of the score its variance is drawn, in brackets; [] for neither.

    >>> _in(2, "g"), _in(0, "km/s"), _in(0, None)
    (['[100 g²]'], ['[(km/s)²]'], [])
    """
    parts = [decade(10.0**exponent)] if exponent else []
    parts += [power(short(unit, 16), 2)] if unit else []
    return [f"[{' '.join(parts)}]"] if parts else []


def _draw_bar(axes: Any, place: int, score: Any, scale: float) -> float:
    """Draw the variances of one score in units of ``scale``, and return where its bar ends."""
    stat, train, seed = (
        (part or 0.0) ** 2 / scale for part in (score.error.stat, score.error.train, score.error.seed)
    )
    look: Mapping[str, Any] = {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 0.6}
    parts = (
        ("stat", stat, 0.0, {"color": SKY}),
        ("train", train, stat, {"color": ORANGE}),
        ("of it seed", min(seed, train), stat, look),
    )
    for label, size, left, drawn in parts:
        axes.barh(place, size, left=left, height=0.62, label=label if place == 0 else None, **drawn)
    return stat + train


def _write_total(axes: Any, place: int, total: float, end: float, largest: float) -> None:
    """Write the standard error behind the bar, or at the edge where a dummy, which sets no scale, reaches beyond."""
    at, text = end + 0.012 * largest, f"{total:#.2g}"
    look = {"va": "center", "fontsize": 9, "color": INK}
    if at < _ROOM * largest:
        axes.text(at, place, text, ha="left", **look)
        return
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
    axes.text((_ROOM - 0.01) * largest, place, edge_text(text, 1), ha="right", bbox=box, **look)


def _draw_budget(figure: Any, view: View, known: list[tuple[ModelRecord, Any]]) -> None:
    axes = figure.subplots()
    grid(axes, "x")
    unit = unit_of_metric(view.results.metric, view.target_unit)
    scale = [score for model, score in known if model.name not in view.dummies] or [
        score for _, score in known
    ]
    largest = max((total_error(score) or 0.0) ** 2 for score in scale)
    exponent = math.floor(math.log10(largest))
    largest /= 10.0**exponent
    for place, (_, score) in enumerate(known):
        end = _draw_bar(axes, place, score, 10.0**exponent)
        _write_total(axes, place, total_error(score) or 0.0, end, largest)
    axes.set_yticks(range(len(known)), [short(model.name) for model, _ in known])
    axes.set_ylim(len(known) - 0.4, -0.6)
    axes.set_xlim(0.0, _ROOM * largest)
    axes.set_xlabel(" ".join(["variance of the score", *_in(exponent, unit)]))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper right", ncols=3)
