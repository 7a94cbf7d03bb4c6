"""What no fit leaves is refused before compiled code follows it: each class of others, damaged in its own ways."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from sklearn.cluster import KMeans, MeanShift
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma._core.saved_state import SavedState, UnsoundStateError
from fivesigma.models.states import WRAPPED, check_of, check_state

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.digitize(X[:, 0], [-0.5, 0.5])

MADE = {
    "tree": lambda: DecisionTreeClassifier(max_depth=3).fit(X, Y),
    "regression tree": lambda: DecisionTreeRegressor(max_depth=3).fit(X, Y),
    "forest": lambda: RandomForestClassifier(3, random_state=0).fit(X, Y),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=3).fit(X, Y),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=3).fit(X, Y),
    "histogram regression": lambda: HistGradientBoostingRegressor(max_iter=3).fit(X, Y),
    "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree").fit(X, Y),
    "balls": lambda: KNeighborsRegressor(algorithm="ball_tree").fit(X, Y.astype(float)),
    "vectors": lambda: SVC().fit(X, Y),
    "vector regression": lambda: SVR().fit(X, Y),
    "means": lambda: KMeans(2, n_init=1, random_state=0).fit(X),
    "shift": lambda: MeanShift().fit(X),
    "mixture": lambda: GaussianMixture(2, random_state=0).fit(X),
    "bayes": lambda: BayesianGaussianMixture(n_components=2, random_state=0).fit(X),
    "naive": lambda: GaussianNB().fit(X, Y),
    "line": lambda: LinearRegression().fit(X, Y),
    "logistic": lambda: LogisticRegression().fit(X, Y),
    "scaler": lambda: StandardScaler().fit(X),
    "prior": lambda: DummyClassifier().fit(X, Y),
    "mean": lambda: DummyRegressor().fit(X, Y),
    "pipeline": lambda: make_pipeline(StandardScaler(), GaussianNB()).fit(X, Y),
    "tree of two targets": lambda: DecisionTreeRegressor(max_depth=3).fit(X, X[:, :2]),
    "line of two targets": lambda: LinearRegression().fit(X, X[:, :2]),
    "neighbours of two targets": lambda: KNeighborsRegressor(algorithm="kd_tree").fit(X, X[:, :2]),
    "sparse": lambda: scipy.sparse.csr_matrix(np.eye(4)),
    "twister": lambda: np.random.RandomState(0),
}


def nodes(model, name, value, at=0):
    """Change one entry of the nodes of a tree."""
    state = model.tree_.__getstate__()
    state["nodes"][name][at] = value
    model.tree_.__setstate__(state)


def predictor(model, name, value):
    model._predictors[0][0].nodes[name][0] = value


def put(name, value):
    return lambda model: setattr(model, name, value)


def twist(model):
    state = model.get_state(legacy=False)
    state["state"]["pos"] = 10**6
    model.set_state(state)


DAMAGE = [
    ("tree", lambda m: nodes(m, "feature", 99)),
    ("tree", lambda m: nodes(m, "feature", -5)),
    ("tree", lambda m: nodes(m, "threshold", np.nan)),
    ("tree", put("n_features_in_", 2)),
    ("tree", put("classes_", np.arange(2))),
    ("tree", put("n_outputs_", 2)),
    ("tree", lambda m: m.tree_.value.fill(0.7)),
    ("regression tree", lambda m: m.tree_.value.fill(np.inf)),
    ("forest", put("n_features_in_", 2)),
    ("forest", put("estimators_", [])),
    ("forest", lambda m: m.estimators_.append(DecisionTreeClassifier().fit(X[:, :2], Y))),
    ("forest", put("n_jobs", 10**9)),
    ("boosting", lambda m: setattr(m.estimators_[0, 0], "n_features_in_", 2)),
    ("histogram boosting", lambda m: predictor(m, "feature_idx", 99)),
    ("histogram boosting", put("n_trees_per_iteration_", 1)),
    ("histogram boosting", put("_baseline_prediction", np.zeros((3, 1)))),
    ("histogram boosting", put("is_categorical_", np.ones(3, bool))),
    ("histogram regression", lambda m: m._predictors[0].append(m._predictors[0][0])),
    ("histogram regression", lambda m: setattr(m._bin_mapper, "bin_thresholds_", [])),
    ("neighbours", put("_fit_X", X[:, :2])),
    ("neighbours", put("_y", np.full(60, 7))),
    ("neighbours", put("n_neighbors", 61)),
    ("neighbours", put("n_neighbors", "x")),
    ("neighbours", put("_fit_method", "other")),
    ("balls", put("effective_metric_", "haversine")),
    ("balls", put("_y", np.full(60, np.nan))),
    ("vectors", put("_n_support", np.array([1, 1, 10**6], np.int32))),
    ("vectors", put("support_vectors_", X)),
    ("vectors", put("_dual_coef_", np.zeros((1, 3)))),
    ("vectors", put("_intercept_", np.zeros(1))),
    ("vectors", put("_probA", np.zeros(3))),
    ("vectors", put("shape_fit_", (1, 3))),
    ("vectors", put("support_", np.zeros(3, np.int64))),
    ("vector regression", put("_n_support", np.array([10**6, 0], np.int32))),
    ("vector regression", put("_gamma", -1.0)),
    ("means", put("cluster_centers_", np.zeros((2, 2)))),
    ("means", put("_n_threads", 10**9)),
    ("means", put("cluster_centers_", np.empty((0, 3)))),
    ("shift", put("labels_", np.full(60, 99))),
    ("mixture", put("precisions_cholesky_", np.zeros((2, 3, 3)))),
    ("mixture", put("weights_", np.array([1.0, 1.0]))),
    ("mixture", put("covariance_type", "diag")),
    ("bayes", put("mean_precision_", np.array([-1.0, 1.0]))),
    ("bayes", put("weight_concentration_", (np.zeros(2),))),
    ("naive", put("var_", np.zeros((3, 3)))),
    ("naive", put("class_prior_", np.ones(3))),
    ("line", put("coef_", np.zeros(4))),
    ("line", put("intercept_", np.nan)),
    ("logistic", put("coef_", np.zeros((1, 3)))),
    ("scaler", put("scale_", np.zeros(3))),
    ("prior", put("class_prior_", np.ones(3))),
    ("prior", put("_strategy", "constant")),
    ("mean", put("constant_", np.array([1.0]))),
    ("pipeline", put("steps", [("a", 1), ("b", 2)])),
    ("pipeline", put("steps", [])),
    ("tree of two targets", put("n_outputs_", 3)),
    ("line of two targets", put("intercept_", 0.0)),
    ("neighbours of two targets", put("_y", X[:5, :2])),
    ("twister", twist),
]


def parts(model):
    """The model and what compiled code reads of it."""
    yield model
    if hasattr(model, "tree_"):
        yield model.tree_
    for rounds in getattr(model, "_predictors", ()):
        yield from rounds


def check_all(model):
    for part in parts(model):
        check_state(part)


@pytest.mark.parametrize("name", MADE)
def test_what_a_fit_leaves_is_sound(name):
    model = MADE[name]()
    before = model.predict(X) if hasattr(model, "predict") else None
    for part in parts(model):
        assert check_of(type(part)) is not None
        check_state(part)
    if before is not None:
        np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize(
    ("name", "damage"), DAMAGE, ids=[f"{name}-{i}" for i, (name, _) in enumerate(DAMAGE)]
)
def test_what_no_fit_leaves_is_refused(name, damage):
    model = MADE[name]()
    damage(model)
    with pytest.raises(ValueError, match=r"expected|must be"):
        check_all(model)


def test_children_that_point_out_or_back_are_refused_wherever_the_library_lets_them_in():
    left, right = np.array([1, -1, -1]), np.array([2, -1, -1])
    for wrong in ([5, -1, -1], [0, -1, -1], [-7, -1, -1]):
        tree = SimpleNamespace(
            node_count=3, capacity=3, n_features=2, n_outputs=1, n_classes=np.array([1]), max_depth=1,
            children_left=np.array(wrong), children_right=right, feature=np.zeros(3, int),
            threshold=np.zeros(3), value=np.zeros((3, 1, 1)), compute_node_depths=lambda: np.array([1, 2, 2]),
        )  # fmt: skip
        with pytest.raises(UnsoundStateError, match="pointing"):
            WRAPPED["sklearn.tree._tree.Tree"](SavedState(tree))
        tree.children_left = left
        WRAPPED["sklearn.tree._tree.Tree"](SavedState(tree))
        tree.max_depth = 0
        with pytest.raises(UnsoundStateError, match="max_depth"):
            WRAPPED["sklearn.tree._tree.Tree"](SavedState(tree))


def test_a_sparse_matrix_with_columns_that_are_not_there_is_refused():
    matrix = MADE["sparse"]()
    matrix.indices[0] = 99
    with pytest.raises(ValueError, match="indices must be"):
        check_state(matrix)


def test_a_template_that_nothing_was_fitted_to_is_asked_for_its_settings_only():
    check_state(SVC())
    with pytest.raises(ValueError, match="must be"):
        check_state(SVC(C="x"))
