"""Steps that leave fewer columns."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class ReductionStep:
    """One step: what came to it and what it left.

    Attributes
    ----------
    kind : "pca", "nmf", "f-test" ...
    n_in, left : columns that came to the final fit, and the names of those it left.
    n_left : how many each fit left, the final one first.
    explained : share of the variance by component.
    unexplained : share of the variance that components leave.
    columns, frequency, n_fits : how often each column was chosen over so many fits, the most frequent first.
    """

    kind: str
    n_in: int
    left: tuple[str, ...]
    n_left: tuple[int, ...]
    explained: tuple[float, ...] | None = optional()
    unexplained: float | None = optional()
    columns: tuple[str, ...] | None = optional()
    frequency: tuple[float, ...] | None = optional()
    n_fits: int | None = optional()


@dataclass(frozen=True, kw_only=True)
class ReductionRecord(Section):
    """The steps of a model, in order."""

    key, of, inline = "reduction", "model", True

    steps: tuple[ReductionStep, ...]
