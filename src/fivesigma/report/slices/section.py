"""How the best model does in slices of the events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fivesigma.record.results import Comparison
from fivesigma.record.sections.slices import Slice, SlicedColumn, SlicesRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import DASH, count
from fivesigma.report.section import Content, Section, View
from fivesigma.report.slices.figure import slices
from fivesigma.report.slices.text import score_text, summary
from fivesigma.report.text import labelled

_NAMES = {"bias": "bias", "efficiency": "efficiency", "median_bias": "median bias", "scatter": "scatter"}
_MEANING = {
    "bias": "bias: by how much the mean probability of signal exceeds the share of signal",
    "efficiency": "efficiency: of the signal, at the cut that keeps half of it on all out-of-fold events, held fixed",
    "median_bias": "median bias: of prediction less truth",
    "scatter": "scatter: half the central 68 % range of prediction less truth",
}


def _asked(view: View, kept: SlicesRecord) -> list[str]:
    """Return the names of the scores beside the primary one."""
    found = (name for column in kept.columns for each in column.slices for name in _scores(view, each))
    return [name for name in dict.fromkeys(found) if name in _NAMES and name != view.results.metric]


def _scores(view: View, each: Slice) -> tuple[str, ...]:
    best = view.results.best or ""
    return tuple(each.models[best].scores) if best in each.models else ()


def _line(
    view: View, column: SlicedColumn, each: Slice, others: list[str], *, first: bool
) -> dict[str, object]:
    best = view.results.best or ""
    model = each.models.get(best)
    versus = (None, None) if model is None else (model.versus_baseline, model.versus_whole)
    return {
        "column": labelled(column.column, column.unit) if first else "",
        "slice": each.name.removeprefix(f"{column.column} "),
        "n": count(each.n),
        "score": score_text(each, best, view.results.metric),
        "others": [score_text(each, best, name) for name in others],
        "baseline": _sigma(view, versus[0]),
        "whole": _sigma(view, versus[1]),
    }


def _sigma(view: View, versus: Comparison | None) -> str:
    return DASH if versus is None else view.significance(versus.sigma_global)


def _lines(view: View, others: list[str]) -> list[dict[str, Any]]:
    kept = view.results.section(SlicesRecord)
    assert kept is not None
    return [
        _line(view, column, each, others, first=at == 0)
        for column in kept.columns
        for at, each in enumerate(column.slices)
    ]


def _content(view: View) -> Content:
    kept = view.results.section(SlicesRecord)
    assert kept is not None
    others = _asked(view, kept)
    context = {
        "sentences": [f"{said}." for said in summary(view.results)],
        "meaning": "; ".join(_MEANING[name] for name in others),
        "best": view.results.best or "",
        "metric": view.metric,
        "others": [_NAMES[name] for name in others],
        "lines": _lines(view, others),
        "events": view.events,
    }
    plot = slices(view)
    return Content(context, {} if plot is None else {"slices": plot})


def _markdown(view: View) -> str:
    kept = view.results.section(SlicesRecord)
    assert kept is not None
    others = _asked(view, kept)
    names = [view.metric, *(_NAMES[name] for name in others)]
    head = ["column", "slice", "events", *names, "σ vs baseline", "σ vs all"]
    rows = [_row(line) for line in _lines(view, others)]
    table = ["| " + " | ".join(cell(str(each)) for each in row) + " |" for row in (head, *rows)]
    return "\n".join(
        [
            *(f"{cell(said)}." for said in summary(view.results)),
            "",
            table[0],
            "|" + "---|" * len(head),
            *table[1:],
        ]
    )


def _row(line: Mapping[str, Any]) -> list[str]:
    return [
        line["column"],
        line["slice"],
        line["n"],
        line["score"],
        *line["others"],
        line["baseline"],
        line["whole"],
    ]


SECTION = Section(
    "slices",
    "In slices",
    lambda view: view.results.section(SlicesRecord) is not None and view.results.best is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=lambda view: summary(view.results),
)
