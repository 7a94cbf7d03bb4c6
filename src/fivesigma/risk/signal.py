"""What a slice of the events is asked beside its score: whether probabilities are right there, and what a cut keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.risk.classification import probabilities
from fivesigma.risk.metric import Floats, Moments, Unit, ratio


class OfSignal(Moments):
    """A ratio of two sums over events of two classes, the last being the signal."""

    scores = Output.PROBABILITY
    unit = Unit.NONE
    binary_only = True

    def combine(self, sums: Floats, scale: float) -> Floats:
        """The first sum over the second."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))


@dataclass(frozen=True)
class SignalBias(OfSignal):
    """``Σ w (p - y) / Σ w``: by how much the mean probability of signal exceeds the share of signal; best at 0.

    >>> SignalBias().value(np.array([0, 1]), np.array([[0.5, 0.5], [0.25, 0.75]]))
    0.125
    """

    name: str = "bias"
    greater_is_better = False
    lower, upper = -1.0, 1.0
    additive = True

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: p - y, 1."""
        return np.column_stack([probabilities(y, prediction)[:, 1] - y, np.ones(y.size)])

    def merit(self, values: Any) -> Floats:
        """``-|value|``."""
        return -np.abs(np.asarray(values, dtype=np.float64))


@dataclass(frozen=True)
class SignalEfficiency(OfSignal):
    """Share of the signal whose probability is ``at`` the cut or above; undefined without signal.

    >>> SignalEfficiency(at=0.6).value(np.array([0, 1, 1]), np.array([[0.1, 0.9], [0.5, 0.5], [0.2, 0.8]]))
    0.5
    """

    name: str = "efficiency"
    at: float = 0.5
    greater_is_better = True
    lower, upper = 0.0, 1.0

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: signal that passes, signal."""
        signal = y == 1
        return np.column_stack([signal & (probabilities(y, prediction)[:, 1] >= self.at), signal]).astype(
            float
        )
