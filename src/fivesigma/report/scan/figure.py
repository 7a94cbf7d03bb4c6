"""Scores against a scanned setting: one line a model, bars over the repeats, theory where there is one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ScanPoint, ScanScore
from fivesigma.record.sections.scan import ScanSettingsRecord, Theory
from fivesigma.report.panels import decades, edge_note, frame, grid, numbers, panels
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import INK, MUTED, colour, dash
from fivesigma.report.text import listed, short

MOST_PANELS = 9
MOST_TICKS = 12
_APART, _CROWDED = 0.008, 0.12
"""Part of the axis between the bars of two models, and of all the room between two points where there are many."""
_COLUMNS = 3
_THEORY = ("-", (0, (5, 2)), (0, (1.5, 1.5)))

Cut = tuple[tuple[Any, ...], list[ScanPoint]]


def settings(view: View) -> ScanSettingsRecord:
    """Return what the record says of its scan."""
    found = view.results.section(ScanSettingsRecord)
    assert found is not None
    return found


def axis_name(key: str) -> str:
    """Return a dotted place as a reader knows it.

    >>> axis_name("source.rho"), axis_name("models.a forest.params.max_depth"), axis_name("split.folds")
    ('rho', 'max_depth of a forest', 'split.folds')
    """
    if key.startswith("source."):
        return key.removeprefix("source.")
    if key.startswith("models."):
        model, _, setting = key.removeprefix("models.").rpartition(".")
        return f"{setting} of {model.removesuffix('.params')}"
    return key


def names(view: View) -> list[str]:
    """Return the models of a scan that have a score anywhere, in the order of the line-up."""
    points = view.results.scan or ()
    found = dict.fromkeys(name for point in points for name in point.models)
    return [name for name in found if any(score(view, point, name).value is not None for point in points)]


def score(view: View, point: ScanPoint, name: str) -> ScanScore:
    """Return the score of a model at a point, on the part that is drawn and by the primary metric."""
    part = point.models.get(name, {}).get(settings(view).part, {})
    return part.get(view.results.metric, ScanScore(None))


def cuts(view: View) -> list[Cut]:
    """Return the points of each panel: all with the same values of every scanned place but the first."""
    rest = settings(view).keys[1:]
    found: dict[tuple[Any, ...], list[ScanPoint]] = {}
    for point in view.results.scan or ():
        found.setdefault(tuple(point.values[key] for key in rest), []).append(point)
    return list(found.items())


def some(found: Sequence[Cut]) -> list[Cut]:
    """Return at most nine panels, evenly chosen, both ends among them."""
    if len(found) <= MOST_PANELS:
        return list(found)
    return [found[round(i)] for i in np.linspace(0, len(found) - 1, MOST_PANELS)]


def scan_plot(view: View) -> Plot:
    """Score of every model against the first scanned place; each value of the others has a panel."""
    about, metric = settings(view), view.results.metric
    keys, found, shown = about.keys, cuts(view), names(view)
    drawn = some(found)
    wide = min(_COLUMNS, len(drawn))
    tall = -(-len(drawn) // wide)
    left_out = f" {len(found) - len(drawn)} more are in the table." if len(found) > len(drawn) else ""
    return Plot(
        name="scan",
        title=f"{metric_name(metric)[0].upper()}{metric_name(metric)[1:]} against {axis_name(keys[0])}",
        caption=(
            _bars(about)
            + _of_train(view)
            + (f" One panel for each {listed([axis_name(key) for key in keys[1:]])}." if keys[1:] else "")
            + left_out
            + _said_of_theory(about)
        ),
        alt=f"{metric_name(metric)} of {listed([short(name) for name in shown])} against {axis_name(keys[0])}.",
        size=(8.6, 5.6 if len(drawn) == 1 else 2.7 * tall + 0.5),
        draw=lambda figure: _draw(figure, view, drawn, shown),
        header=(*keys, "model", "part", metric, "low", "high", "error", "spread", "n"),
        rows=[row for _, points in found for row in _rows(view, points, shown)],
    )


def _bars(about: ScanSettingsRecord) -> str:
    if about.fresh:
        return f"Mean over {about.repeats} data sets a point with its 95 % interval (Student's t)."
    return (
        f"Mean over {about.repeats} divisions into folds, with the 95 % interval of one: the events are the same "
        "at every point, so neighbours move together."
    )


def _of_train(view: View) -> str:
    points, shown = view.results.scan or (), view.foremost(names(view))
    there = any(train_score(view, point, name) is not None for point in points for name in shown)
    return " Open squares: the score on the events fitted to." if there else ""


def _said_of_theory(about: ScanSettingsRecord) -> str:
    return " Grey and black lines: theory, for infinitely many events." if about.theory else ""


def _rows(view: View, points: Sequence[ScanPoint], shown: Sequence[str]) -> list[tuple[object, ...]]:
    part, keys = settings(view).part, settings(view).keys
    return [
        (*(point.values[key] for key in keys), name, part, s.value, s.low, s.high, s.error, s.spread, s.n)
        for name in shown
        for point in points
        for s in [score(view, point, name)]
    ]


def _draw(figure: Any, view: View, drawn: Sequence[Cut], shown: Sequence[str]) -> None:
    first, *rest = settings(view).keys
    wide = min(_COLUMNS, len(drawn))
    every = panels(figure, len(drawn), wide, sharex=True, sharey=True)
    for number, (axes, (values, points)) in enumerate(zip(every, drawn, strict=True)):
        _panel(axes, view, points, shown)
        if rest:
            axes.set_title(
                ", ".join(f"{axis_name(k)} = {_text(v)}" for k, v in zip(rest, values, strict=True))
            )
        if number % wide == 0:
            axes.set_ylabel(f"{view.metric}, {settings(view).part}")
        if number >= len(drawn) - wide:
            axes.set_xlabel(axis_name(first))
    handles, labels = every[0].get_legend_handles_labels()
    alone = len(drawn) == 1
    figure.legend(
        handles,
        labels,
        loc="outside lower center" if alone else "outside upper left",
        ncols=3 if alone else 4,
    )


def _panel(axes: Any, view: View, points: Sequence[ScanPoint], shown: Sequence[str]) -> None:
    grid(axes)
    first = settings(view).keys[0]
    places = _places(axes, [point.values[first] for point in points])
    if theory := settings(view).theory:
        _draw_theory(axes, theory)
    named = [name for name in shown if name in view.foremost(shown)]
    for index, name in enumerate(shown):
        hue = colour(named.index(name)) if name in named else MUTED
        _draw_train(axes, (places, hue), [train_score(view, point, name) for point in points], name in named)
        beside = _beside(axes, places, index - (len(shown) - 1) / 2)
        label = short(name) if name in named or name == view.results.baseline else None
        found = [score(view, point, name) for point in points]
        _draw_scores(axes, beside, found, {"color": hue, "linestyle": dash(index), "label": label})
    _leave_out_dummies(axes, view, points, shown)


def _draw_scores(
    axes: Any, places: Sequence[float], found: Sequence[ScanScore], look: Mapping[str, Any]
) -> None:
    """Draw the scores of one model with their intervals; thinner where the points are many."""
    value, low, high = (numbers([getattr(each, key) for each in found]) for key in ("value", "low", "high"))
    many = len(found) > MOST_TICKS
    thin = {"linewidth": 0.8, "alpha": 0.55} if many else {"linewidth": 1.1, "alpha": 0.75}
    axes.vlines(places, low, high, color=look["color"], **thin)
    line = {"linewidth": 0.7, "markersize": 3.2} if many else {"linewidth": 1.0, "markersize": 4.6}
    axes.plot(places, value, "o", **look, **line)


def train_score(view: View, point: ScanPoint, name: str) -> float | None:
    """Return the score of a model on the events it was fitted to, where the scan is judged on others."""
    if view.results.task == "clustering" or settings(view).part == "train":
        return None
    return point.models.get(name, {}).get("train", {}).get(view.results.metric, ScanScore(None)).value


def _draw_train(
    axes: Any, look: tuple[Sequence[float], str], values: Sequence[float | None], named: bool
) -> None:
    """Draw the scores of training events as open squares: where they part from the others, that is learnt by heart."""
    if named and any(value is not None for value in values):
        places, hue = look
        axes.plot(
            places,
            numbers(values),
            "s",
            color=hue,
            markerfacecolor="none",
            markersize=4,
            linewidth=0.8,
            linestyle=":",
        )


def _leave_out_dummies(axes: Any, view: View, points: Sequence[ScanPoint], shown: Sequence[str]) -> None:
    """Let the models and the theory set the scale; where a dummy lies beyond, its scores are named at the edge."""
    dummies = [name for name in shown if name in view.dummies]
    ends = frame(_scale(view, points, [name for name in shown if name not in dummies]))
    if ends is not None and dummies:
        axes.set_ylim(*ends)
        own = {short(name, 20): [score(view, point, name).value for point in points] for name in dummies}
        edge_note(axes, ends, own)


def _scale(view: View, points: Sequence[ScanPoint], learning: Sequence[str]) -> list[float | None]:
    """Return what sets the scale: scores with their ends, scores of training events, and the theory."""
    theory, asked = settings(view).theory, [(point, name) for name in learning for point in points]
    found = [score(view, point, name) for point, name in asked]
    ends = [end for each in found for end in (each.value, each.low, each.high)]
    curves = [y for curve in (theory.curves if theory else ()) for y in curve.y]
    return [*ends, *(train_score(view, point, name) for point, name in asked), *curves]


def _places(axes: Any, values: Sequence[Any]) -> list[float]:
    """Return where the values stand: numbers on a line (in log where they are), words side by side."""
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        axes.set_xticks(range(len(values)), [_text(value) for value in values])
        return list(range(len(values)))
    found = [float(value) for value in values]
    if even_in_log(found):
        axes.set_xscale("log")
        decades(axes.xaxis)
    if len(found) <= MOST_TICKS:
        axes.set_xticks(found, [_text(value) for value in values])
        axes.minorticks_off()
    return found


def _beside(axes: Any, places: Sequence[float], step: float) -> list[float]:
    """Return places moved by a small part of the axis, so that the bars of several models stand apart."""
    if len(places) < 2:
        return list(places)
    apart = step * min(_APART, _CROWDED / len(places))
    if axes.get_xscale() == "log":
        return [float(x * (max(places) / min(places)) ** apart) for x in places]
    return [float(x + (max(places) - min(places)) * apart) for x in places]


def even_in_log(values: Sequence[float]) -> bool:
    """Whether numbers rise by about one factor, over a factor of eight at the least.

    >>> even_in_log([1, 10, 100]), even_in_log([1, 2, 3, 4])
    (True, False)
    """
    if len(values) < 3 or min(values) <= 0 or max(values) < 8 * min(values):
        return False
    ratios = [b / a for a, b in itertools.pairwise(sorted(values))]
    return max(ratios) <= 1.6 * min(ratios)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw_theory(axes: Any, theory: Theory) -> None:
    for number, curve in enumerate(theory.curves):
        style = _THEORY[number % len(_THEORY)]
        axes.plot(theory.x, numbers(curve.y), color=INK, linestyle=style, linewidth=1.3, label=curve.name)
    for floor in theory.floors:
        axes.axhline(floor.y, color=MUTED, linestyle=(0, (1, 2)), linewidth=1.2, label=floor.text)
    for mark in theory.marks:
        axes.axvline(mark.x, color=MUTED, linestyle=(0, (6, 3)), linewidth=0.9, label=mark.text)
