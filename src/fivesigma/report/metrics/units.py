"""What a metric is in, as a reader writes it."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.risk.metric import Metric, Unit

_MOST_COLUMNS = 3
_COMPOUND = "/* ·^"


def unit_text(metric: Metric, target: str | None, columns: Sequence[str | None] = ()) -> str:
    """Return the unit of a score, "" of a pure number that has no name.

    Parameters
    ----------
    metric : what is scored
    target : the unit of the target, None where it has none
    columns : of a density of columns, their units

    >>> from fivesigma.risk.metrics import metric
    >>> unit_text(metric("rmse"), "g"), unit_text(metric("r2"), "g"), unit_text(metric("asimov"), None)
    ('g', '', 'σ')
    >>> unit_text(metric("nll"), "g"), unit_text(metric("log_likelihood"), None, ["mm", "g"])
    ('nat, of a density in 1/g', 'nat, of a density in 1/(mm · g)')
    """
    if metric.unit is Unit.TARGET:
        return target or "that of the target"
    if metric.unit is Unit.SQUARED_TARGET:
        return f"{_grouped(target)}²" if target else "that of the target, squared"
    if metric.unit is Unit.LOG_TARGET:
        return _nats([target])
    if metric.unit is Unit.LOG_COLUMNS:
        return _nats(columns)
    return metric.pure


def _nats(units: Sequence[str | None]) -> str:
    """The unit of the logarithm of a density in the inverse ``units``."""
    known = [unit for unit in units if unit]
    if not known:
        return "nat"
    if len(known) > _MOST_COLUMNS:
        return "nat, of a density in the inverse units of the columns"
    product = " · ".join(known)
    return f"nat, of a density in 1/{_grouped(product)}"


def _grouped(unit: str | None) -> str:
    """Return a unit as one factor.

    >>> _grouped("g"), _grouped("km/h")
    ('g', '(km/h)')
    """
    text = unit or ""
    return f"({text})" if any(sign in text for sign in _COMPOUND) else text
