"""What a score owes to the chance of the class fraction, where a division hides it: every fold has the same.

Stratified folds show how a score varies within the classes. That this table has its fraction of each, and a fresh one
another, is a variance of its own: ``Σ_h (∂θ/∂ln W_h)² / N_h`` over strata h of N_h units and weight W_h, which for two
classes is ``(∂θ/∂f)² f (1 - f) / N``.

References
----------
Cochran (1977), Sampling Techniques, §5A.9 (stratification after sampling: the variance between strata).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.influence import Scored, Units, influence
from fivesigma.risk.metric import Metric
from fivesigma.risk.strata import Strata

Vector = NDArray[np.float64]

STEP = 1e-3
"""Relative step in the weight of a stratum, for a metric whose influences are not known."""


def slopes(metric: Metric, scored: Scored, strata: Strata) -> Vector:
    """Return ``∂θ/∂ln W_h`` (S,): how a score goes with the weight of each stratum of what is ``scored``.

    The sum of its events' influences; of a metric that has none, a difference of scores with the stratum reweighted.

    >>> from fivesigma.risk.metrics import metric
    >>> y = np.repeat([0, 1], [80, 20])
    >>> dull = Scored(y, np.tile([0.9, 0.1], (100, 1)), None)
    >>> slopes(metric("accuracy"), dull, Strata(y, np.ones(2))).round(6).tolist()
    [0.16, -0.16]
    """
    known = influence(metric, scored)
    if known is not None:
        return np.asarray(np.bincount(strata.of, known, strata.n), float)
    return np.array([_slope(metric, scored, strata.of == stratum) for stratum in range(strata.n)])


def _slope(metric: Metric, scored: Scored, member: NDArray[np.bool_]) -> float:
    y, prediction, w = scored.checked()
    up, down = (
        metric.value(y, prediction, np.where(member, w * by, w), cut=scored.cut, scale=scored.scale)
        for by in (1 + STEP, 1 - STEP)
    )
    return (up - down) / (2 * STEP) if member.any() else 0.0


def between_classes(slope: Vector, strata: Strata, units: Units) -> float:
    """Return the variance that the numbers of the strata bring to a score of that ``slope`` (S,).

    ``Σ_h spread_h slope_h² / n_h`` for n_h units of the scored events in stratum h: ``spread_h / n_h`` is ``1 / N_h``
    of the whole table. What the sum of weights varies within a stratum is in the folds' own spread.

    >>> strata = Strata(np.repeat([0, 1], [80, 20]), np.ones(2))
    >>> round(between_classes(np.array([0.16, -0.16]), strata, Units.of(None, 100)), 6)
    0.0016
    """
    numbers = np.bincount(units.first(strata.of), minlength=strata.n)
    return float(np.sum(strata.spread * slope**2 / np.maximum(numbers, 1)))
