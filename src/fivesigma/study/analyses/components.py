"""The events in their first two principal components: what a table of many columns looks like from its widest side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.data.dataset import Dataset
from fivesigma.features.scale import Scale
from fivesigma.record.document import tuples
from fivesigma.record.sections.components import ComponentsRecord, Loadings
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.mixture import shown_rows
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task

Array = NDArray[Any]

FEWEST_COLUMNS = 3
"""Columns from which there is something to choose: two are seen as they are."""
MOST_POINTS = 2000
MOST_COLUMNS = 30
"""Columns whose loadings are recorded; with more the covariances of clusters are not either."""
_TIED = 9


@dataclass(frozen=True, eq=False)
class Directions:
    """The two directions of largest variance of standardised columns.

    Attributes
    ----------
    scale : of the columns; a missing value stands at the mean of its column, and one without spread has no part
    directions : (2, p), of length 1, the largest entry of each positive; zeros where there is no variance left
    explained : (2,) share of the variance along each
    """

    scale: Scale
    directions: Array
    explained: Array

    @classmethod
    def of(cls, table: Array, w: Array | None = None) -> Self:
        """Return those of ``table`` (n, p) with weights ``w`` (n,); NaN is a missing value.

        >>> Directions.of(np.array([[1.0, 20.0, 5.0], [2.0, 40.0, 5.0]])).explained.round(6).tolist()
        [1.0, 0.0]
        """
        from fivesigma.features.components import PrincipalComponents

        weight = np.ones(len(table)) if w is None else np.asarray(w, dtype=np.float64)
        table, weight = table[weight > 0], weight[weight > 0]
        scale = Scale.of(table, weight)
        found = PrincipalComponents(2, standardise=False).fit(_scores(scale, table), sample_weight=weight)
        directions, explained = np.zeros((2, table.shape[1])), np.zeros(2)
        n = int((found.explained_[:2] > 0).sum())
        directions[:n], explained[:n] = found.components_[:n], found.explained_[:n]
        return cls(scale, directions, explained)

    def components(self, table: Array) -> Array:
        """Return the components (n, 2) of events, in standard deviations of the columns."""
        return np.asarray(_scores(self.scale, table) @ self.directions.T)

    def loadings(self, names: Sequence[str]) -> tuple[Loadings, ...]:
        """Return what each column that varies has in both, those first that have the most of the variance."""
        part = np.round(self.explained @ self.directions**2, _TIED)
        order = [j for j in np.argsort(-part, kind="stable") if self.scale.spread[j] > 0]
        own = zip(names, self.scale.centre, self.scale.units, self.directions.T, strict=True)
        every = [
            Loadings(name=name, centre=float(centre), scale=float(unit), loadings=tuples(pair))
            for name, centre, unit, pair in own
        ]
        return tuple(every[j] for j in order)


def _scores(scale: Scale, table: Array) -> Array:
    """Return standard scores (n, p), 0 where a value is missing."""
    return np.asarray(np.nan_to_num(scale.scores(table), nan=0.0))


def recorded(prepared: Prepared) -> ComponentsRecord:
    """Return the components of the training rows: the test stays sealed here too."""
    data, train = prepared.data, prepared.split.train
    columns = _columns(data)
    table = data.events(train)[:, columns]
    found = Directions.of(table, None if data.w is None else data.w[train])
    loadings = found.loadings([data.names[j] for j in columns])
    shown = _shown(prepared)
    return ComponentsRecord(
        n_columns=len(loadings),
        n_missing=int(np.isnan(table[:, found.scale.spread > 0]).any(axis=1).sum()),
        explained=tuples(found.explained),
        columns=loadings[:MOST_COLUMNS],
        values=tuples(found.components(table[shown]).round(4)),
        target=tuples(data.y[train[shown]]) if _learns_classes(prepared) and data.y is not None else None,
    )


def _columns(data: Dataset) -> list[int]:
    """Return the places of the columns that are numbers."""
    numeric = data.kind == "table"
    return [j for j, name in enumerate(data.names) if name not in data.categories] if numeric else []


def _learns_classes(prepared: Prepared) -> bool:
    return prepared.n_classes is not None


def _shown(prepared: Prepared) -> Array:
    """Return the places among the training rows of the events that are drawn, of a clustering those of its clusters."""
    if not task(prepared.data.task).supervised:
        return shown_rows(prepared)
    n = len(prepared.split.train)
    rng = generator(prepared.spec.study.seed, "points")
    return np.arange(n) if n <= MOST_POINTS else np.sort(rng.choice(n, MOST_POINTS, replace=False))


def wanted(prepared: Prepared) -> bool:
    """Whether a study shows its components: as it says, else a clustering of more than two columns does."""
    asked = prepared.spec.components
    if asked is not None:
        return asked.shown
    return not task(prepared.data.task).supervised and not _refused(prepared)


def _refused(prepared: Prepared) -> str:
    """Return why a study has no components to show, or an empty string."""
    from fivesigma.features.components import LARGEST

    data, columns = prepared.data, _columns(prepared.data)
    if task(data.task).supervised and not _learns_classes(prepared):
        return f"events are shown with their classes or clusters, and a {data.task} has neither; remove the section."
    if data.kind != "table":
        return f"components are of the columns of a table, and an event is of kind '{data.kind}'; remove the section."
    if len(columns) < FEWEST_COLUMNS:
        return (
            f"components are of {FEWEST_COLUMNS} numeric columns or more, and this study has {len(columns)}, which are "
            "seen as they are; remove the section."
        )
    rows = len(prepared.split.train)
    if min(rows, len(columns)) > LARGEST:
        return f"components of {rows:,} × {len(columns):,} values take too long; name fewer columns in data.features."
    return ""


def check(prepared: Prepared) -> None:
    """Refuse what is asked of a study that has no components to show."""
    asked = prepared.spec.components
    if asked is not None and asked.shown and (why := _refused(prepared)):
        raise prepared.spec.error("components", why)


class Components(Experiment):
    """The events in their components."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the section, named; {} where it is not shown."""
        return named(recorded(found.prepared)) if wanted(found.prepared) else {}


ANALYSIS = Analysis("components", check=check, experiment=Components)
