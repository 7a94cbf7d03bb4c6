"""Metrics of predicted values: errors, explained variance, bias and scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fivesigma._core.checks import LARGEST, refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.risk.metric import Floats, Moments, Planned, Unit, power_of_two, ratio
from fivesigma.risk.quantiles import AT_A_STEP

SPREAD_FLOOR = 1e-13  # a variance below this part of the mean square is rounding, not spread


def residuals(y: NDArray[Any], prediction: Floats) -> Floats:
    """Return prediction - y (n,).

    `InputError` where the shapes disagree or ``y`` is not finite.
    """
    if prediction.ndim != 1:
        raise InputError(f"a prediction has shape {prediction.shape}; expected values (n,), one an event.")
    difference = prediction - y
    if not np.isfinite(difference).all():
        raise InputError("y holds a value that is not finite; drop the rows without a target.")
    return np.asarray(difference, dtype=np.float64)


class OfResiduals(Moments):
    """A metric of powers of target, prediction and residual, formed in a unit of the target's size."""

    @override
    def scaled_terms(
        self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None
    ) -> tuple[Floats, float]:
        refuse_extremes(y, prediction)
        unit = power_of_two(float(np.abs(y).max()))
        return self.terms(y / unit, prediction / unit, w, cut), unit if self.unit is Unit.TARGET else 1.0


class OfSquares(OfResiduals):
    """A metric whose error is that of a mean of squared residuals."""

    @override
    def squares(self, y: NDArray[Any], prediction: NDArray[Any]) -> Floats:
        r = residuals(y, prediction)
        return np.asarray((r / power_of_two(float(np.abs(r).max(initial=0.0)))) ** 2, dtype=np.float64)


def refuse_extremes(y: NDArray[Any], prediction: Floats) -> None:
    """Raise `InputError` where targets or predictions have squares that leave float64."""
    refuse_extreme(np.asarray(y, dtype=np.float64), what="y")
    refuse_extreme(prediction[np.abs(prediction) > LARGEST], what="a prediction")


def centred(values: NDArray[Any], w: Floats) -> Floats:
    """Return ``values`` less their weighted mean, so that sums of squares keep their digits."""
    total = w.sum()
    return np.asarray(values - (w @ values / total if total > 0 else 0.0), dtype=np.float64)


def spread(square: Floats, linear: Floats, total: Floats) -> Floats:
    """Return Σwx² - (Σwx)²/Σw, NaN where it is not above rounding."""
    variance = square - linear**2 / total
    return np.where(variance > SPREAD_FLOOR * np.abs(square), variance, np.nan)


@dataclass(frozen=True)
class R2(OfSquares):
    """``R² = 1 - Σ w (p - y)² / Σ w (y - <y>)²``; undefined for a constant target.

    >>> R2().value(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """

    name: str = "r2"
    label = "R²"
    scores = Output.VALUE
    unit = Unit.NONE
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

    @override
    def with_squares(self, value: float, ratio: float) -> float:
        return 1 - (1 - value) * ratio


@dataclass(frozen=True)
class Rmse(OfSquares):
    """``sqrt(Σ w (p - y)² / Σ w)``, in the unit of the target.

    >>> Rmse().value(np.array([0.0, 0.0]), np.array([3.0, 3.0]))
    3.0
    """

    name: str = "rmse"
    label = "RMSE"
    scores = Output.VALUE
    unit = Unit.TARGET
    greater_is_better = False
    lower, upper = 0.0, None

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: r², 1."""
        return np.column_stack([residuals(y, prediction) ** 2, np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Root of the mean."""
        return np.asarray(np.sqrt(ratio(sums[..., 0], sums[..., 1])))

    @override
    def with_squares(self, value: float, ratio: float) -> float:
        return float(value * ratio**0.5)


@dataclass(frozen=True)
class Mae(OfResiduals):
    """``Σ w |p - y| / Σ w``, in the unit of the target.

    >>> Mae().value(np.array([0.0, 0.0]), np.array([3.0, -1.0]))
    2.0
    """

    name: str = "mae"
    label = "MAE"
    scores = Output.VALUE
    unit = Unit.TARGET
    greater_is_better = False
    lower, upper = 0.0, None
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: |r|, 1."""
        return np.column_stack([np.abs(residuals(y, prediction)), np.ones(y.size)])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Σ w l / Σ w."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


@dataclass(frozen=True)
class PearsonR(OfResiduals):
    """Weighted correlation of prediction and target; undefined where either is constant.

    >>> round(PearsonR().value(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 12)
    1.0
    """

    name: str = "pearson_r"
    label = "Pearson r"
    scores = Output.VALUE
    unit = Unit.NONE
    greater_is_better = True
    lower, upper = -1.0, 1.0

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: 1, y, p, y², p², y p, both centred."""
        residuals(y, prediction)  # refuses what is not finite
        a, b = centred(y, w), centred(prediction, w)
        return np.column_stack([np.ones(y.size), a, b, a**2, b**2, a * b])

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Covariance over the root of both variances."""
        total, a, b, aa, bb, ab = np.moveaxis(sums, -1, 0)
        return np.asarray((ab - a * b / total) / np.sqrt(spread(aa, a, total) * spread(bb, b, total)))


class ResidualQuantiles(Planned):
    """A metric of weighted quantiles of the residuals p - y (`ordered_quantiles` defines them)."""

    scores = Output.VALUE
    unit = Unit.TARGET
    greater_is_better = False
    unsigned = "a sum of weights that falls again has no quantiles"

    def plan(self, y: NDArray[Any], prediction: Floats, w: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Order, sorted residuals, sorted weights."""
        refuse_extremes(y, prediction)
        r = residuals(y, prediction)
        order = np.argsort(r, kind="stable")
        return order, r[order], w[order]

    @staticmethod
    def at(
        plan: tuple[NDArray[np.intp], Floats, Floats], counts: NDArray[Any], levels: list[float]
    ) -> Floats:
        """Return the (b, m) quantiles of each resample."""
        from fivesigma.risk import sorted_kernels

        return np.asarray(sorted_kernels.quantiles(counts, *plan, np.array(levels), AT_A_STEP))


@dataclass(frozen=True)
class MedianBias(ResidualQuantiles):
    """Median of ``p - y``, in the unit of the target; best at 0.

    >>> MedianBias().value(np.array([0.0, 0.0, 0.0]), np.array([1.0, 2.0, 9.0]))
    2.0
    """

    name: str = "median_bias"

    def scored(self, plan: tuple[NDArray[np.intp], Floats, Floats], counts: NDArray[Any]) -> Floats:
        """The 50 % quantile."""
        return np.asarray(self.at(plan, counts, [0.5])[:, 0])

    def merit(self, values: Any) -> Floats:
        """-|bias|."""
        return -np.abs(np.asarray(values, dtype=np.float64))


@dataclass(frozen=True)
class Scatter(ResidualQuantiles):
    """Half the 16-84 % range of ``p - y``: a Gaussian's sigma, whatever the tails; in dex for a logarithm.

    >>> round(Scatter().value(np.zeros(101), np.linspace(-1, 1, 101)), 12)
    0.68
    """

    name: str = "scatter"
    label = "robust scatter"
    lower = 0.0

    def scored(self, plan: tuple[NDArray[np.intp], Floats, Floats], counts: NDArray[Any]) -> Floats:
        """(q_84 - q_16) / 2."""
        low, high = self.at(plan, counts, [0.16, 0.84]).T
        return np.asarray((high - low) / 2)
