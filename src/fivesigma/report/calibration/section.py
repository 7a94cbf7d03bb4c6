"""Calibration of the probabilities; the confusion matrix."""

from __future__ import annotations

from pathlib import Path

from fivesigma.report.calibration.figure import calibration, confusion
from fivesigma.report.section import Content, Section, View


def _content(view: View) -> Content:
    found = {"calibration": calibration(view), "confusion": confusion(view)}
    return Content({}, {name: plot for name, plot in found.items() if plot is not None})


SECTION = Section(
    "calibration",
    "Calibration",
    lambda view: calibration(view) is not None or confusion(view) is not None,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
