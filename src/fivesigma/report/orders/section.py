"""How many components: what BIC, held-out events and the evidence say of each number."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.mixture import MixtureRecord, Order
from fivesigma.report.markup import cell, table
from fivesigma.report.orders.figure import WORDS, criterion, orders
from fivesigma.report.rounding import fixed
from fivesigma.report.section import Content, Section, View

Rows = dict[str, list[Order]]


def series(view: View) -> Rows:
    """Return the rows of each method: those of one kind and covariance type make one curve."""
    found: Rows = {}
    for model, mixture in view.having(MixtureRecord):
        shape = model.params.get("covariance_type")
        name = f"{model.kind} ({shape})" if shape not in (None, "full") else model.kind
        known = {row.n_components: row for row in found.get(name, [])}
        for row in mixture.order:
            before = known.get(row.n_components)
            known[row.n_components] = row if before is None else _joined(before, row)
        if known:
            found[name] = [known[K] for K in sorted(known)]
    return found


def _joined(one: Order, two: Order) -> Order:
    """Return what both say of one number, the first where both speak."""
    known = {key: criterion(one if criterion(one, key) is not None else two, key) for key in WORDS}
    return Order(n_components=one.n_components, **known)


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
    for key, word in (("bic", "BIC"), ("held_out", "held-out likelihood"), ("log_evidence", "the evidence")):
        numbers = {}
        for name, rows in series(view).items():
            known = [(y, row.n_components) for row in rows if (y := criterion(row, key)) is not None]
            if len(known) > 1:
                _, numbers[name] = (min if key == "bic" else max)(known, key=lambda pair: pair[0])
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
