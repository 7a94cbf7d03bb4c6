"""A scan: the scores at each point of a grid of settings, and what theory says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fivesigma.record.sections.section import Section


@dataclass(frozen=True)
class ScanScore:
    """A score at one point of a scan: the mean of ``n`` studies, its standard error, and their spread.

    ``low`` and ``high`` hold the expected score of such a study at ``level``; ``spread`` is the standard deviation
    from study to study.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    error: float | None = None
    spread: float | None = None
    n: int = 0


@dataclass(frozen=True)
class ScanPoint:
    """One point of a scan: the values put in by dotted place, scores by model, part and metric, what failed."""

    values: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Mapping[str, ScanScore]]]
    messages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TheoryCurve:
    """A curve of theory, None where it says nothing, and the models it speaks of."""

    name: str
    y: tuple[float | None, ...]
    models: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A marked value of the scanned place."""

    x: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Floor:
    """A floor of the metric."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Theory:
    """What theory draws beside a scan over one place: curves at the values ``x``, marks, floors, sentences."""

    x: tuple[float, ...]
    curves: tuple[TheoryCurve, ...]
    marks: tuple[Mark, ...] = ()
    floors: tuple[Floor, ...] = ()
    sentences: tuple[str, ...] = ()

    def expected(self, curve: TheoryCurve, x: float) -> float:
        """Return what a curve says at ``x``, or the floor of the metric where that is higher; NaN where it says none.

        >>> Theory(x=(0.0, 1.0), curves=(c := TheoryCurve(name="t", y=(0.0, 1.0)),)).expected(c, 0.25)
        0.25
        """
        floor = max((each.y for each in self.floors), default=-np.inf)
        y = np.interp(x, self.x, [np.nan if each is None else each for each in curve.y])
        return float(np.maximum(y, floor))


@dataclass(frozen=True, kw_only=True)
class ScanSettingsRecord(Section):
    """The scanned places, the studies at each point, and whether each has fresh events; ``part`` is drawn."""

    key, of = "scan_settings", "results"

    keys: tuple[str, ...]
    repeats: int
    fresh: bool
    part: str
    theory: Theory | None
