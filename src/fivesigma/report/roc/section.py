"""Signal efficiency against background rejection."""

from __future__ import annotations

from fivesigma.report.roc.figure import roc
from fivesigma.report.section import Content, Section, View


def _content(view: View) -> Content:
    plot = roc(view)
    return Content({}, {"roc": plot} if plot is not None else {})


SECTION = Section(
    "roc", "Signal efficiency and background rejection", lambda view: roc(view) is not None, _content
)
