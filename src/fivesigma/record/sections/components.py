"""The events in their first two principal components."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Pair = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Loadings:
    """What a column has in both directions: ``(x - centre) / scale`` is multiplied by ``loadings`` (2,)."""

    name: str
    centre: float
    scale: float
    loadings: Pair


@dataclass(frozen=True, kw_only=True)
class ComponentsRecord(Section):
    """The first two principal components of the standardised columns, learnt from weighted training events.

    Attributes
    ----------
    n_columns : numeric columns that vary.
    n_missing : training events in which one of them or more is missing; it stands at its mean.
    explained : the share of their variance along each of the two directions.
    columns : those of the largest loadings, these first.
    values : (n, 2) of some training events, of a clustering of those that the data's points show.
    target : the class of each of these (n,), of a classification.
    """

    key, of = "components", "results"

    n_columns: int
    n_missing: int
    explained: Pair
    columns: tuple[Loadings, ...]
    values: tuple[Pair, ...]
    target: tuple[int, ...] | None = optional()
