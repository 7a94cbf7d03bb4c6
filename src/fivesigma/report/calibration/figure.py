"""Does a probability of 0.7 come true seven times in ten; and which class is taken for which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.score_curves import CalibrationBins, Confusion, ScoreCurvesRecord
from fivesigma.report.panels import bar_style, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import DASH, interval_text, value_with_error
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, MUTED
from fivesigma.report.text import listed, short

_Shown = tuple[ModelRecord, Sequence[CalibrationBins]]
_Limits = tuple[Sequence[Sequence[float | None]], ...]
_COLUMNS = ("mean", "observed", "low", "high", "n_effective")
_MOST_BOUNDED = 6
"""Classes up to which the limits of a confusion matrix are written into it; the CSV has those of more."""


def calibration(view: View) -> Plot | None:
    """Observed against predicted frequency of the best models, one panel each."""
    every: list[_Shown] = [*view.with_curve(lambda kept: kept.calibration)]
    if not every:
        return None
    named = view.foremost(model.name for model, _ in every)
    shown = [each for each in every if each[0].name in named]
    more = (
        f" Those of {len(every) - len(shown)} more are in calibration.csv." if len(every) > len(shown) else ""
    )
    columns = min(4 if len(shown) != 5 else 3, len(shown))
    return Plot(
        name="calibration",
        title="Calibration",
        caption=(
            "Share of events that are what was predicted against the predicted probability, with 68 % "
            f"intervals, {view.events}; on the diagonal a probability can be taken at its word."
            f"{view.only(len(shown[0][1])) if view.signal is None else ''}{more}"
        ),
        alt=f"Observed against predicted frequency of {listed([short(m.name) for m, _ in shown])}.",
        size=(8.6, 2.25 * math.ceil(len(shown) / columns) + 0.4),
        draw=lambda figure: _draw_calibration(figure, view, shown, columns),
        header=("model", "class", *_COLUMNS),
        rows=[
            (model.name, each.class_, *row)
            for model, bins in every
            for each in bins
            for row in zip(*_columns(each), strict=True)
        ],
    )


def error_text(model: ModelRecord) -> str:
    """Return the calibration error of a model without its bias, with its interval; a dash where there is none."""
    kept = model.section(ScoreCurvesRecord)
    if kept is None or kept.calibrated is None or kept.calibrated.error.value is None:
        return DASH
    error = kept.calibrated.error
    return interval_text(error.value, error.low, error.high)


def _columns(bins: CalibrationBins) -> tuple[Sequence[float | None], ...]:
    return bins.mean, bins.observed, bins.low, bins.high, bins.n_effective


def _draw_calibration(figure: Any, view: View, shown: list[_Shown], columns: int) -> None:
    axes = panels(figure, len(shown), columns, sharex=True, sharey=True)
    for panel, (model, bins) in zip(axes, shown, strict=True):
        panel.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
        for each in bins:
            hue = view.class_colours.get(each.class_, BLUE)
            _draw_bins(panel, each, hue, short(each.class_) if panel is axes[0] else None)
        panel.set_title(short(model.name, 22), loc="left")
        _write_error(panel, view, model)
        grid(panel)
    axes[0].set_xlim(0.0, 1.0)
    axes[0].set_ylim(0.0, 1.0)
    for panel in axes:
        panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        panel.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    figure.supxlabel("predicted probability", fontsize=10)
    figure.supylabel("observed share", fontsize=10)
    if len(shown[0][1]) > 1:
        figure.legend(loc="outside upper right", ncols=4)


def _write_error(panel: Any, view: View, model: ModelRecord) -> None:
    error = view.score(model, metric="ece")
    lines = [] if error is None else [f"ECE {value_with_error(error)}"]
    lines += [f"off by {off}" for off in [error_text(model)] if off != DASH]
    if lines:
        panel.text(0.04, 0.96, "\n".join(lines), transform=panel.transAxes, va="top", fontsize=8, color=MUTED)


def _draw_bins(panel: Any, bins: CalibrationBins, hue: str, label: str | None) -> None:
    mean, observed, low, high = (numbers(column) for column in _columns(bins)[:4])
    error = np.clip(np.array([observed - low, high - observed]), 0.0, None)
    panel.errorbar(mean, observed, yerr=error, label=label, **bar_style(hue))
    panel.plot(mean, observed, color=hue, linewidth=0.8, alpha=0.6)


def confusion(view: View) -> Plot | None:
    """Rows: what it is; columns: what the best model says; shares of each row. For three classes and more."""
    shown = view.with_curve(lambda kept: kept.confusion)
    if not shown or view.signal is not None:
        return None
    (first, curve) = shown[0]
    model = short(first.name)
    names = [short(name, 18) for name in curve.classes]
    shares, weights = (np.array([numbers(row) for row in table]) for table in (curve.fraction, curve.weight))
    right = [f"{share:.1%} of {name}" for name, share in zip(names, np.diag(shares), strict=True)]
    limits = _limits(curve)
    bounded = limits is not None and len(names) <= _MOST_BOUNDED
    side = min(7.5, 1.9 + (0.92 if bounded else 0.62) * len(names))
    below = "; below it the 95 % limits and Σw" if bounded else "; below it Σw" * (len(names) <= 8)
    return Plot(
        name="confusion",
        title=f"Confusion matrix of {model}",
        caption=(f"Share of each true class (a row) that {model} takes for each class{below}."),
        alt=f"Confusion matrix of {model}; right in {listed(right)}.",
        size=(side + 1.2, side),
        draw=lambda figure: _draw_confusion(figure, shares, weights, names, limits if bounded else None),
        header=("true", "predicted", "weight", "fraction", *(("low", "high") if limits else ())),
        rows=_cells(curve),
    )


def _limits(curve: Confusion) -> _Limits | None:
    """Return the lower and the upper limits of the shares; None of a run that has none."""
    return None if curve.low is None or curve.high is None else (curve.low, curve.high)


def _cells(curve: Confusion) -> list[tuple[Any, ...]]:
    """Return a line for each cell: of what, taken for what, Σw, share, and its limits."""
    each = (curve.weight, curve.fraction, *(_limits(curve) or ()))
    return [
        (true, said, *(table[i][j] for table in each))
        for i, true in enumerate(curve.classes)
        for j, said in enumerate(curve.classes)
    ]


def _draw_confusion(
    figure: Any,
    shares: NDArray[np.float64],
    matrix: NDArray[np.float64],
    names: list[str],
    limits: _Limits | None,
) -> None:
    from matplotlib.patches import Rectangle

    axes = figure.subplots()
    size = len(names)
    for i in range(size):
        for j in range(size):
            share = float(np.nan_to_num(shares[i, j]))
            if share > 0.0:
                axes.add_patch(
                    Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=BLUE, alpha=0.55 * share, linewidth=0)
                )
            if size <= 12:
                between = None if limits is None else _between(limits[0][i][j], limits[1][i][j])
                lines = [f"{share:.1%}", *([between] if between else []), f"{matrix[i, j]:.4g}"]
                label = "\n".join(lines) if size <= 8 else f"{share:.0%}"
                axes.text(j, i, label, ha="center", va="center", fontsize=9 if size <= 8 else 7, color=INK)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_aspect("equal")
    turn = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if max(map(len, names)) > 8 else {}
    axes.set_xticks(range(size), names, **turn)
    axes.set_yticks(range(size), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0)


def _between(low: float | None, high: float | None) -> str | None:
    """Return the limits of a share in per cent; None where there are none.

    >>> _between(0.0123, 0.5), _between(None, None)
    ('[1.2, 50.0]', None)
    """
    return None if low is None or high is None else f"[{100 * low:.1f}, {100 * high:.1f}]"
