"""What the choice of the best model is worth, where no test has the last word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.selected import selected


class Selection(Experiment):
    """The score of the best, less the optimism of having been chosen by it."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the corrected score, where the events that chose are those that judge."""
        return named(selected(found))


ANALYSIS = Analysis("selected", experiment=Selection)
