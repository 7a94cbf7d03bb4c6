"""Whether predictive intervals hold what they say."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The share of events inside intervals of a level, its exact 95 % limits, and the mean width.

    Below ten groups there are no limits.
    """

    level: float
    coverage: float
    low: float | None
    high: float | None
    width: float


@dataclass(frozen=True, kw_only=True)
class ProbabilityTransform:
    """The probability integral transform as a density on ``edges``, and the error of a flat one."""

    edges: tuple[float, ...]
    density: tuple[float, ...]
    error: float


@dataclass(frozen=True, kw_only=True)
class PredictiveRecord(Section):
    """Coverage and width of the intervals of a regression.

    Attributes
    ----------
    own : whether the model gives a distribution; else ``width`` is of the Gaussian that stands for one.
    intervals, conformal : of the distribution, and of conformal ones beside it.
    pit : its probability integral transform.
    given : which of them the model gives, "conformal" or "law"; not there for a model without a distribution, and in
        older records.
    refused : why there are no conformal ones.
    """

    key, of = "predictive", "model"

    own: bool
    width: float | None
    intervals: tuple[Coverage, ...]
    conformal: tuple[Coverage, ...]
    pit: ProbabilityTransform
    given: str | None = optional()
    refused: tuple[str, ...] | None = optional()
