"""The page as text: every section that it shows, every figure by the files beside it."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.report.body import Figure, Shown, environment
from fivesigma.report.markup import cell
from fivesigma.report.section import View
from fivesigma.report.transcript import picture, transcript


def markdown(view: View, sections: Sequence[Shown]) -> str:
    """Return ``report.md``: every one of ``sections``, in the order of the page.

    A section says of itself what it has as text, and its figures follow; one that does not is transcribed from the
    page. Sections escape what a user named. None of them writes HTML, so whatever still begins like a tag is text.
    """
    parts = [f"# {cell(view.results.study)}"]
    parts += [f"## {each.section.title}\n\n{_text(view, each)}" for each in sections]
    return "\n\n".join(parts).replace("<", "&lt;") + "\n"


def _text(view: View, shown: Shown) -> str:
    plots = shown.content.plots
    if shown.section.markdown is not None:
        return "\n\n".join([shown.section.markdown(view), *map(picture, plots.values())])
    undrawn = {name: Figure(plot) for name, plot in plots.items()}
    return transcript(shown.body(environment(), undrawn), plots.values())
