"""What a regression predicts against what is true."""

from __future__ import annotations

from fivesigma.report.residuals.figure import residuals
from fivesigma.report.section import Content, Section, View


def _content(view: View) -> Content:
    plot = residuals(view)
    return Content({}, {"residuals": plot} if plot is not None else {})


SECTION = Section("residuals", "Predicted against true", lambda view: residuals(view) is not None, _content)
