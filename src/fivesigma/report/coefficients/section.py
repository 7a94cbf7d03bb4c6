"""The law of each linear model: its coefficients with their errors, and the plane of the best."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.coefficients.figure import linear_model, plane
from fivesigma.report.law import law
from fivesigma.report.rounding import compact, decimals_of, fixed, interval, plain_number
from fivesigma.report.section import Content, Section, View

_MOST_LAWS = 12


def _content(view: View) -> Content:
    best = linear_model(view)
    assert best is not None
    having = [each for each in view.having(CoefficientsRecord) if each[1].names]
    others = [each for each in having if each[0].name != best[0].name][: _MOST_LAWS - 1]
    target, drawn = view.results.data.target or "target", plane(view)
    context = {"target": target, "laws": [_law(target, *each) for each in (best, *others)]}
    return Content(context, {"plane": drawn} if drawn is not None else {})


def _law(target: str, model: ModelRecord, kept: CoefficientsRecord) -> dict[str, Any]:
    """Return what the page says of one law."""
    return {
        "name": model.name,
        "text": law(target, kept),
        "with_errors": kept.errors is not None,
        "with_spread": kept.spread is not None,
        "rows": [_row(kept, j) for j in (len(kept.names), *range(len(kept.names)))],
        "r2": plain_number(kept.r2_train, 4),
        "method": kept.method or "",
    }


def _row(kept: CoefficientsRecord, j: int) -> dict[str, str]:
    """Return a line of the table: of the column ``j``, or of the intercept, which comes last."""
    last = j == len(kept.names)
    value = kept.offset if last else kept.slopes[j]
    units = kept.units or (None,) * len(kept.names)
    row = {"term": "intercept" if last else kept.names[j], "unit": "" if last else units[j] or ""}
    if kept.errors is not None:
        robust, low, high = kept.errors.robust[j], (kept.low or ())[j], (kept.high or ())[j]
        decimals = decimals_of(robust) if robust else 4
        row |= {
            "limits": interval(low, high, decimals),
            "classical": plain_number(kept.errors.classical[j], 2),
        }
        return row | {"value": compact(value, robust), "bootstrap": plain_number(kept.errors.bootstrap[j], 2)}
    row["value"] = plain_number(value, 5)
    if kept.spread is not None:
        share = "" if last or kept.non_zero is None else _percent(kept.non_zero[j])
        row |= {"spread": plain_number(kept.spread[j], 2), "non_zero": share}
    return row


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
