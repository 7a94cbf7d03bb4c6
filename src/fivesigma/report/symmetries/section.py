"""Declared symmetries: how far answers to an event and to its images are apart, and what their mean is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fivesigma.features.symmetries import SYMMETRIES
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.spread import Estimated
from fivesigma.record.sections.symmetries import SymmetriesRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import DASH, interval, interval_decimals, interval_text, signed
from fivesigma.report.section import Content, Section, View

_EXACT = 1e-6
"""Share of the error below which an answer is the same: what rounding leaves."""


def _names(view: View) -> list[str]:
    every = view.having(SymmetriesRecord)
    return list(dict.fromkeys(each.name for _, kept in every for each in kept.each))


def _head(view: View) -> list[str]:
    return [f"apart by {SYMMETRIES.get(name, name)}" for name in _names(view)]


def _line(view: View, model: ModelRecord, kept: SymmetriesRecord) -> dict[str, Any]:
    sizes = {each.name: each.apart for each in kept.each}
    change = kept.change
    line = {"change": DASH, "interval": "", "sigma": DASH}
    if change is not None and change.difference is not None:
        decimals = interval_decimals(change.low, change.high)
        line["change"] = signed(change.difference, decimals)
        line["interval"] = interval(change.low, change.high, decimals)
        line["sigma"] = view.significance(change.sigma_global)
    return {
        "model": model.name,
        "error": _text(kept.error),
        "sizes": [_size(sizes[name], kept.error) if name in sizes else DASH for name in _names(view)],
        **line,
    }


def _size(each: Estimated, error: Estimated) -> str:
    return "0, but for rounding" if each.value <= _EXACT * error.value else _text(each)


def _text(each: Estimated) -> str:
    return interval_text(each.value, each.low, each.high)


def _about(view: View) -> str:
    """Return what the numbers are, in a sentence or two."""
    _, kept = view.having(SymmetriesRecord)[0]
    what = "of the probabilities" if kept.what == "probability" else "of the predictions"
    unit = f", in {view.target_unit}" if kept.what == "value" and view.target_unit else ""
    where = (
        "training events, each by the fold that held it out"
        if kept.part == "validation"
        else f"{kept.part} events"
    )
    return (
        f"Root mean square {what}{unit}, on the {where}: their error, and how far the answers to an event and to its "
        f"images are apart. The average is over {kept.n_elements} images of each event, itself among them."
    )


def said(view: View) -> str:
    """Return which models break a symmetry by more than a tenth of their error; "" where none does."""
    each = [text for model, kept in view.having(SymmetriesRecord) if (text := _broken(model, kept))]
    return f"Answers are apart, in shares of the model's error: {'; '.join(each)}." if each else ""


def _broken(model: ModelRecord, kept: SymmetriesRecord) -> str:
    by = [each for each in kept.each if each.apart.low > 0.1 * kept.error.value]
    shares = (
        f"{100 * each.apart.value / kept.error.value:.0f} % by {SYMMETRIES.get(each.name, each.name)}"
        for each in by
    )
    return f"{model.name} {', '.join(shares)}" if by else ""


def _content(view: View) -> Content:
    lines = [_line(view, *each) for each in view.having(SymmetriesRecord)]
    context = {
        "about": _about(view),
        "sentence": said(view),
        "head": _head(view),
        "lines": lines,
        "metric": view.metric,
    }
    return Content(context)


def _markdown(view: View) -> str:
    head = ("model", "error", *_head(view), f"{view.metric} by the average", "95 % interval", "σ")
    rows = [
        (line["model"], line["error"], *line["sizes"], line["change"], line["interval"], line["sigma"])
        for line in (_line(view, *each) for each in view.having(SymmetriesRecord))
    ]
    before = [cell(said(view)), ""] if said(view) else []
    return "\n".join([*before, _about(view), "", table(head, rows)])


SECTION = Section(
    "symmetries",
    "Declared symmetries",
    lambda view: bool(view.having(SymmetriesRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
