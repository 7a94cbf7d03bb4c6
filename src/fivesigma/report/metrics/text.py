"""Every metric as text: for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.record.results import Results
from fivesigma.report.metrics.lines import Cell, Table, tables
from fivesigma.report.metrics.yields import sentence, sums
from fivesigma.report.section import View

TextTable = tuple[str, list[str], list[list[str]]]
"""Title, header and rows."""


def title(each: Table) -> str:
    """Name the model of a table, and its target where it is of one of several."""
    return f"{each.model}, {each.target}" if each.target else each.model


def every_metric(results: Results) -> tuple[list[TextTable], str]:
    """Return a table a model, the best first, and what their significances are made of ("" without any)."""
    view = View(results, {})
    shown = [each for model in view.ranked for each in tables(view, model)]
    yields = _yields(view, sentence(shown[0], view)) if shown else ""
    return [
        (f"{title(each)}: every metric [95 % interval]", ["metric", "unit", *each.parts], _rows(each))
        for each in shown
    ], yields


def _rows(each: Table) -> list[list[str]]:
    return [[line.label, line.unit, *(_text(line.cell(part)) for part in each.parts)] for line in each.lines]


def _text(cell: Cell) -> str:
    """Return a score on one line.

    >>> _text(Cell("0.871", "0.851 to 0.891", "0.865"))
    '0.871 [0.851 to 0.891], pooled 0.865'
    """
    limits = f" [{cell.interval}]" if cell.interval else ""
    return f"{cell.value}{limits}{f', pooled {cell.pooled}' if cell.pooled else ''}"


def _yields(view: View, said: str) -> str:
    """Return the sentence on significances with the sums of weights that they are made of."""
    kept: Sequence[tuple[str, ...]] = sums(view) if said else ()
    parts = [f"{part} {signal} and {background} (× {scale})" for part, _, signal, background, scale in kept]
    return f"{said} Σw of signal and of background: {'; '.join(parts)}." if parts else said
