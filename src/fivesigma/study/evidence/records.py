"""Estimates and differences as the record keeps them."""

from __future__ import annotations

import numpy as np

from fivesigma.record.results import Comparison, ErrorBudget, Score
from fivesigma.risk.evidence import Difference


def finite(value: float | None) -> float | None:
    """Return ``value``, None where it is not finite."""
    return float(value) if value is not None and np.isfinite(value) else None


def score_record(estimate: Score) -> Score:
    """Return an estimate as the record keeps it."""
    error = estimate.error
    return Score(
        finite(estimate.value),
        finite(estimate.low),
        finite(estimate.high),
        estimate.level,
        estimate.method,
        ErrorBudget(finite(error.stat), finite(error.train), finite(error.seed)),
        finite(estimate.pooled),
    )


def comparison_record(difference: Difference) -> Comparison:
    """Return a difference as the record keeps it."""
    d = difference
    return Comparison(*map(finite, (d.difference, d.low, d.high, d.p, d.sigma_local, d.sigma_global)))
