"""Fidelity of a predicted distribution with the true one: the squared overlap of two states without phases.

``F = (Σ √(p q))² / (Σ p Σ q)``, p the true weights of the configurations and q the predicted ones: 1 where they are
proportional, 0 where they share none (Nielsen & Chuang, Quantum Computation and Quantum Information, sect. 9.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.risk.metric import Floats, Moments, Unit, power_of_two, ratio
from fivesigma.risk.regression import refuse_extremes, residuals


class OfOverlap(Moments):
    """A fidelity: each says what p and q are of target and prediction."""

    scores = Output.VALUE
    greater_is_better = True
    lower, upper = 0.0, 1.0
    on_request = True

    def combine(self, sums: Floats, scale: float) -> Floats:
        """``(Σ w √(p q))² / (Σ w p Σ w q)``."""
        overlap, true, predicted = np.moveaxis(sums, -1, 0)
        return np.asarray(ratio(overlap, true) * ratio(overlap, predicted))


@dataclass(frozen=True)
class Fidelity(OfOverlap):
    """Of a target that is p itself, up to a factor; what is negative counts as 0.

    >>> round(Fidelity().value(np.array([0.5, 0.5]), np.array([0.9, 0.1])), 9)
    0.8
    """

    name: str = "fidelity"
    unit = Unit.NONE

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: √(p q), p, q, each in a unit of its own size."""
        residuals(y, prediction)
        refuse_extremes(np.asarray(y, dtype=np.float64), prediction)
        p, q = (
            np.maximum(each / power_of_two(_largest(each, w)), 0.0) for each in (np.asarray(y), prediction)
        )
        return np.column_stack([np.sqrt(p * q), p, q])


@dataclass(frozen=True)
class LogFidelity(OfOverlap):
    """Of a target that is ln p, up to a constant: an error of ln p counts where p is.

    >>> p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    >>> round(LogFidelity().value(np.log(p), np.log(q) + 3.0), 9)
    0.8
    """

    name: str = "log_fidelity"
    label = "fidelity, of ln p"
    unit = None  # the exponential of a target knows no factor

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: √(p q), p, q, over the largest p and the largest q."""
        residuals(y, prediction)
        refuse_extremes(np.asarray(y, dtype=np.float64), prediction)
        log_p, log_q = (
            np.minimum(each - _highest(each, w), 0.0) for each in (np.asarray(y, float), prediction)
        )
        return np.asarray(np.exp(np.column_stack([(log_p + log_q) / 2, log_p, log_q])))


def _largest(values: NDArray[Any], w: Floats) -> float:
    """Return the largest size among values that weigh anything."""
    return float(np.abs(values[w != 0]).max(initial=0.0))


def _highest(values: NDArray[Any], w: Floats) -> float:
    """Return the highest of the values that weigh anything; of none 0."""
    held = values[w != 0]
    return float(held.max()) if held.size else 0.0
