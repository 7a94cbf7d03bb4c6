"""How the models do in slices of the events: bins of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Comparison, Score


@dataclass(frozen=True, kw_only=True)
class SliceOfModel:
    """One model in one slice.

    Attributes
    ----------
    scores : by name: the primary metric, and beside it what tells of a bias and of an efficiency or a width.
    versus_baseline : on the primary metric in this slice; null of the baseline itself.
    versus_whole : this slice over all slices together, on the primary metric; of the best model alone.
    """

    scores: Mapping[str, Score]
    versus_baseline: Comparison | None
    versus_whole: Comparison | None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The events with ``low <= column < high``, null where a side is open; or, ``missing``, those without a value."""

    name: str
    low: float | None
    high: float | None
    missing: bool
    n: int
    n_effective: float
    models: Mapping[str, SliceOfModel]


@dataclass(frozen=True, kw_only=True)
class SlicedColumn:
    """The slices of one column, and the part of the data that they are of."""

    column: str
    unit: str | None
    part: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True, kw_only=True)
class SlicesRecord(Section):
    """The slices of every column that was asked for."""

    key, of, inline = "slices", "results", True

    columns: tuple[SlicedColumn, ...]
