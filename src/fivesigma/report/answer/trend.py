"""What happens to the scores as a setting runs through its values, and what theory says to it."""

from __future__ import annotations

import math
from typing import Any

from fivesigma.record.results import ScanPoint, ScanScore
from fivesigma.record.sections.scan import ScanSettingsRecord
from fivesigma.report.answer import course
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import joined, quoted
from fivesigma.report.rounding import decimals_of, fixed, plain_number
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import clean

_MOST = 3
"""Models whose course one sentence tells."""
_SEEN = 3.0
"""Standard errors from which two ends are not the same."""

Course = list[tuple[Any, ScanScore]]


def of_scan(view: View) -> bool:
    """Whether the study is a scan of which at least one model has a course."""
    return view.results.section(ScanSettingsRecord) is not None and bool(_courses(view))


def _filled(view: View) -> bool:
    return of_scan(view) or course.told(view)


def _courses(view: View) -> dict[str, Course]:
    """Return by model its scores against the first place, the others at their first value, without the baseline."""
    about = view.results.section(ScanSettingsRecord)
    points = view.results.scan or ()
    if about is None or not points:
        return {}
    rest = about.keys[1:]
    at = [point for point in points if all(point.values[key] == points[0].values[key] for key in rest)]
    names = dict.fromkeys(name for point in at for name in point.models)
    every = {name: _course(view, about, at, name) for name in names}
    found = {name: course for name, course in every.items() if len(course) > 1}
    return {name: course for name, course in found.items() if name != view.results.baseline} or found


def _course(view: View, about: ScanSettingsRecord, points: list[ScanPoint], name: str) -> Course:
    scores = [(p, p.models.get(name, {}).get(about.part, {}).get(view.results.metric)) for p in points]
    return [(p.values[about.keys[0]], s) for p, s in scores if s is not None and s.value is not None]


def _sentence(view: View) -> str:
    return _scanned(view) if of_scan(view) else course.sentence(view)


def _scanned(view: View) -> str:
    about = view.results.section(ScanSettingsRecord)
    assert about is not None
    courses = _courses(view)
    known = {name for curve in about.theory.curves for name in curve.models} if about.theory else set()
    order = sorted(courses, key=lambda name: (name not in known, -_moved(courses[name])))
    (start, _), (end, _) = courses[order[0]][0], courses[order[0]][-1]
    told = [f"that of {quoted(name)} {_told(courses[name])}" for name in order[:_MOST]]
    told[0] = told[0].removeprefix("that of ")
    fixed_at = _fixed_at(view, about)
    what = f"As {_place(about.keys[0])} goes from {_value(start)} to {_value(end)}{fixed_at}"
    return f"{what}, {metric_name(view.results.metric)} of {joined(told)}{_theory(about, order[0], courses)}."


def _moved(course: Course) -> float:
    """How far the ends of a course are apart."""
    values = [found.value or 0.0 for _, found in course]
    return max(values) - min(values)


def _told(course: Course) -> str:
    """How a score goes from one end to the other."""
    (_, begun), *_, (_, ended) = course
    assert begun.value is not None
    assert ended.value is not None
    error = math.hypot(begun.error or 0.0, ended.error or 0.0)
    if abs(ended.value - begun.value) > _SEEN * error:
        way = "falls" if ended.value < begun.value else "rises"
        return f"{way} from {_written(begun)} to {_written(ended)}"
    low, high = (end(course, key=lambda pair: pair[1].value or 0.0)[1] for end in (min, max))
    return f"stays between {_written(low)} and {_written(high)}"


def _written(found: ScanScore) -> str:
    if found.value is None or not found.error:
        return fixed(found.value, 4)
    decimals = min(decimals_of(found.error), 6)
    return f"{fixed(found.value, decimals)} ± {fixed(found.error, decimals)}"


def _place(key: str) -> str:
    """Return the name of a scanned place as a reader knows it."""
    return clean(key.removeprefix("source.").removeprefix("models."))


def _value(value: Any) -> str:
    """A value of a scanned place as a person would write it."""
    return plain_number(value, 6) if isinstance(value, (int, float)) else clean(value)


def _fixed_at(view: View, about: ScanSettingsRecord) -> str:
    points, rest = view.results.scan or (), about.keys[1:]
    where = [f"{_place(key)} = {_value(points[0].values[key])}" for key in rest]
    return f" at {joined(where)}" if where else ""


def _theory(about: ScanSettingsRecord, name: str, courses: dict[str, Course]) -> str:
    """What theory marks, and through how many intervals of the first model its curve runs."""
    theory = about.theory
    if theory is None:
        return ""
    marks = [clean(mark.text) for mark in theory.marks]
    said = f"; theory marks the {joined(marks)}" if marks else "; theory has a curve"
    curve = next((each for each in theory.curves if name in each.models), None)
    known = [(float(x), s.low, s.high) for x, s in courses[name] if s.low is not None and s.high is not None]
    if curve is None or not known:
        return said
    inside = sum(low <= theory.expected(curve, x) <= high for x, low, high in known)
    return f"{said}, and its curve runs through {inside} of the {len(known)} intervals of {quoted(name)}"


ANSWER = Answer("trend", _filled, _sentence)
