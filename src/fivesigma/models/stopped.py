"""Early stopping that never looks outside the rows it was given, nor preprocesses across its own split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.fitting import allows_nan, fit_on, tags_of
from fivesigma.models.folds import inner_folds

_TINY = 1e-15


def _classifies(self: EarlyStopped) -> bool:
    return bool(is_classifier(self._inner()))


class EarlyStopped(BaseEstimator):  # type: ignore[misc]
    """Choose the rounds of a boosted model on a held-out tenth of the rows given, then refit on all of them.

    ``estimator`` is fitted to nine tenths with its full number of rounds; the stage with the lowest weighted
    log loss (classification) or squared error (regression) on the held-out tenth fixes the rounds of the
    refit; our boosting by another loss is judged by that. The whole pipeline is fitted anew each time. Copies of
    a row, and members of a group, are on one side.

    Parameters
    ----------
    estimator : boosted model, or pipeline ending in one, with ``max_iter`` and staged predictions; ``None``
        means `BoostingClassifier`
    n_folds : int, one part in ``n_folds`` is held out
    random_state : int

    Attributes
    ----------
    n_iter_ : int, the rounds chosen; estimator_ : fitted to all rows; classes_ for classifiers
    """

    def __init__(self, estimator: Any = None, n_folds: int = 10, random_state: int = 0) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit to ``X`` (n_samples, n_features), target ``y``, weights and groups, each (n_samples,)."""
        nan, classification = allows_nan(self._inner()), _classifies(self)
        table, target = labelled(self, X, y, nan=nan, numeric=not classification)
        w = None if sample_weight is None else weights(sample_weight, table, negative=True)
        g = None if groups is None else np.asarray(groups)
        w, table, target, g = present(w, table, target, g)
        if classification:
            check_classification_targets(target)
        folds = inner_folds(
            table,
            target,
            n_folds=self.n_folds,
            groups=g,
            classification=classification,
            seed=self.random_state,
        )
        out, fit = folds == 0, folds != 0
        # the squared errors of a target far from zero would be rounding: they are taken of its standard score
        own = _has_own_loss(self._inner())
        seen = target if classification or own else TargetScale.of(target, w).scores(target)
        trial = fit_on(self._inner(), table[fit], seen[fit], w=_of(w, fit), groups=_of(g, fit))
        if own:
            rows, model = _before(trial, table[out])
            losses = [float(np.average(c, weights=_of(w, out))) for c in model.staged_costs(rows, seen[out])]
        else:
            stages = _stages(trial, table[out], classification)
            losses = [_loss(p, seen[out], _of(w, out), trial, classification) for p in stages]
        self.n_iter_ = int(np.argmin(losses)) + 1
        final = self._inner()
        (final.steps[-1][1] if isinstance(final, Pipeline) else final).set_params(max_iter=self.n_iter_)
        self.estimator_ = fit_on(final, table, target, w=w, groups=g)
        if classification:
            self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction (n_samples,)."""
        table = self._checked(X)
        return np.asarray(self.estimator_.predict(table))

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        table = self._checked(X)
        return np.asarray(self.estimator_.predict_proba(table))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of a classifier, or the R² of a regressor."""
        table = self._checked(X)
        return float(self.estimator_.score(table, y, sample_weight=sample_weight))

    def _checked(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        return matrix(self, X, nan=allows_nan(self._inner()))

    def _inner(self) -> Any:
        if self.estimator is not None:
            return clone(self.estimator)
        from fivesigma.models.trees.boosting import BoostingClassifier

        return BoostingClassifier()

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.fitted("estimator_", state.count("n_features_in_"))
        if state.has("classes_"):
            state.labels("classes_")


def _of(values: NDArray[Any] | None, rows: NDArray[np.bool_]) -> NDArray[Any] | None:
    return None if values is None else values[rows]


def _has_own_loss(model: Any) -> bool:
    """Whether it is our boosting of values by a loss that was given."""
    from fivesigma.models.trees.boosting import BoostingRegressor

    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    return isinstance(last, BoostingRegressor) and last.loss is not None


def _before(fitted: Any, X: NDArray[np.float64]) -> tuple[NDArray[np.float64], Any]:
    """Return what the last step of a pipeline sees of X (n, p), and that step."""
    if not isinstance(fitted, Pipeline):
        return X, fitted
    return (fitted[:-1].transform(X) if len(fitted.steps) > 1 else X), fitted.steps[-1][1]


def _stages(fitted: Any, X: NDArray[np.float64], classification: bool) -> Iterator[NDArray[np.float64]]:
    X, model = _before(fitted, X)
    yield from model.staged_predict_proba(X) if classification else model.staged_predict(X)


def _loss(prediction: Any, y: Any, w: Any, fitted: Any, classification: bool) -> float:
    if not classification:
        return float(np.average((prediction - y) ** 2, weights=w))
    column = np.searchsorted(fitted.classes_, y).clip(max=len(fitted.classes_) - 1)
    p = np.where(fitted.classes_[column] == y, prediction[np.arange(len(y)), column], 0.0)
    return float(np.average(-np.log(np.maximum(p, _TINY)), weights=w))
