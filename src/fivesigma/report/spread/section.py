"""Whether the spread of an ensemble is honest: where its members differ, is its error larger, and by how much."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.spread import Estimated, MemberSpreadRecord, PullsRecord, SpreadOfBin
from fivesigma.report.markup import cell
from fivesigma.report.rounding import count, interval_text, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.spread.figure import MOST_DRAWN, errors, pulls, told
from fivesigma.report.text import percent


def said(view: View, model: ModelRecord, kept: MemberSpreadRecord) -> str:
    """Return in a few sentences whether error follows spread, and how wide the pulls are."""
    text = f"{model.name}, {count(kept.n_members)} members" if kept.n_members > 1 else model.name
    parts = [
        _in_bins(kept, view.target_unit if kept.what == "value" else None),
        *map(_pulls, kept.pulls or ()),
    ]
    return f"{text}: {'; '.join(filter(None, parts))}."


def _in_bins(kept: MemberSpreadRecord, unit: str | None) -> str:
    if len(kept.bins) < 2:
        return "events are too few for bins of the spread" if kept.n_members > 1 else ""
    if kept.what == "probability":
        return _probabilities(kept.bins)
    first, last = kept.bins[0], kept.bins[-1]
    apart = first.error.high < last.error.low
    word = "the error rises with the spread" if apart else "no rise of the error with the spread is shown"
    ends = (f"{_text(b.error)} at a spread of {plain_number(b.spread, 3)}" for b in (first, last))
    return f"{word}, from {' to '.join(ends)}" + (f" (in {unit})" if unit else "")


def _probabilities(bins: tuple[SpreadOfBin, ...]) -> str:
    """Say in how many bins probabilities are off by more than their interval allows."""
    sure = [b for b in bins if b.error.low > b.stated]
    unsure = [b for b in bins if b.error.high < b.stated]
    last = bins[-1]
    ratio = Estimated(**{k: getattr(last.error, k) / last.stated for k in ("value", "low", "high")})
    off = [f"too sure in {count(len(sure))}"] * bool(sure) + [
        f"not sure enough in {count(len(unsure))}"
    ] * bool(unsure)
    word = (
        f"{' and '.join(off)} of {count(len(bins))} bins of the spread"
        if off
        else "no bin shows that probabilities are off"
    )
    return f"{word}; where members differ most the error is {_text(ratio)} times what is stated"


def _pulls(each: PullsRecord) -> str:
    if each.width.value > MOST_DRAWN:
        return "the members agree to less than a hundredth of the error: their spread says nothing of it"
    inside = each.width.low <= each.expected <= each.width.high
    word = "too small" if each.width.value > each.expected else "too large"
    what = "the spread" if each.sigma == "members" else "the law"
    text = f"pulls by {what} have mean {_text(each.mean)} and width {_text(each.width)}"
    text += f" where an honest σ has {plain_number(each.expected, 3)}: {'compatible' if inside else f'σ is {word}'}"
    if not inside and word == "too small" and each.sigma == "members":
        text += ", as the noise of the events is not in it"
    return text + (f"; {percent(each.beyond)} lie beyond ±5" if each.beyond > 0.0005 else "")


def _text(each: Estimated) -> str:
    return interval_text(each.value, each.low, each.high)


def _content(view: View) -> Content:
    models = view.having(MemberSpreadRecord)
    named = view.foremost(model.name for model, _ in models)
    shown = [each for each in models if each[0].name in named]
    plots = {}
    if drawn := [(model, kept) for model, kept in shown if len(kept.bins) > 1 and not _agree(kept)]:
        plots["spread"] = errors(view, drawn)
    if drawn := [(model, kept) for model, kept in shown if told(kept)]:
        plots["pulls"] = pulls(view, drawn)
    return Content({"lines": [said(view, *each) for each in models], "figures_of": list(plots)}, plots)


def _agree(kept: MemberSpreadRecord) -> bool:
    """Whether the members are apart by nothing beside their error."""
    return any(each.sigma == "members" for each in set(kept.pulls or ()) - set(told(kept)))


def _markdown(view: View) -> str:
    return "\n".join(f"- {cell(said(view, *each))}" for each in view.having(MemberSpreadRecord))


SECTION = Section(
    "spread",
    "Whether the spread of members is honest",
    lambda view: bool(view.having(MemberSpreadRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
