"""One trial of a search: a fit in each inner fold, stopped where it cannot become the best any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from fivesigma.models.fitting import fit_on, probabilities, share_of
from fivesigma.models.laws import predicted
from fivesigma.risk.metric import Metric, over_folds

Array = NDArray[Any]
Trial = dict[str, Any]
"""``params``, ``state`` (complete, stopped, failed), ``score``, ``merit`` (more is better), ``folds`` (the score on
each fold that was fitted), ``message``."""

LEVEL = 0.05
"""Chance at most, at each look, that a trial as good as the best so far is stopped."""


def hopeless(lead: Sequence[float], n_folds: int, level: float = LEVEL) -> bool:
    """Whether a trial is behind the best so far, judged by its paired differences on the folds fitted.

    ``t = mean(d) / (s sqrt(1/k + 1/(K - 1)))`` with k - 1 degrees of freedom, the variance of Nadeau & Bengio
    (2003), eq. 9, for k of K folds; hopeless where ``P(T < t) < level``.

    Parameters
    ----------
    lead : (k,) the merit of the trial less that of the best, fold by fold
    n_folds : int, K

    >>> hopeless([-0.1, -0.11, -0.09], 5), hopeless([-0.1, 0.2], 5), hopeless([-0.1], 5)
    (True, False, False)
    """
    d = np.asarray(lead, dtype=np.float64)
    k = len(d)
    if not 2 <= k < n_folds or not np.isfinite(d).all() or d.mean() >= 0:
        return False
    error = d.std(ddof=1) * np.sqrt(1.0 / k + 1.0 / (n_folds - 1))
    return bool(error == 0 or stdtr(k - 1, d.mean() / error) < level)


@dataclass(frozen=True, eq=False)
class Arena:
    """The rows, folds and metric on which trials are compared.

    Attributes
    ----------
    X : (n, p); ``labels`` : (n,) target as it came; ``y`` : (n,) as the metric takes it.
    classes : of a classification, else None.
    w : (n,) weights of the fits, or None; ``v`` : (n,) weights of the scores, or None.
    groups : (n,) or None; ``folds`` : (n,) fold of each row.
    metric : what is improved.
    """

    X: Array
    labels: Array
    y: Array
    classes: Array | None
    w: Array | None
    v: Array | None
    groups: Array | None
    folds: Array
    metric: Metric

    def run(self, build: Callable[[], Any], params: Mapping[str, Any], best: Trial | None) -> Trial:
        """Return the trial of ``params``; ``best`` is the best so far, None where none is to be beaten."""
        trial: Trial = {"params": dict(params), "state": "failed", "score": None, "merit": None}
        trial |= {"folds": [], "message": ""}
        try:
            return trial | self._scored(build, params, best)
        except (ValueError, ArithmeticError, RuntimeError) as error:
            return trial | {"message": str(error)}

    def _scored(self, build: Callable[[], Any], params: Mapping[str, Any], best: Trial | None) -> Trial:
        prediction: Array | None = None
        numbers = np.unique(self.folds)
        values: list[float] = []
        for k in numbers:
            out = self.folds == k
            part = self._held_out(build().set_params(**params), out)
            prediction = np.empty((len(self.y), *part.shape[1:])) if prediction is None else prediction
            prediction[out] = part
            values.append(self.value(prediction, out))
            if best is not None and (stopped := self._stopped(values, best, len(numbers))):
                return stopped
        assert prediction is not None
        score = self._whole(values, prediction)
        if not np.isfinite(score):
            return {"message": f"{self.metric.name} is undefined on these rows"}
        return {
            "state": "complete",
            "score": score,
            "merit": float(self.metric.merit(score)),
            "folds": _plain(values),
        }

    def _whole(self, values: Sequence[float], prediction: Array) -> float:
        """Return the score of all folds: their mean where events of two folds are in no order, else of all rows."""
        if self.metric.averaged and np.isfinite(values).all():
            v = np.ones(len(self.y)) if self.v is None else self.v
            weights = [v[self.folds == k].sum() for k in np.unique(self.folds)]
            return float(over_folds(np.asarray(values), np.asarray(weights)))
        return self.value(prediction, np.ones(len(self.y), dtype=np.bool_))

    def _stopped(self, values: list[float], best: Trial, n_folds: int) -> Trial | None:
        """Return what a trial that is stopped here is taken to score: the best, and how far it is behind."""
        rival = [np.nan if value is None else value for value in best["folds"][: len(values)]]
        lead = self.metric.merit(values) - self.metric.merit(rival)
        if not hopeless(lead.tolist(), n_folds):
            return None
        behind = float(np.mean(np.subtract(values, rival)))
        return {
            "state": "stopped",
            "score": best["score"] + behind,
            "merit": best["merit"] + float(lead.mean()),
            "folds": _plain(values),
            "message": f"stopped after {len(values)} of {n_folds} folds",
        }

    def value(self, prediction: Array, rows: NDArray[np.bool_]) -> float:
        """Return the score on ``rows``, their yields scaled to the whole sample."""
        v = share_of(self.v, rows)
        cut = self.metric.cut(self.y[rows], prediction[rows], v)
        return float(self.metric.value(self.y[rows], prediction[rows], v, cut=cut))

    def _held_out(self, model: Any, out: NDArray[np.bool_]) -> Array:
        fit = ~out
        weight, group = (None if a is None else a[fit] for a in (self.w, self.groups))
        fit_on(
            model,
            self.X[fit],
            self.labels[fit],
            w=weight,
            groups=group,
            evaluation_weight=share_of(self.v, fit),
        )
        if self.classes is None:
            return predicted(model, self.X[out], self.metric)
        return probabilities(model, self.X[out], self.classes)


def _plain(values: Sequence[float]) -> list[float | None]:
    """Return scores as JSON holds them: what is undefined is None."""
    return [value if np.isfinite(value) else None for value in values]
