"""What the class fraction of the events is taken to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class PrevalenceRecord(Section):
    """Whether the class fraction is part of what is random.

    Attributes
    ----------
    estimand : "random", a score at the fraction of which the table shows one case; or "fixed", at the table's own.
    why : what settled it.
    stratified : whether the folds, and a test that was drawn, have their share of each class.
    spread : of each test that holds its classes to their shares, by class: the variance of the number of events over
        that of Poisson's law.
    """

    key, of = "prevalence", "split"

    estimand: str
    why: str
    stratified: bool
    spread: Mapping[str, tuple[float, ...]]
