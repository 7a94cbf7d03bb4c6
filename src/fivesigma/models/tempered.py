"""Probabilities of a network brought down to what comes true, by one temperature, on rows that it was not fitted to."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.later import optimize
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import fit_on, probabilities, tags_of
from fivesigma.models.folds import inner_folds

Array = NDArray[Any]

COLDEST, HOTTEST = 0.02, 50.0
"""Between these a temperature is looked for."""
_HELD_OUT, _LEAST = 0.1, 1e-300


def tempered(p: Array, temperature: float) -> Array:
    """Return probabilities (n, K) proportional to ``p^(1/T)``: the softmax over T of logits of which p is the softmax.

    >>> tempered(np.array([[0.1, 0.9]]), 2.0).round(3).tolist(), tempered(np.array([[0.25, 0.75]]), 1.0).tolist()
    ([[0.25, 0.75]], [[0.25, 0.75]])
    """
    if temperature == 1.0:
        return p
    return np.asarray(softmax(np.log(np.maximum(p, _LEAST)) / temperature, axis=1))


def best_temperature(p: Array, codes: Array, w: Array) -> float:
    """Return the T of the lowest weighted log loss of ``tempered(p, T)`` (n, K) for classes by ``codes`` (n,).

    In 1/T the loss is convex, so that there is one minimum. Guo et al. (2017), arXiv:1706.04599, §4.2.
    """
    logits, rows = np.log(np.maximum(p, _LEAST)), np.arange(len(p))

    def loss(log_t: float) -> float:
        return float(-(w @ log_softmax(logits * np.exp(-log_t), axis=1)[rows, codes]))

    ends = (float(np.log(COLDEST)), float(np.log(HOTTEST)))
    return float(
        np.exp(optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6}).x)
    )


class Tempered(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a network with a tenth of the rows held out, and one temperature on these.

    The rows held out are those by which the network chooses its epoch too. The most probable class of an event stays
    what it was. Copies of a row, and members of a group, are on one side.

    Parameters
    ----------
    estimator : classifier with ``predict_proba`` and a setting ``validation``; ``None`` means an `MLPClassifier`
    random_state : int, deals the rows

    Attributes
    ----------
    classes_ : (K,) sorted labels; estimator_ : fitted; temperature_ : above 1 where the network was too sure

    Raises
    ------
    InputError
        With one class only.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> Tempered().fit(X, X[:, 0] + rng.normal(size=300) > 0).predict_proba(X).shape
    (300, 2)
    """

    def __init__(self, estimator: Any = None, random_state: int = 0) -> None:
        self.estimator = estimator
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit to ``X`` (n_samples, n_features), labels ``y``, weights and groups, each (n_samples,)."""
        table, target = labelled(self, X, y)
        check_classification_targets(target)
        w = weights(sample_weight, table, negative=True)
        w, table, target, g = present(w, table, target, None if groups is None else np.asarray(groups))
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                "y has one class only; expected at least two: a classifier has nothing to tell apart."
            )
        model, held = self._inner(), self._held(table, codes, g)
        model.set_params(validation=(table[held], codes[held], w[held]) if held.any() else 0.0)
        seen = None if g is None else g[~held]
        fit_on(model, table[~held], codes[~held], w=w[~held], groups=seen)
        self.estimator_ = model.set_params(validation=None)  # a saved model holds no row
        self.temperature_ = 1.0
        if held.any():
            p = probabilities(model, table[held], np.arange(len(self.classes_)))
            self.temperature_ = best_temperature(p, codes[held], np.maximum(w[held], 0.0))
        return self

    def _inner(self) -> Any:
        if self.estimator is not None:
            return clone(self.estimator)
        from fivesigma.models.neural import MLPClassifier

        return MLPClassifier(random_state=self.random_state)

    def _held(self, table: Array, codes: Array, groups: Array | None) -> NDArray[np.bool_]:
        """Return which rows are held out: none where a class would then be unseen."""
        share = getattr(self.estimator, "validation", None) or _HELD_OUT
        if len(np.unique(table, axis=0)) < 4 or (groups is not None and len(np.unique(groups)) < 2):
            return np.zeros(len(table), dtype=np.bool_)
        folds = inner_folds(
            table,
            codes,
            n_folds=max(2, round(1 / share)),
            groups=groups,
            classification=True,
            seed=self.random_state,
        )
        held = folds == 0
        seen = len(np.unique(codes[~held])) == len(np.unique(codes))
        return held if seen else np.zeros(len(table), dtype=np.bool_)

    def untempered(self, X: ArrayLike) -> Array:
        """Return the probabilities (n_samples, n_classes) of the network itself."""
        check_is_fitted(self)
        return probabilities(self.estimator_, matrix(self, X), np.arange(len(self.classes_)))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        return tempered(self.untempered(X), self.temperature_)

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable class of each row (n_samples,)."""
        best = self.untempered(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, K = state.count("n_features_in_"), len(state.labels("classes_"))
        inner = state.fitted("estimator_", p, "predict_proba")
        state.expect(len(getattr(inner, "classes_", ())) == K, "estimator_", f"a classifier of {K} classes")
        state.number("temperature_", low=COLDEST / 2, high=HOTTEST * 2)
