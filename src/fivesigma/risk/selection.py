"""The score of a model that was chosen by its score: what is left of it once the choice is not rewarded.

The best of many on the same events has been lucky too. Each resample chooses on the events that it holds, and the
chosen one is scored on those that it does not: Tsamardinos, Greasidou & Borboudakis (2018), whose models are not fitted
again. Tibshirani & Tibshirani (2009) take the bias from the folds instead, which `docs/evidence.md` compares.

References
----------
Tsamardinos, Greasidou & Borboudakis (2018), Machine Learning 107, 1895 (bootstrap bias-corrected cross-validation);
Tibshirani & Tibshirani (2009), Ann. Appl. Stat. 3, 822; Varma & Simon (2006), BMC Bioinformatics 7, 91.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.findings import ErrorBudget, Score
from fivesigma.risk.folded import Folded
from fivesigma.risk.metric import Metric
from fivesigma.risk.resampling import resampling_counts

Array = NDArray[Any]

N_CHOICES = 1000
"""Resamples that choose, where the events and models are few enough."""
FEWEST_CHOICES = 100
MOST_SCORED = 100_000_000
"""Events times models times resamples that are scored: some seconds of a ranking."""


@dataclass(frozen=True, eq=False)
class Choice:
    """How the best of several models was chosen, and what that is worth.

    Attributes
    ----------
    optimism : what the best one's score owes to the choice, turned so that positive is too good.
    shares : (M,) how often each model is chosen on resampled events.
    resamples : how many chose.
    """

    optimism: float
    shares: Array
    resamples: int


def choice(
    metric: Metric,
    events: Folded,
    predictions: Sequence[Array],
    rng: np.random.Generator,
    *,
    most: int | None = None,
) -> Choice | None:
    """Return what the best of ``predictions`` owes to being the best; None where fewer than two have a score.

    Parameters
    ----------
    events : what they are scored on.
    predictions : out-of-fold predictions (n, ...) of each model.
    rng : the stream of the resamples; groups resample as wholes.
    most : resamples at most; by default `N_CHOICES`, fewer where events or models are many.

    Returns
    -------
    choice : the optimism is the best's score on all events, less the mean of the chosen ones' on the events that
        their resample does not hold; never below 0. One model alone has no choice, and none is made.

    Examples
    --------
    >>> from fivesigma.risk.metrics import metric
    >>> rng = np.random.default_rng(0)
    >>> y, noise = np.arange(60) % 2, rng.random((20, 60))
    >>> said = [np.column_stack([1 - p, p]) for p in noise]
    >>> found = choice(metric("roc_auc"), Folded(y, None, np.arange(60) // 12), said, rng)
    >>> found.optimism > 0.05, len(found.shares)
    (True, 20)
    """
    values = np.array([metric.merit(events.value(metric, each)) for each in predictions])
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return None
    n_choices = min(most or N_CHOICES, _affordable(len(events) * len(known)))
    counts = resampling_counts(len(events), n_choices, rng, groups=events.groups)
    held, others = (counts > 0).any(axis=1), (counts == 0)
    counts, others = counts[held], others[held].astype(np.uint8)
    able = [predictions[int(m)] for m in known]
    inside = np.array([metric.merit(events.resampled(metric, each, counts)) for each in able])
    outside = np.array([metric.merit(events.resampled(metric, each, others, yields=np.e)) for each in able])
    return _judged(values, known, inside, outside)


def _affordable(n: int) -> int:
    return int(np.clip(MOST_SCORED // max(n, 1), FEWEST_CHOICES, N_CHOICES))


def _judged(values: Array, known: Array, inside: Array, outside: Array) -> Choice | None:
    """Return the choice for merits (M, B) on the events inside each resample, and outside it."""
    chosen = np.where(np.isfinite(inside), inside, -np.inf).argmax(axis=0)
    honest = outside[chosen, np.arange(len(chosen))]
    told = np.isfinite(honest)
    if not told.any():
        return None
    shares = np.zeros(len(values))
    shares[known] = np.bincount(chosen[told], minlength=len(known)) / told.sum()
    optimism = float(values[known].max() - honest[told].mean())
    return Choice(max(optimism, 0.0), shares, int(told.sum()))


def corrected(metric: Metric, score: Score, found: Choice) -> Score:
    """Return the ``score`` of the best with its interval, both less the optimism of the choice.

    The interval keeps its width: the corrected value is an average over the models that could have been chosen, which
    varies no more than the score of one.

    >>> from fivesigma.risk.metrics import metric
    >>> plain = Score(0.7, 0.6, 0.8, method="procedure: cross-validation")
    >>> found = corrected(metric("roc_auc"), plain, Choice(0.1, np.array([0.5, 0.5]), 1000))
    >>> [round(x, 6) for x in (found.value, found.low, found.high)], found.method
    ([0.6, 0.5, 0.7], 'procedure: cross-validation; less the optimism of the choice, 1000 resamples')
    """
    off = _off(metric, score.value or 0.0, found)
    value, low, high = (
        None if x is None else _inside(metric, x + off) for x in (score.value, score.low, score.high)
    )
    method = f"{score.method}; less the optimism of the choice, {found.resamples} resamples"
    return replace(score, value=value, low=low, high=high, method=method, error=ErrorBudget())


def corrected_value(metric: Metric, value: float, found: Choice) -> float:
    """Return the ``value`` of the best less the optimism of the choice, inside the metric's bounds."""
    return _inside(metric, value + _off(metric, value, found))


def _off(metric: Metric, value: float, found: Choice) -> float:
    """Return what the optimism is in units of the metric, with the sign that takes it away."""
    return _worse(metric, value) * found.optimism


def _worse(metric: Metric, value: float) -> float:
    """Return the sign of a change for the worse: away from 0 where that is best, as of a bias."""
    up, down = float(metric.merit(1.0)), float(metric.merit(-1.0))
    return float(np.copysign(1.0, value)) if up == down else float(np.sign(down - up))


def _inside(metric: Metric, x: float) -> float:
    low = -np.inf if metric.lower is None else metric.lower
    high = np.inf if metric.upper is None else metric.upper
    return float(min(max(x, low), high))
