"""Objects whose compiled code follows an index without a look: trees, neighbours, support vectors, centres."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.saved_state import MOST, TINY, SavedState

_MOST_THREADS = 1024


def _tree(state: SavedState) -> None:
    """scikit-learn's tree: nodes within it, children behind their parents, splits on its columns."""
    tree = state.of
    n = state.count("node_count", 1, tree.capacity)
    p = state.count("n_features")
    state.expect(
        np.shape(tree.value)[1:] == (tree.n_outputs, max(tree.n_classes)), "value", "values of its outputs"
    )
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    inner = left != -1
    _pointing(state, left, right, inner, n)
    columns = np.asarray(tree.feature)[inner]
    state.expect(((columns >= 0) & (columns < p)).all(), "feature", f"columns below {p}")
    state.expect(not np.isnan(np.asarray(tree.threshold)[inner]).any(), "threshold", "numbers")
    state.expect(np.isfinite(tree.value).all(), "value", "finite numbers")
    deepest = (
        int(tree.compute_node_depths().max()) - 1
    )  # it counts from one; whoever walks a tree makes room by this
    state.count("max_depth", deepest, n)


def _pointing(
    state: SavedState, left: NDArray[Any], right: NDArray[Any], inner: NDArray[np.bool_], n: int
) -> None:
    here = np.flatnonzero(inner)
    for name, children in (("children_left", left), ("children_right", right)):
        found = np.asarray(children)[here].astype(np.int64)
        if (found <= here).any() or (found >= n).any():
            state.refuse(name, "pointing outside the tree or back", f"nodes behind their parent, below {n}")
    state.expect((np.asarray(right)[~inner] == right.dtype.type(-1)).all() or n == 0, "node_count", "leaves")


def _decision_tree(state: SavedState) -> None:
    p = state.count("n_features_in_")
    tree = state.get("tree_")
    state.expect(type(tree).__name__ == "Tree" and tree.n_features == p, "tree_", f"a tree of {p} columns")
    state.count("n_outputs_", tree.n_outputs, tree.n_outputs)
    if not state.has("classes_"):
        return
    state.count("n_outputs_", 1, 1)
    K = len(state.labels("classes_"))
    state.count("n_classes_", K, K)
    value = np.asarray(tree.value)
    state.expect(value.shape[2] == K, "tree_", f"a tree of {K} classes")
    shares = (value >= 0).all() and np.allclose(value.sum(axis=2), 1.0, atol=1e-6)
    state.expect(shares, "tree_", "shares of the classes in each node")


def _forest(state: SavedState) -> None:
    p = state.count("n_features_in_")
    trees = state.get("estimators_")
    flat = trees.ravel().tolist() if isinstance(trees, np.ndarray) else trees
    state.expect(isinstance(flat, list) and len(flat) > 0, "estimators_", "a list of trees")
    inside = all(getattr(each, "n_features_in_", None) == p and hasattr(each, "tree_") for each in flat)
    state.expect(inside, "estimators_", f"trees of {p} columns")
    if state.has("classes_"):
        K = len(state.labels("classes_"))
        state.count("n_classes_", K, K)
        state.expect(
            all(getattr(each, "n_classes_", 1) in (K, 1) for each in flat),
            "estimators_",
            f"trees of {K} classes",
        )
    if state.has("n_outputs_"):
        m = state.count("n_outputs_")
        state.expect(all(each.n_outputs_ == m for each in flat), "estimators_", f"trees of {m} outputs")


