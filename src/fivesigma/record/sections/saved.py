"""Whether a fitted model could be kept."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class NotSavedRecord(Section):
    """Why the fitted model is not in the run folder."""

    key, of, inline = "not_saved", "model", True

    message: str
