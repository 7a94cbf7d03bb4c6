"""What analyses of other packages bring to the record and the page of every run that is written or opened."""

from __future__ import annotations

from fivesigma._core.outside import outside
from fivesigma.record.sections import SECTIONS
from fivesigma.record.sections.section import Section
from fivesigma.report.section import Section as PageSection


def record_sections() -> tuple[type[Section], ...]:
    """Return the classes of the record's sections: those of this package, then those that others bring."""
    return (*SECTIONS, *(each for analysis in outside("analyses").values() for each in analysis.record))


def page_sections() -> tuple[PageSection, ...]:
    """Return the sections of the page that other packages bring."""
    return tuple(each for analysis in outside("analyses").values() for each in analysis.page)
