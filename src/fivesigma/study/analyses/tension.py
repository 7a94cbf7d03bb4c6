"""Whether the sealed test and the folds tell the same of the best model: said where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fivesigma.record.sections.section import named
from fivesigma.record.sections.tension import TensionRecord
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.tension import sentence, tension_of


@dataclass(frozen=True, eq=False)
class Beside(Experiment):
    """The best model's score on the folds beside that on the test."""

    _kept: dict[Evidence, TensionRecord | None] = field(default_factory=dict, init=False, repr=False)

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return how far the two lie apart."""
        return named(self._of(found))

    def notes(self, found: Evidence) -> Iterable[tuple[str, str, str]]:
        """Yield a caution where they are in tension."""
        kept = self._of(found)
        if kept is not None and kept.told:
            yield "tension", "warning", sentence(kept)

    def _of(self, found: Evidence) -> TensionRecord | None:
        if found not in self._kept:
            self._kept[found] = tension_of(found)
        return self._kept[found]


ANALYSIS = Analysis("tension", experiment=Beside)
