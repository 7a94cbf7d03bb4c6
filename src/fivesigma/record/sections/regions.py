"""Decision regions of classifiers of two features."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section

Floats = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RegionsRecord(Section):
    """What a classifier says of every point of a plane: ``probability`` (y, x, class) on the grid ``x`` by ``y``."""

    key, of = "regions", "model"

    x: Floats
    y: Floats
    probability: tuple[tuple[Floats, ...], ...]


@dataclass(frozen=True, kw_only=True)
class PlaneRecord(Section):
    """Some training events of two features: ``values`` (n, 2) of the columns ``names``, and the class of each (n,)."""

    key, of = "plane", "data"

    names: tuple[str, ...]
    values: tuple[Floats, ...]
    target: tuple[int, ...]
