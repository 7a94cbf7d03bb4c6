"""Whether predictive intervals hold what they say."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The share of events inside intervals of a level, its exact 95 % limits, and the mean width."""

    level: float
    coverage: float
    low: float
    high: float
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
    """

    key, of = "predictive", "model"

    own: bool
    width: float | None
    intervals: tuple[Coverage, ...]
    conformal: tuple[Coverage, ...]
    pit: ProbabilityTransform
