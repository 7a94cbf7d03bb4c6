"""A scan: what happens to each model's score as a setting of the study runs through its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma.record.results import ScanPoint, ScanScore
from fivesigma.report.markup import cell, table
from fivesigma.report.panels import numbers
from fivesigma.report.rounding import DASH, decimals_of, fixed
from fivesigma.report.scan.figure import axis_name, cuts, names, scan_plot, score, settings
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import clean
from fivesigma.risk.metrics import metrics

LONGEST = 60
"""Points shown in the table of the page; the file of the figure holds them all."""


def written(found: ScanScore) -> str:
    """Return the mean with its standard error.

    >>> written(ScanScore(0.5312, error=0.0123)), written(ScanScore(None))
    ('0.531 ± 0.012', '—')
    """
    if found.value is None:
        return DASH
    if not found.error:
        return fixed(found.value, 4)
    decimals = min(decimals_of(found.error), 6)
    return f"{fixed(found.value, decimals)} ± {fixed(found.error, decimals)}"


def sentences(view: View) -> list[str]:
    """Return what is seen, one sentence a model and panel, then what theory says to it."""
    found = [text for values, points in _few(view) for text in _panel(view, values, points)]
    return found + list(_against_theory(view))


def _few(view: View) -> list[tuple[tuple[Any, ...], list[ScanPoint]]]:
    every = cuts(view)
    return every if len(every) <= 3 else [every[0], every[-1]]


def _panel(view: View, values: tuple[Any, ...], points: Sequence[ScanPoint]) -> Iterator[str]:
    first, *rest = settings(view).keys
    where = ", ".join(f"{axis_name(key)} = {value}" for key, value in zip(rest, values, strict=True))
    for name in names(view):
        known = [
            (point.values[first], found)
            for point in points
            if (found := score(view, point, name)).value is not None
        ]
        if known and name != view.results.baseline:
            yield f"“{clean(name)}”{f' at {where}' if where else ''}: {_course(view, axis_name(first), known)}."


def _course(view: View, axis: str, known: Sequence[tuple[Any, ScanScore]]) -> str:
    """Say where a score begins, ends, and is best."""
    metric = metric_name(view.results.metric)
    (start, begun), (end, ended) = known[0], known[-1]
    if len(known) == 1:
        return f"{metric} is {written(begun)} at {axis} = {start}"
    merits = [_merit(view, found) for _, found in known]
    if max(merits) == min(merits):
        return f"{metric} is {written(begun)} whatever {axis} is"
    at = int(np.argmax(merits))
    text = f"{metric} goes from {written(begun)} at {axis} = {start} to {written(ended)} at {end}"
    if merits[at] > max(merits[0], merits[-1]):
        near = sum(_reaches(found, known[at][1]) for _, found in known) - 1
        text += f"; its best is {written(known[at][1])} at {known[at][0]}"
        text += f", inside the intervals of {near} of the other {len(known) - 1} points" if near > 0 else ""
    return text


def _merit(view: View, found: ScanScore) -> float:
    known = metrics().get(view.results.metric)
    assert found.value is not None
    return found.value if known is None else float(known.merit(found.value))


def _reaches(found: ScanScore, best: ScanScore) -> bool:
    if found.low is None or found.high is None or best.value is None:
        return False
    return found.low <= best.value <= found.high


def _against_theory(view: View) -> Iterator[str]:
    """Say through how many intervals each curve of theory runs that speaks of a model."""
    theory = settings(view).theory
    if theory is None:
        return
    first = settings(view).keys[0]
    for curve in theory.curves:
        for name in curve.models:
            scored = [(float(p.values[first]), score(view, p, name)) for p in view.results.scan or ()]
            known = [(x, s.low, s.high) for x, s in scored if s.low is not None and s.high is not None]
            if not known:
                continue
            floor = max((each.y for each in theory.floors), default=-np.inf)
            expected = np.maximum(np.interp([x for x, _, _ in known], theory.x, numbers(curve.y)), floor)
            inside = sum(low <= y <= high for (_, low, high), y in zip(known, expected, strict=True))
            or_floor = ", or the floor where that is higher," if np.isfinite(floor) else ""
            said = f"{curve.name.capitalize()}{or_floor} runs through {inside} of the {len(known)} intervals"
            yield f"{said} of “{clean(name)}”."
    yield from theory.sentences


def _content(view: View) -> Content:
    points = view.results.scan or ()
    about = settings(view)
    context = {
        "sentences": sentences(view),
        "metric": view.metric,
        "part": about.part,
        "keys": [axis_name(key) for key in about.keys],
        "models": names(view),
        "lines": _lines(view)[:LONGEST],
        "left_out": max(0, len(points) - LONGEST),
        "n_studies": len(points) * about.repeats,
        "n_points": len(points),
        "repeats": about.repeats,
        "fresh": about.fresh,
    }
    return Content(context, {"scan": scan_plot(view)} if names(view) else {})


def _lines(view: View) -> list[list[str]]:
    keys = settings(view).keys
    return [
        [
            *(str(point.values[key]) for key in keys),
            *(written(score(view, point, name)) for name in names(view)),
        ]
        for point in view.results.scan or ()
    ]


def _markdown(view: View) -> str:
    about = settings(view)
    head = (*(axis_name(key) for key in about.keys), *names(view))
    rows = [tuple(line) for line in _lines(view)[:LONGEST]]
    said = "\n".join(f"- {cell(text)}" for text in sentences(view))
    what = f"{view.metric}, {about.part}, mean ± standard error, {about.repeats} repeats:"
    return f"{said}\n\n{cell(what)}\n\n{table(head, rows)}"


SECTION = Section(
    "scan",
    "The scan",
    lambda view: bool(view.results.scan),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
