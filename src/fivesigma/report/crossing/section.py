"""Where an output crosses a value in systems of several sizes, and in an infinite one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fivesigma.record.sections.crossing import CrossingModel, CrossingReading, CrossingRecord
from fivesigma.report.crossing.figure import plots
from fivesigma.report.crossing.text import axis, readings, size_name, summary
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import DASH
from fivesigma.report.section import Content, Section, View
from fivesigma.report.transitions import off_text, value_text

_BEFORE = 6
"""Columns of the table before those of the sizes."""


def _kept(view: View) -> CrossingRecord:
    kept = view.results.section(CrossingRecord)
    assert kept is not None
    return kept


def _head(kept: CrossingRecord) -> list[str]:
    sizes = [f"{point.size:g}" for point in kept.models[0].points] if kept.models else []
    return ["model", "test set", "read at", f"{axis(kept)}, infinite", "off the known", "χ²/dof", *sizes]


def _lines(kept: CrossingRecord) -> Iterator[list[str]]:
    for on in readings(kept):
        for model in on.models:
            yield _line(on, model)


def _line(on: CrossingReading, model: CrossingModel) -> list[str]:
    fit = DASH if model.chi2 is None or not model.dof else f"{model.chi2:.1f}/{model.dof}"
    points = [value_text(point.at, point.error) for point in model.points]
    return [
        model.model,
        on.test,
        "variance" if on.at is None else f"{on.at:g}",
        value_text(model.value, model.error),
        off_text(model.value, model.error, on.expected),
        fit,
        *points,
    ]


def caption(kept: CrossingRecord) -> str:
    """Return what the table holds."""
    name = size_name(kept)
    return (
        f"Where the output crosses in systems of each {name}, mean ± standard error over {kept.repeats} repeats, and "
        f"extrapolated by T*(L) = T_c + a/L with L the {name}. The error holds the repeats (other events, test events "
        "and seeds) and by how much another range of sizes moves the value."
    )


def _content(view: View) -> Content:
    kept = _kept(view)
    figures = plots(view)
    context = {
        "sentences": [f"{said}." for said in summary(kept)],
        "caption": caption(kept),
        "head": _head(kept),
        "lines": list(_lines(kept)),
        "names": list(figures),
        "setting": kept.setting,
        "n_studies": kept.repeats * len(_head(kept)[_BEFORE:]),
        "repeats": kept.repeats,
    }
    return Content(context, figures)


def _markdown(view: View) -> str:
    kept = _kept(view)
    said = "\n".join(f"- {cell(text)}." for text in summary(kept))
    rows = [tuple(line) for line in _lines(kept)]
    return f"{said}\n\n{cell(caption(kept))}\n\n{table(tuple(_head(kept)), rows)}"


SECTION = Section(
    "crossing",
    "The crossing",
    lambda view: view.results.section(CrossingRecord) is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=lambda view: summary(_kept(view)),
)
