"""Score distribution of signal and background in train and test."""

from __future__ import annotations

from pathlib import Path

from fivesigma.report.scores.figure import best_scores, other_scores
from fivesigma.report.section import Content, Section, View


def _content(view: View) -> Content:
    found = {"best": best_scores(view), "others": other_scores(view)}
    return Content({}, {name: plot for name, plot in found.items() if plot is not None})


SECTION = Section(
    "scores",
    "Score of signal and background",
    lambda view: bool(view.with_curve(lambda kept: kept.scores)),
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
