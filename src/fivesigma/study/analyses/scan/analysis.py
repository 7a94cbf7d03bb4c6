"""``[scan]``: one study at each point of a grid of the study's own settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma.study.analyses.analysis import Analysis, Run
from fivesigma.study.analyses.scan.points import children, settle
from fivesigma.study.analyses.scan.summary import summary
from fivesigma.study.plan import Task


@dataclass(frozen=True, eq=False)
class Scan:
    """The studies of a scan, which are tasks of the same plan as the fits of the study itself."""

    run: Run

    def missing(self) -> Iterable[Task]:
        """Return every study of the scan."""
        prepared = self.run.prepared
        return children(prepared.spec, sum(prepared.costs.values()))

    def compared(self, found: Any) -> Iterable[Any]:
        """Return nothing: a scan records scores, and claims nothing."""
        return ()

    def of_model(self, found: Any, name: str) -> Mapping[str, Any]:
        """Return nothing: scores stand at the points of the scan."""
        return {}

    def record(self, found: Any) -> Mapping[str, Any]:
        """Return the points, their settings, and what went wrong."""
        made = summary(self.run)
        if made is None:
            return {}
        return {"scan": made.points, "audit": made.audit, "scan_settings": dict(made.settings)}


ANALYSIS = Analysis("scan", settle=settle, experiment=Scan)
