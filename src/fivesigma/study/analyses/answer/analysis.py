"""``study.answer``: checked before anything is fitted, and kept for the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.record.sections.answer import AnswerRecord
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.answer.needs import NEEDS
from fivesigma.study.analyses.answer.place import Places
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared


class Asked(Experiment):
    """The answer that was asked for, in the record."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return its name, where one was given."""
        asked = self.run.prepared.spec.study.answer
        return named(None if asked is None else AnswerRecord(asked=asked))


def check(prepared: Prepared) -> None:
    """Refuse an answer that the study cannot fill.

    Raises
    ------
    StudyError
        In one sentence: what the study has not, and what to do.
    """
    asked = prepared.spec.study.answer
    if asked is None:
        return
    why = NEEDS[asked](prepared) if asked in NEEDS else Places(prepared).wrong(asked)
    if why:
        end = "" if why.endswith((".", "?")) else "."
        raise prepared.spec.error("study.answer", f"'{asked}' cannot be the answer: {why}{end}")


ANALYSIS = Analysis("answer", check=check, experiment=Asked)
