"""Training: the losses of networks, the epochs that are kept, and which members failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fivesigma._core.counts import noun
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.history import HistoryRecord
from fivesigma.report.history.figure import history_plot, loss_name
from fivesigma.report.markup import cell
from fivesigma.report.rounding import count, duration
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import listed

MOST_FIGURES = 6


def sentences(view: View, model: ModelRecord, kept: HistoryRecord) -> str:
    """Return in a few sentences how long a model was trained, which epoch is kept, and what failed."""
    return " ".join(filter(None, (_trained(view, model, kept), _last(kept), _failed(kept), _others(kept))))


def _trained(view: View, model: ModelRecord, kept: HistoryRecord) -> str:
    members = kept.members
    n = f"{count(len(members))} {noun(len(members), 'member')}"
    took = view.seconds_per_fit(model.name)
    time = "" if took is None else f" in {duration(took)}"
    epochs = _span([each.n_epochs for each in members])
    text = f"{n}, {epochs} of at most {count(kept.most)} epochs{time}, by {loss_name(kept)}"
    chosen = [each.epoch for each in members if each.epoch is not None]
    return text + (
        f"; kept is epoch {_span(chosen)}, of the lowest loss on rows held out." if _stops(kept) else "."
    )


def _stops(kept: HistoryRecord) -> bool:
    """Whether each member is kept as it was where its loss on rows held out was lowest."""
    sound = [each for each in kept.members if not each.failed]
    every = ((each.kept, [loss for loss in each.validation or () if loss is not None]) for each in sound)
    return bool(sound) and all(loss is not None and held and loss <= min(held) for loss, held in every)


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _last(kept: HistoryRecord) -> str:
    """Say where trainings ended while their loss on rows held out still fell."""
    held = [each for each in kept.members if not each.failed] if _stops(kept) else []
    late = sum(each.epoch == kept.most for each in held)
    return (
        f"{count(late)} of {count(len(held))} had the lowest loss in the last epoch: give more epochs."
        if late
        else ""
    )


def _failed(kept: HistoryRecord) -> str:
    """Name the members of the final fit, and the fits, in which a loss left the finite numbers."""
    lost = [(m + 1, each.n_epochs) for m, each in enumerate(kept.members) if each.failed]
    text = ""
    if lost:
        each = listed([f"member {m} in epoch {count(epoch)}" for m, epoch in lost])
        text = f"The loss left the finite numbers: {each}; such a member predicts nothing, and is left out."
    elsewhere = kept.diverged or ()
    if elsewhere:
        fits = listed([f"{each.fit} (member {', '.join(map(str, each.members))})" for each in elsewhere[:5]])
        more = f" and {count(len(elsewhere) - 5)} more" if len(elsewhere) > 5 else ""
        text += (
            f" Members failed in {count(len(elsewhere))} of {count(kept.n_fits)} other fits: {fits}{more}."
        )
    return text.strip()


def _others(kept: HistoryRecord) -> str:
    if not kept.others:
        return ""
    low, middle, high = kept.others
    if low == high:
        return ""
    return (
        f"Over {count(kept.n_fits)} fits to folds and other training sets the epochs kept are {count(low)} to "
        f"{count(high)}, their median {count(middle)}."
    )


def _content(view: View) -> Content:
    models = view.having(HistoryRecord)
    plots = {f"history{i}": history_plot(*each, i + 1) for i, each in enumerate(models[:MOST_FIGURES])}
    lines = [
        {
            "name": model.name,
            "text": sentences(view, model, kept),
            "figure": f"history{i}" if i < MOST_FIGURES else "",
            "mark": "warning" if _failed(kept) else "none",
        }
        for i, (model, kept) in enumerate(models)
    ]
    held = any(each.validation is not None for _, kept in models for each in kept.members)
    return Content({"lines": lines, "held": held}, plots)


def _markdown(view: View) -> str:
    return "\n".join(
        f"- **{cell(model.name)}**: {cell(sentences(view, model, kept))}"
        for model, kept in view.having(HistoryRecord)
    )


SECTION = Section(
    "training",
    "Training",
    lambda view: bool(view.having(HistoryRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
