"""The law of a linear model: its coefficients with their errors, and its plane."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fivesigma.report.coefficients.figure import linear_model, plane
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean


def _content(view: View) -> Content:
    model = linear_model(view)
    assert model is not None
    kept = model.sections["coefficients"]
    units = kept.get("units") or [None] * len(kept["names"])
    errors = kept.get("errors") or [None] * len(kept["names"])
    drawn = plane(view)
    context = {
        "name": model.name,
        "target": view.results.data.target or "target",
        "rows": [
            (name, plain_number(value, 5), plain_number(error, 2) if error is not None else "", unit or "")
            for name, value, error, unit in zip(kept["names"], kept["values"], errors, units, strict=True)
        ],
        "with_errors": any(error is not None for error in errors),
        "intercept": plain_number(kept.get("intercept"), 5),
        "r2": plain_number(kept.get("r2_train"), 4),
        "law": _law(view.results.data.target or "target", kept),
    }
    return Content(context, {"plane": drawn} if drawn is not None else {})


def _law(target: str, kept: Mapping[str, object]) -> str:
    """Return the fitted law as one line of text, up to six terms."""
    names, values = list(kept["names"]), list(kept["values"])  # type: ignore[call-overload]
    if len(names) > 6:
        return ""
    terms = [
        f"{'−' if v < 0 else '+'} {plain_number(abs(v))} × {clean(n)}"
        for n, v in zip(names, values, strict=True)
    ]
    return f"{clean(target)} = {plain_number(kept.get('intercept'))} {' '.join(terms)}"  # type: ignore[arg-type]


SECTION = Section(
    "coefficients",
    "The linear law",
    lambda view: linear_model(view) is not None,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
