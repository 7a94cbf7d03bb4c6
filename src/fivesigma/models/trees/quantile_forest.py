"""Quantile forests: the whole conditional distribution from the leaves of an averaging forest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.compiled import njit
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import present, weights
from fivesigma.features.ranks import RankCodes, refuse_other_ranks
from fivesigma.models.fitting import allows_nan, tags_of
from fivesigma.models.trees.regressors import rewrite, scaled

Array = NDArray[np.float64]
_MOST = 2**22  # shares held at a time, 32 MB


class QuantileForest(RegressorMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Quantiles of ``F(y | x) = Σ_i w_i(x) 1[y_i <= y]``, Meinshausen (2006), eq. 6.

    ``w_i(x)`` is the mean over trees of row i's share (by weight) of the training rows in the leaf of x. Quantiles
    are values of y seen in training: the tails end there.

    Parameters
    ----------
    forest : RandomForestRegressor or ExtraTreesRegressor of scikit-learn, unfitted
        ``None`` means 100 trees with at least 5 rows a leaf.

    Attributes
    ----------
    estimator_ : the fitted forest, which cuts the ranks of each column's values (`RankCodes`)

    Raises
    ------
    WrongTypeError
        If ``forest`` is no averaging forest of scikit-learn.

    Examples
    --------
    >>> X = np.arange(200.0)[:, None]
    >>> QuantileForest().fit(X, np.arange(200) % 10.0).predict_quantiles(X[:1], [0.5]).shape
    (1, 1)
    """

    _ranks: RankCodes | None = None  # a model of version 0.1.0 sees the columns as they are

    def __init__(self, forest: Any = None) -> None:
        self.forest = forest

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``, none of them negative."""
        forest = self._inner()
        if not isinstance(forest, RandomForestRegressor | ExtraTreesRegressor):
            raise WrongTypeError(
                f"a quantile forest needs a random forest or extra trees for regression; got {type(forest).__name__}."
            )
        finite = _finite(forest)
        table, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite=finite, y_numeric=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, np.asarray(target, dtype=np.float64))
        self._ranks = RankCodes()
        codes = self._ranks.fit_transform(table)
        scale, scores = scaled(forest, target, w)
        self.estimator_ = forest.fit(codes, scores, sample_weight=w)
        if scale is not None:
            rewrite(self.estimator_.estimators_, scale.at)
        order = np.argsort(target, kind="stable")
        self._y, self._w = target[order], w[order]
        leaves = self.estimator_.apply(codes[order])
        self._members = [_members(leaf, self._w) for leaf in leaves.T]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the forest's mean ``(n,)``."""
        table = self._checked(X)
        return np.asarray(self.estimator_.predict(table))

    def predict_quantiles(self, X: ArrayLike, levels: ArrayLike) -> Array:
        """Return the quantiles ``(n, m)`` at m rising ``levels`` in (0, 1)."""
        q: Array = np.atleast_1d(np.asarray(levels, dtype=np.float64))
        if q.ndim != 1 or not ((q > 0) & (q < 1)).all() or (np.diff(q) <= 0).any():
            raise InputError(f"levels are {levels!r}; expected rising probabilities between 0 and 1.")
        table = self._checked(X)
        step = max(1, _MOST // self._y.size)
        return np.concatenate([self._block(table[i : i + step], q) for i in range(0, len(table), step)])

    def _block(self, table: NDArray[np.float32], q: Array) -> Array:
        """Return the quantiles of a few rows, whose shares of all training rows are held at a time."""
        leaves = self.estimator_.apply(table)
        shares = np.zeros((len(leaves), self._y.size))
        for leaf, members in zip(leaves.T, self._members, strict=True):
            _share(leaf, *members, shares)
        at = np.empty((len(leaves), q.size), dtype=np.int64)
        _cross(shares / shares.sum(axis=1, keepdims=True), q, at)
        return np.asarray(self._y[at])

    def _checked(self, X: ArrayLike) -> NDArray[np.float32]:
        check_is_fitted(self)
        table = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=_finite(self.estimator_), reset=False
        )
        return table.astype(np.float32) if self._ranks is None else self._ranks.transform(table)

    def _inner(self) -> Any:
        if self.forest is None:
            return RandomForestRegressor(100, min_samples_leaf=5, random_state=0)
        return clone(self.forest, safe=False)

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        forest = state.part("estimator_", RandomForestRegressor, ExtraTreesRegressor)
        state.fitted("estimator_", p)
        refuse_other_ranks(state, p)
        n = len(state.floats("_y", (None,)))
        state.expect(n > 0 and (np.diff(self._y) >= 0).all(), "_y", "sorted targets")
        state.floats("_w", (n,), low=0.0)
        for members in state.parts("_members", tuple, n=len(forest.estimators_)):
            state.expect(len(members) == 3, "_members", "rows, starts and shares of each tree")
            tree = SavedState(SimpleNamespace(**dict(zip(("rows", "starts", "share"), members, strict=True))))
            tree.indices("rows", (n,), n)
            starts = tree.whole("starts", (None,), low=0, high=n)
            tree.expect((np.diff(starts) >= 0).all(), "starts", "numbers that rise")
            tree.expect(members[0].dtype == starts.dtype == np.int64, "starts", "int64")
            tree.floats("share", (n,), low=0.0, high=1.0 + 1e-9)


def _finite(forest: Any) -> bool | str:
    return "allow-nan" if allows_nan(forest) else True


def _members(leaf: NDArray[np.int64], w: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return the rows of each node one behind the other, where each node's begin, and their shares of the node."""
    rows = np.argsort(leaf, kind="stable")
    starts = np.searchsorted(leaf[rows], np.arange(leaf.max() + 2))
    held = np.bincount(leaf, weights=w)
    return rows, starts, (w / held[leaf])[rows]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _share(
    leaf: NDArray[np.int64], rows: NDArray[np.int64], starts: NDArray[np.int64], share: Array, shares: Array
) -> None:
    """Add to ``shares`` (n, n_train) what one tree gives to the rows of each leaf."""
    for i in range(leaf.size):
        if leaf[i] + 1 < starts.size:  # a leaf without weighted rows gives none
            for k in range(starts[leaf[i]], starts[leaf[i] + 1]):
                shares[i, rows[k]] += share[k]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _cross(shares: Array, levels: Array, at: NDArray[np.int64]) -> None:
    """Set ``at`` (n, m) to the first row, in order of y, at which the summed shares reach each level."""
    for i in range(len(shares)):
        k, below = 0, shares[i, 0]
        for q in range(levels.size):
            while below < levels[q] - 1e-12 and k + 1 < shares.shape[1]:
                k += 1
                below += shares[i, k]
            at[i, q] = k
