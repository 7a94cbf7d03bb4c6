"""What the best model scores once its choice among several is not rewarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Score


@dataclass(frozen=True, kw_only=True)
class SelectedRecord(Section):
    """The score of the best of several models on the very events by which it was chosen, corrected for the choice.

    Attributes
    ----------
    model, metric : the best model, and by which metric it is.
    part : the events by which it was chosen.
    score : corrected; ``optimism`` is what its plain score has too much, positive where that is too good.
    chosen : of each model that could have been chosen the share of resamples in which it is.
    resamples : how many chose.
    """

    key, of = "selected", "results"

    model: str
    metric: str
    part: str
    score: Score
    optimism: float
    chosen: Mapping[str, float]
    resamples: int
