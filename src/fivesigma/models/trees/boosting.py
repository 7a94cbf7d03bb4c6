"""Gradient boosting on binned columns, grown by a compiled loop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.forest import Ensemble
from fivesigma._core.gathered import Gathered, ReadsColumns
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees.binning import Array, Bins, most_bins
from fivesigma.models.trees.boosting_fit import boosted
from fivesigma.models.trees.boosting_losses import (
    CrossEntropy,
    Descent,
    SoftmaxEntropy,
    costs_of,
    descent_of,
    said_of,
)
from fivesigma.models.trees.boosting_room import Growth
from fivesigma.models.trees.boosting_rounds import Plan
from fivesigma.models.trees.nodes import Grown, check_rounds
from fivesigma.models.trees.reading import ensemble

_DEEPEST = 2**31 - 1
_SMALL = 0.1  # mean weight below which weights are no copies of events
_MOST_LEAVES = 2**20
_LEAST_CURVATURE = 1e-3


class _Boosting(ReadsColumns, BaseEstimator):  # type: ignore[misc]
    """What boosting of classes and of values share."""

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        loss: str | None = None,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: float = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_samples: float = 1.0,
        monotonic_cst: Any = None,
        max_bins: int | None = None,
        random_state: Any = None,
        n_jobs: int = 1,
    ) -> None:
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.max_bins = max_bins
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _boosted(self, X: Floats | Gathered, y: NDArray[Any], w: Floats, descent: Descent) -> None:
        """Boost targets as ``descent`` wants them."""
        signs = self._signs(X.shape[1], self._n_outputs)
        growth = self._growth(len(X), X.shape[1], bool(signs.any()))
        self._refuse_scale(np.abs(w))
        bins = Bins.of(X, np.abs(w), self._most_bins, ends=not is_classifier(self))
        draws = growth.tried < X.shape[1] or self.max_samples < 1.0
        seed = check_random_state(self.random_state).randint(2**31) if draws else 0
        plan = Plan(growth, int(self.max_iter), signs, seed, int(self.n_jobs), float(self.max_samples))
        self._start, trees = boosted(bins, X, y, w, descent, plan)
        self.n_iter_ = int(self.max_iter)
        self._trees = Grown.of(bins, trees, list(range(len(self._start))) * self.max_iter)

    @property
    def _n_outputs(self) -> int:
        """How many outputs there are: of more than two classes, one each."""
        K = len(getattr(self, "classes_", ()))
        return K if K > 2 else 1

    @property
    def _most_bins(self) -> int:
        """How many bins a column has: the ranks that a class depends on need fewer than a smooth target."""
        return most_bins(self, self.max_bins, 254)

    def _signs(self, p: int, K: int) -> NDArray[np.int64]:
        """Return whether outputs fall (-1) or rise (1) with each of p columns."""
        if self.monotonic_cst is None:
            return np.zeros(p, np.int64)
        signs = np.asarray(self.monotonic_cst)
        if signs.shape != (p,) or not np.isin(signs, (-1, 0, 1)).all():
            raise InputError(
                f"monotonic_cst is {self.monotonic_cst!r:.80}; expected -1, 0 or 1 for each of {p} columns."
            )
        if K > 1 and signs.any():
            raise InputError(
                f"monotonic_cst cannot hold for {K} classes at once; expected two classes, or a regression."
            )
        return signs.astype(np.int64)

    def _refuse_scale(self, size: Array) -> None:
        """Raise `InputError` where weights are on a scale of their own, so that no leaf could ever weigh enough."""
        n = np.count_nonzero(size)
        if size.sum() < min(2 * float(self.min_samples_leaf), _SMALL * n) and n >= 2 * self.min_samples_leaf:
            raise InputError(
                f"the weights of {n} events sum to {size.sum():.3g}, and a leaf must weigh "
                f"min_samples_leaf = {self.min_samples_leaf:g}; scale them to mean 1, or lower it."
            )
        drawn = float(self.max_samples) * size.sum()
        if drawn < 2 * self.min_samples_leaf <= size.sum():
            raise InputError(
                f"max_samples = {self.max_samples:g} draws events of weight {drawn:.3g}, and two leaves must weigh "
                f"min_samples_leaf = {self.min_samples_leaf:g} each; raise the one, or lower the other."
            )

    def _growth(self, n: int, p: int, bounded: bool) -> Growth:
        leaves = _MOST_LEAVES if self.max_leaf_nodes is None else self.max_leaf_nodes
        depth = _DEEPEST if self.max_depth is None else self.max_depth
        for name, value, low, high in (
            ("max_iter", self.max_iter, 1, _DEEPEST),
            ("max_leaf_nodes", leaves, 2, _MOST_LEAVES),
            ("max_depth", depth, 1, _DEEPEST),
            ("max_bins", self._most_bins, 2, 254),
            ("n_jobs", self.n_jobs, 1, _DEEPEST),
        ):
            if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
                raise InputError(f"{name} is {value!r}; expected a whole number from {low} to {high}.")
        for name, number, least, most in (
            ("learning_rate", self.learning_rate, 1e-6, 1.0),
            ("min_samples_leaf", self.min_samples_leaf, 0.0, np.inf),
            ("l2_regularization", self.l2_regularization, 0.0, np.inf),
            ("max_features", self.max_features, 1e-6, 1.0),
            ("max_samples", self.max_samples, 1e-6, 1.0),
        ):
            if isinstance(number, bool) or not isinstance(number, Real) or not least <= number <= most:
                raise InputError(f"{name} is {number!r}; expected a number from {least:g} to {most:g}.")
        possible = min(2 ** min(int(depth), 20), max(n, 2))
        return Growth(
            min(int(leaves), possible),
            int(depth),
            float(self.min_samples_leaf),
            _LEAST_CURVATURE,
            float(self.l2_regularization),
            0.0,
            float(self.learning_rate),
            max(1, math.ceil(self.max_features * p)),
            bounded,
        )

    def _raw(self, X: ArrayLike) -> Array:
        """Return the outputs (n, K)."""
        check_is_fitted(self, "_trees")
        table = matrix(self, X, nan=True)
        return self._trees.added(table, np.tile(self._start, (len(table), 1)))

    def _stages(self, X: ArrayLike) -> Iterator[Array]:
        """Yield the outputs (n, K) after each round, in the same array."""
        check_is_fitted(self, "_trees")
        table = matrix(self, X, nan=True)
        yield from self._trees.stages(table, np.tile(self._start, (len(table), 1)), self.n_iter_)

    def _said(self, raw: Array) -> Array:
        """Return the predictions of outputs (..., K)."""
        raise NotImplementedError

    def as_trees(self) -> Ensemble:
        """Return the trees for those that explain them."""
        check_is_fitted(self, "_trees")
        return ensemble(self._trees, self._said, "gain", self._start)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        check_rounds(state, p, len(state.floats("_start", (None,))))


class BoostingClassifier(ClassifierMixin, _Boosting):  # type: ignore[misc]
    """Gradient-boosted trees for the cross entropy; of more than two classes a tree a class in each round.

    Trees are grown leaf by leaf on columns in at most ``max_bins`` bins of equal weight; where values of a column are
    missing, each split sends them to the side that gains more. Friedman (2001), doi:10.1214/aos/1013203451; Chen &
    Guestrin (2016), arXiv:1603.02754.

    Parameters
    ----------
    loss : "log_loss", or None for that
    learning_rate : float
    max_iter : int
        Rounds.
    max_leaf_nodes : int, None for as many as ``max_depth`` allows
    max_depth : int, None for any
    min_samples_leaf : float
        Least sum of weights in a leaf; an event of weight k is k events.
    l2_regularization : float
        λ of the leaves.
    max_features : float, up to 1.0
        The share of columns, drawn anew, that a split looks at.
    max_samples : float, up to 1.0
        The share of events, drawn anew, that the trees of a round are grown on: an event of weight k as a whole, where
        k copies of it are drawn one by one. Friedman (2002), "Stochastic gradient
        boosting", doi:10.1016/S0167-9473(01)00065-2.
    monotonic_cst : sequence of p numbers -1, 0 or 1, None for zeros
        Predictions fall or rise with that column; of two classes the probability of the second.
    max_bins : int, from 2 to 254, None for 64 of classes, and 254 of values
        Of 240 and more that values are boosted on, the 40 at either end have bins of their own besides.
    random_state : int, RandomState or None
        Draws columns and events.
    n_jobs : int
        On how many threads one tree is grown, where the table is large enough to gain by it: the bytes are the same.

    Raises
    ------
    InputError
        If the weights of a class do not sum to more than zero, there is one class only, or a setting is out of range.

    Examples
    --------
    >>> X = np.arange(80.0)[:, None]
    >>> BoostingClassifier(max_iter=20).fit(X, X[:, 0] > 39).predict([[3.0], [63.0]])
    array([False,  True])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, classes y ``(n,)`` and event weights ``(n,)``."""
        if self.loss is not None:
            one_of(self.loss, ("log_loss",), "loss")
        table, labels = labelled(self, X, y, nan=True)
        check_classification_targets(labels)
        w = weights(sample_weight, table, negative=True)
        w, table, labels = present(w, table, labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                f"y has one class only, {self.classes_.tolist()[0]!r}; expected at least two classes."
            )
        yields = np.bincount(codes, weights=w)
        if not yields.min() > 0:
            named = self.classes_.tolist()[int(yields.argmin())]
            raise InputError(
                f"the weights of class {named!r} sum to {yields.min():.3g}; expected a positive sum."
            )
        codes = codes.astype(np.min_scalar_type(len(self.classes_)))
        w = np.broadcast_to(w[:1].copy(), w.shape) if (w == w[0]).all() else w  # what is equal is held once
        del y, labels  # nobody reads them again
        self._boosted(table, codes, w, CrossEntropy() if len(self.classes_) == 2 else SoftmaxEntropy())
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Return log-odds ``(n,)`` of two classes, else the logarithms of shares ``(n, K)`` up to a number a row."""
        found = self._raw(X)
        return found[:, 0] if found.shape[1] == 1 else found

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probabilities ``(n, K)`` of the classes."""
        return _shares(self._raw(X))

    def staged_predict_proba(self, X: ArrayLike) -> Iterator[Array]:
        """Yield the probabilities ``(n, K)`` after each round."""
        yield from map(_shares, self._stages(X))

    def _said(self, raw: Array) -> Array:
        return _shares(raw)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row ``(n,)``."""
        found = self.predict_proba(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        K = len(state.labels("classes_"))
        state.expect(K > 1 and len(self._start) == (1 if K == 2 else K), "_start", f"outputs of {K} classes")


class BoostingRegressor(RegressorMixin, _Boosting):  # type: ignore[misc]
    """Gradient-boosted trees for the mean, the median or another quantile, for counts, or by a loss of one's own.

    See `BoostingClassifier` for the settings that are not here.

    Parameters
    ----------
    loss : "squared_error", "absolute_error", "poisson", "gamma", a loss, or None for the first
        Of "poisson" and "gamma" the outputs are logarithms of the mean, and no target is negative, of "gamma" none 0.
        A loss is one of `fivesigma.risk.losses`, such as ``Quantile(0.9)`` or ``Huber()``, an object with ``value``
        and ``slope``, or a function of (prediction, target). Where its curvature does not tell how far to go, a leaf
        takes the step that is best for its events, without ``l2_regularization``.

    Examples
    --------
    >>> X = np.arange(200.0)[:, None]
    >>> BoostingRegressor().fit(X, X[:, 0]).predict([[100.0]]).round(-1)
    array([100.])
    >>> BoostingRegressor("absolute_error").fit(X, X[:, 0] > 99.0).predict([[10.0], [190.0]]).round(1)
    array([0., 1.])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, y ``(n,)`` and event weights ``(n,)``."""
        table, target = labelled(self, X, y, nan=True, numeric=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, target)
        descent, self._target, self._mean, seen = descent_of(self.loss, target, w)
        self._boosted(table, seen, w, descent)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean of the target ``(n,)``, or what the loss asks for."""
        return self._said(self._raw(X))

    def staged_predict(self, X: ArrayLike) -> Iterator[Array]:
        """Yield what `predict` says ``(n,)`` after each round."""
        yield from map(self._said, self._stages(X))

    def staged_costs(self, X: ArrayLike, y: ArrayLike) -> Iterator[Array]:
        """Yield the loss ``(n,)`` of each event of targets y ``(n,)`` after each round."""
        target = np.asarray(y, dtype=np.float64)
        for raw in self._stages(X):
            yield costs_of(self.loss, raw[:, 0], target, self._target, self._mean)

    def _said(self, raw: Array) -> Array:
        return said_of(self.loss, raw[..., 0], self._target, self._mean)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        state.expect(len(self._start) == 1, "_start", "one output")
        if state.get("_target") is not None:
            state.part("_target", TargetScale)
        elif state.get("_mean") is not None:
            state.number("_mean", low=0.0)


def _shares(raw: Array) -> Array:
    """Return probabilities (..., K) of outputs (..., 1) of two classes, or (..., K)."""
    if raw.shape[-1] == 1:
        with np.errstate(over="ignore"):  # of log-odds beyond -709 the probability is 0
            p = 1.0 / (1.0 + np.exp(-raw))
        return np.concatenate([1.0 - p, p], axis=-1)
    above = np.exp(raw - raw.max(axis=-1, keepdims=True))
    return np.asarray(above / above.sum(axis=-1, keepdims=True))
