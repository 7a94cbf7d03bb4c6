"""The chains of a sampled mixture: trace, ranks, autocorrelation, running loss; and which events go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.mixture import RunningLoss, Together
from fivesigma.report.panels import grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.style import INK, MUTED, colour
from fivesigma.report.text import short


def chains(model: ModelRecord, health: DiagnosticsRecord, loss: RunningLoss, number: int) -> Plot:
    """Return the four pictures of the log-likelihood of a model's chains."""
    name = short(model.name)
    return Plot(
        name=f"chains-{number}",
        title=f"The chains of {name}",
        caption=(
            "Of the log-likelihood, one colour a chain. Trace: chains that have converged look like one band. Ranks: "
            "how the draws of each chain rank among all, flat (the dashed line) if all chains see the same. "
            "Autocorrelation: the sooner it falls to zero, the more each draw is worth. Running loss: \u2212ln L of "
            "each sweep, the warm-up left of the dotted line."
        ),
        alt=f"Trace, ranks, autocorrelation and running loss of the {health.n_chains} chains of {name}.",
        size=(8.6, 5.2),
        draw=lambda figure: _draw(figure, health, loss),
        header=("picture", "chain", "at", "value"),
        rows=_rows(health, loss),
    )


def _rows(health: DiagnosticsRecord, loss: RunningLoss) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    pictures = (("trace", health.trace), ("rank", health.rank), ("autocorrelation", health.autocorrelation))
    for picture, lines in pictures:
        for chain, values in enumerate(lines):
            rows += [(picture, chain, at, value) for at, value in enumerate(values)]
    for chain, values in enumerate(loss.chains):
        rows += [("loss", chain, at, value) for at, value in zip(loss.at, values, strict=True)]
    return rows


def _draw(figure: Any, health: DiagnosticsRecord, loss: RunningLoss) -> None:
    (trace, rank), (lag, running) = figure.subplots(2, 2)
    _draw_trace(trace, health)
    _draw_ranks(rank, health.rank)
    for chain, values in enumerate(health.autocorrelation):
        lag.plot(numbers(values), color=colour(chain), linewidth=1.0)
    lag.axhline(0.0, color=MUTED, linewidth=0.8)
    lag.set_title("autocorrelation")
    lag.set_xlabel("lag [draws]")
    _draw_loss(running, loss)


def _draw_trace(axes: Any, health: DiagnosticsRecord) -> None:
    n = health.n_draws
    for chain, values in enumerate(health.trace):
        axes.plot(
            np.linspace(1, n, len(values)), numbers(values), color=colour(chain), linewidth=0.6, alpha=0.8
        )
    axes.set_title("trace")
    axes.set_xlabel("draw")
    axes.set_ylabel("ln L [nats]")
    axes.ticklabel_format(axis="y", useOffset=False)


def _draw_ranks(axes: Any, ranks: Sequence[Sequence[int]]) -> None:
    edges = np.linspace(0.0, 100.0, len(ranks[0]) + 1)
    for chain, counts in enumerate(ranks):
        axes.stairs(numbers(counts), edges, color=colour(chain), linewidth=1.1)
    axes.axhline(float(np.mean(ranks)), color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(bottom=0.0)
    axes.set_title("ranks")
    axes.set_xlabel("rank among all draws [%]")
    axes.set_ylabel("draws")


def _draw_loss(axes: Any, loss: RunningLoss) -> None:
    for chain, values in enumerate(loss.chains):
        axes.plot(numbers(loss.at), numbers(values), color=colour(chain), linewidth=0.6, alpha=0.8)
    if loss.warmup:
        axes.axvline(loss.warmup, color=MUTED, linewidth=0.9, linestyle=(0, (1.5, 1.5)))
    grid(axes, "y")
    axes.set_title("running loss")
    axes.set_xlabel(loss.against)
    axes.set_ylabel("-ln L [nats]".replace("-", "\u2212"))
    axes.ticklabel_format(axis="y", useOffset=False)


def together(model: ModelRecord, kept: Together, number: int) -> Plot:
    """Return the co-clustering matrix of a model: how often two events share a cluster, whatever its number."""
    n, name = len(kept.rows), short(model.name)
    return Plot(
        name=f"together-{number}",
        title=f"Which events go together, {name}",
        caption=(
            f"{n} of the events, in order of cluster: the darker, the more often two of them share a cluster in the "
            "posterior. No numbering of clusters enters; sharp squares are clusters, grey between them is doubt."
        ),
        alt=f"Co-clustering matrix of {n} events by {name}.",
        size=(5.0, 4.3),
        draw=lambda figure: _draw_together(figure, kept),
        header=("event", "cluster", *map(str, kept.rows)),
        rows=[
            (row, label, *share) for row, label, share in zip(kept.rows, kept.labels, kept.share, strict=True)
        ],
    )


def _draw_together(figure: Any, kept: Together) -> None:
    axes = figure.subplots()
    image = axes.imshow(np.array(kept.share, dtype=np.float64), cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(image, ax=axes, label="share of draws together", fraction=0.046)
    axes.set_xlabel("event")
    axes.set_ylabel("event")
