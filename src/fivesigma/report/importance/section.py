"""What each model leans on: permuting, refitting without, impurity and Shapley values side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fivesigma._core.counts import counted
from fivesigma.report.importance.figure import Method, importance_plot, methods
from fivesigma.report.markup import cell, table
from fivesigma.report.notes import notes
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import listed, short
from fivesigma.risk.metrics import metrics

LONGEST = 20
"""Columns in a table; the record holds them all."""
MOST_FIGURES = 3
_KEYS = ("permutation", "drop_column", "impurity", "shap", "integrated_gradients")


def kept_of(view: View) -> dict[str, list[Method]]:
    """Return the importances of each fitted model that has some, best model first."""
    metric = view.metric
    known = metrics().get(view.results.metric)
    found = {}
    for model in view.ranked:
        kept = view.explained.importances(model.name)
        if listed_methods := methods(kept, metric, more_is_better=known is None or known.greater_is_better):
            found[model.name] = listed_methods
    return found


def _cell(method: Method, column: str) -> str:
    value = method.value(column)
    return "—" if value is None else f"{plain_number(value[0], 3)} ± {plain_number(value[1], 2)}"


def _table(name: str, found: list[Method]) -> dict[str, Any]:
    columns = found[0].record.names
    return {
        "name": name,
        "head": [f"{each.panel}: {each.name}" for each in found],
        "lines": [
            {"name": column, "cells": [_cell(each, column) for each in found]} for column in columns[:LONGEST]
        ],
        "more": max(0, len(columns) - LONGEST),
        "said": sentence(name, found),
    }


def sentence(name: str, found: list[Method]) -> str:
    """Return in words what a model leans on, and whether its importances agree."""
    first = found[0]
    top, (mean, std) = first.record.names[0], (first.record.mean[0], first.record.std[0])
    measured = [m > 2 * s for m, s in zip(first.record.mean, first.record.std, strict=True)]
    stand = "stands" if sum(measured) == 1 else "stand"
    if not any(measured):
        begin = f"{short(name)}: no column stands above noise on the held-out folds"
    else:
        begin = (
            f"{short(name)} leans most on {short(top)} by {first.said} ({plain_number(mean, 3)} ± "
            f"{plain_number(std, 2)}); {sum(measured)} of {counted(len(measured), 'column')} {stand} above noise"
        )
    other: dict[str, list[str]] = {}
    for each in found[1:]:
        other.setdefault(each.record.names[_best(each)], []).append(each.said)
    agree = other.pop(top, [])
    parts = [begin]
    if agree and any(measured):
        parts.append(f"{short(top)} also comes first by {listed(agree)}")
    parts += [f"{short(column)} comes first by {listed(which)}" for column, which in other.items()]
    return "; ".join(parts) + "."


def _best(method: Method) -> int:
    means = method.record.mean
    return max(range(len(means)), key=lambda j: means[j])


def _content(view: View) -> Content:
    found = kept_of(view)
    tables = [_table(name, each) for name, each in found.items()]
    plots = {
        f"importance{i}": importance_plot(name, i + 1, each)
        for i, (name, each) in enumerate(list(found.items())[:MOST_FIGURES])
    }
    context = {
        "metric": metric_name(view.results.metric),
        "tables": tables,
        "figures_of": list(plots),
        "notes": notes(view, _KEYS),
    }
    return Content(context, plots)


def _markdown(view: View) -> str:
    parts = []
    for name, found in kept_of(view).items():
        made: Mapping[str, Any] = _table(name, found)
        rows = [(line["name"], *line["cells"]) for line in made["lines"][:10]]
        parts.append(f"{cell(made['said'])}\n\n{table(('column', *made['head']), rows)}")
    return "\n\n".join([*parts, *(cell(each["text"]) for each in notes(view, _KEYS))])


SECTION = Section(
    "importance",
    "What the models lean on",
    lambda view: bool(kept_of(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
