"""One class against a declared mixture of the others: the discriminant of flavour tagging.

``D = ln(p_s / Σ_b f_b p_b)`` with the shares f_b of the backgrounds in what is to be rejected, Σ f_b = 1: the log
likelihood ratio of signal and mixture where p comes true and was learnt of classes of equal weight. Flavour tagging has
b jets against c and light ones (ATLAS, Eur. Phys. J. C 83 (2023) 681, arXiv:2211.16345).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.curves import ROBUST, Curve, histogram
from fivesigma.risk.metric import Floats
from fivesigma.risk.quantiles import quantiles

SMALLEST = float(np.finfo(np.float64).tiny)
FARTHEST = -math.log(SMALLEST)
"""Where D ends on either side, at 708.4: an event without signal lies at the lower end."""
ROUNDING = 1e-9
"""How far the shares of a mixture may be from a sum of 1."""
N_BINS = 40


@dataclass(frozen=True)
class Discriminant:
    """``D = ln(p_s / Σ_b f_b p_b)`` of class probabilities.

    Parameters
    ----------
    signal : code of the class that is looked for
    shares : (K,) share of each class in the mixture; 0 for the signal, and 1 in all

    Raises
    ------
    InputError
        Where the shares are no mixture of the other classes.

    Examples
    --------
    >>> D = Discriminant(2, (0.9, 0.1, 0.0))
    >>> D.of(np.array([[0.1, 0.1, 0.8], [0.5, 0.5, 0.0]])).round(4)
    array([   2.0794, -708.3964])
    """

    signal: int
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        known = 0 <= self.signal < len(self.shares) and self.shares[self.signal] == 0
        if not known or min(self.shares) < 0 or abs(math.fsum(self.shares) - 1) > ROUNDING:
            raise InputError(
                f"shares {self.shares} with class {self.signal} as signal are no mixture; expected numbers of at least "
                "0 that sum to 1, and 0 for the signal."
            )

    def of(self, prediction: NDArray[Any]) -> Floats:
        """Return D of each event, (n, K) -> (n,), between -`FARTHEST` and `FARTHEST`; NaN where a probability is."""
        p = np.asarray(prediction, dtype=np.float64)
        signal, mixture = p[:, self.signal], p @ np.asarray(self.shares)
        with np.errstate(divide="ignore"):
            D = np.log(signal) - np.log(np.maximum(mixture, SMALLEST))
        return np.where(signal <= 0, -FARTHEST, np.clip(D, -FARTHEST, FARTHEST))

    def ordered(self, prediction: NDArray[Any]) -> Floats:
        """Return what a metric of two classes ranks events by: (n, K) -> (n, 2), the last column being D."""
        D = self.of(prediction)
        return np.column_stack([-D, D])

    def mixed(self, y: NDArray[Any], w: NDArray[Any] | None = None) -> Floats:
        """Return weights (n,) with which the backgrounds stand in their shares and sum to 1; the signal keeps its own.

        >>> Discriminant(2, (0.9, 0.1, 0.0)).mixed(np.array([0, 0, 1, 2])).tolist()
        [0.45, 0.45, 0.1, 1.0]
        """
        weight = np.ones(len(y)) if w is None else np.asarray(w, dtype=np.float64)
        totals = np.bincount(y, weight, len(self.shares))
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(totals != 0, np.asarray(self.shares) / totals, 0.0)
        factor[self.signal] = 1.0
        return np.asarray(weight * factor[y])


def histograms(
    D: Floats, y: NDArray[Any], w: NDArray[Any] | None, groups: NDArray[Any] | None, n_classes: int
) -> tuple[Floats, list[Curve]]:
    """Return edges (m + 1,) and the histogram of D of each class (`fivesigma.risk.curves.histogram`), of unit area.

    The edges hold all but the outermost half per cent of the events, and what lies beyond counts in the outermost bins.

    >>> edges, found = histograms(np.array([-1.0, 0.0, 1.0]), np.array([0, 0, 1]), None, None, 2)
    >>> [round(float(np.array(each["density"]) @ np.diff(edges)), 9) for each in found]
    [1.0, 1.0]
    """
    weight = np.ones(len(D)) if w is None else np.asarray(w, dtype=np.float64)
    inside = np.abs(D) < FARTHEST
    low, high = quantiles(D[inside], ROBUST, weight[inside]) if inside.any() else (-1.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)
    D = np.clip(D, edges[0], edges[-1])
    members = (y == k for k in range(n_classes))
    return edges, [histogram(D[m], weight[m], edges, None if groups is None else groups[m]) for m in members]
