"""Does a probability of 0.7 come true seven times in ten; and which class is taken for which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.report.figures.panels import bar_style, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, MUTED
from fivesigma.report.text import listed, short

_Bins = Mapping[str, Any]


def calibration(view: View) -> Plot | None:
    """Observed against predicted frequency of every model, one panel each."""
    shown = [(m, b) for m in _best_first(view) if (b := _bins(view, m))]
    if not shown:
        return None
    columns = min(4, len(shown))
    return Plot(
        name="calibration",
        title="Calibration",
        caption=(
            "Share of events that are what was predicted, against the predicted probability, with 68 % intervals; "
            "on the diagonal a probability can be taken at its word."
        ),
        alt=f"Calibration of {listed([short(m.name) for m, _ in shown])}: observed against predicted frequency.",
        size=(8.6, 2.25 * math.ceil(len(shown) / columns) + 0.4),
        draw=lambda figure: _draw_calibration(figure, view, shown, columns),
        header=("model", "class", "predicted", "observed", "low", "high"),
        rows=[
            row
            for model, blocks in shown
            for name, bins in blocks.items()
            for row in _rows(model, name, bins)
        ],
    )


def _best_first(view: View) -> list[ModelRecord]:
    return sorted(view.ranked, key=lambda model: model.name != view.results.best)


def _bins(view: View, model: ModelRecord) -> dict[str, _Bins]:
    """Return the bins by class; a binary task has one set, that of the signal."""
    curve = view.curve(model, "calibration")
    if not isinstance(curve, Mapping):
        return {}
    if "predicted" in curve:
        return {view.signal or "": curve}
    return {name: bins for name, bins in curve.items() if isinstance(bins, Mapping) and "predicted" in bins}


def _limits(bins: _Bins) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    observed = numbers(bins["observed"])
    if bins.get("low") is not None and bins.get("high") is not None:
        return numbers(bins["low"]), numbers(bins["high"])
    error = numbers(bins.get("error") or [0.0] * observed.size)
    return observed - error, observed + error


def _rows(model: ModelRecord, name: str, bins: _Bins) -> list[tuple[object, ...]]:
    low, high = _limits(bins)
    pairs = zip(bins["predicted"], bins["observed"], low.tolist(), high.tolist(), strict=True)
    return [(model.name, name, *row) for row in pairs if row[1] is not None]


def _draw_calibration(
    figure: Any, view: View, shown: list[tuple[ModelRecord, dict[str, _Bins]]], columns: int
) -> None:
    from fivesigma.report.style import colour

    axes = panels(figure, len(shown), columns, sharex=True, sharey=True)
    for panel, (model, blocks) in zip(axes, shown, strict=True):
        panel.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
        for index, (name, bins) in enumerate(blocks.items()):
            _draw_bins(
                panel, bins, colour(index), short(name) if panel is axes[0] and len(blocks) > 1 else None
            )
        ece = model.scores.get(view.part, {}).get("ece")
        error = f"  ECE {value_with_error(ece)}" if ece is not None and ece.value is not None else ""
        panel.set_title(short(model.name, 22), loc="left")
        panel.text(0.03, 0.97, error.strip(), transform=panel.transAxes, va="top", fontsize=8, color=MUTED)
        grid(panel)
    axes[0].set_xlim(0.0, 1.0)
    axes[0].set_ylim(0.0, 1.0)
    for panel in axes:
        panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        panel.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    figure.supxlabel("predicted probability", fontsize=10)
    figure.supylabel("observed share", fontsize=10)
    if any(len(blocks) > 1 for _, blocks in shown):
        figure.legend(loc="outside upper right", ncols=4)


def _draw_bins(panel: Any, bins: _Bins, hue: str, label: str | None) -> None:
    predicted, observed = numbers(bins["predicted"]), numbers(bins["observed"])
    low, high = _limits(bins)
    seen = np.isfinite(predicted) & np.isfinite(observed)
    error = np.clip(np.nan_to_num(np.array([(observed - low)[seen], (high - observed)[seen]])), 0.0, None)
    panel.errorbar(predicted[seen], observed[seen], yerr=error, label=label, **bar_style(hue))
    panel.plot(predicted[seen], observed[seen], color=hue, linewidth=0.8, alpha=0.6)


def confusion(view: View) -> Plot | None:
    """Rows: what it is; columns: what the best model says; shares of each row."""
    best, classes = view.best, view.results.data.classes
    curve = view.curve(best, "confusion") if best is not None else None
    if best is None or curve is None or classes is None:
        return None
    matrix = np.array([numbers(row) for row in (curve["matrix"] if isinstance(curve, Mapping) else curve)])
    if matrix.shape != (len(classes), len(classes)):
        return None
    names = [short(name, 18) for name in classes]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = matrix / matrix.sum(axis=1, keepdims=True)
    side = min(7.5, 1.9 + 0.62 * len(classes))
    return Plot(
        name="confusion",
        title=f"Confusion matrix of {short(best.name)}",
        caption=f"Share of each true class (a row) that {short(best.name)} takes for each class, {view.part} events.",
        alt=f"Confusion matrix of {short(best.name)}; right in "
        + listed([f"{share:.1%} of {name}" for name, share in zip(names, np.diag(shares), strict=True)])
        + ".",
        size=(side + 1.2, side),
        draw=lambda figure: _draw_confusion(figure, shares, matrix, names),
        header=("true", "predicted", "weight", "share"),
        rows=[
            (a, b, float(matrix[i, j]), float(shares[i, j]))
            for i, a in enumerate(classes)
            for j, b in enumerate(classes)
        ],
    )


def _draw_confusion(
    figure: Any, shares: NDArray[np.float64], matrix: NDArray[np.float64], names: list[str]
) -> None:
    from matplotlib.patches import Rectangle

    axes = figure.subplots()
    size = len(names)
    for i in range(size):
        for j in range(size):
            share = float(np.nan_to_num(shares[i, j]))
            axes.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=BLUE, alpha=0.55 * share, linewidth=0)
            )
            if size <= 12:
                label = f"{share:.1%}\n{matrix[i, j]:g}" if size <= 8 else f"{share:.0%}"
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
