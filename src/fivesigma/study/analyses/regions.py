"""What a classifier says of every point of a plane: its regions, where a study has two features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.document import tuples
from fivesigma.record.sections.regions import PlaneRecord, RegionsRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept

Array = NDArray[Any]

POINTS = 60
"""Points of the grid along each side."""
MARGIN = 0.08
MOST_EVENTS = 400


def regions(estimator: Any, X: Array, n_classes: int | None) -> RegionsRecord | None:
    """Return the regions of a classifier of two numeric columns over its training rows ``X`` (n, 2); None of any other.

    The grid has 60 points a side, and probabilities have three digits.
    """
    if n_classes is None or X.shape[1] != 2 or np.isnan(X).any():
        return None
    from fivesigma.study.fit import recipe

    x, y = (_axis(column) for column in X.T)
    grid = np.column_stack([each.ravel() for each in np.meshgrid(x, y)])
    found = recipe.predict(estimator, grid, n_classes)
    table = found.reshape(POINTS, POINTS, n_classes).round(3)
    return RegionsRecord(x=tuples(x), y=tuples(y), probability=tuples(table))


def _axis(column: Array) -> Array:
    low, high = float(column.min()), float(column.max())
    reach = MARGIN * ((high - low) or 1.0)
    return np.linspace(low - reach, high + reach, POINTS)


def events(X: Array, y: Array, names: tuple[str, ...], rng: np.random.Generator) -> PlaneRecord:
    """Return at most 400 training events of a study of two features, for the picture."""
    rows = (
        np.arange(len(X))
        if len(X) <= MOST_EVENTS
        else np.sort(rng.choice(len(X), MOST_EVENTS, replace=False))
    )
    return PlaneRecord(names=names, values=tuples(X[rows]), target=tuples(y[rows]))


class Regions(OfKept):
    """The decision regions of the kept classifier, where the study has two numeric columns."""

    kept = RegionsRecord

    def section(self, fitted: Fitted) -> RegionsRecord | None:
        """Return the regions; None for other columns than two numbers."""
        meta = fitted.data.meta
        if (
            meta["categories"]
            or meta["kind"] != "table"
            or len(fitted.names) != 2
            or meta["n_classes"] is None
        ):
            return None
        return regions(fitted.estimator, fitted.table(fitted.rows), meta["n_classes"])


ANALYSIS = Analysis("regions", diagnostics=(Regions(),))
