"""Estimates and differences on their way into the record: what is not finite is None."""

from __future__ import annotations

import numpy as np

from fivesigma.risk.evidence import Difference
from fivesigma.risk.findings import ErrorBudget, Score
from fivesigma.study.evidence.records import comparison_record, finite, score_record


def test_what_is_not_finite_is_none():
    assert finite(None) is None
    assert finite(np.nan) is None
    assert finite(np.inf) is None
    assert finite(np.float64(2.0)) == 2.0


def test_an_estimate_keeps_its_numbers_and_its_method():
    kept = score_record(Score(1.0, 0.5, np.inf, 0.95, "by hand", ErrorBudget(0.1, np.nan, None)))
    assert (kept.value, kept.low, kept.high, kept.level, kept.method) == (1.0, 0.5, None, 0.95, "by hand")
    assert (kept.error.stat, kept.error.train, kept.error.seed) == (0.1, None, None)


def test_a_difference_keeps_both_its_sigmas():
    kept = comparison_record(Difference(1.0, 0.5, np.nan, 0.01, 2.5, 1.5))
    assert (kept.difference, kept.low, kept.high, kept.p) == (1.0, 0.5, None, 0.01)
    assert (kept.sigma_local, kept.sigma_global) == (2.5, 1.5)
