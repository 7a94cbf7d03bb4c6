"""The score of every model on each of several targets, and what the best predicts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.outputs import OutputsRecord, TargetRecord
from fivesigma.record.sections.score_curves import Residuals
from fivesigma.report.panels import bar_style, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import BLUE, VERMILLION
from fivesigma.report.text import labelled, listed, short

_COLUMNS = 3

Shown = Sequence[tuple[ModelRecord, OutputsRecord]]


def targets(view: View) -> Plot:
    """Return a panel a target: predicted against true of the best model, under the scores of all in words."""
    shown = view.having(OutputsRecord)
    (best, kept), metric = shown[0], view.results.metric
    names = list(kept.targets)
    rows = -(-len(names) // _COLUMNS)
    return Plot(
        name="targets",
        title=f"Each target, {short(best.name)}",
        caption=(
            f"Median prediction of {short(best.name)} and the range that holds 68 % of the events, by true value of "
            f"each target ({view.events}); on the line the prediction is right. Above it the "
            f"{metric_name(metric)} of that target."
        ),
        alt=f"Predicted against true {listed([short(name) for name in names])} of {short(best.name)}.",
        size=(8.6, 2.9 * rows),
        draw=lambda figure: _draw(figure, view, kept),
        header=("target", "model", "part", metric, "low", "high"),
        rows=[_row(view, model, name, each) for model, own in shown for name, each in own.targets.items()],
    )


def _row(view: View, model: ModelRecord, name: str, kept: TargetRecord) -> tuple[object, ...]:
    score = kept.scores.get(view.part, {}).get(view.results.metric)
    values = (None, None, None) if score is None else (score.value, score.low, score.high)
    return (name, model.name, view.part, *values)


def _draw(figure: Any, view: View, kept: OutputsRecord) -> None:
    axes = panels(figure, len(kept.targets), min(_COLUMNS, len(kept.targets)))
    for panel, (name, target) in zip(axes, kept.targets.items(), strict=True):
        score = target.scores.get(view.part, {}).get(view.results.metric)
        known = score is not None and score.value is not None
        panel.set_title(f"{short(name, 18)}: {score.value:.3g}" if known and score else short(name, 18))
        if target.residuals is not None:
            _draw_profile(panel, target.residuals)
        panel.set_xlabel(f"true {labelled(short(name, 16), target.unit)}")
        panel.set_ylabel("predicted")


def _draw_profile(axes: Any, curve: Residuals) -> None:
    profile = curve.shrinkage
    if profile is None:
        return
    at = numbers(profile.true)
    median, low, high = (numbers(each) + at for each in (profile.median, profile.low, profile.high))
    span = [float(np.nanmin(at)), float(np.nanmax(at))]
    axes.plot(span, span, color=VERMILLION, linewidth=1.1, zorder=1)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.errorbar(at, median, yerr=np.clip([median - low, high - median], 0.0, None), **bar_style(BLUE))
    grid(axes)
    axes.locator_params(nbins=5)
