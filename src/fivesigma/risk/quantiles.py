"""Weighted quantiles for which an event of weight k is k events: the inverse of the distribution function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.weights import signed
from fivesigma.risk.counted import rising

Floats = NDArray[np.float64]
AT_A_STEP = 1e-10  # part of Σw within which a level counts as exactly on a step


def ordered_quantiles(values: Floats, cumulative: Floats, levels: Floats) -> Floats:
    """Return the (b, m) quantiles of sorted ``values`` (n,) with ``cumulative`` (b, n) weights.

    ``Q(q) = inf {x : F(x) >= q}``, averaged with the next value where F equals q exactly (definition 2 of
    Hyndman & Fan 1996, the one for which the median of two values lies midway). NaN where the
    weights sum to zero.

    >>> cumulative = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 2.0]])
    >>> ordered_quantiles(np.array([1.0, 2.0, 9.0]), cumulative, np.array([0.5]))
    array([[2. ],
           [1.5]])
    """
    edges = np.concatenate([levels - AT_A_STEP, levels + AT_A_STEP]) * cumulative[:, -1:]
    at = np.array([np.searchsorted(row, edge) for row, edge in zip(cumulative, edges, strict=True)])
    low, high = np.split(values[np.minimum(at, values.size - 1)], 2, axis=1)
    return np.where(cumulative[:, -1:] > 0, (low + high) / 2, np.nan)


def quantiles(values: NDArray[Any], levels: Any, w: NDArray[Any] | None = None) -> Floats:
    """Return the weighted quantiles of ``values`` (n,) at ``levels`` (m,), as in `ordered_quantiles`.

    With negative weights F falls again, and the first x at which it reaches a level is meant: for figures, not scores.

    >>> quantiles(np.array([3.0, 1.0, 2.0]), [0.5], np.array([1.0, 1.0, 3.0]))
    array([2.])
    """
    order = rising(np.asarray(values, dtype=np.float64))
    weight = np.ones(order.size) if w is None else np.asarray(w, dtype=np.float64)[order]
    ordered, upto = np.asarray(values, dtype=np.float64)[order], np.cumsum(weight)
    if signed(weight):  # the first x at which a sum that may fall again reaches a level
        upto = np.minimum(np.maximum.accumulate(upto), upto[-1])
    return np.asarray(ordered_quantiles(ordered, upto[None], np.asarray(levels, dtype=float))[0])
