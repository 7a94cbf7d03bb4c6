"""Random forests on binned columns, grown by a compiled loop."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.forest import Bag, Ensemble
from fivesigma._core.gathered import Gathered, ReadsColumns
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.trees import counts_kernel as counts
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.binning import MOST, Array, Bins, most_bins
from fivesigma.models.trees.forest_loop import Sample, grown
from fivesigma.models.trees.nodes import Grown
from fivesigma.models.trees.reading import ensemble

_DEEPEST = 2**31 - 1
_LEAST_MEAN, _MOST_MEAN = 0.01, 1e3  # weights beyond are on a scale of their own, and no copies of events
_FEW_DRAWN, _MOST_DRAWN = 1e6, 1e9


class BinnedTrees(ReadsColumns, BaseEstimator):  # type: ignore[misc]
    """What averages of trees of classes and of values share."""

    n_estimators: int
    max_depth: int | None
    min_samples_leaf: int
    max_features: Any
    max_bins: int | None
    random_state: Any
    n_jobs: int
    _cuts_drawn = False

    def _n_draws(self, w: Floats) -> int:
        """Return how many events of weights ``w`` (n,) are drawn for a tree; 0 where it sees each of them once."""
        return 0

    def _grown(self, X: Floats | Gathered, targets: Array, w: Floats) -> None:
        """Grow the trees on X (n, p) and ``targets`` (n, S)."""
        limits = self._limits(X.shape[1])
        seed = int(check_random_state(self.random_state).randint(2**31))
        bins = Bins.of(X, w, most_bins(self, self.max_bins, MOST))

        n_draws, two = self._n_draws(w), is_classifier(self) and targets.shape[1] == 1
        fine = bins.width > 1 + counts.MOST_BINS and not limits.drawn
        whole = two and not fine and counts.countable(w, n_draws)

        sample = Sample(bins.codes(X), w, targets, seed, n_draws, whole)
        parts = grown(sample, limits, self.n_estimators, int(self.n_jobs))
        sizes = np.concatenate([each for _, each in parts])
        self._trees = Grown.of(bins, [trees for trees, _ in parts], [0] * len(sizes), sizes)
        self._seed, self._n_rows = seed, len(X)

    def _limits(self, p: int) -> kernel.Limits:
        for name, low in (("n_estimators", 1), ("min_samples_leaf", 1), ("n_jobs", 1)):
            _refuse(name, getattr(self, name), low, _DEEPEST)
        _refuse("max_bins", most_bins(self, self.max_bins, MOST), 2, MOST)
        depth = _DEEPEST if self.max_depth is None else self.max_depth
        _refuse("max_depth", depth, 1, _DEEPEST)
        return kernel.Limits(self._tried(p), int(self.min_samples_leaf), int(depth), self._cuts_drawn)

    def _tried(self, p: int) -> int:
        """Return how many of p columns a split looks at."""
        asked = self.max_features
        if asked == "auto":
            asked = "sqrt" if is_classifier(self) else None
        if asked in ("sqrt", "log2"):
            return max(1, int(math.sqrt(p) if asked == "sqrt" else math.log2(p)))
        if asked is None:
            return p
        if isinstance(asked, bool) or not isinstance(asked, Real) or not 0 < float(asked) <= max(p, 1):
            raise InputError(
                f"max_features is {asked!r}; expected 'auto', 'sqrt', 'log2', a share up to 1.0, a number of "
                f"columns up to {p}, or None for all."
            )
        return int(asked) if isinstance(asked, Integral) else max(1, int(min(float(asked), 1.0) * p))

    def _mean(self, X: ArrayLike) -> Array:
        """Return the mean (n, S) over the trees."""
        check_is_fitted(self, "_trees")
        table = matrix(self, X, nan=True)
        trees = self._trees
        return trees.added(table, np.zeros((len(table), trees.value.shape[1]))) / (len(trees.roots) - 1)

    def leaves(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the leaf (n, T) of each row of X (n, p) in each tree, as its place in ``as_trees().forest.nodes``."""
        check_is_fitted(self, "_trees")
        return self._trees.leaves(matrix(self, X, nan=True))

    @property
    def roots(self) -> NDArray[np.int64]:
        """Where each tree begins among the nodes of all trees, and their number (T + 1,)."""
        return self._trees.roots

    def _said(self, mean: Array) -> Array:
        """Return the predictions of means (..., S) over the trees."""
        raise NotImplementedError

    def _held(self, y: NDArray[Any]) -> Array:
        """Return targets (n, S) as nodes hold them, of codes of classes or of values (n,)."""
        raise NotImplementedError

    def _bag(self) -> Bag | None:
        return None

    def as_trees(self) -> Ensemble:
        """Return the trees for those that explain them."""
        check_is_fitted(self, "_trees")
        return ensemble(self._trees, self._said, "decrease of impurity", bag=self._bag())

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
        state.count("_seed", 0, 2**31)
        state.count("_n_rows")