def _tree_predictor(state: SavedState) -> None:
    """A tree of histogram boosting; its columns are checked by the boosting, which knows their number."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes = state.part("nodes", np.ndarray)
    right = nodes.ndim == 1 and nodes.dtype == PREDICTOR_RECORD_DTYPE and len(nodes) > 0
    state.expect(right, "nodes", "a list of nodes")
    inner = nodes["is_leaf"] == 0
    here = np.flatnonzero(inner)
    for name in ("left", "right"):
        found = nodes[name][here].astype(np.int64)
        inside = ((here < found) & (found < len(nodes))).all()
        state.expect(inside, "nodes", "nodes that point to others behind them")
    state.expect((nodes["feature_idx"][here] >= 0).all(), "nodes", "splits on columns")
    state.expect(np.isfinite(nodes["value"]).all(), "nodes", "finite values")
    state.expect(not np.isnan(nodes["num_threshold"][here]).any(), "nodes", "thresholds that are numbers")
    state.expect(not nodes["is_categorical"].any(), "nodes", "splits by number")
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        found = state.part(name, np.ndarray)
        state.expect(found.dtype == np.uint32 and found.shape == (0, 8), name, "no categories")


def _histogram_boosting(state: SavedState) -> None:
    p = state.count("n_features_in_")
    state.count("_n_features", p, p)
    K = state.count("n_trees_per_iteration_", 1, MOST)
    if state.has("classes_"):
        n_classes = len(state.labels("classes_"))
        state.expect(
            (1 if n_classes == 2 else n_classes) == K, "n_trees_per_iteration_", f"{n_classes} classes"
        )
    state.floats("_baseline_prediction", (1, K))
    for name in ("is_categorical_", "_preprocessor", "_is_categorical_remapped"):
        state.expect(state.get(name) is None, name, "None: no categories")
    for rounds in state.parts("_predictors", list):
        right = len(rounds) == K and all(type(each).__name__ == "TreePredictor" for each in rounds)
        state.expect(right, "_predictors", f"{K} trees a round")
        for each in rounds:
            splits = each.nodes["feature_idx"][each.nodes["is_leaf"] == 0]
            state.expect((splits < p).all(), "_predictors", f"splits on columns below {p}")
    mapper = SavedState(state.get("_bin_mapper"))
    thresholds = mapper.parts("bin_thresholds_", np.ndarray, n=p)
    mapper.expect(all(each.dtype == np.float64 for each in thresholds), "bin_thresholds_", "float64")
    found = mapper.part("is_categorical_", np.ndarray)
    mapper.expect(found.shape == (p,) and not found.any(), "is_categorical_", "no categories")


def _neighbours(state: SavedState) -> None:
    """Events and targets; the search tree is built anew of the events, which gives the one that was saved."""
    p, model = state.count("n_features_in_"), state.of
    n = len(state.floats("_fit_X", (None, p)))
    state.count("n_samples_fit_", n, n)
    if state.has("n_neighbors"):
        state.count("n_neighbors", 1, n)
    if state.has("classes_"):
        state.indices("_y", (n,), len(state.labels("classes_")))
    elif state.has("_y"):
        shape = (n, *[None] * (np.ndim(model._y) - 1))
        state.floats("_y", shape, dtype=getattr(model._y, "dtype", None))
    state.word("_fit_method", "brute", "kd_tree", "ball_tree")
    state.word("effective_metric_", "euclidean", "manhattan", "chebyshev", "minkowski", "cosine")
    if state.of._fit_method != "brute":
        model._tree = _search_tree(model)


def _search_tree(model: Any) -> Any:
    from sklearn.neighbors import BallTree, KDTree

    made = KDTree if model._fit_method == "kd_tree" else BallTree
    return made(
        np.ascontiguousarray(model._fit_X),
        int(model.leaf_size),
        metric=model.effective_metric_,
        **model.effective_metric_params_,
    )


def _search_tree_alone(state: SavedState) -> None:
    """Nothing is asked of a tree as it was read: whoever holds one builds it anew."""


def _support_vectors(state: SavedState) -> None:
    """libsvm's model: as many vectors, coefficients and intercepts as its loops run over."""
    p, model = state.count("n_features_in_"), state.of
    state.expect(state.truth("_sparse") is False, "_sparse", "False")
    n = len(state.floats("support_vectors_", (None, p)))
    support = state.whole("support_", (n,), low=0)
    state.expect(support.dtype == np.int32, "support_", "int32")
    held = state.whole("_n_support", (None,), low=0, high=n)
    state.expect(held.dtype == np.int32, "_n_support", "int32")
    if state.has("classes_"):
        K = len(state.labels("classes_"))
        state.expect(len(held) == K and held.sum() == n, "_n_support", f"the vectors of {K} classes")
    else:
        K = 2
        state.expect(len(held) == 2 and held[0] == n, "_n_support", "the number of vectors")
    pairs = comb(K, 2)
    for name in ("_dual_coef_", "dual_coef_"):
        state.floats(name, (K - 1, n))
    for name in ("_intercept_", "intercept_"):
        state.floats(name, (pairs,))
    for name in ("_probA", "_probB"):
        state.floats(name, (0,))
    state.number("_gamma", low=TINY)
    state.word("kernel", "linear", "poly", "rbf", "sigmoid")
    state.expect(
        len(state.parts("shape_fit_", int)) == 2 and model.shape_fit_[1] == p, "shape_fit_", f"{p} columns"
    )
    if support.size:
        state.expect(support.max() < model.shape_fit_[0], "support_", "rows of the fit")


def _centres(state: SavedState) -> None:
    p = state.count("n_features_in_")
    K = len(state.floats("cluster_centers_", (None, p)))
    state.expect(K > 0, "cluster_centers_", "one centre at least")
    state.whole("labels_", (None,), low=-1, high=K - 1)
    if state.has("_n_threads"):
        state.count("_n_threads", 1, _MOST_THREADS)
        state.count("n_clusters", K, K)


def _random_state(state: SavedState) -> None:
    """The position within the state of a Mersenne twister: drawing follows it."""
    found = state.of.get_state(legacy=False)
    position = found["state"].get("pos", 0)
    if not 0 <= position <= 624:
        state.refuse("pos", str(position), "from 0 to 624")


def _sparse(state: SavedState) -> None:
    state.of.check_format(full_check=True)


COMPILED: Mapping[str, Callable[[SavedState], None]] = {
    "numpy.random.mtrand.RandomState": _random_state,
    "scipy.sparse._csr.csr_matrix": _sparse,
    "scipy.sparse._csr.csr_array": _sparse,
    "sklearn.cluster._kmeans._BaseKMeans": _centres,
    "sklearn.cluster._mean_shift.MeanShift": _centres,
    "sklearn.ensemble._forest.BaseForest": _forest,
    "sklearn.ensemble._gb.BaseGradientBoosting": _forest,
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": _histogram_boosting,
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": _tree_predictor,
    "sklearn.neighbors._ball_tree.BallTree": _search_tree_alone,
    "sklearn.neighbors._base.NeighborsBase": _neighbours,
    "sklearn.neighbors._kd_tree.KDTree": _search_tree_alone,
    "sklearn.svm._base.BaseLibSVM": _support_vectors,
    "sklearn.tree._classes.BaseDecisionTree": _decision_tree,
    "sklearn.tree._tree.Tree": _tree,
}
"""Full name of a class -> what makes its state sound."""
