"""What a classifier says of every point of a plane: its regions, where a study has two features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept
from fivesigma.study.fit import recipe

Array = NDArray[Any]

POINTS = 60
"""Points of the grid along each side."""
MARGIN = 0.08
MOST_EVENTS = 400


def regions(estimator: Any, X: Array, n_classes: int | None) -> dict[str, Any]:
    """Return the section ``regions`` of a classifier of two numeric columns, named; {} of any other.

    ``x``, ``y`` (60,) are the grid over the training rows ``X`` (n, 2); ``probability`` (60, 60, K) rounded to
    three digits, the column y first.
    """
    if n_classes is None or X.shape[1] != 2 or np.isnan(X).any():
        return {}
    x, y = (_axis(column) for column in X.T)
    grid = np.column_stack([each.ravel() for each in np.meshgrid(x, y)])
    found = recipe.predict(estimator, grid, n_classes)
    table = found.reshape(POINTS, POINTS, n_classes).round(3)
    return {"regions": {"x": x.tolist(), "y": y.tolist(), "probability": table.tolist()}}


def _axis(column: Array) -> Array:
    low, high = float(column.min()), float(column.max())
    reach = MARGIN * ((high - low) or 1.0)
    return np.linspace(low - reach, high + reach, POINTS)


def events(X: Array, y: Array, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, Any]:
    """Return at most 400 training events of a study of two features, for the picture."""
    rows = (
        np.arange(len(X))
        if len(X) <= MOST_EVENTS
        else np.sort(rng.choice(len(X), MOST_EVENTS, replace=False))
    )
    return {"names": list(names), "values": X[rows].tolist(), "target": y[rows].tolist()}


class Regions(OfKept):
    """The decision regions of the kept classifier, where the study has two numeric columns."""

    name = "regions"

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the section ``regions``; {} for other columns than two numbers."""
        meta = fitted.data.meta
        if meta["categories"]:
            return {}
        found = regions(fitted.estimator, fitted.table(fitted.rows), meta["n_classes"])
        plane: dict[str, Any] = found.get(self.name, {})
        return plane


ANALYSIS = Analysis("regions", diagnostics=(Regions(),))
