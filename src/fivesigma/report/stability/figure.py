"""How often each number of clusters was found by refits, one row a clustering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fivesigma.record.sections.stability import StabilityRecord
from fivesigma.report.panels import grid
from fivesigma.report.plot import Plot
from fivesigma.report.style import colour
from fivesigma.report.text import listed, short

Kept = Sequence[tuple[str, StabilityRecord]]


def numbers(kept: Kept) -> Plot:
    """Return the share of the refits that found each number of clusters, a ring at the number that is kept."""
    return Plot(
        name="stability",
        title="How many clusters refits find",
        caption=(
            "Share of the refits to other events that found each number of clusters (area), and the number of the fit "
            "that is kept (ring). Where the areas spread, the number is not determined by these events."
        ),
        alt=f"Numbers of clusters found by the refits of {listed([name for name, _ in kept])}.",
        size=(7.2, 1.4 + 0.34 * len(kept)),
        draw=lambda figure: _draw(figure, kept),
        header=("model", "n_clusters", "refits", "seeds", "kept"),
        rows=[
            (name, each.n_clusters, each.refits, each.seeds, int(each.n_clusters == record.n_clusters))
            for name, record in kept
            for each in record.found
        ],
    )


def _draw(figure: Any, kept: Kept) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = figure.subplots()
    for at, (_, record) in enumerate(kept):
        total = max(sum(each.refits for each in record.found), 1)
        for each in record.found:
            if each.refits:
                axes.scatter(each.n_clusters, at, s=260 * each.refits / total, color=colour(0), linewidths=0)
        axes.scatter(record.n_clusters, at, s=330, facecolors="none", edgecolors=colour(1), linewidths=1.2)
    axes.set_yticks(range(len(kept)), [short(name) for name, _ in kept])
    axes.set_ylim(len(kept) - 0.4, -0.6)
    axes.set_xlabel("clusters")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.1)
    grid(axes, "x")
