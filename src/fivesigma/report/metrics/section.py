"""Every metric on every part: open for the best model, folded for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fivesigma._core.counts import counted
from fivesigma.report.markup import cell, table
from fivesigma.report.metrics.lines import Line, Table, tables
from fivesigma.report.metrics.text import title
from fivesigma.report.metrics.yields import sentence, sums
from fivesigma.report.section import Content, Section, View

_WITHOUT_INTERVAL = "train"


def _shown(view: View) -> list[Table]:
    return [each for model in view.ranked for each in tables(view, model)]


def _context(each: Table) -> dict[str, Any]:
    lines = [
        {"label": line.label, "unit": line.unit, "cells": [line.cell(part) for part in each.parts]}
        for line in each.lines
    ]
    return {"model": each.model, "target": each.target, "parts": each.parts, "lines": lines}


def _content(view: View) -> Content:
    shown = _shown(view)
    first = shown[0].model
    yields = sentence(shown[0], view)
    return Content(
        {
            "best": [_context(each) for each in shown if each.model == first],
            "others": [_context(each) for each in shown if each.model != first],
            "n_others": counted(len({each.model for each in shown}) - 1, "model"),
            "yields": yields,
            "sums": sums(view) if yields else [],
            "classes": view.results.data.classes or (),
        }
    )


def _markdown(view: View) -> str:
    parts = [f"**{cell(title(each))}**\n\n{_table(each)}" for each in _shown(view)]
    return "\n\n".join([*parts, *_yields(view)])


def _table(each: Table) -> str:
    head = ["metric", "unit"]
    for part in each.parts:
        head += [part] if part == _WITHOUT_INTERVAL else [part, "95 % interval"]
    return table(tuple(head), [_row(each, line) for line in each.lines])


def _row(each: Table, line: Line) -> tuple[str, ...]:
    row = [line.label, line.unit]
    for part in each.parts:
        shown = line.cell(part)
        value = f"{shown.value}, pooled {shown.pooled}" if shown.pooled else shown.value
        row += [value] if part == _WITHOUT_INTERVAL else [value, shown.interval]
    return tuple(row)


def _yields(view: View) -> list[str]:
    said = sentence(_shown(view)[0], view)
    kept = sums(view) if said else []
    head = ("part", "events", "Σw of signal", "Σw of background", "to the whole sample")
    return [cell(said), *([table(head, kept)] if kept else [])] if said else []


SECTION = Section(
    "metrics",
    "Every metric",
    lambda view: bool(_shown(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
