"""Signal against a declared mixture of backgrounds: how many of each are rejected at fixed signal efficiencies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fivesigma.record.results import ModelRecord, Score
from fivesigma.record.sections.discriminant import DiscriminantRecord
from fivesigma.report.discriminant.figure import MIXTURE, discriminant
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import DASH, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean, listed

SPOKEN = 0.7
"""Efficiency that the terminal speaks of."""


def efficiencies(kept: DiscriminantRecord) -> tuple[float, ...]:
    """Return the signal efficiencies that a section is of."""
    return tuple(dict.fromkeys(each.efficiency for each in kept.rejections))


def sentences(view: View) -> list[str]:
    """Return what D is, and what its cuts are chosen on."""
    _, kept = view.having(DiscriminantRecord)[0]
    mixture = " + ".join(f"{plain_number(each.share)} p({each.class_})" for each in kept.shares)
    return [
        f"D = ln [p({kept.signal}) / ({mixture})]: {kept.signal} against a background of these shares.",
        f"Cuts on D are chosen on out-of-fold events, for the share of {kept.signal} that they keep, and read off on "
        f"the {view.events}; “{MIXTURE}” are the backgrounds taken together as declared.",
    ]


def head(view: View) -> tuple[str, ...]:
    """Return the words above the columns."""
    _, kept = view.having(DiscriminantRecord)[0]
    return ("model", "background", *(f"at {100 * each:.0f} %" for each in efficiencies(kept)))


def rows(view: View) -> list[tuple[str, ...]]:
    """Return a line for each background of each model, the best model first."""
    return [row for model, kept in view.having(DiscriminantRecord) for row in _rows(model, kept)]


def _rows(model: ModelRecord, kept: DiscriminantRecord) -> Iterator[tuple[str, ...]]:
    backgrounds = dict.fromkeys(each.background for each in kept.rejections)
    for at, background in enumerate(backgrounds):
        own = [each.rejection for each in kept.rejections if each.background == background]
        yield (model.name if at == 0 else "", background or MIXTURE, *map(rejection_text, own))


def rejection_text(score: Score) -> str:
    """Return a rejection with its interval; its limit where no background passes.

    >>> rejection_text(Score(12.34, 10.0, 15.56)), rejection_text(Score(None, 250.0, None)), rejection_text(Score(None))
    ('12.3 [10, 15.6]', 'above 250', '—')
    """
    if score.value is None:
        return DASH if score.low is None else f"above {plain_number(score.low, 3)}"
    if score.low is None:
        return plain_number(score.value, 3)
    high = "∞" if score.high is None else plain_number(score.high, 3)
    return f"{plain_number(score.value, 3)} [{plain_number(score.low, 3)}, {high}]"


def _content(view: View) -> Content:
    plot = discriminant(view)
    figures = {} if plot is None else {"discriminant": plot}
    return Content({"sentences": sentences(view), "head": head(view), "rows": rows(view)}, figures)


def _markdown(view: View) -> str:
    return "\n\n".join([*map(cell, sentences(view)), table(head(view), rows(view))])


def _terminal(view: View) -> list[str]:
    """Return what the best model rejects, on one line."""
    model, kept = view.having(DiscriminantRecord)[0]
    own = [each for each in kept.rejections if each.efficiency == SPOKEN and each.background is not None]
    if not own:
        return []
    said = listed([f"{rejection_text(each.rejection)} of {clean(each.background or '')}" for each in own])
    return [f"{clean(model.name)} at {100 * SPOKEN:.0f} % of {clean(kept.signal)}: rejection {said}"]


SECTION = Section(
    "discriminant",
    "Signal against a mixture",
    lambda view: bool(view.having(DiscriminantRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=_terminal,
)
