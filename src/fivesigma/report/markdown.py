"""The page as text: question, answer, leaderboard, claims, how."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.report.markup import cell
from fivesigma.report.section import Section, View


def markdown(view: View, sections: Sequence[Section]) -> str:
    """Return ``report.md``: every section that has a text form, in the order of the page.

    Sections escape what a user named. None of them writes HTML, so whatever still begins like a tag is text.
    """
    parts = [f"# {cell(view.results.study)}"]
    for section in sections:
        if section.markdown is not None:
            parts.append(f"## {section.title}\n\n{section.markdown(view)}")
    return "\n\n".join(parts).replace("<", "&lt;") + "\n"
