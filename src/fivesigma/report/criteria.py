"""What says how many components there are: BIC, held-out likelihood, the evidence, by method and number."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.record.sections.mixture import MixtureRecord, Order
from fivesigma.report.section import View

CRITERIA = {"bic": "BIC", "held_out": "held-out likelihood", "log_evidence": "the evidence"}
"""By key of `Order`, what it is called in a sentence."""

Rows = dict[str, list[Order]]
"""By method, what is said of each number of components."""


def criterion(row: Order, key: str) -> float | None:
    """Return one of the `CRITERIA`.

    >>> criterion(Order(n_components=2, bic=3.0), "bic")
    3.0
    """
    return {"bic": row.bic, "held_out": row.held_out, "log_evidence": row.log_evidence}[key]


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
    known = {key: criterion(one if criterion(one, key) is not None else two, key) for key in CRITERIA}
    return Order(n_components=one.n_components, **known)


def known(rows: Sequence[Order], key: str) -> list[tuple[int, float]]:
    """Return the numbers of components of which a criterion speaks, each with what it says."""
    return [(row.n_components, value) for row in rows if (value := criterion(row, key)) is not None]


def preferred(rows: Sequence[Order], key: str) -> int | None:
    """Return the number that a criterion prefers: the least BIC, the largest of the others; None of fewer than two.

    >>> preferred([Order(n_components=1, bic=5.0), Order(n_components=2, bic=3.0)], "bic")
    2
    """
    found = known(rows, key)
    if len(found) < 2:
        return None
    return (min if key == "bic" else max)(found, key=lambda pair: pair[1])[0]
