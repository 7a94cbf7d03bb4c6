"""Signal against a declared mixture of backgrounds: the discriminant by class, and what it rejects."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Score

Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """The share f of the events of ``class_`` in the background."""

    class_: str
    share: float


@dataclass(frozen=True, kw_only=True)
class DiscriminantHistogram:
    """The events that are of ``class_``, with the standard error of each bin."""

    class_: str
    density: Gapped
    error: Gapped


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """How many background events there are for one that passes the cut that keeps ``efficiency`` of the signal.

    Attributes
    ----------
    background : a class; null for all of them in their declared shares
    cut : on the discriminant, chosen on out-of-fold events
    """

    background: str | None
    efficiency: float
    cut: float | None
    rejection: Score


@dataclass(frozen=True, kw_only=True)
class DiscriminantRecord(Section):
    """``ln p_signal / Σ f p`` of one model.

    Attributes
    ----------
    shares : of the backgrounds; they sum to 1
    part : the events that it is of
    edges : of the bins; what lies beyond counts in the outermost
    """

    key, of = "discriminant", "model"

    signal: str
    shares: tuple[Share, ...]
    part: str
    edges: tuple[float, ...]
    histograms: tuple[DiscriminantHistogram, ...]
    rejections: tuple[Rejected, ...]
