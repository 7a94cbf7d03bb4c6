"""What the weights are worth, what training makes of negative ones and what that costs, and which others there are."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.weights import Alternative, Weighed, WeightsRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import DASH, count, fixed, plain_number
from fivesigma.report.rounding import signed as with_sign
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import listed

HEAD = (
    "class",
    "events",
    "negative",
    "Σw",
    "N_eff",
    "trained with",
    "Σw trained",
    "yield off by",
    "largest shift",
)
PLAIN = ("class", "events", "Σw", "N_eff")
_POLICY = {
    "keep": "Training keeps the negative weights; a model that cannot use them is not fitted.",
    "drop": "Training leaves out the events of negative weight.",
    "absolute": "Training takes the size of each weight, whatever its sign.",
    "resample": (
        "Training resamples: an event is kept with the chance E[w|x]²/E[w²|x] and has the weight E[w²|x]/E[w|x], so "
        "that Σw and Σw² stay as they are wherever one looks (Nachman & Thaler, arXiv:2007.11586)."
    ),
}
OTHERS = ("weight", "Σ over all events", "ratio to the nominal")


def sentences(kept: WeightsRecord) -> list[str]:
    """Return what is to be said of the weights."""
    found = []
    if _negative(kept):
        found.append(f"{_POLICY[kept.policy]} Scores and yields keep the sign of every weight.")
    if kept.failed:
        found.append(f"No model could be fitted to all training events: {kept.failed}")
    if kept.unscored:
        found.append(
            f"Not scored with negative weights: "
            f"{'; '.join(f'{metric_name(each.metric)} ({each.why})' for each in kept.unscored)}."
        )
    if lost := [each for each in kept.samples if each.n_lost]:
        said = listed([f"{count(e.n_lost)} of {e.name}, Σw = {plain_number(e.sum_lost)}" for e in lost])
        found.append(f"Events whose expected weight is 0 or less, of which none is kept: {said}.")
    return found


def head(kept: WeightsRecord) -> tuple[str, ...]:
    """Return what the columns are; what training makes of weights only where some are negative."""
    return HEAD if _negative(kept) else PLAIN


def rows(kept: WeightsRecord) -> list[tuple[str, ...]]:
    """Return a line for each class."""
    shown = [HEAD.index(word) for word in head(kept)]
    return [tuple(_row(each)[at] for at in shown) for each in kept.samples]


def _negative(kept: WeightsRecord) -> bool:
    return any(each.n_negative for each in kept.samples)


def _row(each: Weighed) -> tuple[str, ...]:
    share = f"{100 * each.n_negative / each.n:.3g} %" if each.n else DASH
    shift = DASH if each.shift is None else f"{fixed(each.shift, 1)} errors, of {each.feature}"
    return (
        each.name,
        count(each.n),
        f"{count(each.n_negative)} ({share})",
        f"{plain_number(each.sum_w)} ± {plain_number(each.error, 2)}",
        count(each.n_effective),
        count(each.n_trained),
        f"{plain_number(each.sum_trained)} ± {plain_number(each.error_trained, 2)}",
        f"{with_sign(each.pull, 1)} errors",
        shift,
    )


def others(kept: WeightsRecord) -> list[tuple[str, ...]]:
    """Return a line for each of the other weights."""
    return [_other(each) for each in kept.alternatives]


def _other(each: Alternative) -> tuple[str, ...]:
    return each.name, plain_number(each.sum_w), plain_number(each.ratio)


def _kept(view: View) -> WeightsRecord:
    found = view.results.section(WeightsRecord)
    assert found is not None
    return found


def _content(view: View) -> Content:
    kept = _kept(view)
    return Content(
        {
            "sentences": sentences(kept),
            "head": head(kept),
            "negative": _negative(kept),
            "rows": rows(kept),
            "others_head": OTHERS,
            "others": others(kept),
        }
    )


def _markdown(view: View) -> str:
    kept = _kept(view)
    parts = [*map(cell, sentences(kept)), table(head(kept), rows(kept))]
    return "\n\n".join([*parts, *([table(OTHERS, others(kept))] if kept.alternatives else [])])


SECTION = Section(
    "weights",
    "Weights",
    lambda view: view.results.section(WeightsRecord) is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
