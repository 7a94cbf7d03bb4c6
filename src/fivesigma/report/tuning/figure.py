"""A search: score against the number of the trial, and against each setting that was searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.tuning import SearchedChoices, TuningRecord
from fivesigma.report.panels import decades, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import metric_label, metric_name
from fivesigma.report.style import BLUE, MUTED, PAPER, VERMILLION
from fivesigma.report.text import short
from fivesigma.risk.metrics import metrics

MOST_PANELS = 8


def tuning_plot(model: ModelRecord, kept: TuningRecord, number: int, unit: str | None = None) -> Plot:
    """Return the figure of a model's search; ``unit`` is that of the target."""
    shown, metric = list(kept.space)[:MOST_PANELS], metric_name(kept.metric)
    name, best = short(model.name, 40), kept.chosen
    rows = -(-(len(shown) + 1) // 3)
    more = len(kept.space) - len(shown)
    return Plot(
        name=f"tuning-{number}",
        title=f"Search, {name}",
        caption=(
            f"{metric} of each trial on inner folds. First panel: in the order of the trials, the line is the best "
            "so far. The others: against each setting, over the whole range searched. Open: stopped early, drawn "
            "where the folds it was fitted on put it; the large point is the choice."
            + (f" {more} more settings are in results.json." if more else "")
        ),
        alt=(
            f"{metric} of {len(kept.trials)} trials of {name}; the best is {best.score:.4g}, at "
            + ", ".join(f"{key} = {_word(best.params[key])}" for key in shown)
        ),
        size=(8.6, 2.75 * rows + 0.2),
        draw=lambda figure: _draw(figure, kept, shown, metric_label(kept.metric, unit)),
        header=("trial", "state", "score", *kept.space),
        rows=[
            (i + 1, trial.state, trial.score, *(trial.params.get(key) for key in kept.space))
            for i, trial in enumerate(kept.trials)
        ],
    )


def best_so_far(kept: TuningRecord) -> list[float | None]:
    """Return after each trial the best score of those that were not stopped; None before the first.

    >>> from types import SimpleNamespace as Kept
    >>> trials = [Kept(score=s, state="complete") for s in (0.5, 0.4, 0.7)]
    >>> best_so_far(Kept(metric="roc_auc", trials=trials))
    [0.5, 0.5, 0.7]
    """
    known = metrics().get(kept.metric)
    found: list[float | None] = []
    best: float | None = None
    for trial in kept.trials:
        score = trial.score if trial.state == "complete" else None
        if score is not None and (best is None or _merit(known, score) > _merit(known, best)):
            best = score
        found.append(best)
    return found


def _merit(known: Any, score: float) -> float:
    return score if known is None else float(known.merit(score))


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _draw(figure: Any, kept: TuningRecord, shown: Sequence[str], metric: str) -> None:
    axes = panels(figure, len(shown) + 1, min(3, len(shown) + 1), sharey=True)
    n = np.arange(1, len(kept.trials) + 1)
    axes[0].step(n, numbers(best_so_far(kept)), where="post", color=MUTED, linewidth=1.2)
    _points(axes[0], kept, n.tolist())
    axes[0].set_xlabel("trial")
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    for panel, name in zip(axes[1:], shown, strict=True):
        _setting(panel, kept, name)
    for place, panel in enumerate(axes):
        grid(panel)
        if place % 3 == 0:
            panel.set_ylabel(metric)
    _zoom(axes[0], kept)


def _setting(axes: Any, kept: TuningRecord, name: str) -> None:
    space, values = kept.space[name], [trial.params[name] for trial in kept.trials]
    axes.set_xlabel(short(name, 30))
    if isinstance(space, SearchedChoices):
        choices = [str(each) for each in space.choices]
        _points(axes, kept, [choices.index(str(value)) for value in values])
        axes.set_xticks(range(len(choices)), [short(each, 12) for each in choices])
        axes.set_xlim(-0.5, len(choices) - 0.5)
        return
    _points(axes, kept, values)
    low, high = space.low, space.high
    if space.log:
        axes.set_xscale("log")
        decades(axes.xaxis)
        margin = (high / low) ** 0.05
        axes.set_xlim(low / margin, high * margin)
    else:
        margin = 0.05 * (high - low) or 0.5
        axes.set_xlim(low - margin, high + margin)
        axes.xaxis.get_major_locator().set_params(integer=space.integer, nbins=7)
    for end in (low, high):
        axes.axvline(end, color=MUTED, linewidth=0.7, linestyle=":")


def _points(axes: Any, kept: TuningRecord, x: Sequence[Any]) -> None:
    """Draw one mark a trial; those that failed have no score and no mark."""
    for i, (at, trial) in enumerate(zip(x, kept.trials, strict=True)):
        if trial.score is None:
            continue
        chosen, stopped = i == kept.best, trial.state == "stopped"
        colour = VERMILLION if chosen else BLUE
        axes.plot(
            at,
            trial.score,
            "o",
            color=colour,
            markerfacecolor=PAPER if stopped else colour,
            markersize=7 if chosen else 4,
            zorder=4 if chosen else 3,
        )


def _zoom(axes: Any, kept: TuningRecord) -> None:
    """Leave the worst tenth of many trials outside, so that the good ones can be told apart."""
    known = metrics().get(kept.metric)
    scores = [trial.score for trial in kept.trials if trial.score is not None]
    best = kept.chosen.score
    if len(scores) < 10 or best is None:
        return
    merits = np.sort([_merit(known, score) for score in scores])
    worst = scores[int(np.argmin(np.abs([_merit(known, s) - merits[len(merits) // 10] for s in scores])))]
    margin = 0.12 * abs(best - worst)
    if margin > 0:
        axes.set_ylim(min(best, worst) - margin, max(best, worst) + margin)
