"""A linear law as one line of text: the coefficients with their errors on the last digits, and their units."""

from __future__ import annotations

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.rounding import MINUS, compact
from fivesigma.report.text import clean

MOST_TERMS = 6
"""Terms of a law that still reads as one line."""


def law(says: str, kept: CoefficientsRecord, unit: str | None = None) -> str:
    """Return the law of what it ``says``, an intercept in ``unit``; empty where it has more than `MOST_TERMS`.

    >>> kept = CoefficientsRecord(names=("x",), values=(-2.0,), intercept=1.0)
    >>> law("y", kept)
    'y = 1 − 2 × x'
    """
    if not kept.names or len(kept.slopes) != len(kept.names) or len(kept.names) > MOST_TERMS:
        return ""
    errors = errors_of(kept)
    units = kept.units or (None,) * len(kept.names)
    terms = [
        f"{MINUS if v < 0 else '+'} {term(abs(v), e, u)} × {clean(n)}"
        for n, v, e, u in zip(kept.names, kept.slopes, errors, units, strict=False)
    ]
    return f"{clean(says)} = {term(kept.offset, errors[-1], unit)} {' '.join(terms)}"


def errors_of(kept: CoefficientsRecord) -> tuple[float | None, ...]:
    """Return the robust errors (p + 1,) of a law, the intercept last; None each where it has none."""
    return kept.errors.robust if kept.errors is not None else (None,) * (len(kept.names) + 1)


def term(value: float | None, error: float | None, unit: str | None) -> str:
    """Return a coefficient with its error and its unit.

    >>> term(49.71, 1.52, "g/mm")
    '49.7(15) g/mm'
    """
    return f"{compact(value, error)}{f' {clean(unit)}' if unit else ''}"


def says(model: ModelRecord, target: str, signal: str | None) -> str:
    """Return what the right side of a model's law is: the target, its logarithm, or the log odds of the signal."""
    if signal is not None:
        return f"log odds of {clean(signal)}"
    poisson = model.kind == "poisson" or model.params.get("loss") == "poisson"
    return f"ln {clean(target)}" if poisson else clean(target)
