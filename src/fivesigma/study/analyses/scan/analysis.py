"""``[scan]``: one study at each point of a grid of the study's own settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.scan.points import children, settle
from fivesigma.study.analyses.scan.summary import summary
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.plan import Task


class Scan(Experiment):
    """The studies of a scan, which are tasks of the same plan as the fits of the study itself."""

    def missing(self) -> Iterable[Task]:
        """Return every study of the scan."""
        prepared = self.run.prepared
        return children(prepared.spec, sum(prepared.costs.values()))

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the points, their settings, and what went wrong."""
        made = summary(self.run)
        if made is None:
            return {}
        return {"scan": made.points, "audit": made.audit, **named(made.settings)}


ANALYSIS = Analysis("scan", settle=settle, experiment=Scan)
