"""The scores and comparisons of each of several targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.score_curves import Residuals
from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Comparison, Score


@dataclass(frozen=True, kw_only=True)
class TargetRecord:
    """One target: its ``unit``, scores by part and metric, comparisons by metric, and what its residuals look like."""

    unit: str | None
    scores: Mapping[str, Mapping[str, Score]]
    versus_baseline: Mapping[str, Comparison]
    versus_best: Mapping[str, Comparison]
    residuals: Residuals | None = optional()


@dataclass(frozen=True, kw_only=True)
class OutputsRecord(Section):
    """What a model of several targets scores on each, by name."""

    key, of, inline = "outputs", "model", True

    targets: Mapping[str, TargetRecord]
