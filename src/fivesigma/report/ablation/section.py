"""What is left when the best columns are gone, and how few would do."""

from __future__ import annotations

from pathlib import Path

from fivesigma._core.counts import counted, noun
from fivesigma.record.results import Comparison
from fivesigma.record.sections.explained import Ablation, AblationStep
from fivesigma.report.ablation.figure import ablation_plot
from fivesigma.report.markup import cell, table
from fivesigma.report.notes import notes
from fivesigma.report.rounding import interval, interval_decimals, interval_text, plain_number, sigma, signed
from fivesigma.report.section import Content, Section, View, metric_name, unit_of_metric
from fivesigma.report.text import listed, short

_TITLES = {"drop_best": "Deletion of the best column", "forward": "Forward selection"}
_WAYS = tuple(_TITLES)
_HEAD = (
    "step",
    "columns left",
    "score",
    "change (− is worse)",
    "95 % interval",
    "σ global",
    "most important now",
)


def trails(view: View) -> list[tuple[str, str, Ablation]]:
    """Return (way, model, record) of each ablation and selection, best model first."""
    every = ((model.name, view.explained.ablations(model.name)) for model in view.ranked)
    return [(way, name, kept) for name, by_way in every for way, kept in by_way.items()]


def _line(way: str, step: AblationStep, part: str) -> dict[str, str]:
    score, change = step.scores[part], step.change or Comparison(None)
    low, high = change.low, change.high
    decimals = interval_decimals(low, high)
    what = {"drop_best": "less ", "forward": "and "}[way] if step.changed else "all columns"
    return {
        "step": what + " + ".join(step.changed),
        "left": str(len(step.columns)),
        "score": interval_text(score.value, score.low, score.high),
        "change": signed(change.difference, decimals) if step.change else "—",
        "interval": interval(low, high, decimals) if step.change else "—",
        "sigma": sigma(change.sigma_global) if step.change else "—",
        "next": step.ranking.names[0] if step.ranking else "—",
    }


def sentence(way: str, model: str, kept: Ablation, metric: str, unit: str | None = None) -> str:
    """Return in words what the first step did, which column took over, and where the last step ended.

    ``unit`` is that of the score.
    """
    of = f" {unit}" if unit else ""
    steps, part = kept.steps, kept.part
    first, last, start = steps[min(1, len(steps) - 1)], steps[-1], steps[0]
    ends = [f"{each.scores[part].value:.3g}" for each in (start, last)]
    change = first.change or Comparison(None)
    if way == "forward":
        order = ", ".join(" + ".join(step.changed) for step in steps)
        return (
            f"Chosen one at a time on the folds, {order} bring {short(model)} from {ends[0]} to {ends[1]}{of} in "
            f"{metric} ({counted(len(last.columns), 'column')})."
        )
    gone = short(" + ".join(first.changed))
    takes = f"; {short(first.ranking.names[0])} takes over" if first.ranking else ""
    size = f"{metric} {_size(change.difference)}{of} ({sigma(change.sigma_global)})"
    seen = "" if abs(change.sigma_global or 0.0) >= 3 else ", which is not distinguished from no change"
    tail = ""
    if len(steps) > 2:
        all_gone = listed([short(" + ".join(step.changed)) for step in steps[1:]])
        left = noun(len(last.columns), "the one column", f"the {len(last.columns)} columns")
        tail = f" Without {all_gone} its score goes from {ends[0]} to {ends[1]}{of}, on {left} left."
    return f"When {short(model)} is fitted anew without {gone}, its {size}{seen}{takes}.{tail}"


def _size(change: float | None) -> str:
    """Return a change, which is positive where the score is better, in words that hold for errors too."""
    if change is None:
        return "changes by an unknown amount"
    return f"is {'worse' if change < 0 else 'better'} by {plain_number(abs(change), 2)}"


def _content(view: View) -> Content:
    metric, unit = metric_name(view.results.metric), unit_of_metric(view.results.metric, view.target_unit)
    plots, tables = {}, []
    for i, (way, model, kept) in enumerate(trails(view)):
        plots[f"ablation{i}"] = ablation_plot(model, way, kept, metric, i + 1, unit)
        tables.append(
            {
                "said": sentence(way, model, kept, metric, unit),
                "caveat": kept.caveat,
                "title": f"{_TITLES[way]}, {short(model)}",
                "part": kept.part,
                "lines": [_line(way, step, kept.part) for step in kept.steps],
                "figure": f"ablation{i}",
            }
        )
    return Content({"tables": tables, "head": _HEAD, "notes": notes(view, _WAYS), "about": view.about}, plots)


def _markdown(view: View) -> str:
    parts = []
    metric, unit = metric_name(view.results.metric), unit_of_metric(view.results.metric, view.target_unit)
    for way, model, kept in trails(view):
        rows = [tuple(_line(way, step, kept.part).values()) for step in kept.steps]
        parts.append(f"{cell(sentence(way, model, kept, metric, unit))}\n\n{table(_HEAD, rows)}")
    return "\n\n".join([*parts, *(cell(each["text"]) for each in notes(view, _WAYS))])


SECTION = Section(
    "ablation",
    "What is left without the best columns",
    lambda view: bool(trails(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
