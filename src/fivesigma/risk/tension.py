"""Whether a test and the folds tell the same of one procedure: an unlucky draw of either, or events of another kind.

Both are estimates of one risk, but for the sizes of their training sets. Under the null their difference has the
variance of the folds' events, that of the test's events, and that of two training sets: those of the folds, taken
together, and that of the final fit. Measured false rates at p < 0.05 stand in ``docs/evidence.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.folded import Folded
from fivesigma.risk.intervals import total_dof
from fivesigma.risk.metric import Metric
from fivesigma.risk.resampling import resampling_counts
from fivesigma.risk.significance import t_tail
from fivesigma.risk.strata import Strata

Array = NDArray[Any]

TOLD = 0.05
"""p below which a tension is told: a caution and no claim, of which one sound study in twenty has one."""
N_RESAMPLES = 200
"""Resamples of the events that folds held out: the error of their score is known to 5 %."""


@dataclass(frozen=True)
class Tension:
    """How far the test lies from where the folds put it.

    Attributes
    ----------
    difference : score of the folds less that of the test, turned so that positive is a test worse than the folds.
    error : its standard error.
    p : two-sided.
    sigma : the σ of p, with the sign of the difference.
    """

    difference: float
    error: float
    p: float
    sigma: float

    @property
    def told(self) -> bool:
        """Whether it is worth a word."""
        return self.p < TOLD


def error_on_folds(
    metric: Metric,
    events: Folded,
    prediction: Array,
    rng: np.random.Generator,
    *,
    strata: Strata | None = None,
) -> float:
    """Return the standard error that finitely many events bring to a score of out-of-fold predictions (n, ...).

    ``strata`` are the classes whose numbers do not vary: a test that has its share of each differs by none from the
    folds.
    """
    counts = resampling_counts(len(events), N_RESAMPLES, rng, groups=events.groups, strata=strata)
    draws = events.resampled(metric, prediction, counts)
    known = draws[np.isfinite(draws)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else np.nan


def tension(
    difference: float, *, folds: float, test: float, train: float, units: float, refits: int
) -> Tension | None:
    """Return the tension of a ``difference`` of folds over test; None where an error is not known.

    Parameters
    ----------
    difference : as `Tension` has it.
    folds, test : standard errors that the events of either bring.
    train : standard error that a training set brings to a risk, 0 where it is not known: it is there twice.
    units : independent units of the smaller of the two.
    refits : from how many fits ``train`` is known.

    Examples
    --------
    >>> found = tension(0.015, folds=0.003, test=0.005, train=0.0, units=1e6, refits=0)
    >>> round(found.sigma, 2), round(found.p, 3), found.told
    (2.57, 0.01, True)
    """
    stat, twice = folds**2 + test**2, 2 * train**2
    if not (np.isfinite([difference, stat, twice]).all() and stat + twice > 0):
        return None
    dofs = (max(units - 1, 1.0), max(refits - 1.0, 1.0))
    dof = max(total_dof(stat, twice, spread=twice, dofs=dofs), 1.0)
    error = float((stat + twice) ** 0.5)
    tail = t_tail(difference / error, dof, one_sided=False)
    return Tension(difference, error, tail.p, tail.sigma)
