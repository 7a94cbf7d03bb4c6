"""``[crossing]``: studies of systems of several sizes, and what they come to in an infinite one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.crossing.points import check, children, settle
from fivesigma.study.analyses.crossing.summary import Summary
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.plan import Task


class Crossing(Experiment):
    """The studies of a crossing, which are tasks of the same plan as the fits of the study itself."""

    def missing(self) -> Iterable[Task]:
        """Return every study of the crossing."""
        return children(self.run.prepared)

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return where every model crosses."""
        asked = self.run.prepared.spec.crossing
        return {} if asked is None else named(Summary(self.run, asked).record())

    def notes(self, found: Evidence) -> Iterable[tuple[str, str, str]]:
        """Return what went wrong in the studies."""
        asked = self.run.prepared.spec.crossing
        return () if asked is None else Summary(self.run, asked).notes()


ANALYSIS = Analysis("crossing", settle=settle, check=check, experiment=Crossing)
