"""Pictures of some events, with what is true and what was said of them."""

from __future__ import annotations

from fivesigma.record.sections.pictures import PicturesRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.pictures.figure import plots
from fivesigma.report.pictures.modelled import modelled
from fivesigma.report.pictures.saliency import saliency
from fivesigma.report.pictures.text import about, kept_of, name_of, said, truth
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import DASH
from fivesigma.report.section import Content, Section, View

_TOLD = ("wrong", "largest")
"""Strips that the text has a table of."""


def _content(view: View) -> Content:
    found: dict[str, Plot] = plots(view)
    more = {"saliency": saliency(view), "modelled": modelled(view)}
    found |= {name: plot for name, plot in more.items() if plot is not None}
    return Content({"sentences": about(view, kept_of(view))}, found)


def _markdown(view: View) -> str:
    kept, unit = kept_of(view), view.target_unit
    rows = [
        (cell(name_of(strip)), str(each.row), cell(truth(each, unit)), cell(said(each, unit) or DASH))
        for strip in kept.strips
        if strip.of in _TOLD
        for each in strip.pictures
    ]
    told = cell(" ".join(about(view, kept)))
    return f"{told}\n\n{table(('strip', 'event', 'true', 'said'), rows)}" if rows else told


SECTION = Section(
    "pictures",
    "Some events",
    lambda view: view.results.section(PicturesRecord) is not None,
    _content,
    _markdown,
)
