"""How far a clustering is found again: in other events, and with other seeds."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class NumberFound:
    """How many of the fits found so many clusters: refits to other events, and fits with other seeds."""

    n_clusters: int
    refits: int
    seeds: int


@dataclass(frozen=True, kw_only=True)
class StabilityRecord(Section):
    """What the refits of a clustering say of the events of the study.

    Attributes
    ----------
    n_clusters : of the fit that is kept.
    found : how often each number of clusters was found, the smallest first.
    refits, seeds : adjusted Rand index of the labels of each with those of the fit that is kept.
    clusters : the mean Jaccard index (K,) of each kept cluster with the one most like it in every refit (Hennig 2007).
    """

    key, of = "stability", "model"

    n_clusters: int
    found: tuple[NumberFound, ...]
    refits: tuple[float, ...]
    seeds: tuple[float, ...]
    clusters: tuple[float, ...]
