"""How settings were chosen: the trials of each search, what came out, and whether a range was too narrow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fivesigma._core.counts import noun
from fivesigma.record.sections.tuning import TuningRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.tuning.figure import tuning_plot

MOST_FIGURES = 8
SEARCHES = {
    "tpe": "Optuna's TPE sampler",
    "random": "a random search",
    "grid": "a grid",
}


def sentence(kept: TuningRecord) -> str:
    """Return in one sentence what a search did and chose."""
    trials, best = kept.trials, kept.chosen
    n = {state: sum(t.state == state for t in trials) for state in ("complete", "stopped", "failed")}
    fate = [f"{count(n['stopped'])} stopped early"] * bool(n["stopped"])
    fate += [f"{count(n['failed'])} failed"] * bool(n["failed"])
    trials_said = f"{count(len(trials))} {noun(len(trials), 'trial')}" + (
        f" ({', '.join(fate)})" if fate else ""
    )
    text = (
        f"{SEARCHES[kept.search]} tried {trials_said}; the best {metric_name(kept.metric)} on inner folds, "
        f"{plain_number(best.score, 4)}, came with trial {kept.best + 1}: {_settings(best.params)}"
    )
    return text[0].upper() + text[1:] + (f". {warning(kept)}." if kept.on_edge else ".")


def warning(kept: TuningRecord) -> str:
    """Return what an optimum at the edge of its range asks for."""
    names = " and ".join(kept.on_edge)
    lies = "lies at the edge of its range" if len(kept.on_edge) == 1 else "lie at the edge of their ranges"
    return f"{names} {lies}: the optimum may be beyond, so widen it"


def _settings(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_plain(value)}" for name, value in params.items())


def _plain(value: Any) -> str:
    return plain_number(value, 3) if isinstance(value, float) else str(value)


def _content(view: View) -> Content:
    models = view.having(TuningRecord)
    plots = {
        f"tuning{i}": tuning_plot(*each, i + 1, view.target_unit)
        for i, each in enumerate(models[:MOST_FIGURES])
    }
    lines = [
        {
            "name": model.name,
            "text": sentence(kept),
            "figure": f"tuning{i}" if i < MOST_FIGURES else "",
            "mark": "warning" if kept.on_edge else "none",
        }
        for i, (model, kept) in enumerate(models)
    ]
    return Content({"lines": lines}, plots)


def _markdown(view: View) -> str:
    return "\n".join(
        f"- **{cell(model.name)}**: {cell(sentence(kept))}" for model, kept in view.having(TuningRecord)
    )


SECTION = Section(
    "tuning",
    "How settings were chosen",
    lambda view: bool(view.having(TuningRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
