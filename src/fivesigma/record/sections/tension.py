"""Whether the test and the folds tell the same of the best model."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class TensionRecord(Section):
    """The best model's score on the folds beside that on the first test.

    Attributes
    ----------
    model, metric, test : of which model, by which metric, and on which test.
    folds, on_test : its score on the folds, less the optimism of having been chosen there, and on the test.
    difference, error : of the two, positive where the test is worse, and its standard error.
    p, sigma : two-sided, and with the sign of the difference.
    n_folds, n_final : training events of a fold's fit, and of the fit that the test is scored by.
    told : whether p is below 0.05.
    """

    key, of = "tension", "results"

    model: str
    metric: str
    test: str
    folds: float
    on_test: float
    difference: float
    error: float
    p: float
    sigma: float
    n_folds: int
    n_final: int
    told: bool
