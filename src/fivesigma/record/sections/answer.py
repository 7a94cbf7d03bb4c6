"""The answer that a study asked for as the first sentence of its page."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section

ANSWERS = (
    "best",
    "difference",
    "coefficients",
    "law",
    "populations",
    "trend",
    "importance",
    "ablation",
    "transition",
)
"""The sorts of answer by name; beside them a dotted place of ``results.json`` is one."""


@dataclass(frozen=True, kw_only=True)
class AnswerRecord(Section):
    """One of `ANSWERS`, or a dotted place of ``results.json``; absent where the task chooses."""

    key, of, inline = "answer", "results", True

    asked: str
