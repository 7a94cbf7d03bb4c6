"""Quantile forests: the whole conditional distribution from the leaves of an averaging forest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import ensemble
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.forest import Ensemble
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.features.ranks import RankCodes, refuse_other_ranks
from fivesigma.models.fitting import allows_nan, tags_of
from fivesigma.models.trees.forest import ExtraTreesRegressor, ForestRegressor
from fivesigma.models.trees.leaves import Leaves
from fivesigma.models.trees.regressors import rewrite, scaled

Array = NDArray[np.float64]
OURS = (ForestRegressor, ExtraTreesRegressor)
THEIRS = (ensemble.RandomForestRegressor, ensemble.ExtraTreesRegressor)
_MOST = 2**22  # leaves of rows held at a time, 16 MB


def _of_ours(self: QuantileForest) -> bool:
    return isinstance(self._inner(), OURS)


class QuantileForest(RegressorMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Quantiles of ``F(y | x) = Σ_i w_i(x) 1[y_i <= y]``, Meinshausen (2006), eq. 6.

    ``w_i(x)`` is the mean over trees of row i's share (by weight) of the training rows in the leaf of x. Quantiles
    are values of y seen in training: the tails end there.

    Parameters
    ----------
    forest : ForestRegressor or ExtraTreesRegressor, ours or scikit-learn's, unfitted
        ``None`` means 100 trees of ours with at least 5 rows a leaf.

    Attributes
    ----------
    estimator_ : the fitted forest; scikit-learn's cuts the ranks of each column's values (`RankCodes`)

    Raises
    ------
    WrongTypeError
        If ``forest`` is no averaging forest of values.

    Examples
    --------
    >>> X = np.arange(200.0)[:, None]
    >>> QuantileForest().fit(X, np.arange(200) % 10.0).predict_quantiles(X[:1], [0.5]).shape
    (1, 1)
    """

    _ranks: RankCodes | None = None  # ours, and a model of version 0.1.0, see the columns as they are
    _members: Any = None  # what version 0.1.0 kept of each tree

    def __init__(self, forest: Any = None) -> None:
        self.forest = forest

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``, none of them negative."""
        forest = self._inner()
        if not isinstance(forest, OURS + THEIRS):
            raise WrongTypeError(
                f"a quantile forest needs a random forest or extra trees for regression; got {type(forest).__name__}."
            )
        table, target = labelled(self, X, y, nan=allows_nan(forest), numeric=True)
        w = weights(sample_weight, table)
        w, table, target = present(w, table, target)
        order = np.argsort(target, kind="stable")
        self._y, self._w, self._ranks = target[order], w[order], None
        if isinstance(forest, OURS):
            self.estimator_ = forest.fit(table, target, sample_weight=w)
        else:
            self._ranks = RankCodes()
            codes = self._ranks.fit_transform(table)
            scale, scores = scaled(forest, target, w)
            self.estimator_ = forest.fit(codes, scores, sample_weight=w)
            if scale is not None:
                rewrite(self.estimator_.estimators_, scale.at)
        self._leaves = Leaves.of(self._ends(table[order]), int(self._begun()[-1]))
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the forest's mean ``(n,)``."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(self._seen(self._checked(X))))

    def predict_quantiles(self, X: ArrayLike, levels: ArrayLike) -> Array:
        """Return the quantiles ``(n, m)`` at m rising ``levels`` in (0, 1)."""
        q: Array = np.atleast_1d(np.asarray(levels, dtype=np.float64))
        if q.ndim != 1 or not ((q > 0) & (q < 1)).all() or (np.diff(q) <= 0).any():
            raise InputError(f"levels are {levels!r}; expected rising probabilities between 0 and 1.")
        check_is_fitted(self)
        table, begun = self._checked(X), self._begun()
        leaves = self._leaves if self._members is None else Leaves.of_members(self._members, np.diff(begun))
        step = max(1, _MOST // (len(begun) - 1))
        parts = [table[i : i + step] for i in range(0, len(table), step)]
        return np.concatenate([leaves.quantiles(self._ends(part), self._y, self._w, q) for part in parts])

    @available_if(_of_ours)  # type: ignore[untyped-decorator]
    def as_trees(self) -> Ensemble:
        """Return the trees of a forest of ours, which predict the mean, for those that explain them."""
        check_is_fitted(self)
        trees: Ensemble = self.estimator_.as_trees()
        return trees

    def _begun(self) -> NDArray[np.int64]:
        """Return where the nodes of each tree begin among those of all trees, and their number: (T + 1,)."""
        if isinstance(self.estimator_, OURS):
            return self.estimator_.roots
        sizes = [tree.tree_.node_count for tree in self.estimator_.estimators_]
        return np.concatenate([[0], np.cumsum(sizes)])

    def _ends(self, table: Array) -> NDArray[np.int32]:
        """Return the leaf (n, T) of each row in each tree, counted over the nodes of all trees."""
        if isinstance(self.estimator_, OURS):
            return self.estimator_.leaves(table)
        leaves = self.estimator_.apply(self._seen(table))
        return np.asarray(leaves + self._begun()[:-1], dtype=np.int32)

    def _seen(self, table: Array) -> NDArray[Any]:
        """Return the columns (n, p) as the forest sees them."""
        if isinstance(self.estimator_, OURS):
            return table
        return table.astype(np.float32) if self._ranks is None else self._ranks.transform(table)

    def _checked(self, X: ArrayLike) -> Array:
        return matrix(self, X, nan=allows_nan(self.estimator_))

    def _inner(self) -> Any:
        if self.forest is None:
            return ForestRegressor(100, min_samples_leaf=5, random_state=0)
        return clone(self.forest, safe=False)

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.part("estimator_", *OURS, *THEIRS)
        state.fitted("estimator_", p)
        refuse_other_ranks(state, p)
        n = len(state.floats("_y", (None,)))
        state.expect(n > 0 and (np.diff(self._y) >= 0).all(), "_y", "sorted targets")
        state.floats("_w", (n,), low=0.0)
        begun = self._begun()
        if self._members is None:
            kept = state.part("_leaves", Leaves)
            state.expect(len(kept.starts) == begun[-1] + 1, "_leaves", f"rows of {begun[-1]} nodes")
            state.expect(kept.rows.max(initial=0) < n, "_leaves", f"rows below {n}")
            return
        for members, size in zip(
            state.parts("_members", tuple, n=len(begun) - 1), np.diff(begun), strict=True
        ):
            _check_members(members, n, int(size), state)


def _check_members(members: tuple[Any, ...], n: int, n_nodes: int, state: SavedState) -> None:
    """Refuse what version 0.1.0 kept of a tree unless it is so: rows, and where those of its nodes begin."""
    state.expect(len(members) == 3, "_members", "rows, starts and shares of each tree")
    tree = SavedState(SimpleNamespace(**dict(zip(("rows", "starts", "share"), members, strict=True))))
    tree.indices("rows", (n,), n)
    starts = tree.whole("starts", (None,), low=0, high=n)
    runs = 0 < len(starts) <= n_nodes + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
    tree.expect(runs and starts.dtype == np.int64, "starts", "int64, where rows of nodes begin")
