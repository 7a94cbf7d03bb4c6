"""What the models score on each of several targets."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.outputs import OutputsRecord, TargetRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import DASH, sigma, value_with_error
from fivesigma.report.section import Content, Section, View
from fivesigma.report.targets.figure import targets
from fivesigma.report.text import labelled


def _lines(view: View) -> list[dict[str, object]]:
    """Return of each target a line a model, the best first: its score, and σ against baseline and best."""
    shown = view.having(OutputsRecord)
    names = list(shown[0][1].targets)
    return [
        _line(view, model, name, kept.targets[name], first=at == 0)
        for name in names
        for at, (model, kept) in enumerate(shown)
    ]


def _line(view: View, model: ModelRecord, name: str, kept: TargetRecord, *, first: bool) -> dict[str, object]:
    metric = view.results.metric
    versus = (kept.versus_baseline.get(metric), kept.versus_best.get(metric))
    local, best = (DASH if each is None else sigma(each.sigma_local) for each in versus)
    return {
        "target": labelled(name, kept.unit) if first else "",
        "model": model.name,
        "score": value_with_error(kept.scores.get(view.part, {}).get(metric)),
        "baseline": local,
        "best": best,
    }


def _content(view: View) -> Content:
    context = {"lines": _lines(view), "metric": view.metric, "events": view.events}
    return Content(context, {"targets": targets(view)})


def _markdown(view: View) -> str:
    head = f"| target | model | {cell(view.metric)} | σ vs baseline | σ vs best |"
    keys = ("target", "model", "score", "baseline", "best")
    rows = ["| " + " | ".join(cell(str(line[key])) for key in keys) + " |" for line in _lines(view)]
    return "\n".join([head, "|---|---|---|---|---|", *rows])


SECTION = Section(
    "targets",
    "Each target",
    lambda view: bool(view.having(OutputsRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
