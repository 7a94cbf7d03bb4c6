"""Declared symmetries: how far the answers to an event and to its images are apart, and what their mean is worth."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section
from fivesigma.record.sections.spread import Estimated
from fivesigma.risk.findings import Comparison


@dataclass(frozen=True, kw_only=True)
class SymmetryRecord:
    """One symmetry.

    Attributes
    ----------
    name : of `fivesigma.features.symmetries`.
    n_elements : images of an event that stand for it.
    apart : root mean square of f(x) - f(gx) over events and images.
    """

    name: str
    n_elements: int
    apart: Estimated


@dataclass(frozen=True, kw_only=True)
class SymmetriesRecord(Section):
    """The symmetries of a model.

    Attributes
    ----------
    part : the events: a test, or the training rows, each by the fold that held it out.
    what : "value", in the unit of the target (of several, in standard deviations, mean over them); "probability", where
        the square is ½ Σ_k of those of the classes.
    n_elements : images of an event, itself among them, over which its answer is averaged.
    error : root mean square of f(x) - y, on the same scale.
    each : the symmetries, as they are declared.
    change : of the study's metric by that average, paired.
    """

    key, of = "symmetries", "model"

    part: str
    what: str
    n_elements: int
    error: Estimated
    each: tuple[SymmetryRecord, ...]
    change: Comparison | None = optional()
