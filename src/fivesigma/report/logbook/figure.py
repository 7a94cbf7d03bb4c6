"""The scores of a study's runs in the order of time: how far it has come, and where an interval says that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fivesigma.record.logbook import Entry, Logbook
from fivesigma.report.logbook.lines import metric
from fivesigma.report.panels import bar_style, frame, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.style import BLUE
from fivesigma.report.text import short

FEWEST = 2
MOST_FIGURES = 8
_MOST_TICKS = 24

Numbered = tuple[int, Entry]


def plots(book: Logbook) -> list[Plot]:
    """Return a figure of each study that has several scores by one metric, those of most runs first."""
    found = [runs for runs in _series(book) if len(runs) >= FEWEST]
    most = sorted(found, key=len, reverse=True)[:MOST_FIGURES]
    return [_plot(number, runs) for number, runs in enumerate(most, start=1)]


def _series(book: Logbook) -> Iterator[list[Numbered]]:
    """Yield the entries with a score, of one study and metric each, with their numbers in the logbook."""
    found: dict[tuple[str | None, ...], list[Numbered]] = {}
    for number, entry in enumerate(book.entries, start=1):
        if entry.value is not None:
            found.setdefault((entry.study, entry.metric, entry.unit), []).append((number, entry))
    yield from found.values()


def _plot(number: int, runs: Sequence[Numbered]) -> Plot:
    first = runs[0][1]
    study, what = short(first.study, 40), metric(first)
    return Plot(
        name=f"logbook-{number}",
        title=f"{study}: {what} from run to run",
        caption=(
            f"{what} of the best model of each run with its interval, by its number in the logbook. Runs judged on the "
            "same events vary together: σ of the paired difference says whether one is the better, not whether their "
            "intervals overlap."
        ),
        alt=f"{what} of {len(runs)} runs of {study}, from {runs[0][1].value:.4g} to {runs[-1][1].value:.4g}.",
        size=(8.6, 2.6),
        draw=lambda figure: _draw(figure, runs, what),
        header=("number", "run", first.metric or "score", "low", "high"),
        rows=[(at, entry.run, entry.value, entry.low, entry.high) for at, entry in runs],
    )


def _draw(figure: Any, runs: Sequence[Numbered], what: str) -> None:
    axes = figure.subplots()
    grid(axes, "y")
    values = numbers([entry.value for _, entry in runs])
    low, high = (numbers([getattr(entry, end) for _, entry in runs]) for end in ("low", "high"))
    places = range(len(runs))
    axes.errorbar(places, values, [abs(values - low), abs(high - values)], **bar_style(BLUE))
    step = -(-len(runs) // _MOST_TICKS)
    axes.set_xticks(places[::step], [str(number) for number, _ in runs][::step])
    axes.set_xlim(-0.6, len(runs) - 0.4)
    ends = frame([*values, *low, *high])
    if ends is not None:
        axes.set_ylim(*ends)
    axes.set_xlabel("number in the logbook")
    axes.set_ylabel(what)
