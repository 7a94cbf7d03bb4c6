"""Steps that leave fewer columns: variance by component, and how often each column was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.sections.reduction import ReductionStep
from fivesigma.report.panels import grid
from fivesigma.report.plot import Plot
from fivesigma.report.style import BLUE, GRID, MUTED, VERMILLION
from fivesigma.report.text import short, short_product

MOST_BARS = 40


def variance_plot(name: str, step: ReductionStep, number: int) -> Plot:
    """Return the share of the variance of each principal component, and their sum."""
    share, n = np.array(step.explained), step.n_left[0]
    total = np.cumsum(share)
    return Plot(
        name=f"reduction-{number}",
        title=f"Explained variance, {short(name, 40)}",
        caption=(
            "Share of the variance of the standardised columns in each principal component (bars) and in all up to "
            f"it (line), on the training rows of the final fit; blue, the {n} that are kept."
        ),
        alt=f"The first {n} of {len(share)} components hold {100 * total[n - 1]:.3g} % of the variance.",
        size=(7.2, 3.4),
        draw=lambda figure: _draw_variance(figure, share[:MOST_BARS], total[:MOST_BARS], n),
        header=("component", "share", "cumulative", "kept"),
        rows=[(k + 1, float(share[k]), float(total[k]), k < n) for k in range(len(share))],
    )


def _draw_variance(figure: Any, share: Any, total: Any, n: int) -> None:
    axes = figure.subplots()
    grid(axes, "y")
    at = np.arange(1, len(share) + 1)
    axes.bar(at, share, color=[BLUE if k <= n else GRID for k in at], width=0.75)
    axes.plot(at, total, "o-", color=VERMILLION, markersize=3.5, linewidth=1.2, label="cumulative")
    if n < len(share):
        axes.axvline(n + 0.5, color=MUTED, linestyle=":", linewidth=1.0, label="kept up to here")
    axes.set_ylim(0.0, 1.05)
    axes.set_xlim(0.3, len(share) + 0.7)
    axes.set_xlabel("principal component")
    axes.set_ylabel("share of variance")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="center right")


def frequency_plot(name: str, step: ReductionStep, number: int) -> Plot:
    """Return how often each column was chosen over the fits."""
    every = list(zip(step.columns or (), step.frequency or (), strict=True))
    shown = [(c, f) for c, f in every if f > 0][:MOST_BARS]
    never = sum(f == 0 for _, f in every)
    return Plot(
        name=f"reduction-{number}",
        title=f"Columns chosen by {step.kind}, {short(name, 40)}",
        caption=(
            f"How often each column was chosen over {step.n_fits} fits (folds, resampled training sets, the final "
            "one); filled, chosen in the final fit. "
            + (f"{never} more were never chosen. " if never else "")
            + "A column with a stand-in may come and go without harm."
        ),
        alt=", ".join(f"{c} {100 * f:.3g} %" for c, f in shown[:12]),
        size=(7.2, 0.9 + 0.25 * len(shown)),
        draw=lambda figure: _draw_frequency(figure, shown, set(step.left)),
        header=("column", "frequency", "in the final fit"),
        rows=[(c, f, c in step.left) for c, f in every],
    )


def _draw_frequency(figure: Any, shown: list[tuple[str, float]], final: set[str]) -> None:
    axes = figure.subplots()
    grid(axes, "x")
    at = np.arange(len(shown))[::-1]
    colours = [BLUE if column in final else GRID for column, _ in shown]
    axes.barh(at, [f for _, f in shown], color=colours, edgecolor=BLUE, linewidth=0.8, height=0.7)
    axes.set_yticks(at, [short_product(column) for column, _ in shown])
    axes.set_xlim(0.0, 1.02)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlabel("share of fits in which it was chosen")
