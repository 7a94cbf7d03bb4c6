"""Where the events of a clustering are drawn: on their first two columns, or the components of more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.columns import PointsRecord
from fivesigma.record.sections.components import ComponentsRecord
from fivesigma.record.sections.mixture import MixtureRecord
from fivesigma.report.section import View
from fivesigma.report.text import component, labelled

Array = NDArray[np.float64]
Gaussian = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Plane:
    """Two axes ``axes (x - centre)`` of some columns x, and the events on them.

    Attributes
    ----------
    heads, labels : the axes, in a table and in a figure
    values : (n, 2) of the events
    columns : the p columns that the axes are made of; () where not all of them are known
    axes, centre : (2, p) and (p,)
    about : what a caption says of the axes
    """

    heads: tuple[str, ...]
    labels: tuple[str, ...]
    values: Array
    columns: tuple[str, ...]
    axes: Array
    centre: Array
    about: str = ""

    def gaussians(self, mixture: MixtureRecord) -> list[Gaussian]:
        """Return mean (2,) and covariance (2, 2) on the axes of each cluster that has them in all its columns."""
        names = [column.name for column in mixture.columns]
        if mixture.covariances is None or not self.columns or not set(self.columns) <= set(names):
            return []
        at = [names.index(name) for name in self.columns]
        both = zip(mixture.means.value, mixture.covariances.value, strict=True)
        found = [self._seen(_floats(mean)[at], _floats(spread)[np.ix_(at, at)]) for mean, spread in both]
        return [(m, C) for m, C in found if np.isfinite(m).all() and np.isfinite(C).all()]

    def _seen(self, mean: Array, covariance: Array) -> Gaussian:
        return self.axes @ (mean - self.centre), self.axes @ covariance @ self.axes.T


def _floats(values: Sequence[float | None] | Sequence[Sequence[float | None]]) -> Array:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def plane(view: View, points: PointsRecord) -> Plane:
    """Return the plane of a clustering: the components where they are recorded, else the first two columns."""
    kept = view.results.section(ComponentsRecord)
    if kept is not None and len(kept.values) == len(points.values):
        return _of_components(kept)
    units = points.units or (None, None)
    n = view.results.data.n_features
    return Plane(
        heads=points.names,
        labels=tuple(labelled(name, unit, 18) for name, unit in zip(points.names, units, strict=True)),
        values=_floats(points.values),
        columns=points.names,
        axes=np.eye(2),
        centre=np.zeros(2),
        about=f" Only the first two of {n} columns are shown." if n > 2 else "",
    )


def _of_components(kept: ComponentsRecord) -> Plane:
    whole = kept.columns if len(kept.columns) == kept.n_columns else ()
    axes = [[each.loadings[k] / each.scale for each in whole] for k in (0, 1)]
    return Plane(
        heads=("component 1", "component 2"),
        labels=tuple(component(k + 1, share) for k, share in enumerate(kept.explained)),
        values=_floats(kept.values),
        columns=tuple(each.name for each in whole),
        axes=np.array(axes, dtype=np.float64).reshape(2, len(whole)),
        centre=_floats([each.centre for each in whole]),
        about=f" The axes are the first two principal components of the {kept.n_columns} standardised columns, with "
        "their share of the variance.",
    )


def ellipse(found: Gaussian, radius: float) -> Array:
    """Return the outline (2, n) of a Gaussian at ``radius`` standard deviations."""
    mean, covariance = found
    lengths, directions = np.linalg.eigh(covariance)
    angle = np.linspace(0.0, 2.0 * math.pi, 120)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    outline: Array = mean[:, None] + radius * directions @ (
        np.sqrt(np.maximum(lengths, 0.0))[:, None] * circle
    )
    return outline
