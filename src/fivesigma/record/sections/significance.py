"""Expected significances of declared yields: at the best cut and from all bins, with and without what is not known."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Significances:
    """In σ: background known exactly, to the statistics of its simulation, and to its systematic error as well."""

    exact: float | None
    statistical: float | None
    both: float | None


@dataclass(frozen=True, kw_only=True)
class CutYields:
    """Yields at the threshold or above, that of the background with sqrt(Σw²), and its (Σw)²/Σw²."""

    threshold: float
    s: float
    b: float
    error: float
    n_effective: float
    significance: Significances


@dataclass(frozen=True, kw_only=True)
class BinYields:
    """Yields in k bins of the score between k - 1 inner ``edges``."""

    edges: tuple[float, ...]
    s: tuple[float, ...]
    b: tuple[float, ...]
    error: tuple[float, ...]
    significance: Significances


@dataclass(frozen=True, kw_only=True)
class AmsCurve:
    """AMS against the threshold, with the central 68 % of resampled events; ``chosen`` on out-of-fold scores."""

    b_reg: float
    chosen: float | None
    threshold: tuple[float, ...]
    ams: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class SignificanceRecord(Section):
    """What a model's score is worth in an experiment that counts events.

    Attributes
    ----------
    part : the events that yields are of, scaled to the whole sample
    systematic : relative, of the background
    cut : at the threshold chosen on out-of-fold scores; None where no threshold leaves background enough
    bins : chosen on out-of-fold scores too
    curve : of the best model
    """

    key, of = "significance", "model"

    part: str
    systematic: float
    cut: CutYields | None
    bins: BinYields
    curve: AmsCurve | None
