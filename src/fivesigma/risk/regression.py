"""Metrics of predicted values: errors, explained variance, bias and scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.metric import REGRESSION, Floats, Moments, ratio

SPREAD_FLOOR = 1e-13  # a variance below this part of the mean square is rounding, not spread


def residuals(y: NDArray[Any], prediction: Floats) -> Floats:
    """Return prediction - y (n,); `InputError` where the shapes disagree or ``y`` is not finite."""
    if prediction.ndim != 1:
        raise InputError(f"a prediction has shape {prediction.shape}; expected values (n,), one an event.")
    difference = prediction - y
    if not np.isfinite(difference).all():
        raise InputError("y holds a value that is not finite; drop the rows without a target.")
    return np.asarray(difference, dtype=np.float64)


def centred(values: NDArray[Any], w: Floats) -> Floats:
    """Return ``values`` less their weighted mean, so that sums of squares keep their digits."""
    total = w.sum()
    return np.asarray(values - (w @ values / total if total > 0 else 0.0), dtype=np.float64)


def spread(square: Floats, linear: Floats, total: Floats) -> Floats:
    """Return Σwx² - (Σwx)²/Σw, NaN where it is not above rounding."""
    variance = square - linear**2 / total
    return np.where(variance > SPREAD_FLOOR * square, variance, np.nan)


@dataclass(frozen=True)
class R2(Moments):
    """``R² = 1 - Σ w (p - y)² / Σ w (y - <y>)²``; undefined for a constant target.

    >>> R2().value(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """

    name: str = "r2"
    tasks = REGRESSION
    greater_is_better = True
    lower, upper = None, 1.0

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: 1, y, y², r² with y centred."""
        r, centre = residuals(y, prediction), centred(y, w)
        return np.column_stack([np.ones(y.size), centre, centre**2, r**2])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """1 - SSR / SST."""
        total, linear, square, residual = np.moveaxis(sums, -1, 0)
        return np.asarray(1 - residual / spread(square, linear, total))


@dataclass(frozen=True)
class Rmse(Moments):
    """``sqrt(Σ w (p - y)² / Σ w)``, in the unit of the target.

    >>> Rmse().value(np.array([0.0, 0.0]), np.array([3.0, 3.0]))
    3.0
    """

    name: str = "rmse"
    tasks = REGRESSION
    greater_is_better = False
    lower, upper = 0.0, None

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: r², 1."""
        return np.column_stack([residuals(y, prediction) ** 2, np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Root of the mean."""
        return np.asarray(np.sqrt(ratio(sums[..., 0], sums[..., 1])))
