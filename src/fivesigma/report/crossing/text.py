"""What is said of a crossing: the value of an infinite system with its error, and how far off what is known it is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fivesigma.record.sections.crossing import CrossingModel, CrossingReading, CrossingRecord
from fivesigma.report.rounding import DASH
from fivesigma.report.text import clean, labelled
from fivesigma.report.transitions import off_text, value_text


def readings(kept: CrossingRecord) -> list[CrossingReading]:
    """Return every reading on every test set, the one that counts first."""
    first = CrossingReading(at=kept.at, test=kept.test, expected=kept.expected, models=kept.models)
    return [first, *kept.others]


def size_name(kept: CrossingRecord) -> str:
    """Return the size as a reader knows it, without the section of the study file."""
    return kept.setting.removeprefix("source.")


def what(at: float | None) -> str:
    """Return what is read off a curve, in words.

    >>> what(None), what(0.5)
    ('the peak of the variance', 'where the mean output is 0.5')
    """
    return "the peak of the variance" if at is None else f"where the mean output is {at:g}"


def summary(kept: CrossingRecord) -> list[str]:
    """Return one line a model, test set and reading."""
    return [line for each in readings(kept) for model in each.models for line in _said(kept, each, model)]


def _said(kept: CrossingRecord, on: CrossingReading, model: CrossingModel) -> Iterator[str]:
    name = f"“{clean(model.model)}”"
    where = f" on {clean(on.test)}" if len({each.test for each in readings(kept)}) > 1 else ""
    where += f", {what(on.at)}" if kept.others else ""
    lost = f" ({clean(model.message)})" if model.message else ""
    if model.value is None:
        yield f"{name}{where} gives no {clean(kept.over)} of an infinite system{lost}"
        return
    unit = f" {clean(kept.unit)}" if kept.unit else ""
    at = f"{clean(kept.over)} = {value_text(model.value, model.error)}{unit} for an infinite {clean(size_name(kept))}"
    parts = f"repeats {_two(model.stat)}, range of sizes {_two(model.span)}"
    far = off_text(model.value, model.error, on.expected)
    known = "" if on.expected is None else f"; known is {on.expected:.5g}: {far}"
    yield f"{name}{where}: {at} ({parts}){known}{_off_line(kept, model)}{lost}"


def _off_line(kept: CrossingRecord, model: CrossingModel) -> str:
    """Say that no line goes through the points, where χ² is three of its deviations above what it is on one."""
    if model.chi2 is None or not model.dof or model.chi2 < model.dof + 3 * math.sqrt(2 * model.dof):
        return ""
    return (
        f"; the points are on no line in 1/{clean(size_name(kept))} (χ²/dof = {model.chi2:.0f}/{model.dof})"
    )


def _two(error: float | None) -> str:
    """Return an error to two digits.

    >>> _two(0.04541), _two(0.0)
    ('0.045', '0')
    """
    return DASH if error is None else f"{error:.2g}"


def axis(kept: CrossingRecord) -> str:
    """Return the column with its unit, for an axis."""
    return labelled(kept.over, kept.unit)
