"""Probabilities for a classifier that has only scores, learnt from rows it was not fitted on."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import FitError, InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import allows_nan, fit_on, share_of, tags_of
from fivesigma.models.folds import inner_folds
from fivesigma.models.penalised import PenalisedLogistic


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fit ``estimator`` in folds of the rows given, a logistic link on the held-out scores, then all rows
    again.

    The link is Platt's sigmoid ``1 / (1 + exp(-(a s + b)))`` (Platt 1999) for two classes and its
    multinomial form for more, with a weak L2 penalty in place of Platt's smoothed targets. Copies of a row,
    and members of a group, share a fold. Preprocessing inside ``estimator`` is fitted in each fold anew.

    Parameters
    ----------
    estimator : classifier (or pipeline) with ``decision_function``; ``None`` means an SVM with the RBF kernel
    n_folds : int, fewer where the rarest class has fewer rows
    random_state : int, deals the rows into folds

    Attributes
    ----------
    classes_ : (n_classes,); estimator_ : fitted to all rows; link_ : the fitted link

    Raises
    ------
    InputError
        With one class only. `FitError` for a class in a single row or group.
    """

    def __init__(self, estimator: Any = None, n_folds: int = 3, random_state: int = 0) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        evaluation_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit to ``X`` (n_samples, n_features), labels ``y``, weights and groups, each (n_samples,).

        ``evaluation_weight`` (n_samples,) is what a choice inside ``estimator`` is scored with.
        """
        table, target = labelled(self, X, y, nan=allows_nan(self._inner()))
        check_classification_targets(target)
        w = None if sample_weight is None else weights(sample_weight, table, negative=True)
        g = None if groups is None else np.asarray(groups)
        v = None if evaluation_weight is None else weights(evaluation_weight, table, negative=True)
        w, table, target, g, v = present(w, table, target, g, v)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                "a classifier needs rows of at least two classes; these rows hold one class only."
            )
        scores = self._held_out(table, codes, w, g, v)
        self.link_ = PenalisedLogistic().fit(scores, codes, sample_weight=w)
        self.estimator_ = fit_on(self._inner(), table, codes, w=w, groups=g, evaluation_weight=v)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        check_is_fitted(self)
        return np.asarray(
            self.link_.predict_proba(_scores(self.estimator_, matrix(self, X, nan=allows_nan(self._inner()))))
        )

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row (n_samples,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _inner(self) -> Any:
        return clone(self.estimator) if self.estimator is not None else SVC()

    def _held_out(self, X: Any, codes: Any, w: Any, groups: Any, v: Any) -> NDArray[np.float64]:
        folds = inner_folds(
            X, codes, n_folds=self.n_folds, groups=groups, classification=True, seed=self.random_state
        )
        n_scores = 1 if len(self.classes_) == 2 else len(self.classes_)
        scores = np.empty((len(X), n_scores))
        for k in np.unique(folds):
            out, fit = folds == k, folds != k
            if len(np.unique(codes[fit])) < len(self.classes_):
                raise FitError(
                    "a class lies in one row or group and cannot be calibrated; choose another model."
                )
            weight, group = (None if a is None else a[fit] for a in (w, groups))
            fitted = fit_on(
                self._inner(), X[fit], codes[fit], w=weight, groups=group, evaluation_weight=share_of(v, fit)
            )
            scores[out] = _scores(fitted, X[out])
        return scores

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, K = state.count("n_features_in_"), len(state.labels("classes_"))
        state.fitted("estimator_", p, "decision_function")
        link = state.part("link_", PenalisedLogistic)
        state.expect(link.n_features_in_ == (1 if K == 2 else K), "link_", f"a link of {K} classes")


def _scores(estimator: Any, X: Any) -> NDArray[np.float64]:
    scores = np.asarray(estimator.decision_function(X), dtype=np.float64)
    return scores[:, None] if scores.ndim == 1 else scores
