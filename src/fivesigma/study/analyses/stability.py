"""Whether a clustering is found again: how many clusters refits find, and how far their labels agree with its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.section import named
from fivesigma.record.sections.stability import NumberFound, StabilityRecord
from fivesigma.risk.clustering import AdjustedRand
from fivesigma.study.analyses.analysis import Analysis, Experiment, Fitted, Found, Run
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.outcome import ByPart
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.tasks.clustering import inside
from fivesigma.study.tasks.registry import task as task_called
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]


class Numbers:
    """The number of clusters of the kept fit, of its refits and of its other seeds."""

    name = "stability"

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off every fit of a clustering but those of folds."""
        read = not task_called(str(shared["task"])).supervised and fit.sample.kind != "fold"
        return {} if read else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the number of clusters."""
        return {"n_clusters": int(inside(fitted.estimator).n_clusters_)}

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return how often each number was found; {} where nothing was fitted again, or one cluster is all there is."""
        final = [read["n_clusters"] for fit, read in found if fit.is_final]
        refits = [read["n_clusters"] for fit, read in found if fit.sample.again]
        seeds = [read["n_clusters"] for fit, read in found if not (fit.is_final or fit.sample.again)]
        every = sorted({*final, *refits, *seeds})
        if not final or not refits or every == [1]:
            return {}
        counted = (NumberFound(n_clusters=K, refits=refits.count(K), seeds=seeds.count(K)) for K in every)
        kept = StabilityRecord(n_clusters=final[0], found=tuple(counted), refits=(), seeds=(), clusters=())
        return named(kept)


class Stability(Experiment):
    """How far the labels of refits agree with those that are kept."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section of a model, with the agreement of its refits."""
        outcome = found.fitted[name]
        kept: StabilityRecord | None = outcome.described.get("stability")
        labels = outcome.validation.get(Output.LABEL)
        if kept is None or labels is None:
            return {}
        refits, seeds = (_labels(fits) for fits in (outcome.refits, outcome.seeds))
        return named(
            replace(
                kept,
                refits=tuple(agreement(labels, each) for each in refits),
                seeds=tuple(agreement(labels, each) for each in seeds),
                clusters=recovered(labels, refits),
            )
        )


def _labels(fits: Sequence[ByPart]) -> list[Array]:
    said = (fit.get(VALIDATION, {}).get(Output.LABEL) for fit in fits)
    return [each for each in said if each is not None]


def agreement(labels: Array, other: Array) -> float:
    """Return the adjusted Rand index of two labellings (n,) of the same events, whatever their numbers.

    >>> agreement(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    return AdjustedRand().value(labels, other)


def recovered(labels: Array, refits: Sequence[Array]) -> tuple[float, ...]:
    """Return the mean over refits of the Jaccard index of each cluster 0 … K - 1 with the one most like it.

    Below about 0.6 a cluster is not to be trusted: Hennig (2007), doi:10.1016/j.csda.2006.11.025.

    >>> recovered(np.array([0, 0, 1, 1]), [np.array([1, 1, 0, 0]), np.array([0, 0, 0, 1])])
    (0.8333333333333333, 0.75)
    """
    if not refits:
        return ()
    clusters = range(int(labels.max()) + 1)
    return tuple(float(np.mean([_jaccard(labels == k, each) for each in refits])) for k in clusters)


def _jaccard(member: Array, other: Array) -> float:
    """Return ``|A ∩ B| / |A ∪ B|`` of a set of events (n,) with the most like cluster of ``other``; -1 is noise."""
    shared = (
        (np.sum(member & (other == k)), np.sum(member | (other == k))) for k in np.unique(other[other >= 0])
    )
    return max((float(both / either) for both, either in shared if either), default=0.0)


ANALYSIS = Analysis("stability", diagnostics=(Numbers(),), experiment=Stability)