class _Drawn(BinnedTrees):
    """Averages of trees, each on rows drawn with replacement."""

    def __init__(
        self,
        n_estimators: int = 100,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        max_features: Any = "auto",
        max_samples: float | None = None,
        max_bins: int | None = None,
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

    def _bag(self) -> Bag | None:
        return Bag(
            self._n_rows,
            lambda number, w: kernel.counted(self._seed, number, self._n_draws(w), w)[1],
            self._held,
        )

    def _n_draws(self, w: Floats) -> int:
        share = 1.0 if self.max_samples is None else self.max_samples
        if isinstance(share, bool) or not isinstance(share, Real) or not 0.0 < share <= 1.0:
            raise InputError(
                f"max_samples is {self.max_samples!r}; expected a share of the rows up to 1.0, or None."
            )
        n, drawn = np.count_nonzero(w), share * w.sum()
        most = min(max(_MOST_MEAN * n, _FEW_DRAWN), _MOST_DRAWN)  # drawing would cost more than all else
        if not (w.sum() >= _LEAST_MEAN * n and drawn <= most):
            raise InputError(
                f"the weights of {n} events sum to {w.sum():.3g}, and as many events are drawn for a "
                "tree; scale the weights to mean 1."
            )
        return max(1, int(drawn))


class _Whole(BinnedTrees):
    """Averages of trees with drawn cuts, each on every row."""

    _cuts_drawn = True

    def __init__(
        self,
        n_estimators: int = 100,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        max_features: Any = "auto",
        max_bins: int | None = 254,
        random_state: Any = None,
        n_jobs: int = 1,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.max_bins = max_bins
        self.random_state = random_state
        self.n_jobs = n_jobs


class OfClasses(ClassifierMixin, BinnedTrees):  # type: ignore[misc]
    """Averages of trees that tell classes apart."""

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
        return self._said(self._mean(X))

    def _said(self, mean: Array) -> Array:
        return shares_of(mean, len(self.classes_))

    def _held(self, y: NDArray[Any]) -> Array:
        return _indicators(y, len(self.classes_))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row ``(n,)``."""
        found = self.predict_proba(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        K = len(state.labels("classes_"))
        state.expect(self._trees.value.shape[1] == (1 if K <= 2 else K), "_trees", f"values of {K} classes")


class OfValues(RegressorMixin, BinnedTrees):  # type: ignore[misc]
    """Averages of trees that predict one value or several."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, NaN allowed, y ``(n,)`` or (n, m) and event weights ``(n,)``.

        Of several targets each counts in its own range.
        """
        table, target = labelled(self, X, y, nan=True, numeric=True, several=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, target)
        self._targets = [TargetScale.of(column, w) for column in np.atleast_2d(target.T)]
        self._grown(table, self._held(target), w)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean over the trees ``(n,)``, or (n, m)."""
        return self._said(self._mean(X))

    def _held(self, y: NDArray[Any]) -> Array:
        columns = zip(self._targets, np.atleast_2d(y.T), strict=True)
        return np.ascontiguousarray(np.transpose([scale.places(column) for scale, column in columns]))

    def _said(self, mean: Array) -> Array:
        told = [scale.at(mean[..., m]) for m, scale in enumerate(self._targets)]
        return np.asarray(told[0] if len(told) == 1 else np.stack(told, axis=-1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        super().check_state(state)
        m = len(state.parts("_targets", TargetScale))
        state.expect(self._trees.value.shape[1] == m, "_trees", f"{m} values a node")


class ForestClassifier(OfClasses, _Drawn):
    """A random forest of classification trees; missing values go to the side of a cut that gains more.

    Each tree is grown to ``min_samples_leaf`` on events drawn with replacement, by their weights; a split looks at
    ``max_features`` columns drawn at random, in at most ``max_bins`` bins of equal weight. The probabilities are means
    over the trees of the shares in a leaf. Breiman (2001), doi:10.1023/A:1010933404324.

    Parameters
    ----------
    n_estimators : int
    max_depth : int, None for any
    min_samples_leaf : int
        Rows, each counted once however often it was drawn.
    max_features : "auto", "sqrt", "log2", a share, a number, or None for all
        "auto" is "sqrt" of classes, and all of values.
    max_samples : float, None for 1
        How many events are drawn for a tree, as a share of the sum of weights.
    max_bins : int, from 2 to 65534, None for 64 of classes, and as many as possible of values
    random_state : int, RandomState or None
    n_jobs : int
        Threads. The trees do not depend on it.

    Raises
    ------
    InputError
        If a weight is negative, weights are on a scale of their own, or a setting is out of range.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ForestClassifier(20, random_state=0).fit(X, X[:, 0] > 19).predict([[3.0], [33.0]])
    array([False,  True])
    """


class ForestRegressor(OfValues, _Drawn):
    """A random forest of regression trees, of one target or several; see `ForestClassifier` for the settings.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ForestRegressor(20, random_state=0).fit(X, X[:, 0]).predict([[20.0]]).round(-1)
    array([20.])
    """


class ExtraTreesClassifier(OfClasses, _Whole):
    """Extremely randomised classification trees: one cut is drawn of each column that a split looks at.

    A cut is drawn evenly between the least and the greatest bin in the node, and missing values go to a side that is
    drawn; every tree is grown on all rows. Geurts, Ernst & Wehenkel (2006), doi:10.1007/s10994-006-6226-1.
    `ForestClassifier` tells of the settings.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ExtraTreesClassifier(20, random_state=0).fit(X, X[:, 0] > 19).predict([[3.0], [33.0]])
    array([False,  True])
    """


class ExtraTreesRegressor(OfValues, _Whole):
    """Extremely randomised regression trees, of one target or several; see `ExtraTreesClassifier`.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> ExtraTreesRegressor(20, random_state=0).fit(X, X[:, 0]).predict([[20.0]])
    array([20.])
    """


def shares_of(mean: Array, K: int) -> Array:
    """Return probabilities (..., K) of means (..., S) of the indicators that trees of K classes have.

    >>> shares_of(np.array([[0.25]]), 2)
    array([[0.75, 0.25]])
    """
    if K > 2:
        return mean
    return np.ones_like(mean) if K == 1 else np.concatenate([1.0 - mean, mean], axis=-1)


def _indicators(codes: NDArray[np.int64], K: int) -> Array:
    """Return (n, S) indicators of classes: of two classes that of the second."""
    wanted = np.array([1]) if K <= 2 else np.arange(K)
    return np.asarray(codes[:, None] == wanted, dtype=float)


def _refuse(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; expected a whole number from {low} to {high}.")
