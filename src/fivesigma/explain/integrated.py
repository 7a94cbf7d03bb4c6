"""Integrated gradients: how much of a prediction each column brings, along the way from a mean event to this one.

``a_j = (x_j - b_j) ∫₀¹ ∂F/∂x_j (b + α (x - b)) dα``, which adds up to ``F(x) - F(b)``. Sundararajan, Taly & Yan (2017),
arXiv:1703.01365, eq. 1. The integral is by Gauss and Legendre on parts of the way, which are halved until they add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Slopes = Callable[[Array], tuple[Array, Array]]
"""Rows (n, p) -> the scores F (n,), and their derivatives by the columns (n, p)."""

COMPLETE = 1e-6
"""Of the size of the scores, what attributions may miss of their sum."""
_POINTS, _WEIGHTS = (
    0.5 * (each + shift) for each, shift in zip(np.polynomial.legendre.leggauss(3), (1, 0), strict=True)
)
_PARTS, _HALVINGS = 64.0, 40
_ROWS = 20_000  # evaluated at a time


@dataclass(frozen=True)
class IntegratedGradients:
    """The attributions of n rows.

    Attributes
    ----------
    values : (n, p) parts of ``F(x) - F(baseline)``
    base : F at the baseline
    residual : (n,) what the parts of a row miss of their sum
    """

    values: Array
    base: float
    residual: Array


def integrated_gradients(slopes: Slopes, X: Array, baseline: Array) -> IntegratedGradients:
    """Return the attributions of the columns of ``X`` (n, p) against one ``baseline`` (p,).

    >>> w = np.array([1.0, -2.0])
    >>> found = integrated_gradients(lambda x: (x @ w, np.tile(w, (len(x), 1))), np.array([[3.0, 1.0]]), np.zeros(2))
    >>> found.values.round(9), found.base
    (array([[ 3., -2.]]), 0.0)
    """
    X, way = np.asarray(X, dtype=np.float64), np.asarray(X, dtype=np.float64) - baseline
    ends, base = _scores(slopes, X), float(_scores(slopes, baseline[None])[0])
    enough = COMPLETE * (float(np.abs(ends - base).max(initial=0.0)) or 1.0) / _PARTS
    values, row = np.zeros_like(way), np.arange(len(X))
    low, high = np.zeros(len(X)), np.ones(len(X))
    below, above = np.full(len(X), base), ends
    for halving in range(_HALVINGS):
        parts = _attributed(slopes, baseline, way[row], low, high)
        off = np.abs(parts.sum(axis=1) - (above - below)) > enough
        done = ~off if halving < _HALVINGS - 1 else np.ones(len(row), dtype=np.bool_)
        np.add.at(values, row[done], parts[done])
        if done.all():
            break
        row, low, high, below, above = (each[~done] for each in (row, low, high, below, above))
        middle = 0.5 * (low + high)
        at = _scores(slopes, baseline + middle[:, None] * way[row])
        row, low, high = np.tile(row, 2), np.append(low, middle), np.append(middle, high)
        below, above = np.append(below, at), np.append(at, above)
    return IntegratedGradients(values, base, np.abs(values.sum(axis=1) - (ends - base)))


def _attributed(slopes: Slopes, baseline: Array, way: Array, low: Array, high: Array) -> Array:
    """Return what each part of the way (m, p), from ``low`` to ``high`` of it (m,), attributes: (m, p)."""
    found = np.zeros_like(way)
    for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
        at = low + point * (high - low)
        for start in range(0, len(way), _ROWS):
            rows = slice(start, start + _ROWS)
            found[rows] += weight * slopes(baseline + at[rows, None] * way[rows])[1]
    return np.asarray(found * way * (high - low)[:, None])


def _scores(slopes: Slopes, X: Array) -> Array:
    parts = [slopes(X[start : start + _ROWS])[0] for start in range(0, len(X), _ROWS)]
    return np.concatenate(parts) if parts else np.empty(0)
