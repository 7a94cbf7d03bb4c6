"""Scores against a setting of a model and against training events; bias², variance and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.units import power
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.curves import Band, BiasVarianceRecord, LearningCurveRecord, ValidationCurve
from fivesigma.report.panels import decades, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import metric_label, metric_name
from fivesigma.report.style import BLUE, GREEN, INK, MUTED, PAPER, VERMILLION
from fivesigma.report.text import short

LOG_FROM = 20.0  # ratio of the ends of an axis from which it is logarithmic
_PARTS = (("train", VERMILLION, "s"), ("validation", GREEN, "o"))
Array = NDArray[np.float64]
Learning = tuple[ModelRecord, LearningCurveRecord]


def validation_plot(model: ModelRecord, kept: ValidationCurve, number: int, unit: str | None = None) -> Plot:
    """Return the figure of one validation curve; ``unit`` is that of the target."""
    name, parameter, metric = short(model.name), short(str(kept.parameter)), metric_name(kept.metric)
    return Plot(
        name=f"validation-curve-{number}",
        title=f"{metric[0].upper()}{metric[1:]} against {parameter}, {name}",
        caption=(
            f"Mean {metric} over {kept.n_folds} folds on the events fitted to and on those held out; bands hold "
            "68 %, of the procedure. Filled: the best validation score; open: the least flexible setting within "
            "one standard error of it."
        ),
        alt=f"{metric} of {name} against {parameter}: best in validation at {kept.best}.",
        size=(8.6, 3.9),
        draw=lambda figure: _draw_validation(figure, kept, parameter, metric_label(kept.metric, unit)),
        header=("part", parameter, "mean", "low", "high"),
        rows=_rows(kept),
    )


def learning_plot(models: Sequence[Learning], unit: str | None = None, more: int = 0) -> Plot:
    """Return one panel a model: score against training events; ``unit`` is that of the target, ``more`` not shown."""
    _, kept = models[0]
    metric = metric_name(kept.metric)
    columns = min(3, len(models))
    n_rows = -(-len(models) // columns)
    return Plot(
        name="learning-curves",
        title=f"{metric[0].upper()}{metric[1:]} against training events",
        caption=(
            f"Mean {metric} over {kept.n_folds} folds of fits to more and more events, each sample holding the "
            "smaller ones; bands hold 68 %, of the procedure. Nothing is extrapolated."
            + (f" {more} more models are in results.json." if more else "")
        ),
        alt=f"{metric} against training events: " + "; ".join(_spoken(*each) for each in models) + ".",
        size=(8.6, 2.9 * n_rows + 0.4),
        draw=lambda figure: _draw_learning(figure, models, columns, metric_label(kept.metric, unit)),
        header=("model", "part", "events", "mean", "low", "high"),
        rows=[(model.name, *row) for model, curve in models for row in _rows(curve)],
    )


def _spoken(model: ModelRecord, kept: LearningCurveRecord) -> str:
    ends = (kept.validation.mean[at] for at in (0, -1))
    low, high = (plain_number(each, 3) for each in ends)
    return f"{short(model.name)} from {low} at {kept.values[0]} to {high} at {kept.values[-1]} events"


def bias_variance_plot(
    model: ModelRecord, kept: BiasVarianceRecord, number: int, unit: str | None = None
) -> Plot:
    """Return bias², variance and their sum against a setting; ``unit`` is that of the target."""
    name, parameter = short(model.name), short(str(kept.parameter))
    squared = kept.loss == "squared"
    parts = (
        "bias² + σ², variance and their sum" if squared else "bias, variance and the share of wrong labels"
    )
    return Plot(
        name=f"bias-variance-{number}",
        title=f"Bias and variance against {parameter}, {name}",
        caption=(
            f"{parts[0].upper()}{parts[1:]}, from {kept.rounds} bootstrap samples of {kept.n_fit} training "
            f"events, on {kept.n_validation} others. "
            + (
                "On data the noise σ² cannot be told from bias²."
                if squared
                else "The parts of the 0–1 loss do not add up (Domingos 2000)."
            )
        ),
        alt=f"Bias and variance of {name} against {parameter}; the total is lowest at {lowest(kept)}.",
        size=(8.6, 3.6),
        draw=lambda figure: _draw_parts(figure, kept, parameter, _error_name(squared, unit)),
        header=(parameter, "total", "bias", "variance"),
        rows=list(zip(kept.values, kept.total, kept.bias, kept.variance, strict=True)),
    )


def lowest(kept: BiasVarianceRecord) -> Any:
    """Return the setting at which the total error is lowest."""
    return kept.values[int(np.argmin(kept.total))]


def _rows(kept: ValidationCurve | LearningCurveRecord) -> list[tuple[object, ...]]:
    return [
        (part, *row)
        for part, _, _ in _PARTS
        for band in (_band(kept, part),)
        for row in zip(kept.values, band.mean, band.low, band.high, strict=True)
    ]


def _band(kept: ValidationCurve | LearningCurveRecord, part: str) -> Band:
    return kept.train if part == "train" else kept.validation


def places(values: Sequence[Any]) -> tuple[Array, bool]:
    """Return where values stand on an axis, and whether it is logarithmic; words stand side by side.

    >>> places([1, 2, 100])[1], places(["uniform", "distance"])[0].tolist()
    (True, [0.0, 1.0])
    """
    if any(isinstance(value, str | bool) for value in values):
        return np.arange(len(values), dtype=np.float64), False
    found = np.array(values, dtype=np.float64)
    uneven = np.ptp(np.diff(found)) > 1e-9 * np.ptp(found)
    return found, bool(uneven and found.min() > 0 and found.max() / found.min() >= LOG_FROM)


def _axis(axes: Any, values: Sequence[Any], name: str) -> Array:
    """Prepare the axis of a setting and return the places on it."""
    at, logarithmic = places(values)
    if logarithmic:
        axes.set_xscale("log")
        decades(axes.xaxis)
    elif isinstance(values[0], str | bool):
        axes.set_xticks(at, [short(str(value), 16) for value in values])
    if logarithmic and len(values) <= 12 and all(isinstance(value, int) for value in values):
        from matplotlib.ticker import NullLocator

        axes.set_xticks(at, [str(value) for value in values])
        axes.xaxis.set_minor_locator(NullLocator())
    elif not logarithmic and all(type(value) is int for value in values):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(name)
    return at


def _draw_parts_of(axes: Any, kept: ValidationCurve | LearningCurveRecord, at: Array) -> None:
    for part, hue, marker in _PARTS:
        band = _band(kept, part)
        mean, low, high = (numbers(each) for each in (band.mean, band.low, band.high))
        axes.fill_between(at, low, high, color=hue, alpha=0.18, linewidth=0)
        axes.plot(at, mean, marker, linestyle="-", color=hue, markersize=3.6, label=part)


def _draw_validation(figure: Any, kept: ValidationCurve, parameter: str, metric: str) -> None:
    axes = figure.subplots()
    grid(axes)
    at = _axis(axes, kept.values, parameter)
    _draw_parts_of(axes, kept, at)
    mean = numbers(kept.validation.mean)
    marks = (("one standard error", kept.one_standard_error, PAPER), ("best", kept.best, INK))
    for label, value, face in marks:
        i = kept.values.index(value)
        axes.plot(
            at[i], mean[i], "o", color=INK, markerfacecolor=face, markersize=8, zorder=5, linestyle="none",
            label=f"{label}, {value}",
        )  # fmt: skip
    axes.set_ylabel(metric)
    figure.legend(loc="outside upper right", ncols=4)


def _draw_learning(figure: Any, models: Sequence[Learning], columns: int, metric: str) -> None:
    shown = panels(figure, len(models), columns, sharey=True, sharex=True)
    for axes, (model, kept) in zip(shown, models, strict=True):
        grid(axes)
        at = _axis(axes, kept.values, "training events")
        if len(kept.values) > 4:
            thinned = list(range(len(at) - 1, -1, -2))
            axes.set_xticks(at[thinned], [str(kept.values[i]) for i in thinned])
        _draw_parts_of(axes, kept, at)
        axes.set_title(short(model.name, 30), loc="left")
    for axes in shown[::columns]:
        axes.set_ylabel(metric)
    handles, labels = shown[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)


def _error_name(squared: bool, unit: str | None) -> str:
    """Return what stands on the axis of an error that is taken apart.

    >>> _error_name(True, "g"), _error_name(False, None)
    ('mean squared error [g²]', 'share of events')
    """
    if not squared:
        return "share of events"
    return f"mean squared error [{power(short(unit, 16), 2)}]" if unit else "mean squared error"


def _draw_parts(figure: Any, kept: BiasVarianceRecord, parameter: str, what: str) -> None:
    axes, squared = figure.subplots(), kept.loss == "squared"
    grid(axes)
    at = _axis(axes, kept.values, parameter)
    lines = (
        (kept.total, INK, "-", "sum" if squared else "wrong labels"),
        (kept.bias, BLUE, "--", "bias² + σ²" if squared else "bias"),
        (kept.variance, VERMILLION, "-.", "variance"),
    )
    for part, hue, style, label in lines:
        axes.plot(at, numbers(part), linestyle=style, color=hue, label=label)
    i = int(np.argmin(kept.total))
    axes.plot(at[i], kept.total[i], "o", color=INK, markersize=7, zorder=5)
    axes.axvline(at[i], color=MUTED, linewidth=0.8, alpha=0.6)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(what)
    figure.legend(loc="outside upper right", ncols=3)
