"""Random forests on binned columns, grown by a compiled loop."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.binning import Array, Bins, Codes
from fivesigma.models.trees.nodes import Grown, Tree, room_for

_DEEPEST = 2**31 - 1


class _Forest(BaseEstimator):  # type: ignore[misc]
    """What forests of classes and of values share."""

    def __init__(
        self,
        n_estimators: int = 100,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        max_features: Any = "auto",
        max_samples: float | None = None,
        max_bins: int = 64,
        random_state: Any = None,
        n_jobs: int = 1,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.max_samples = max_samples
        self.max_bins = max_bins
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _grown(self, X: Floats, targets: Array, w: Floats) -> None:
        """Grow the trees on X (n, p) and ``targets`` (n, S)."""
        limits, n_draws = self._limits(X.shape[1]), self._n_draws(len(X))
        seed = int(check_random_state(self.random_state).randint(2**31))
        bins = Bins.of(X, w, self.max_bins)
        codes, several = bins.codes(X), None if targets.shape[1] == 1 else targets.shape[1]

        def tree(number: int) -> Tree:
            return _one(codes, targets, w, limits, n_draws, (seed, number), several)

        trees = [tree(0)]  # no two threads may compile at once
        with ThreadPoolExecutor(max(1, int(self.n_jobs))) as threads:
            trees += threads.map(tree, range(1, self.n_estimators))
        self._trees = Grown.of(bins, trees, [0] * len(trees))

    def _limits(self, p: int) -> kernel.Limits:
        for name, low in (("n_estimators", 1), ("min_samples_leaf", 1), ("n_jobs", 1)):
            _refuse(name, getattr(self, name), low, _DEEPEST)
        _refuse("max_bins", self.max_bins, 2, 254)
        depth = _DEEPEST if self.max_depth is None else self.max_depth
        _refuse("max_depth", depth, 1, _DEEPEST)
        return kernel.Limits(self._tried(p), int(self.min_samples_leaf), int(depth))

    def _tried(self, p: int) -> int:
        """Return how many of p columns a split looks at."""
        asked = self.max_features
        if asked == "auto":
            asked = "sqrt" if is_classifier(self) else None
        if asked in ("sqrt", "log2"):
            return max(1, int(math.sqrt(p) if asked == "sqrt" else math.log2(p)))
        if asked is None:
            return p
        if isinstance(asked, bool) or not isinstance(asked, int | float) or not 0 < asked <= max(p, 1):
            raise InputError(
                f"max_features is {asked!r}; expected 'auto', 'sqrt', 'log2', a share up to 1.0, a number of "
                f"columns up to {p}, or None for all."
            )
        return int(asked) if isinstance(asked, int) else max(1, int(min(asked, 1.0) * p))

    def _n_draws(self, n: int) -> int:
        share = 1.0 if self.max_samples is None else self.max_samples
        if not 0.0 < share <= 1.0:
            raise InputError(
                f"max_samples is {self.max_samples!r}; expected a share of the rows up to 1.0, or None."
            )
        return max(1, round(share * n))

    def _mean(self, X: ArrayLike) -> Array:
        """Return the mean (n, S) over the trees."""
        check_is_fitted(self, "_trees")
        table = matrix(self, X, nan=True)
        trees = self._trees
        return trees.added(table, np.zeros((len(table), trees.value.shape[1]))) / (len(trees.roots) - 1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        trees = state.part("_trees", Grown)
        state.expect(len(trees.bins.starts) == p + 1, "_trees", f"trees of {p} columns")
        state.expect((trees.outputs == 0).all(), "_trees", "trees that speak of all outputs")


class ForestClassifier(ClassifierMixin, _Forest):  # type: ignore[misc]
    """A random forest of classification trees; missing values go to one side of a cut.

    Each tree is grown to ``min_samples_leaf`` on rows drawn with replacement; a split looks at ``max_features``
    columns drawn at random, in at most ``max_bins`` bins of equal weight. The probabilities are the mean over the trees
    of the shares in a leaf. Breiman (2001), doi:10.1023/A:1010933404324.

    Parameters
    ----------
    n_estimators : int
    max_depth : int, None for any
    min_samples_leaf : int
        Rows, each counted once however often it was drawn.
    max_features : "auto", "sqrt", "log2", a share, a number, or None for all
        "auto" is "sqrt" of classes, and all of values.
    max_samples : float, None for 1
        How many rows are drawn for a tree, as a share of all.
    max_bins : int, from 2 to 254
    random_state : int, RandomState or None
    n_jobs : int
        Threads. The trees do not depend on it.

    Raises
    ------
    InputError
        If a weight is negative or a setting out of range.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ForestClassifier(20, random_state=0).fit(X, X[:, 0] > 19).predict([[3.0], [33.0]])
    array([False,  True])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, classes y ``(n,)`` and event weights ``(n,)``."""
        table, labels = labelled(self, X, y, nan=True)
        check_classification_targets(labels)
        w = weights(sample_weight, table)
        w, table, labels = present(w, table, labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        K = len(self.classes_)
        self._grown(table, _indicators(codes, K), w)
        return self

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probabilities ``(n, K)`` of the classes."""
        found = self._mean(X)
        if len(self.classes_) == 2:
            return np.column_stack([1.0 - found[:, 0], found[:, 0]])
        return found if len(self.classes_) > 1 else np.ones((len(found), 1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row ``(n,)``."""
        found = self.predict_proba(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        K = len(state.labels("classes_"))
        state.expect(self._trees.value.shape[1] == (1 if K <= 2 else K), "_trees", f"values of {K} classes")


class ForestRegressor(RegressorMixin, _Forest):  # type: ignore[misc]
    """A random forest of regression trees; see `ForestClassifier` for the settings.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ForestRegressor(20, random_state=0).fit(X, X[:, 0]).predict([[20.0]]).round(-1)
    array([20.])
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, y ``(n,)`` and event weights ``(n,)``."""
        table, target = labelled(self, X, y, nan=True, numeric=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, target)
        self._target = TargetScale.of(target, w)
        self._grown(table, self._target.places(target)[:, None], w)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean over the trees ``(n,)``."""
        found = self._mean(X)[:, 0]
        return np.asarray(self._target.at(found))

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        state.part("_target", TargetScale)
        state.expect(self._trees.value.shape[1] == 1, "_trees", "one value a node")


def _one(
    codes: Codes,
    targets: Array,
    w: Array,
    limits: kernel.Limits,
    n_draws: int,
    stream: tuple[int, int],
    several: Any,
) -> Tree:
    """Return one tree: by the seed and its number alone."""
    state, rows = kernel.sampled(*stream, n_draws, w, targets)
    tree = room_for(2 * len(rows.w), targets.shape[1])
    n_nodes = kernel.grow(codes, rows, limits, np.uint64(state), tree, several)
    return Tree(*(each[:n_nodes].copy() for each in tree))


def _indicators(codes: NDArray[np.int64], K: int) -> Array:
    """Return (n, S) indicators of classes: of two classes that of the second."""
    wanted = np.array([1]) if K <= 2 else np.arange(K)
    return np.asarray(codes[:, None] == wanted, dtype=float)


def _refuse(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; expected a whole number from {low} to {high}.")
