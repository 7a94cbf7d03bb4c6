"""Gradient boosting on binned columns, grown by a compiled loop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.forest import Ensemble
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees import boosting_kernel as kernel
from fivesigma.models.trees.binning import Array, Bins, most_bins
from fivesigma.models.trees.nodes import Grown, Tree, room_for
from fivesigma.models.trees.reading import ensemble

_DEEPEST = 2**31 - 1
_SMALL = 0.1  # mean weight below which weights are no copies of events
_MOST_LEAVES = 2**20
_LEAST_CURVATURE = 1e-3


class _Boosting(BaseEstimator):  # type: ignore[misc]
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
        monotonic_cst: Any = None,
        max_bins: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.monotonic_cst = monotonic_cst
        self.max_bins = max_bins
        self.random_state = random_state

    def _slopes(self, raw: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        """Return the derivatives (n, K), first and second, of an event's loss by its ``raw`` outputs (n, K)."""
        raise NotImplementedError

    def _boosted(self, X: Floats, y: NDArray[Any], w: Floats, start: Array) -> None:
        """Boost from the outputs ``start`` (K,) on."""
        signs, size = self._signs(X.shape[1], len(start)), np.abs(w)
        self._refuse_scale(size)
        growth = self._growth(len(X), X.shape[1], bool(signs.any()))
        bins = Bins.of(X, size, self._most_bins)
        codes, n_bins = np.ascontiguousarray(bins.codes(X).T), np.diff(bins.starts) + 2
        leaves = kernel.room_for_leaves(growth.max_leaves, n_bins, signs)
        if growth.tried < X.shape[1]:
            leaves.state[0] = check_random_state(self.random_state).randint(2**31)
        rows, raw, trees = np.arange(len(X)), np.tile(start, (len(X), 1)).T.copy(), []
        for _ in range(self.max_iter):
            first, second = self._slopes(raw.T, y)
            for k in range(len(start)):
                events = kernel.Events(codes, w * first[:, k], w * second[:, k], size)
                tree = room_for(2 * growth.max_leaves - 1, 1)
                n_nodes = kernel.grow(events, rows, growth, leaves, tree, raw[k])
                trees.append(Tree(*(each[:n_nodes].copy() for each in tree)))
        self.n_iter_ = int(self.max_iter)
        self._start, self._trees = start, Grown.of(bins, trees, list(range(len(start))) * self.max_iter)

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

    def _growth(self, n: int, p: int, bounded: bool) -> kernel.Growth:
        leaves = _MOST_LEAVES if self.max_leaf_nodes is None else self.max_leaf_nodes
        depth = _DEEPEST if self.max_depth is None else self.max_depth
        for name, value, low, high in (
            ("learning_rate", self.learning_rate, 1e-6, 1.0),
            ("max_iter", self.max_iter, 1, _DEEPEST),
            ("max_leaf_nodes", leaves, 2, _MOST_LEAVES),
            ("max_depth", depth, 1, _DEEPEST),
            ("min_samples_leaf", self.min_samples_leaf, 0, np.inf),
            ("l2_regularization", self.l2_regularization, 0, np.inf),
            ("max_features", self.max_features, 1e-6, 1.0),
            ("max_bins", self._most_bins, 2, 254),
        ):
            if not low <= value <= high:
                raise InputError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}.")
        possible = min(2 ** min(int(depth), 20), max(n, 2))
        return kernel.Growth(
            min(int(leaves), possible),
            int(depth),
            float(self.min_samples_leaf),
            _LEAST_CURVATURE,
            float(self.l2_regularization),
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
        K = len(state.floats("_start", (None,)))
        trees = state.part("_trees", Grown)
        state.expect(len(trees.bins.starts) == p + 1, "_trees", f"trees of {p} columns")
        state.expect(trees.value.shape[1] == 1, "_trees", "one value a node")
        state.expect((trees.outputs < K).all(), "_trees", f"trees of {K} outputs")


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
    monotonic_cst : sequence of p numbers -1, 0 or 1, None for zeros
        Predictions fall or rise with that column; of two classes the probability of the second.
    max_bins : int, from 2 to 254, None for 64 of classes, and 254 of values
    random_state : int, RandomState or None
        Draws columns.

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
            raise InputError(f"y has one class only, {self.classes_[0]!r}; expected at least two classes.")
        yields = np.bincount(codes, weights=w)
        if not yields.min() > 0:
            least = int(yields.argmin())
            raise InputError(
                f"the weights of class {self.classes_[least]!r} sum to {yields[least]:.3g}; expected a positive sum."
            )
        share = yields / w.sum()
        start = np.log(share) if len(share) > 2 else np.array([np.log(share[1] / share[0])])
        self._boosted(table, codes, w, start)
        return self

    def _slopes(self, raw: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        if raw.shape[1] == 1:
            p = 1.0 / (1.0 + np.exp(-raw))
            return p - y[:, None], p * (1.0 - p)
        p = _shares(raw)
        return p - (y[:, None] == np.arange(p.shape[1])), p * (1.0 - p)

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
    """Gradient-boosted trees for the squared error, or for counts by Poisson's likelihood.

    See `BoostingClassifier` for the settings that are not here.

    Parameters
    ----------
    loss : "squared_error", "poisson", or None for the former
        Of "poisson" the outputs are logarithms of the mean, and no target is negative.

    Examples
    --------
    >>> X = np.arange(200.0)[:, None]
    >>> BoostingRegressor().fit(X, X[:, 0]).predict([[100.0]]).round(-1)
    array([100.])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, y ``(n,)`` and event weights ``(n,)``."""
        if self.loss is not None:
            one_of(self.loss, ("squared_error", "poisson"), "loss")
        table, target = labelled(self, X, y, nan=True, numeric=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, target)
        self._target = None if self.loss == "poisson" else TargetScale.of(target, w)
        if self._target is None:
            _refuse_counts(target)
            mean = np.average(target, weights=w)
            self._boosted(table, target / mean, w, np.zeros(1))
            self._mean = float(mean)
        else:
            self._boosted(table, self._target.rounded(target), w, np.zeros(1))
        return self

    def _slopes(self, raw: Array, y: NDArray[Any]) -> tuple[Array, Array]:
        if self.loss == "poisson":
            mean = np.exp(raw)
            return mean - y[:, None], mean
        return raw - y[:, None], np.ones_like(raw)

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean of the target ``(n,)``."""
        return self._said(self._raw(X))

    def staged_predict(self, X: ArrayLike) -> Iterator[Array]:
        """Yield the mean of the target ``(n,)`` after each round."""
        yield from map(self._said, self._stages(X))

    def _said(self, raw: Array) -> Array:
        one = raw[..., 0]
        return np.asarray(self._mean * np.exp(one) if self._target is None else self._target.values(one))

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        state.expect(len(self._start) == 1, "_start", "one output")
        if state.get("_target") is None:
            state.number("_mean", low=0.0)
        else:
            state.part("_target", TargetScale)


def _shares(raw: Array) -> Array:
    """Return probabilities (..., K) of outputs (..., 1) of two classes, or (..., K)."""
    if raw.shape[-1] == 1:
        p = 1.0 / (1.0 + np.exp(-raw))
        return np.concatenate([1.0 - p, p], axis=-1)
    above = np.exp(raw - raw.max(axis=-1, keepdims=True))
    return np.asarray(above / above.sum(axis=-1, keepdims=True))


def _refuse_counts(y: Array) -> None:
    if y.min() < 0 or y.max() <= 0:
        raise InputError(
            f"y goes from {y.min():g} to {y.max():g}; expected counts for loss = 'poisson': none negative, and not "
            "all 0."
        )
