"""The depth path: one deep tree holds every shallower one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import ensemble
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.tree import BaseDecisionTree, DecisionTreeRegressor
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.compiled import njit
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.forest import Forest, read_forest
from fivesigma._core.tree_step import child
from fivesigma.features.columns import weights
from fivesigma.features.ranks import RankCodes
from fivesigma.models.fitting import allows_nan, tags_of
from fivesigma.models.trees.forest import BinnedTrees
from fivesigma.models.trees.regressors import rewrite, scaled

FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesClassifier,
    ensemble.ExtraTreesRegressor,
)
OURS = (BinnedTrees,)
Array = NDArray[np.float64]


def _classifies(self: DepthPath) -> bool:
    return bool(is_classifier(self._inner()))


class DepthPath(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Every depth of a tree or forest from one fit.

    Greedy splitting looks at the rows of a node and at nothing else, so the tree of ``max_depth = d`` is the deep
    one cut at depth d, each cut node predicting what it would as a leaf (Breiman et al. 1984, ch. 3). Where the best
    split is unique and every column is tried (continuous targets, ``max_features=None``), the path on training rows
    equals scikit-learn's refits to rounding. Ties, and random subsets of columns, are drawn in another order in
    shallower fits: there, and on test rows that fall between training values, path and refits agree in
    distribution only.

    Parameters
    ----------
    tree : tree or forest of scikit-learn, or of ours, of one output, unfitted; its ``max_depth`` ends the path
        ``None`` means ``DecisionTreeRegressor(random_state=0)``. ``max_leaf_nodes`` and ``ccp_alpha`` are refused:
        with them a split depends on other nodes.

    Attributes
    ----------
    estimator_ : the deep tree or forest, of which scikit-learn's cuts the ranks of each column's values (`RankCodes`)
    depths_ : (n_depths,) 1, 2, … up to the depth reached
    classes_ : (n_classes,), classifiers only

    Raises
    ------
    WrongTypeError
        If ``tree`` is no tree or forest.
    InputError
        If it has ``max_leaf_nodes`` or ``ccp_alpha``.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> path = DepthPath().fit(X, [0.0, 1.0, 5.0, 5.0])
    >>> path.depths_, path.predict_path(X)
    (array([1, 2]), array([[0.5, 0.5, 5. , 5. ],
           [0. , 1. , 5. , 5. ]]))
    """

    _ranks: RankCodes | None = None  # a tree that was fitted elsewhere has its own view of the columns

    def __init__(self, tree: Any = None) -> None:
        self.tree = tree

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``, none of them negative."""
        inner = checked_tree(self._inner())
        table, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite=_finite(inner), y_numeric=not is_classifier(inner)
        )
        if is_classifier(inner):
            check_classification_targets(target)
        w = None if sample_weight is None else weights(sample_weight, table)
        if isinstance(inner, OURS):
            self._ranks: RankCodes | None = None
            return self._of(inner.fit(table, target, sample_weight=w))
        self._ranks = RankCodes()
        codes = self._ranks.fit_transform(table, sample_weight=w)
        scale, scores = (None, target) if is_classifier(inner) else scaled(inner, target, w)
        fitted = inner.fit(codes, scores, sample_weight=w)
        if scale is not None:
            rewrite(trees_of(fitted), scale.at)
        return self._of(fitted)

    @classmethod
    def of_fitted(cls, tree: Any) -> DepthPath:
        """Return the path that a fitted tree or forest holds, of columns as it has seen them."""
        path = cls(checked_tree(tree))
        path.n_features_in_ = tree.n_features_in_
        path._ranks = None
        return path._of(tree)

    def _of(self, fitted: Any) -> Self:
        self.estimator_ = fitted
        self._forest = fitted.as_trees().forest if isinstance(fitted, OURS) else read_forest(trees_of(fitted))
        self.depths_ = np.arange(1, max(1, self._forest.depth) + 1)
        if is_classifier(fitted):
            self.classes_ = fitted.classes_
        return self

    def predict_path(self, X: ArrayLike) -> Array:
        """Return the prediction at each of ``depths_``: ``(n_depths, n)``, or ``(n_depths, n, n_classes)``."""
        check_is_fitted(self)
        table = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=_finite(self.estimator_), reset=False
        )
        if isinstance(self.estimator_, OURS):
            trees = self.estimator_.as_trees()
            return trees.told(path_of(self._forest, trees.seen(table), len(self.depths_)))
        codes = table.astype(np.float32) if self._ranks is None else self._ranks.transform(table)
        path = path_of(self._forest, codes, len(self.depths_))
        return path if is_classifier(self.estimator_) else path[:, :, 0]

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction ``(n,)`` at full depth."""
        deepest = self.predict_path(X)[-1]
        return self.classes_[deepest.argmax(axis=1)] if deepest.ndim == 2 else deepest  # type: ignore[no-any-return]

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the class probabilities ``(n, n_classes)`` at full depth."""
        return np.asarray(self.predict_path(X)[-1])

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of a classifier, or the R² of a regressor, at full depth."""
        measure = accuracy_score if _classifies(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    def _inner(self) -> Any:
        return DecisionTreeRegressor(random_state=0) if self.tree is None else clone(self.tree, safe=False)

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())


def _finite(tree: Any) -> bool | str:
    return "allow-nan" if allows_nan(tree) else True


def checked_tree(tree: Any) -> Any:
    """Return ``tree`` if it is a tree or forest whose splits do not depend on ``max_depth``, else raise."""
    if isinstance(tree, OURS):
        return tree
    if not isinstance(tree, (BaseDecisionTree, *FORESTS)):
        raise WrongTypeError(
            f"a depth path needs a decision tree or a forest; got {type(tree).__name__}: "
            "use validation_curve for other models."
        )
    if tree.max_leaf_nodes is not None or tree.ccp_alpha:
        raise InputError(
            f"max_leaf_nodes={tree.max_leaf_nodes}, ccp_alpha={tree.ccp_alpha}: splits then depend on other nodes, "
            "so one fit does not hold all depths; leave both at their defaults."
        )
    return tree


def trees_of(fitted: Any) -> list[Any]:
    """Return the single trees of a fitted tree or forest; `InputError` where there are several outputs."""
    if fitted.n_outputs_ != 1:
        raise InputError(f"y has {fitted.n_outputs_} outputs; expected one: fit one path an output.")
    return list(fitted.estimators_) if isinstance(fitted, FORESTS) else [fitted]


def path_of(forest: Forest, X: NDArray[np.float32], n_depths: int) -> Array:
    """Return the mean over trees at depths 1 … ``n_depths``: ``(n_depths, n, K)``."""
    total = np.zeros((len(X), n_depths, forest.values.shape[1]))
    _add_paths(forest.nodes, forest.values, forest.roots, X, total)
    if len(forest.roots) > 1:
        total /= len(forest.roots)
    return np.ascontiguousarray(total.transpose(1, 0, 2))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _add_paths(
    nodes: Any, values: Array, roots: NDArray[np.int64], X: NDArray[np.float32], total: Array
) -> None:
    """Add to ``total`` (n, n_depths, K) the value of the node that each tree reaches at each depth."""
    n, n_depths, K = total.shape
    for root in roots:
        for i in range(n):
            at = root
            for depth in range(n_depths):
                node = nodes[at]
                if node.feature >= 0:
                    at = child(node, X[i, node.feature >> 1])
                for k in range(K):
                    total[i, depth, k] += values[at, k]
