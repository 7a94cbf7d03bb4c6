"""How many components: BIC, held-out log-likelihood and log evidence against their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fivesigma.record.sections.mixture import Order
from fivesigma.report.criteria import criterion
from fivesigma.report.panels import grid
from fivesigma.report.plot import Plot
from fivesigma.report.style import colour
from fivesigma.report.text import listed, short

Series = Mapping[str, Sequence[Order]]
"""By method, what is said of each number of components."""

WORDS = {
    "bic": "BIC (small is good)",
    "held_out": "held-out ln L, nats an event",
    "log_evidence": "log evidence [nats]",
}


def orders(series: Series) -> Plot:
    """Return one panel a criterion, one line a method; a ring marks the number each prefers."""
    shown = [key for key in WORDS if len(_numbers(series, key)) > 1]
    return Plot(
        name="orders",
        title="How many components",
        caption=(
            "Each criterion against the number of components, a ring at the number it prefers: the least BIC, the "
            "largest held-out log-likelihood and evidence. Where the curve is flat, the number is not determined."
        ),
        alt=f"{listed([WORDS[key] for key in shown])} against the number of components.",
        size=(8.6, 2.9),
        draw=lambda figure: _draw(figure, series, shown),
        header=("method", "n_components", "bic", "held_out", "log_evidence"),
        rows=[
            (name, row.n_components, row.bic, row.held_out, row.log_evidence)
            for name, rows in series.items()
            for row in rows
        ],
    )


def _numbers(series: Series, key: str) -> set[int]:
    """Return the numbers of components for which a criterion is known."""
    return {row.n_components for rows in series.values() for row in rows if criterion(row, key) is not None}


def _draw(figure: Any, series: Series, shown: Sequence[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for panel, key in zip(axes, shown, strict=True):
        for index, (name, rows) in enumerate(series.items()):
            known = [(row.n_components, y) for row in rows if (y := criterion(row, key)) is not None]
            if known:
                _draw_line(panel, known, key, colour(index), short(name))
        panel.set_title(WORDS[key])
        panel.set_xlabel("components")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.ticklabel_format(axis="y", useOffset=False)
        grid(panel, "y")
    axes[0].legend()


def _draw_line(axes: Any, known: Sequence[tuple[int, float]], key: str, hue: str, name: str) -> None:
    K, values = zip(*known, strict=True)
    best = (min if key == "bic" else max)(known, key=lambda pair: pair[1])
    axes.plot(K, values, marker="o", markersize=3.5, color=hue, label=name, linewidth=1.2)
    if len(known) > 1:
        axes.plot(*best, marker="o", markersize=9, markerfacecolor="none", color=hue)
