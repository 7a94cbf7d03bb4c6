"""How a prediction moves with one column: partial dependence and its single curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError
from fivesigma.explain.predictions import predicted, refuse_unfitted
from fivesigma.risk.metric import checked_weights
from fivesigma.risk.quantiles import quantiles

Array = NDArray[np.float64]
_CELLS = 2**21  # numbers of the moved rows that a model is asked about at a time: 16 MB


@dataclass(frozen=True, eq=False)
class Effect:
    """Partial dependence on a column.

    Attributes
    ----------
    grid : (g,) values of the column, in its unit
    mean : (g,) weighted mean of the curves: partial dependence, Friedman (2001), eq. 53
    curves : (n, g) prediction of each row with the column set to each value: Goldstein et al. (2015)
    """

    grid: Array
    mean: Array
    curves: Array


def partial_dependence(
    model: Any,
    X: ArrayLike,
    column: int,
    *,
    grid: ArrayLike | None = None,
    n_grid: int = 30,
    klass: int = -1,
    sample_weight: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Effect:
    """Return the effect of ``column`` on the prediction, or on the probability of class number ``klass``.

    The grid is ``n_grid`` quantiles of the column from 2 to 98 % unless given. Rows are moved to places where, if
    columns are correlated, there may be no data: the curves then show what the model makes up. ``progress`` is called
    with (values done, g).

    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    >>> partial_dependence(LinearRegression().fit(X, 2 * X[:, 0]), X, 0, grid=[0.0, 1.0]).mean.round(9)
    array([0., 2.])
    """
    refuse_unfitted(model)
    table = as_table(X)
    if not isinstance(column, int | np.integer) or not 0 <= column < table.shape[1]:
        raise InputError(f"column {column!r} is not there; expected 0 to {table.shape[1] - 1}.")
    w = checked_weights(
        None if sample_weight is None else np.asarray(sample_weight), len(table), negative=True
    )
    values = _grid(table[:, column], w, n_grid) if grid is None else np.asarray(grid, dtype=np.float64)
    curves = np.empty((len(table), values.size))
    at_once = max(1, _CELLS // max(table.size, 1))
    for start in range(0, values.size, at_once):
        some = values[start : start + at_once]
        moved = np.tile(table, (some.size, 1))
        moved[:, column] = np.repeat(some, len(table))
        prediction = predicted(model, moved)
        of_class = prediction if prediction.ndim == 1 else prediction[:, klass]
        curves[:, start : start + some.size] = of_class.reshape(some.size, len(table)).T
        if progress is not None:
            progress(start + some.size, values.size)
    return Effect(values, np.average(curves, axis=0, weights=w), curves)


def _grid(column: Array, w: Array, n_grid: int) -> Array:
    known = ~np.isnan(column)
    if not known.any():
        raise InputError("the column has no values, all are missing; choose another.")
    return np.unique(quantiles(column[known], np.linspace(0.02, 0.98, n_grid), w[known]))
