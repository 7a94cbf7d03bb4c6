"""What the class fraction of the events is taken to be."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class SpreadRecord:
    """How the numbers of events of a ``test`` vary, by class: their variance over that of Poisson's law."""

    test: str
    by_class: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PrevalenceRecord(Section):
    """Whether the class fraction is part of what is random.

    Attributes
    ----------
    estimand : "random", a score at the fraction of which the table shows one case; or "fixed", at the table's own.
    why : what settled it.
    stratified : whether the folds, and a test that was drawn, have their share of each class.
    spread : of each test that holds its classes to their shares, how their numbers vary.
    """

    key, of = "prevalence", "split"

    estimand: str
    why: str
    stratified: bool
    spread: tuple[SpreadRecord, ...]

    def of_test(self, name: str) -> tuple[float, ...] | None:
        """Return the spread of a test by class, None where nothing holds it."""
        return next((each.by_class for each in self.spread if each.test == name), None)
