"""The efficiency of a selection, with its interval: exact on counts, by the variance of the weights where they differ.

With signed weights an efficiency is no probability: it may leave [0, 1], and so may its interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.errors import InputError
from fivesigma._core.weights import kish
from fivesigma.risk.counted import rising
from fivesigma.risk.intervals import FEWEST_PER_CLASS, clopper_pearson
from fivesigma.risk.metric import ROUNDING

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Efficiency:
    """What fraction of the weight passes.

    Attributes
    ----------
    value : Σ_pass w / Σw; None where the weights do not sum to more than zero
    low, high : the limits at ``level``; None where ``method`` says why not
    n_effective : ``(Σw)² / Σw²`` of all events
    method : how the limits were found, or why there are none
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    n_effective: float
    method: str


def efficiency(passes: NDArray[Any], w: NDArray[Any] | None = None, *, level: float = 0.95) -> Efficiency:
    """Return the efficiency of a cut, and its interval.

    Equal weights are counted: Clopper-Pearson on the numbers of events. Weights that differ have the `variance`, and
    no interval below ten effective events: Clopper-Pearson at the number of events that has this variance (Korn &
    Graubard 1998), or, where some are negative, Student's t at N_eff - 1 on either side of the value.

    Parameters
    ----------
    passes : (n,) bool
    w : (n,) weights of either sign, finite; None is one for each. An event of weight 0 is as if it were not there.

    Raises
    ------
    InputError
        If a weight is not finite, or the shapes disagree.

    >>> found = efficiency(np.arange(20) < 18)
    >>> found.value, round(found.low, 4), round(found.high, 4), found.method
    (0.9, 0.683, 0.9877, 'Clopper-Pearson')
    """
    keeps, weights = _checked(passes, w)
    n_effective = kish(weights)
    if not weights.sum() > 0:
        why = (
            "no interval: the weights sum to zero or less"
            if weights.size
            else "no interval: no event is left"
        )
        return Efficiency(None, None, None, level, n_effective, why)
    value = float(weights[keeps].sum() / weights.sum())
    low, high, method = _limits(value, keeps, weights, level)
    return Efficiency(value, low, high, level, n_effective, method)


def variance(passes: NDArray[np.bool_], w: Floats) -> float:
    """Return ``Var ε = [(1-ε)² Σ_pass w² + ε² Σ_fail w²] / (Σw)²``, of weights of either sign.

    >>> variance(np.array([True, True, False, False]), np.array([1.0, 1.0, 1.0, 1.0]))
    0.0625
    """
    total = w.sum()
    passed = w[passes].sum() / total
    squares = np.square(w / total)
    return float((1 - passed) ** 2 * squares[passes].sum() + passed**2 * squares[~passes].sum())


def falls(score: Floats, member: NDArray[np.bool_], w: Floats) -> float:
    """Return the most that an efficiency falls again along a ROC curve: 0 unless weights are negative.

    >>> falls(np.array([0.9, 0.5, 0.1]), np.array([True, True, False]), np.array([2.0, -1.0, 1.0]))
    1.0
    """
    order = rising(-score)
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    fall = 0.0
    for side in (member, ~member):
        upto = np.concatenate([[0.0], np.cumsum(np.where(side, w, 0.0)[order])[last]])
        if upto[-1] > 0:
            fall = max(fall, float((np.maximum.accumulate(upto) - upto).max() / upto[-1]))
    return fall if fall > ROUNDING else 0.0


def _checked(passes: NDArray[Any], w: NDArray[Any] | None) -> tuple[NDArray[np.bool_], Floats]:
    """Return the events that have a weight other than 0."""
    keeps = np.asarray(passes, dtype=bool)
    weights = np.ones(keeps.size) if w is None else np.asarray(w, dtype=np.float64)
    if weights.shape != keeps.shape or keeps.ndim != 1:
        raise InputError(
            f"passes has shape {keeps.shape} and w {weights.shape}; expected one of each an event."
        )
    if not np.isfinite(weights).all():
        raise InputError("weights are missing or infinite; expected finite numbers: drop those events.")
    counted = weights != 0
    return keeps[counted], weights[counted]


def _limits(
    value: float, keeps: NDArray[np.bool_], w: Floats, level: float
) -> tuple[float | None, float | None, str]:
    """Return the interval of the efficiency ``value``, and how it was found or why there is none."""
    if w.min() == w.max():
        return *clopper_pearson(value, float(w.size), level), "Clopper-Pearson"
    n_effective = kish(w)
    if n_effective < FEWEST_PER_CLASS:
        return None, None, f"no interval: {n_effective:.1f} effective events, fewer than {FEWEST_PER_CLASS}"
    if keeps.all() or not keeps.any():
        return *clopper_pearson(
            value, n_effective, level
        ), "one-sided limit at the effective number of events"
    spread = variance(keeps, w)
    if w.min() < 0:
        reach = float(laws.t_ppf((1 + level) / 2, n_effective - 1)) * spread**0.5
        return value - reach, value + reach, "signed weights: it may leave [0, 1]"
    return *clopper_pearson(value, value * (1 - value) / spread, level), "Clopper-Pearson of weighted events"
