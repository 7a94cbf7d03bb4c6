"""How much weight each class has in each part of the data: what a significance is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class PartSums:
    """The events of one part by class, in the order of ``data.classes``.

    Attributes
    ----------
    n, sums : (classes,) their numbers, and their sums of weights.
    scale : the factor that takes sums of weights of this part to those of the whole sample.
    n_effective : (classes,) their (Σw)²/Σw², where weights are negative or yields; None else.
    yields : (classes,) declared yields of the whole sample, which the events of this part stand for; None without.
    """

    n: tuple[int, ...]
    sums: tuple[float, ...]
    scale: float
    n_effective: tuple[float, ...] | None = optional()
    yields: tuple[float, ...] | None = optional()


@dataclass(frozen=True, kw_only=True)
class WeightSumsRecord(Section):
    """The weights of the classes in each part that has scores; a test that is sealed is not among them."""

    key, of, inline = "weight_sums", "results", True

    parts: Mapping[str, PartSums]
