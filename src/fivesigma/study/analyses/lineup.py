"""The line-up itself, as the first of the experiments: the fits that scores are made of."""

from __future__ import annotations

from collections.abc import Iterable

from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.plan import Task


class LineUp(Experiment):
    """Of each model its final fit, folds, refits, seeds and neighbours in flexibility."""

    def missing(self) -> Iterable[Task]:
        """Return every fit of the line-up, with what is read off it."""
        return [fit for fits in self.run.lineup.values() for fit in fits]


ANALYSIS = Analysis("lineup", experiment=LineUp)
