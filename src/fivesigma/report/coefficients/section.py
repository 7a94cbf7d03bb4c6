"""The law of a linear model: its coefficients with their errors, and its plane."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.coefficients.figure import linear_model, plane
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean


def _content(view: View) -> Content:
    found = linear_model(view)
    assert found is not None
    model, kept = found
    units = kept.units or (None,) * len(kept.names)
    errors = kept.errors or (None,) * len(kept.names)
    drawn = plane(view)
    context = {
        "name": model.name,
        "target": view.results.data.target or "target",
        "rows": [
            (name, plain_number(value, 5), plain_number(error, 2) if error is not None else "", unit or "")
            for name, value, error, unit in zip(kept.names, kept.slopes, errors, units, strict=True)
        ],
        "with_errors": any(error is not None for error in errors),
        "intercept": plain_number(kept.offset, 5),
        "r2": plain_number(kept.r2_train, 4),
        "law": _law(view.results.data.target or "target", kept),
    }
    return Content(context, {"plane": drawn} if drawn is not None else {})


def _law(target: str, kept: CoefficientsRecord) -> str:
    """Return the fitted law as one line of text, up to six terms."""
    if len(kept.names) > 6:
        return ""
    terms = [
        f"{'−' if v < 0 else '+'} {plain_number(abs(v))} × {clean(n)}"
        for n, v in zip(kept.names, kept.slopes, strict=True)
    ]
    return f"{clean(target)} = {plain_number(kept.offset)} {' '.join(terms)}"


SECTION = Section(
    "coefficients",
    "The linear law",
    lambda view: linear_model(view) is not None,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
