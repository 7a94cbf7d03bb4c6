"""The tests after the first: how the models do there, what they lose, and what differs in the events."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.score_curves import CalibrationBins, CalibrationRecord
from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Claim, Comparison, Score


@dataclass(frozen=True, kw_only=True)
class Drop:
    """What a model loses on the primary metric from the first test to this one: positive is worse here."""

    model: str
    drop: Comparison


@dataclass(frozen=True, kw_only=True)
class ShiftedColumn:
    """A two-sample test of one column, of the first test's events and of this one's.

    Attributes
    ----------
    statistic : 0 to 1, Kolmogorov and Smirnov's of numbers, the total variation of labels.
    p, sigma_global : of one column alone, and two-sided among all of them.
    """

    name: str
    unit: str | None
    statistic: float
    p: float
    sigma_global: float


@dataclass(frozen=True, kw_only=True)
class FurtherTest:
    """One test after the first, ``against`` which it is held.

    Attributes
    ----------
    n : its events.
    claims : on the primary metric, σ among those of this test alone.
    drops : of each model with a score on both.
    columns : the features, what differs most first; of a table.
    told_apart : ROC AUC of trees that tell its events from those of the first test; 0.5 where they cannot.
    calibrated, bins : whether the probabilities of the best model come true here.
    """

    test: str
    against: str
    n: int
    claims: tuple[Claim, ...]
    drops: tuple[Drop, ...]
    columns: tuple[ShiftedColumn, ...]
    told_apart: Score | None
    calibrated: CalibrationRecord | None = optional()
    bins: tuple[CalibrationBins, ...] | None = optional()


@dataclass(frozen=True, kw_only=True)
class FurtherTestsRecord(Section):
    """Every test after the first, apart from it: it selects nothing, and its claims are a family of their own."""

    key, of, inline = "further_tests", "results", True

    tests: tuple[FurtherTest, ...]
