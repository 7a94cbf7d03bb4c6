"""What was read: sizes, columns with their units, the audit, and a histogram per class of the features."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import Audit
from fivesigma.report.data.figure import features
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.section import Content, Section, View

_MOST = 8  # columns, or rows, that an entry of the audit names
_OPEN = 12  # so many columns are listed at once; more fold away


def _content(view: View) -> Content:
    data = view.results.data
    plot = features(view)
    context = {
        "read": _facts(view),
        "columns": [
            (
                f.name,
                f.unit or "",
                *(plain_number(v) for v in (f.min, f.max, f.mean, f.std)),
                count(f.n_missing),
            )
            for f in data.features
        ],
        "open": len(data.features) <= _OPEN,
        "audit": [_shown(each) for each in view.results.audit],
    }
    return Content(context, {"features": plot} if plot is not None else {})


def _shown(entry: Audit) -> dict[str, str]:
    """Return an entry of the audit, with what to do and in which columns and rows it is seen."""
    columns = ", ".join(entry.columns[:_MOST]) + (" …" if len(entry.columns) > _MOST else "")
    rows = ", ".join(map(str, entry.rows[:_MOST])) + (" …" if len(entry.rows) > _MOST else "")
    parts = [entry.advice] if entry.advice else []
    if entry.status != "ok":
        parts += [f"{what}: {words}" for what, words in (("columns", columns), ("rows", rows)) if words]
    said = {"status": entry.status, "check": entry.check, "message": entry.message}
    return said | {"more": " · ".join(parts)}


def _facts(view: View) -> list[tuple[str, str]]:
    data = view.results.data
    facts = [("events", count(data.n_samples)), ("features", count(data.n_features))]
    if data.kind != "table":
        facts.append(("each event", f"{data.kind} of {' × '.join(map(str, data.shape))}"))
    if round(data.n_effective) != data.n_samples:
        facts.insert(1, ("effective events, (Σw)²/Σw²", count(data.n_effective)))
    if data.target:
        facts.append(("target", data.target))
    if data.classes:
        facts.append(
            ("classes", ", ".join(data.classes) + (" (the last is the signal)" if view.signal else ""))
        )
    return facts


SECTION = Section(
    "data", "The data", lambda view: True, _content, template=Path(__file__).with_name("section.html.j2")
)
