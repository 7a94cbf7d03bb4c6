"""XGBoost in scikit-learn's contract: kept as plain bytes, one thread, nothing drawn from a global generator."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, require
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.ranks import RankCodes, refuse_other_ranks
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees.binning import most_bins
from fivesigma.models.trees.boosters import check, read

Array = NDArray[np.float64]
_OF_VALUES = 256
"""Bins of columns for values, XGBoost's own default: with 64 a target of little noise has a third more error."""


class _XGBoost(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor share: settings, the call of the library, the bytes kept."""

    _ranks: RankCodes | None = None  # a model of version 0.1.0 sees columns and target as they are
    _target: TargetScale | None = None

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        max_iter: int = 200,
        learning_rate: float = 0.1,
        max_depth: int = 4,
        min_child_weight: float = 5.0,
        reg_lambda: float = 1.0,
        subsample: float = 1.0,
        colsample: float = 0.5,
        max_bin: int | None = None,
        monotone: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.max_bin = max_bin
        self.monotone = monotone
        self.random_state = random_state

    @abstractmethod
    def _objective(self) -> dict[str, Any]:
        """Return XGBoost's settings of the loss."""

    def _train(self, table: Floats, target: Array, w: Floats) -> None:
        xgboost = require("xgboost", "boost")
        settings = {
            "tree_method": "hist",
            "eta": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "lambda": self.reg_lambda,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample,
            "max_bin": most_bins(self, self.max_bin, _OF_VALUES),
            "nthread": 1,
            "verbosity": 0,
            "seed": int(check_random_state(self.random_state).randint(2**31)),
            **self._objective(),
            **self._constraints(table.shape[1]),
        }
        self._ranks = RankCodes()
        rows = xgboost.DMatrix(self._ranks.fit_transform(table), label=target, weight=w, nthread=1)
        booster = xgboost.train(settings, rows, num_boost_round=self.max_iter)
        self.n_iter_ = self.max_iter
        self.booster_ = np.frombuffer(bytes(booster.save_raw("ubj")), dtype=np.uint8).copy()

    def _constraints(self, n_columns: int) -> dict[str, Any]:
        if self.monotone is None:
            return {}
        given = self.monotone
        if isinstance(given, Mapping):
            given = [given.get(j, 0) for j in range(max(n_columns, 1 + max(given, default=0)))]
        signs = tuple(int(sign) for sign in given)
        if len(signs) != n_columns or not set(signs) <= {-1, 0, 1}:
            raise InputError(
                f"monotone is {self.monotone!r}; expected -1, 0 or 1 for each of {n_columns} columns."
            )
        return {"monotone_constraints": signs}

    def booster(self) -> Any:
        """Return the fitted model as XGBoost's own object."""
        check_is_fitted(self)
        opened = require("xgboost", "boost").Booster({"nthread": 1})
        opened.load_model(bytearray(self.booster_.tobytes()))
        return opened

    def shapley(self, X: ArrayLike) -> Array:
        """Return XGBoost's own exact Shapley values, (n, p + 1) or (n, n_classes, p + 1), the base last."""
        parts = self.booster().predict(self._rows(X), pred_contribs=True)
        return np.asarray(parts, dtype=np.float64)

    def gain(self) -> Array:
        """Return the share (p,) of each column in what all splits gained on the rows fitted to."""
        check_is_fitted(self)
        found = self.booster().get_score(importance_type="total_gain")
        gains = np.array([float(found.get(f"f{j}", 0.0)) for j in range(self.n_features_in_)])
        return gains / gains.sum() if gains.sum() > 0 else gains

    def _rows(self, X: ArrayLike) -> Any:
        table = matrix(self, X, nan=True)
        codes = table if self._ranks is None else self._ranks.transform(table)
        return require("xgboost", "boost").DMatrix(codes, nthread=1)

    def _outputs(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        rows = self._rows(X)
        return np.asarray(self.booster().predict(rows), dtype=np.float64)

    def _staged(self, X: ArrayLike) -> Iterator[Array]:
        check_is_fitted(self)
        rows, booster = self._rows(X), self.booster()
        for end in range(1, self.max_iter + 1):
            yield np.asarray(booster.predict(rows, iteration_range=(0, end)), dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        K = len(state.labels("classes_")) if state.has("classes_") else None
        p, content = state.count("n_features_in_"), state.whole("booster_", (None,), low=0, high=255)
        refuse_other_ranks(state, p)
        if state.has("_target"):
            state.part("_target", TargetScale)
        try:
            document = read(content.astype(np.uint8).tobytes())
            check(document, n_features=p, n_classes=K)
        except ValueError as error:
            state.refuse("booster_", f"no sound model ({error})", f"trees of {p} columns")
        self.booster_ = np.frombuffer(
            json.dumps(document).encode(), dtype=np.uint8
        )  # what was checked, no more


class XGBoostRegressor(RegressorMixin, _XGBoost):  # type: ignore[misc]
    """Gradient boosting by XGBoost (Chen & Guestrin 2016, arXiv:1603.02754), squared error.

    Parameters
    ----------
    max_iter, learning_rate, max_depth : int, float, int
    min_child_weight : float, smallest sum of weights in a leaf
    reg_lambda : float, events of slope 0 added to each leaf
    subsample, colsample : shares of rows and of columns each tree sees
    max_bin : int, None for 64 of classes, and 256 of values
    monotone : -1, 0 or 1 for each column, a mapping from column number to it, or None
    random_state : int or RandomState

    Attributes
    ----------
    booster_ : (n_bytes,) the model in XGBoost's JSON, binary after a fit, which cuts the ranks of each column's values
        (`RankCodes`) and speaks of the standard score of the target; `booster` opens it

    Raises
    ------
    MissingExtraError
        With the install command, if XGBoost is absent.
    InputError
        If weights are negative, or ``monotone`` does not fit the columns.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)`` (NaN allowed), y ``(n,)`` and event weights ``(n,)``."""
        table, target = labelled(self, X, y, nan=True, numeric=True)
        w, table, target = present(weights(sample_weight, table), table, target)
        self._target = TargetScale.of(target, w)
        self._train(table, self._target.rounded(target), w)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the prediction ``(n,)``."""
        scores = self._outputs(X)
        return scores if self._target is None else self._target.values(scores)

    def staged_predict(self, X: ArrayLike) -> Iterator[Array]:
        """Yield the prediction ``(n,)`` after each round."""
        told = self._target
        return (scores if told is None else told.values(scores) for scores in self._staged(X))

    def shapley(self, X: ArrayLike) -> Array:
        """Return XGBoost's own exact Shapley values, (n, p + 1), the base last, in the unit of the target."""
        parts = super().shapley(X)
        if self._target is None:
            return parts
        base = self._target.values(parts[:, -1:])
        return np.hstack([parts[:, :-1] * self._target.deviation, base])

    def _objective(self) -> dict[str, Any]:
        return {"objective": "reg:squarederror"}

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        if state.has("_target"):
            state.part("_target", TargetScale)


class XGBoostClassifier(ClassifierMixin, _XGBoost):  # type: ignore[misc]
    """Gradient boosting by XGBoost, logistic loss; parameters and errors as of `XGBoostRegressor`.

    Attributes
    ----------
    classes_ : (n_classes,)
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)`` (NaN allowed), labels y ``(n,)`` and event weights ``(n,)``."""
        table, target = labelled(self, X, y, nan=True)
        check_classification_targets(target)
        w, table, target = present(weights(sample_weight, table), table, target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"y has one class, {self.classes_[0]!r}; expected at least two.")
        self._train(table, codes.astype(np.float64), w)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the labels ``(n,)``."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the class probabilities ``(n, n_classes)``."""
        return _table(self._outputs(X))

    def staged_predict_proba(self, X: ArrayLike) -> Iterator[Array]:
        """Yield the class probabilities ``(n, n_classes)`` after each round."""
        return map(_table, self._staged(X))

    def _objective(self) -> dict[str, Any]:
        if len(self.classes_) == 2:
            return {"objective": "binary:logistic"}
        return {"objective": "multi:softprob", "num_class": len(self.classes_)}


def _table(p: Array) -> Array:
    """Return probabilities (n, n_classes) whose rows sum to one in double precision."""
    table = np.column_stack([1 - p, p]) if p.ndim == 1 else p
    return np.asarray(table / table.sum(axis=1, keepdims=True))
