"""The line-up itself, as the first of the experiments: the fits that scores are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma.study.analyses.analysis import Analysis, Run
from fivesigma.study.plan import Task


@dataclass(frozen=True, eq=False)
class LineUp:
    """Of each model its final fit, folds, refits, seeds and neighbours in flexibility."""

    run: Run

    def missing(self) -> Iterable[Task]:
        """Return every fit of the line-up, with what is read off it."""
        return [fit for fits in self.run.lineup.values() for fit in fits]

    def compared(self, evidence: Any) -> Iterable[Any]:
        """Return nothing: the models' pairs are the family's own."""
        return ()

    def of_model(self, evidence: Any, name: str) -> Mapping[str, Any]:
        """Return nothing: scores are the record's own."""
        return {}

    def record(self, evidence: Any) -> Mapping[str, Any]:
        """Return nothing: scores are the record's own."""
        return {}


ANALYSIS = Analysis("lineup", experiment=LineUp)
