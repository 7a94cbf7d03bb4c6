"""How the settings of a model were searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial of a search: its settings, its score on inner folds, and whether it is complete, stopped or failed."""

    params: Mapping[str, Any]
    score: float | None
    state: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchedRange:
    """The numbers between which a setting was searched, evenly in log where ``log``."""

    low: float
    high: float
    log: bool
    integer: bool


@dataclass(frozen=True, kw_only=True)
class SearchedChoices:
    """The values among which a setting was searched."""

    choices: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class TuningRecord(Section):
    """The search of the final fit.

    Attributes
    ----------
    search : "tpe", "random" or "grid".
    trials, best : all trials, and the number of the chosen one.
    space : by setting, what was searched.
    on_edge : settings whose best value lies at an end of a range that could be wider.
    """

    key, of = "tuning", "model"

    search: str
    metric: str
    trials: tuple[Trial, ...]
    best: int
    space: Mapping[str, SearchedRange | SearchedChoices]
    on_edge: tuple[str, ...]

    @property
    def chosen(self) -> Trial:
        """The trial whose settings are used."""
        return self.trials[self.best]
