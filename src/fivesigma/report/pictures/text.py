"""What is written beside pictures."""

from __future__ import annotations

from fivesigma.record.sections.pictures import Picture, PicturesRecord, Strip
from fivesigma.report.rounding import fixed, plain_number
from fivesigma.report.section import View
from fivesigma.report.text import clean, short

STRIPS = {
    "examples": "examples",
    "certain": "most certain",
    "doubtful": "most doubtful",
    "wrong": "wrongest",
    "least": "least residual",
    "middle": "median residual",
    "largest": "largest residual",
}
_WIDTH = 15
"""Characters that stand below a picture."""
_TARGETS = 2
"""Targets that are told below a picture."""


def kept_of(view: View) -> PicturesRecord:
    """Return the section of the record."""
    kept = view.results.section(PicturesRecord)
    assert kept is not None
    return kept


def right(picture: Picture) -> bool | None:
    """Whether the class that was said is the true one; None of numbers."""
    return None if picture.said_class is None else picture.said_class == picture.class_


def truth(picture: Picture, unit: str | None) -> str:
    """Return what is true of an event."""
    return short(picture.class_, _WIDTH) if picture.value is None else _numbers(picture.value, unit)


def said(picture: Picture, unit: str | None) -> str:
    """Return what was said of an event; "" where nothing was."""
    if picture.said_class is not None and picture.probability is not None:
        return f"{short(picture.said_class, _WIDTH - 5)} {_probability(picture.probability)}"
    return "" if picture.said is None else _numbers(picture.said, unit)


def _probability(p: float) -> str:
    """Return a probability; a number that is not 1 does not read as 1.

    >>> _probability(0.98), _probability(0.99996), _probability(1.0)
    ('0.98', '> 0.999', '1')
    """
    if p == 1.0:
        return "1"
    return "> 0.999" if p > 0.999 else fixed(p, 3 if p > 0.99 else 2)


def _numbers(values: tuple[float, ...], unit: str | None) -> str:
    told = ", ".join(plain_number(each) for each in values[:_TARGETS])
    more = ", …" if len(values) > _TARGETS else ""
    return f"{told}{more} {short(unit, 8)}" if unit and len(values) == 1 else f"{told}{more}"


def name_of(strip: Strip) -> str:
    """Return why these events stand in a strip, in words."""
    return STRIPS.get(strip.of, strip.of) if strip.class_ is None else short(strip.class_, 18)


def where(view: View, kept: PicturesRecord) -> str:
    """Return which events these are, and whether what was said of them was said without having seen them."""
    best = f"“{clean(kept.model)}”"
    if kept.part in view.tests:
        return f"Events of the test set “{clean(kept.part)}”, to which no model was fitted, with what {best} said."
    sealed = (
        "The test set is sealed, and none of its events is shown: these are"
        if view.results.split.n_test
        else "These are"
    )
    return f"{sealed} training events, each with what a fit of {best} said that had not seen it."


def about(view: View, kept: PicturesRecord) -> list[str]:
    """Return what is to be known of the pictures."""
    found = [where(view, kept)]
    what = "pictures" if kept.kind == "image" else "curves"
    if kept.n_channels > 1:
        found.append(f"The {what} are of “{clean(kept.channel)}”, one of {kept.n_channels} channels.")
    if kept.averaged > 1:
        n = kept.averaged
        each = f"{n} × {n} pixels" if kept.kind == "image" else f"{n} values"
        found.append(f"Each point of them is the mean of {each}.")
    if view.results.task == "classification" and {"certain"} <= {s.of for s in kept.strips} <= {*STRIPS} - {
        "wrong"
    }:
        found.append("No event of them is wrong.")
    return found
