"""How many components: what BIC, held-out events and the evidence say of each number."""

from __future__ import annotations

from pathlib import Path

from fivesigma.report.criteria import CRITERIA, criterion, preferred, series
from fivesigma.report.markup import cell, table
from fivesigma.report.orders.figure import WORDS, orders
from fivesigma.report.rounding import fixed
from fivesigma.report.section import Content, Section, View


def _applies(view: View) -> bool:
    return len({row.n_components for rows in series(view).values() for row in rows}) > 1


def _lines(view: View) -> list[tuple[str, ...]]:
    return [
        (
            name,
            str(row.n_components),
            *(fixed(criterion(row, key), 3 if key == "held_out" else 1) for key in WORDS),
        )
        for name, rows in series(view).items()
        for row in rows
    ]


def _seen(view: View) -> str:
    """Return which number each criterion prefers, in one sentence."""
    said = []
    for key, word in CRITERIA.items():
        every = {name: preferred(rows, key) for name, rows in series(view).items()}
        numbers = {name: K for name, K in every.items() if K is not None}
        if numbers:
            said.append(f"{word} prefers {', '.join(f'{K} ({name})' for name, K in numbers.items())}")
    return ("; ".join(said) + ".") if said else "No criterion was computed for more than one number."


def _content(view: View) -> Content:
    found = _seen(view)
    context = {"seen": found[0].upper() + found[1:], "lines": _lines(view)}
    return Content(context, {"orders": orders(series(view))})


def _markdown(view: View) -> str:
    head = ("method", "components", "BIC", "held-out ln L an event", "log evidence")
    return f"{cell(_seen(view))}\n\n{table(head, _lines(view))}"


SECTION = Section(
    "orders",
    "How many components",
    _applies,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
