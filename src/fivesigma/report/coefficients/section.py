"""The law of each linear model: its coefficients with their errors or their spread, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.coefficients.curve import curve
from fivesigma.report.coefficients.figure import linear_model, plane
from fivesigma.report.law import law
from fivesigma.report.rounding import compact, decimals_of, fixed, interval, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean

_MOST_LAWS = 12
_MOST_ROWS = 60


def _content(view: View) -> Content:
    best = linear_model(view)
    assert best is not None
    having = [each for each in view.having(CoefficientsRecord) if each[1].names]
    others = [each for each in having if each[0].name != best[0].name][: _MOST_LAWS - 1]
    drawn = {"curve": curve(view), "plane": plane(view)}
    context = {"laws": [_law(view, *each) for each in (best, *others)]}
    return Content(context, {name: plot for name, plot in drawn.items() if plot is not None})


def given(view: View, kept: CoefficientsRecord) -> str:
    """Return what a law gives: the target, its logarithm, or of a class the log odds or a margin."""
    target, classes = clean(view.results.data.target or "target"), view.results.data.classes
    one = clean(classes[-1]) if classes and kept.offset is not None else "each class"
    words = {"log": f"ln {target}", "logit": f"ln odds of {one}", "margin": f"margin of {one}"}
    if kept.link == "logit" and kept.offset is None:
        return "ln probability of each class, up to a constant"
    if kept.link is None and classes:
        return f"score of {one}"
    return words.get(kept.link or "", target)


def _law(view: View, model: ModelRecord, kept: CoefficientsRecord) -> dict[str, Any]:
    """Return what the page says of one law."""
    goal = view.target_unit if kept.link in (None, "identity") else None
    places = _largest(kept)
    rows = [len(kept.names), *places]
    found = [_row(kept, j, goal) for j in rows] if kept.offset is not None else _rows_of_classes(kept, rows)
    return {
        "name": model.name,
        "gives": given(view, kept),
        "text": law(given(view, kept), kept, goal),
        "with_errors": kept.errors is not None,
        "with_spread": kept.spread is not None and kept.offset is not None,
        "classes": [] if kept.offset is not None else list(view.results.data.classes or ()),
        "rows": found,
        "more": len(kept.names) - len(places),
        "r2": None if kept.r2_train is None else plain_number(kept.r2_train, 4),
        "method": kept.method or "",
    }


def _largest(kept: CoefficientsRecord) -> list[int]:
    """Return the columns of a table: all in their order, or of very many those that weigh most, standardised."""
    if len(kept.names) <= _MOST_ROWS:
        return list(range(len(kept.names)))
    each = [_numbers(one) for one in _by_output(kept.standardised or kept.values)]
    sizes = [max(abs(one[j]) for one in each) for j in range(len(kept.names))]
    return sorted(range(len(kept.names)), key=lambda j: -sizes[j])[:_MOST_ROWS]


def _by_output(values: Sequence[Any]) -> list[Sequence[Any]]:
    """Return the rows of a table of several outputs; of one, that row."""
    return list(values) if values and isinstance(values[0], tuple) else [values]


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def _row(kept: CoefficientsRecord, j: int, goal: str | None) -> dict[str, Any]:
    """Return a line of the table: of the column ``j``, or of the intercept, which comes last."""
    last = j == len(kept.names)
    value = kept.offset if last else kept.slopes[j]
    units = kept.units or (None,) * len(kept.names)
    row: dict[str, Any] = {"term": "intercept" if last else kept.names[j], "cells": []}
    row["unit"] = (goal if last else units[j]) or ""
    if kept.errors is not None:
        robust, low, high = kept.errors.robust[j], (kept.low or ())[j], (kept.high or ())[j]
        decimals = decimals_of(robust) if robust else 4
        row |= {"limits": interval(low, high, decimals), "classical": _error(kept.errors.classical[j])}
        return row | {"value": compact(value, robust), "bootstrap": _error(kept.errors.bootstrap[j])}
    spread = None if kept.spread is None else kept.spreads[j]
    row["value"] = fixed(value, decimals_of(spread)) if spread else plain_number(value, 5)
    if kept.spread is not None:
        share = "" if last or not kept.shares else _percent(kept.shares[j])
        row |= {"spread": _error(spread), "non_zero": share}
    return row


def _rows_of_classes(kept: CoefficientsRecord, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Return the lines of a table with a column a class: each value with its spread, where there is one."""
    units = (*(kept.units or (None,) * len(kept.names)), None)
    values = [[*one, end] for one, end in zip(_by_output(kept.values), _ends(kept), strict=True)]
    spreads = _by_output(kept.spread) if kept.spread is not None else []
    return [
        {
            "term": "intercept" if j == len(kept.names) else kept.names[j],
            "unit": units[j] or "",
            "cells": [
                _with_spread(one[j], spread[j] if spread else None)
                for one, spread in zip_longest(values, spreads)
            ],
        }
        for j in rows
    ]


def _ends(kept: CoefficientsRecord) -> Sequence[float]:
    return kept.intercept if isinstance(kept.intercept, tuple) else (kept.intercept,)


def _with_spread(value: float, spread: float | None) -> str:
    """Return a value and its spread, which is no error: it stands behind a sign of its own.

    >>> _with_spread(1.2345, 0.0321), _with_spread(1.2345, None)
    ('1.234 ∓ 0.032', '1.234')
    """
    if not spread:
        return plain_number(value)
    decimals = decimals_of(spread)
    return f"{fixed(value, decimals)} ∓ {fixed(spread, decimals)}"


def _percent(share: float | None) -> str:
    return plain_number(share) if share is None else f"{share:.0%}"


def _error(error: float | None) -> str:
    """Return an error at the digits that it is worth."""
    return fixed(error, decimals_of(error)) if error else plain_number(error)


SECTION = Section(
    "coefficients",
    "The linear law",
    lambda view: linear_model(view) is not None,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
