"""λ chosen by folds inside the rows that ``fit`` was handed: a whole path in each, whatever stands before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import FitError, InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import allows_nan, fit_on, share_of, tags_of
from fivesigma.models.folds import inner_folds
from fivesigma.models.linear.checks import as_loss, as_penalty, check_target, checked_lambdas
from fivesigma.models.linear.minimised import scores_along
from fivesigma.models.linear.path import RegularisationPath
from fivesigma.models.linear.problem import null_scores
from fivesigma.models.linear.selection import Selection, select_from_scores
from fivesigma.models.linear.targets import is_classification, labels_of
from fivesigma.models.linear.units import TargetUnit, unit_of
from fivesigma.risk.losses import Logistic, Loss, Softmax, sigmoid
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import DEFAULT, metric
from fivesigma.risk.own_loss import own_loss

Array = NDArray[np.float64]

RULES = ("best", "one-standard-error")
DIGITS = 12
"""Significant digits at which validation scores are compared: rounding must not decide between two λ."""


def _classifies(self: FoldedPath) -> bool:
    return bool(is_classifier(self._inner()))


def _has_probabilities(self: FoldedPath) -> bool:
    return isinstance(as_loss(self._inner().steps[-1][1].loss), Logistic | Softmax)


@final
class LinearLaw:
    """One point of a path, the last step of `FoldedPath.estimator_`: coefficients, intercept, loss, classes."""

    def __init__(self, coef: Array, intercept: Any, loss: Loss, classes: NDArray[Any] | None) -> None:
        self.coef_, self.intercept_, self.loss_ = coef, intercept, loss
        if classes is not None:
            self.classes_ = classes

    def scores(self, Z: Array) -> Array:
        """Return the linear scores ``(n,)``, or ``(n, n_classes)`` above two classes."""
        return np.asarray(Z @ self.coef_.T + self.intercept_, dtype=np.float64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        coef = state.get("coef_")
        if np.ndim(coef) == 1:
            state.floats("coef_", (None,))
            state.number("intercept_")
        else:
            state.floats("intercept_", (len(state.floats("coef_", (None, None))),))
        state.part("loss_", Loss)
        if state.has("classes_"):
            state.labels("classes_", 2 if np.ndim(coef) == 1 else len(coef))


class FoldedPath(BaseEstimator):  # type: ignore[misc]
    """Fit a whole regularisation path in each of ``n_folds`` inner folds, choose λ, fit the path to all rows.

    Every step before the path is fitted anew on the rows of each inner fit, so nothing held out has a say in
    what it is scored with. Copies of a row, and members of a group, share a fold. The λ are those of the fit
    to all rows; in a fold they are smaller by Σw_fold / Σw_full, so that λ per event stays the same. Where the
    path has no λ of its own they come from λ_max of all rows.

    Parameters
    ----------
    pipeline : Pipeline whose last step is a path, or a path alone; ``None`` means `RegularisationPath`
    metric : str, a name of `fivesigma.risk.metrics`; ``None``: the default of the task
    standard : bool
        Whether the λ of the path are those of the standard score of the target, as of a default that must not have
        its unit; else of the target as it is. Where the path has none, they are.
    rule : {"best", "one-standard-error"}
        The λ with the best mean score, or the largest within one standard error of it (Breiman et al. 1984,
        Classification and Regression Trees, §3.4.3); between equals, the larger λ.
    n_folds : int
    random_state : int

    Attributes
    ----------
    lambda_, best_, one_standard_error_ : float, the λ that is used, and what either rule chooses
    lambdas_, mean_, standard_error_ : (n_lambdas,), of the metric over the folds; ``scores_`` : (n_folds,
        n_lambdas), less the folds on which it is undefined. No scores where the path has one λ only: there
        is nothing to choose.
    limit_ : float, mean score over the folds of the model without features, the limit of large λ
    coefs_, intercepts_, violations_, gaps_, converged_ : of the path fitted to all rows, as in `RegularisationPath`
    estimator_ : the fitted steps and the law at ``lambda_``; classes_ for classifiers

    Raises
    ------
    InputError
        For wrong input or an unknown rule. `FitError` where the metric is undefined on every fold.

    Examples
    --------
    >>> from fivesigma.features.standard import StandardScores
    >>> X = np.arange(20.0)[:, None]
    >>> path = RegularisationPath(lambdas=[100.0, 1.0])
    >>> FoldedPath(Pipeline([("scale", StandardScores()), ("path", path)])).fit(X, 2.0 * X[:, 0]).lambda_
    1.0
    """

    standard: bool = False  # a model of version 0.1.0 does not say

    def __init__(
        self,
        pipeline: Any = None,
        metric: str | None = None,
        rule: str = "best",
        n_folds: int = 5,
        random_state: int = 0,
        standard: bool = False,
    ) -> None:
        self.pipeline = pipeline
        self.metric = metric
        self.rule = rule
        self.n_folds = n_folds
        self.random_state = random_state
        self.standard = standard

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        evaluation_weight: ArrayLike | None = None,
    ) -> Self:
        """Choose λ and fit on ``X`` (n_samples, n_features), ``y``, weights and groups, each (n_samples,).

        ``evaluation_weight`` (n_samples,), scaled to the whole sample, is what the λ are scored with; without it
        ``sample_weight`` is.
        """
        if self.rule not in RULES:
            raise InputError(f"rule is {self.rule!r}; expected one of {', '.join(RULES)}")
        classification = _classifies(self)
        table, target = labelled(self, X, y, nan=allows_nan(self._inner()), numeric=not classification)
        w = None if sample_weight is None else weights(sample_weight, table)
        g = None if groups is None else np.asarray(groups)
        v = w if evaluation_weight is None else weights(evaluation_weight, table, negative=True)
        w, table, target, g, v = present(w, table, target, g, v)
        if classification:
            check_classification_targets(target)
            self.classes_ = np.unique(target)
        stated = _stated(self._inner(), target, w, standard=self.standard)
        fitted = fit_on(stated.pipeline, table, stated.unit.scores(target), w=w, groups=g)
        path, unit = fitted.steps[-1][1], stated.unit
        self.lambdas_ = path.lambdas_ / stated.factor
        self.coefs_, self.intercepts_ = path.coefs_ * unit.slope, unit.values(path.intercepts_)
        self.violations_, self.gaps_, self.converged_ = path.violations_, path.gaps_, path.converged_
        self._choose(_Rows(self, stated, path.lambdas_, table, target, w, g, v))
        self.estimator_ = self._at_choice(fitted, stated, path)
        return self

    def _choose(self, rows: _Rows) -> None:
        if len(self.lambdas_) == 1:
            self.lambda_ = self.best_ = self.one_standard_error_ = float(self.lambdas_[0])
            self.scores_, self.limit_ = np.empty((0, 1)), float("nan")
            self.mean_ = self.standard_error_ = np.array([np.nan])
            return
        scored = [each for k in rows.numbers if np.isfinite((each := rows.scored(k))[0]).all()]
        if not scored:
            raise FitError(
                f"{rows.metric.name} is undefined on every inner fold; use more rows, or another metric."
            )
        self.scores_ = np.array([scores for scores, _ in scored])
        self.limit_ = float(np.mean([limit for _, limit in scored]))
        chosen = _selection(self.lambdas_, self.scores_, rows.metric)
        self.mean_, self.standard_error_ = self.scores_.mean(axis=0), chosen.standard_error
        self.best_, self.one_standard_error_ = chosen.best, chosen.one_standard_error
        self.lambda_ = self.best_ if self.rule == "best" else self.one_standard_error_

    def _at_choice(self, fitted: Pipeline, stated: _Stated, path: Any) -> Pipeline:
        at = int(np.flatnonzero(self.lambdas_ == self.lambda_)[0])
        loss = _loss_of(path) if _classifies(self) else stated.unit.loss_of_target
        law = LinearLaw(self.coefs_[at], self.intercepts_[at], loss, getattr(self, "classes_", None))
        return Pipeline([*fitted.steps[:-1], ("model", law)])

    def _scores(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        table = matrix(self, X, nan=allows_nan(self._inner()))
        for _, step in self.estimator_.steps[:-1]:
            table = step.transform(table)
        law: LinearLaw = self.estimator_.steps[-1][1]
        return law.scores(table)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction (n_samples,) at ``lambda_``."""
        scores = self._scores(X)
        if _classifies(self):
            labels: NDArray[Any] = labels_of(scores[None], self.classes_)[0]
            return labels
        return np.asarray(self.estimator_.steps[-1][1].loss_.link(scores))

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def decision_function(self, X: ArrayLike) -> Array:
        """Return the linear score (n_samples,), or one for each class above two."""
        return self._scores(X)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        scores = self._scores(X)
        return _probabilities(self.estimator_.steps[-1][1].loss_, scores)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of a classifier, or the R² of a regressor."""
        from sklearn.metrics import accuracy_score, r2_score

        scorer = accuracy_score if _classifies(self) else r2_score
        return float(scorer(y, self.predict(X), sample_weight=sample_weight))

    def _inner(self) -> Pipeline:
        given = RegularisationPath() if self.pipeline is None else clone(self.pipeline)
        return given if isinstance(given, Pipeline) else Pipeline([("model", given)])

    def __sklearn_tags__(self) -> Any:
        inner = self._inner()
        tags = tags_of(inner, super().__sklearn_tags__())
        kept = inner.__sklearn_tags__()
        tags.classifier_tags, tags.target_tags = kept.classifier_tags, kept.target_tags
        tags.target_tags.required = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.count("n_features_in_")
        state.part("estimator_", Pipeline)
        steps = self.estimator_.steps
        state.expect(isinstance(steps[-1][1], LinearLaw), "estimator_", "steps that end in a law")
        if state.has("classes_"):
            state.labels("classes_")


@dataclass(frozen=True, eq=False)
class _Stated:
    """A path as it is fitted, to a target without its unit; ``factor`` takes a λ of the target to it."""

    pipeline: Pipeline
    unit: TargetUnit
    factor: float


def _stated(pipeline: Pipeline, y: Any, w: Any, *, standard: bool) -> _Stated:
    """Return the path restated for the standard score of ``y`` (n,): its λ, its loss and, where λ are given, Ω."""
    path = pipeline.steps[-1][1]
    loss, penalty = own_loss(as_loss(path.loss)), as_penalty(path.penalty)
    if is_classification(loss):
        return _Stated(pipeline, TargetUnit(loss, loss), 1.0)
    check_target(loss, y)
    unit = unit_of(loss, y, np.ones(len(y)) if w is None else w, intercept=path.fit_intercept)
    if path.lambdas is None or standard:
        path.set_params(loss=unit.loss)
        return _Stated(pipeline, unit, unit.strength(penalty))
    restated, factor = unit.restated(penalty)
    lambdas = checked_lambdas(path.lambdas) * factor
    path.set_params(loss=unit.loss, penalty=restated, lambdas=lambdas)
    return _Stated(pipeline, unit, factor)


class _Rows:
    """The rows of one fit, their folds, and the score of every λ on each fold."""

    def __init__(
        self, model: FoldedPath, stated: _Stated, lambdas: Array, X: Any, y: Any, w: Any, groups: Any, v: Any
    ) -> None:
        self.model, self.X, self.w, self.groups, self.v = model, X, w, groups, v
        self.stated, self.lambdas, self.y = stated, lambdas, stated.unit.scores(y)
        self.classes = getattr(model, "classes_", None) if _classifies(model) else None
        self.codes = self.y if self.classes is None else np.searchsorted(self.classes, y)
        task = "regression" if self.classes is None else "classification"
        self.metric = metric(model.metric or DEFAULT[task])
        self.total = np.ones(len(y)) if w is None else w
        self.folds = inner_folds(
            X,
            self.codes,
            n_folds=model.n_folds,
            groups=groups,
            classification=self.classes is not None,
            seed=model.random_state,
        )

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The folds that hold rows."""
        return np.unique(self.folds)

    def scored(self, k: int) -> tuple[Array, float]:
        """Return the metric of every λ on fold ``k``, and that of the model without features."""
        out, fit = self.folds == k, self.folds != k
        pipeline = self._fitted(fit)
        Z = self.X[out]
        for _, step in pipeline.steps[:-1]:
            Z = step.transform(Z)
        path = pipeline.steps[-1][1]
        loss, y = _loss_of(path), self.codes[out]
        along = scores_along(path.coefs_, path.intercepts_, Z)
        seen = getattr(path, "classes_", None)
        scores = [self._value(p, out) for p in self._predictions(loss, along, seen)]
        flat = np.broadcast_to(self._null(loss, fit, seen), (1, len(y), *along.shape[2:]))
        limit = next(iter(self._predictions(loss, flat, seen)))
        return np.array(scores), self._value(limit, out)

    def _fitted(self, fit: NDArray[np.bool_]) -> Pipeline:
        share = float(self.total[fit].sum() / self.total.sum())
        pipeline = clone(self.stated.pipeline)
        pipeline.set_params(**{f"{pipeline.steps[-1][0]}__lambdas": self.lambdas * share})
        w, groups = (None if a is None else a[fit] for a in (self.w, self.groups))
        fitted: Pipeline = fit_on(pipeline, self.X[fit], self.y[fit], w=w, groups=groups)
        return fitted

    def _null(self, loss: Loss, fit: NDArray[np.bool_], seen: NDArray[Any] | None) -> Array:
        """The best constant score on the rows of a fit."""
        y, w = self.y[fit], self.total[fit]
        if seen is None:
            return null_scores(loss, y, w, 1)
        codes = np.searchsorted(seen, y)
        if loss.vector_valued or len(seen) == 2:
            return null_scores(loss, codes.astype(float), w, len(seen))
        return np.concatenate([null_scores(loss, (codes == k).astype(float), w, 1) for k in range(len(seen))])

    def _predictions(self, loss: Loss, along: Array, seen: NDArray[Any] | None) -> Iterator[Array]:
        """Yield the prediction of each λ as a metric takes it; a class that the fit has not seen has 0."""
        for scores in along:
            if self.classes is None or seen is None:
                yield loss.link(scores)
                continue
            p = np.zeros((len(scores), len(self.classes)))
            p[:, np.searchsorted(self.classes, seen)] = _probabilities(loss, scores)
            yield p

    def _value(self, prediction: Array, out: NDArray[np.bool_]) -> float:
        y, v = self.codes[out], share_of(self.total if self.v is None else self.v, out)
        if self.metric.unit is None:
            y, prediction = self.stated.unit.of_target(y), self.stated.unit.of_target(prediction)
        cut = self.metric.cut(y, prediction, v)
        return self.metric.converted(self.metric.value(y, prediction, v, cut=cut), self.stated.unit.width)


def _loss_of(path: Any) -> Loss:
    """The loss of a fitted path: what its link belongs to (a logistic one of three classes is a softmax)."""
    loss: Loss = path.loss_
    return loss


def _probabilities(loss: Loss, scores: Array) -> Array:
    """Return (n, n_classes); a loss without probabilities gets the sigmoids of its scores, for the order's sake."""
    p = loss.link(scores) if isinstance(loss, Logistic | Softmax) else sigmoid(scores)
    return np.stack([1.0 - p, p], axis=1) if p.ndim == 1 else np.asarray(p / p.sum(axis=1, keepdims=True))


def _selection(lambdas: Array, scores: Array, by: Metric) -> Selection:
    """Choose from merits; those that agree to `DIGITS` digits are equal."""
    merits = by.merit(scores)
    scale = 10.0 ** (DIGITS - np.ceil(np.log10(np.abs(merits).max(initial=0.0) or 1.0)))
    return select_from_scores(lambdas, np.round(merits * scale) / scale, fold_weights=[1.0] * len(scores))
