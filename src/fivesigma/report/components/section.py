"""The first two principal components: what they hold, which columns make them, and the events in them."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.components import ComponentsRecord
from fivesigma.report.components.figure import components
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import count, signed
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import percent

MOST_ROWS = 10
HEAD = ("column", "loading in component 1", "in component 2")


def _kept(view: View) -> ComponentsRecord:
    kept = view.results.section(ComponentsRecord)
    assert kept is not None
    return kept


def _sentences(view: View) -> list[str]:
    kept = _kept(view)
    first, second = (percent(share) for share in kept.explained)
    said = [
        f"Of the variance of {count(kept.n_columns)} standardised columns the first principal component holds {first}, "
        f"the second {second}; evenly spread, each direction would hold {percent(1.0 / max(kept.n_columns, 1))}."
    ]
    if kept.n_missing:
        word = "event misses" if kept.n_missing == 1 else "events miss"
        said.append(f"{count(kept.n_missing)} training {word} a value; it stands at the mean of its column.")
    return said


def _rows(view: View) -> list[tuple[str, ...]]:
    return [
        (each.name, *(signed(value, 2) for value in each.loadings))
        for each in _kept(view).columns[:MOST_ROWS]
    ]


def _content(view: View) -> Content:
    kept, plot = _kept(view), components(view, _kept(view))
    context = {
        "said": _sentences(view),
        "head": HEAD,
        "rows": _rows(view),
        "left_out": max(0, kept.n_columns - MOST_ROWS),
    }
    return Content(context, {} if plot is None else {"components": plot})


def _markdown(view: View) -> str:
    return "\n".join([*map(cell, _sentences(view)), "", table(HEAD, _rows(view))])


SECTION = Section(
    "components",
    "Principal components",
    lambda view: view.results.section(ComponentsRecord) is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
