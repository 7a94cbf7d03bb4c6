"""The score of the models slice by slice, and of the best one its bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.results import Score
from fivesigma.record.sections.slices import SlicedColumn, SlicesRecord
from fivesigma.report.panels import bar_style, edge_note, frame, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import MUTED, colour
from fivesigma.report.text import labelled, listed, short

_MOST_MODELS = 5
_COLUMNS = 2
_MARGIN = 0.12


def slices(view: View) -> Plot | None:
    """Return a panel a column: the score of the best models in each slice; None where no slice has a score."""
    kept = view.results.section(SlicesRecord)
    models = [model.name for model in view.ranked[:_MOST_MODELS]]
    if kept is None or not models:
        return None
    metric = view.results.metric
    rows = [
        (column.column, each.name, each.n, model, name, score.value, score.low, score.high)
        for column in kept.columns
        for each in column.slices
        for model, own in each.models.items()
        for name, score in own.scores.items()
    ]
    if not any(row[4] == metric and row[5] is not None for row in rows):
        return None
    return Plot(
        name="slices",
        title="In slices",
        caption=(
            f"{metric_name(metric)} of {'the models' if len(models) > 1 else short(models[0])} in each slice of the "
            f"{view.events}, with 95 % intervals; the line is the score of {short(models[0])} on all of them."
        ),
        alt=f"{metric_name(metric)} in slices of {listed([short(c.column) for c in kept.columns])}.",
        size=(8.6, 3.0 * -(-len(kept.columns) // _COLUMNS) + 0.3),
        draw=lambda figure: _draw(figure, view, kept.columns, models),
        header=("column", "slice", "events", "model", "score", "value", "low", "high"),
        rows=rows,
    )


def _draw(figure: Any, view: View, columns: tuple[SlicedColumn, ...], models: list[str]) -> None:
    axes = panels(figure, len(columns), min(_COLUMNS, len(columns)))
    whole = view.score(view.ranked[0])
    for panel, column in zip(axes, columns, strict=True):
        if whole is not None and whole.value is not None:
            panel.axhline(whole.value, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
        for at, model in enumerate(models):
            _draw_model(
                panel, view, column, model, (at - (len(models) - 1) / 2) * 0.6 / len(models), colour(at)
            )
        names = [each.name.removeprefix(f"{column.column} ") for each in column.slices]
        panel.set_xticks(
            range(len(names)), names, fontsize=8, rotation=20, ha="right", rotation_mode="anchor"
        )
        panel.set_xlabel(labelled(short(column.column, 22), column.unit))
        grid(panel, "y")
        _leave_out_dummies(panel, view, column, models)
    axes[0].set_ylabel(view.metric)
    if len(models) > 1:
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=min(len(models), 4)
        )


def _leave_out_dummies(panel: Any, view: View, column: SlicedColumn, models: list[str]) -> None:
    """Let the models that learn, and the line, set the scale; what dummies have beyond is named at the edge."""
    scores = {model: _scores(view, column, model) for model in models}
    dummies = [model for model in models if model in view.dummies]
    others = [score for model, own in scores.items() if model not in dummies for score in own]
    whole = view.score(view.ranked[0])
    known = [end for score in others for end in (score.value, score.low, score.high)]
    ends = frame(known if whole is None or not others else [*known, whole.value], _MARGIN)
    if dummies and ends is not None:
        panel.set_ylim(*ends)
        edge_note(panel, ends, {short(name, 20): [score.value for score in scores[name]] for name in dummies})


def _scores(view: View, column: SlicedColumn, model: str) -> list[Score]:
    """Return the score of a model in each slice, one without a value where it has none."""
    none = Score(None)
    return [
        each.models[model].scores.get(view.results.metric, none) if model in each.models else none
        for each in column.slices
    ]


def _draw_model(panel: Any, view: View, column: SlicedColumn, model: str, shift: float, hue: str) -> None:
    scores = _scores(view, column, model)
    value, low, high = (
        numbers([getattr(score, name) for score in scores]) for name in ("value", "low", "high")
    )
    below, above = (np.nan_to_num(np.clip(each, 0.0, None)) for each in (value - low, high - value))
    at = np.arange(len(scores)) + shift
    panel.errorbar(at, value, yerr=np.array([below, above]), label=short(model, 22), **bar_style(hue))
