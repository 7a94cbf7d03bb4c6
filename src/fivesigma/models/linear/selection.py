"""Choosing λ: whole paths on every fold, the best mean score, and the one-standard-error rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold

from fivesigma._core.errors import InputError
from fivesigma.models.linear.checks import as_penalty
from fivesigma.models.linear.units import unit_of

Array = NDArray[np.float64]

RULES = ("smallest", "largest", "best", "one-standard-error")


@dataclass(frozen=True, eq=False)
class Selection:
    """Validation scores along a path and the λ they choose.

    ``scores`` is ``(n_folds, n_lambdas)``, larger is better; ``mean`` and ``standard_error`` are over folds.
    ``one_standard_error`` is the largest λ whose mean is within one standard error of the best (Breiman et al.
    1984, Classification and Regression Trees, §3.4.3); ``fold_weight`` the mean Σw the λ were chosen at.
    """

    lambdas: Array
    scores: Array
    mean: Array
    standard_error: Array
    best: float
    one_standard_error: float
    fold_weight: float

    def at_refit(self, lam: float, total_weight: float) -> float:
        """Return λ for a refit on events of ``total_weight``: scaled by Σw_full / Σw_fold."""
        return lam * total_weight / self.fold_weight


def select_from_scores(lambdas: Array, scores: Array, *, fold_weights: Sequence[float]) -> Selection:
    """Choose λ from validation scores ``(n_folds, n_lambdas)``, larger is better.

    Ties go to the larger λ, the simpler model.

    >>> scores = np.array([[1, 2, 2.1], [1, 2.2, 2.3]])
    >>> chosen = select_from_scores(np.array([3.0, 2.0, 1.0]), scores, fold_weights=[8, 8])
    >>> chosen.best, chosen.one_standard_error, chosen.at_refit(1.0, 16.0)
    (1.0, 1.0, 2.0)
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or scores.shape[1] != len(lambdas):
        raise InputError(
            f"scores have shape {scores.shape}; expected (n_folds, {len(lambdas)}), a column for each λ"
        )
    mean = scores.mean(axis=0)
    folds = len(scores)
    error = scores.std(axis=0, ddof=1) / np.sqrt(folds) if folds > 1 else np.zeros(len(mean))
    top = np.flatnonzero(mean == mean.max())
    best = top[np.argmax(lambdas[top])]
    close = np.flatnonzero(mean >= mean[best] - error[best])
    simple = close[np.argmax(lambdas[close])]
    return Selection(
        lambdas=np.asarray(lambdas, dtype=float),
        scores=scores,
        mean=mean,
        standard_error=error,
        best=float(lambdas[best]),
        one_standard_error=float(lambdas[simple]),
        fold_weight=float(np.mean(fold_weights)),
    )


def select_by_folds(
    path: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    score: Callable[[NDArray[Any], NDArray[Any], Array], float],
    sample_weight: Array | None = None,
) -> Selection:
    """Fit a whole path on every fold and score it on the events left out.

    ``path`` is an unfitted `RegularisationPath` with its λ given; ``folds`` are pairs (fit, validation) of
    positions; ``score(y, prediction, weight)`` is larger for better, its prediction one row of `score_path`
    through the link of the loss (the probability of the second class, for a logistic path).
    """
    w = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    rows, weights = [], []
    for fit, validation in folds:
        fitted = clone(path).set_params(select="smallest").fit(X[fit], y[fit], w[fit])
        predictions = [fitted.loss_.link(scores) for scores in fitted.score_path(X[validation])]
        rows.append([score(y[validation], prediction, w[validation]) for prediction in predictions])
        weights.append(float(w[fit].sum()))
    return select_from_scores(fitted.lambdas_, np.array(rows), fold_weights=weights)


def select_lambda(path: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """Return the λ that ``path.select`` asks of a fitted path."""
    rule, lambdas = path.select, path.lambdas_
    if rule == "smallest":
        return float(lambdas.min())
    if rule == "largest":
        return float(lambdas.max())
    if isinstance(rule, str):
        if rule not in RULES:
            raise InputError(f"select is {rule!r}; expected a λ or one of {', '.join(RULES)}")
        chosen = _by_own_folds(path, np.asarray(X), np.asarray(y), sample_weight)
        return chosen.best if rule == "best" else chosen.one_standard_error
    return float(lambdas[np.argmin(np.abs(np.log(lambdas) - np.log(float(rule))))])


def _by_own_folds(path: Any, X: NDArray[Any], y: NDArray[Any], sample_weight: Any) -> Selection:
    """Five folds, λ scaled to their size, scored by minus the mean loss; the λ given are of the whole table."""
    classes = getattr(path, "classes_", None)
    codes = y if classes is None else np.searchsorted(classes, y).astype(float)
    splitter = (
        KFold(5, shuffle=True, random_state=0)
        if classes is None
        else StratifiedKFold(5, shuffle=True, random_state=0)
    )
    w = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    loss, lambdas, inside = path.loss_, path.lambdas_, clone(path)
    if classes is None:
        unit = unit_of(loss, y[w > 0].astype(float), w[w > 0], intercept=path.fit_intercept)
        penalty, factor = unit.restated(as_penalty(path.penalty))
        if path.lambdas is None:
            penalty, factor = as_penalty(path.penalty), unit.strength(as_penalty(path.penalty))
        inside.set_params(loss=unit.loss, penalty=penalty)
        y, codes, loss, lambdas = unit.scores(y), unit.scores(y), unit.loss, lambdas * factor
    rows, weights = [], []
    for fit, validation in splitter.split(X, y):
        share = float(w[fit].sum() / w.sum())
        inner = (
            clone(inside).set_params(select="smallest", lambdas=lambdas * share).fit(X[fit], y[fit], w[fit])
        )
        losses = [_values(loss, scores, codes[validation]) for scores in inner.score_path(X[validation])]
        rows.append([-float(w[validation] @ value / w[validation].sum()) for value in losses])
        weights.append(float(w[fit].sum()))
    return select_from_scores(path.lambdas_, np.array(rows), fold_weights=weights)


def _values(loss: Any, scores: Array, codes: Array) -> Array:
    """The loss of each event; of classes fitted one against the rest, the sum over them."""
    if scores.ndim == 1 or loss.vector_valued:
        return np.asarray(loss.value(scores, codes))
    apart = [loss.value(scores[:, k], (codes == k).astype(float)) for k in range(scores.shape[1])]
    return np.asarray(np.sum(apart, axis=0))
