"""Signal efficiency against background rejection, with its band."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ModelRecord
from fivesigma.report.figures.panels import decades, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import MUTED, colour, dash
from fivesigma.report.text import listed, short

_FEWEST = 0.01  # efficiencies below one in a hundred rest on a handful of events
_Curve = Mapping[str, Any]


def roc(view: View) -> Plot | None:
    """Background rejection against signal efficiency: every model, the best with its band."""
    drawn = [(model, view.curve(model, "roc")) for model in view.ranked]
    drawn = [(model, curve) for model, curve in drawn if isinstance(curve, Mapping)]
    single = [(model, curve) for model, curve in drawn if "signal_efficiency" in curve]
    if single:
        return _binary(view, single)
    return _one_against_rest(view) if drawn else None


def _binary(view: View, drawn: list[tuple[ModelRecord, _Curve]]) -> Plot:
    signal = short(view.signal or "signal")
    return Plot(
        name="roc",
        title="Background rejection against signal efficiency",
        caption=(
            f"Signal is {signal}. Further up and to the right separates more; the grey line is a coin. The band on "
            f"{_banded(view, drawn)} is 68 %, from resampled {view.part} events."
        ),
        alt=f"ROC curves of {listed([short(m.name) for m, _ in drawn])}: " + _spoken(drawn),
        size=(8.6, 4.3),
        draw=lambda figure: _draw_binary(figure, view, drawn),
        header=("model", "signal_efficiency", "background_rejection", "low", "high"),
        rows=[row for model, curve in drawn for row in _rows(model.name, curve)],
    )


def _background(view: View) -> str:
    classes = view.results.data.classes
    return short(classes[0], 20) if classes else "background"


def _banded(view: View, drawn: list[tuple[ModelRecord, _Curve]]) -> str:
    return short(
        view.results.best if any(m.name == view.results.best for m, _ in drawn) else drawn[0][0].name
    )


def _rows(name: str, curve: _Curve) -> list[tuple[object, ...]]:
    efficiency = curve["signal_efficiency"]
    empty = [None] * len(efficiency)
    columns = [curve.get(key) or empty for key in ("background_rejection", "low", "high")]
    return [(name, *row) for row in zip(efficiency, *columns, strict=True)]


def _spoken(drawn: list[tuple[ModelRecord, _Curve]]) -> str:
    said = []
    for model, curve in drawn:
        efficiency, rejection = numbers(curve["signal_efficiency"]), numbers(curve["background_rejection"])
        half = rejection[np.argmin(np.abs(efficiency - 0.5))] if efficiency.size else math.nan
        if math.isfinite(half):
            said.append(f"{short(model.name)} rejects {half:.3g} to 1")
    return (
        "at half signal efficiency " + ", ".join(said) + "." if said else "no rejection at half efficiency."
    )


def _draw_binary(figure: Any, view: View, drawn: list[tuple[ModelRecord, _Curve]]) -> None:
    axes = figure.subplots()
    efficiency = np.linspace(_FEWEST, 1.0, 200)
    axes.plot(efficiency, 1.0 / efficiency, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)), label="coin")
    best = _banded(view, drawn)
    top = 10.0
    for index, (model, curve) in enumerate(drawn):
        is_best = short(model.name) == best
        top = max(top, _draw_curve(axes, curve, index, is_best, _legend(view, model)))
    axes.set_yscale("log")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(1.0, top * 1.3)
    decades(axes.yaxis)
    grid(axes)
    axes.set_xlabel(f"signal efficiency ε({short(view.signal or 'signal')})")
    axes.set_ylabel(f"background rejection 1/ε({_background(view)})")
    figure.legend(loc="outside right upper", title=metric_name("roc_auc"), alignment="left")


def _legend(view: View, model: ModelRecord) -> str:
    score = model.scores.get(view.part, {}).get("roc_auc")
    return (
        f"{short(model.name, 24)}\n{value_with_error(score)}" if score is not None else short(model.name, 24)
    )


def _draw_curve(axes: Any, curve: _Curve, index: int, is_best: bool, label: str) -> float:
    efficiency = numbers(curve["signal_efficiency"])
    rejection = numbers(curve["background_rejection"])
    use = efficiency >= _FEWEST
    hue = colour(index)
    if is_best and curve.get("low") and curve.get("high"):
        low, high = numbers(curve["low"])[use], numbers(curve["high"])[use]
        axes.fill_between(efficiency[use], low, high, color=hue, alpha=0.2, linewidth=0)
    axes.plot(
        efficiency[use],
        rejection[use],
        color=hue,
        linestyle=dash(index),
        linewidth=2.2 if is_best else 1.2,
        label=label,
        zorder=3 if is_best else 2,
    )
    return _largest(rejection[use])


def _largest(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 1.0


def _one_against_rest(view: View) -> Plot | None:
    best = view.best
    curves = view.curve(best, "roc") if best is not None else None
    if best is None or not isinstance(curves, Mapping):
        return None
    shown = [(name, c) for name, c in curves.items() if isinstance(c, Mapping) and "signal_efficiency" in c]
    if not shown:
        return None
    return Plot(
        name="roc",
        title="Background rejection against signal efficiency, one class against the rest",
        caption=f"Each class of {short(best.name)} against all others, with a 68 % band; the grey line is a coin.",
        alt=f"ROC curves of {short(best.name)}, one panel a class: {listed([short(name) for name, _ in shown])}.",
        size=(8.6, 2.9 * math.ceil(len(shown) / 3)),
        draw=lambda figure: _draw_classes(figure, shown),
        header=("class", "signal_efficiency", "background_rejection", "low", "high"),
        rows=[row for name, curve in shown for row in _rows(name, curve)],
    )


def _draw_classes(figure: Any, shown: list[tuple[str, _Curve]]) -> None:
    efficiency = np.linspace(_FEWEST, 1.0, 100)
    top = 10.0
    axes = panels(figure, len(shown), min(3, len(shown)), sharex=True, sharey=True)
    for index, (panel, (name, curve)) in enumerate(zip(axes, shown, strict=True)):
        panel.plot(efficiency, 1.0 / efficiency, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)))
        top = max(top, _draw_curve(panel, curve, index, True, ""))
        panel.set_title(short(name), loc="left")
        grid(panel)
    axes[0].set_yscale("log")
    axes[0].set_ylim(1.0, top * 1.3)
    for panel in axes:
        decades(panel.yaxis)
    figure.supxlabel("efficiency of the class ε", fontsize=10)
    figure.supylabel("rejection of the rest 1/ε", fontsize=10)
