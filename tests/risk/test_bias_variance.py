"""Bias and variance: exact identities, hand-worked cases, the quick tree against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.models.trees import DepthPath
from fivesigma.risk.generalisation import bias_variance, bias_variance_fresh, bias_variance_path
from fivesigma.risk.resampled_trees import ResampledTree, limits_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 4))
Y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + 0.3 * RNG.normal(size=700)
LABELS = np.digitize(Y, [-0.4, 0.4])
PARTS = (X[:300], Y[:300], X[300:], Y[300:])
NAMES = (X[:300], LABELS[:300], X[300:], LABELS[300:])


@pytest.mark.parametrize("limits", [{}, {"max_depth": 4}, {"min_samples_leaf": 5}, {"min_samples_split": 9}])
def test_the_quick_tree_is_scikit_learns_on_rows_with_unique_splits(limits) -> None:
    settings = {"min_samples_leaf": 3, **limits}  # leaves of one row can be cut off by several columns alike
    counts = np.bincount(RNG.integers(300, size=300), minlength=300)
    quick = ResampledTree(X[:300], Y[:300, None], X[:300], limits_of(DecisionTreeRegressor(**settings)))
    rows = np.repeat(np.arange(300), counts)
    slow = DecisionTreeRegressor(**settings, random_state=0).fit(X[rows], Y[rows])
    same = np.isclose(quick.leaf(counts)[rows, 0], slow.predict(X[rows]), atol=1e-9)
    assert same.mean() > 0.9


@pytest.mark.parametrize("labels", [2, 3])
def test_the_quick_classifier_grows_pure_leaves(labels) -> None:
    target = np.minimum(LABELS[:300], labels - 1)
    shown = np.eye(labels)[target]
    quick = ResampledTree(X[:300], shown, X[:300], limits_of(DecisionTreeClassifier()))
    np.testing.assert_array_equal(quick.leaf(np.ones(300, dtype=int)).argmax(axis=1), target)


@pytest.mark.parametrize("data", [PARTS, NAMES], ids=["squared", "zero-one"])
@pytest.mark.parametrize("depth", [3, None])
def test_quick_and_plain_refits_give_equal_figures_within_monte_carlo_error(data, depth) -> None:
    made = DecisionTreeRegressor if data is PARTS else DecisionTreeClassifier
    tree = made(random_state=0, max_depth=depth)
    quick = [bias_variance(tree, *data, n_rounds=40, rng=np.random.default_rng(s)) for s in range(6)]
    plain = [
        bias_variance(
            make_pipeline(StandardScaler(), tree), *data, n_rounds=40, rng=np.random.default_rng(10 + s)
        )
        for s in range(3)
    ]
    for part in ("total", "bias", "variance"):
        a, b = ([getattr(each, part) for each in group] for group in (quick, plain))
        error = np.hypot(np.std(a, ddof=1) / 6**0.5, np.std(b, ddof=1) / 3**0.5)
        assert abs(np.mean(a) - np.mean(b)) < 4 * error + 0.01 * np.mean(b)


def test_squared_parts_add_up_and_a_mean_has_the_variance_of_a_mean() -> None:
    parts = bias_variance(DummyRegressor(), *PARTS, n_rounds=4000, rng=np.random.default_rng(0))
    assert parts.total == pytest.approx(parts.bias + parts.variance, rel=1e-12)
    assert parts.variance == pytest.approx(Y[:300].var() / 300, rel=0.08)
    assert parts.bias == pytest.approx(np.mean((Y[300:] - Y[:300].mean()) ** 2), rel=1e-3)


def test_fresh_data_sets_give_the_three_terms_of_a_line_through_the_truth() -> None:
    def draw(rng):
        x = rng.normal(size=(50, 1))
        return x, 2 * x[:, 0] + 0.5 * rng.normal(size=50)

    x = np.random.default_rng(3).normal(size=(200, 1))
    parts = bias_variance_fresh(
        LinearRegression(), draw, x, 2 * x[:, 0], noise=0.25, n_rounds=1500, rng=np.random.default_rng(0)
    )
    assert parts.total == pytest.approx(parts.bias + parts.variance + parts.noise, rel=1e-12)
    assert abs(parts.bias) < 2e-4
    assert parts.variance == pytest.approx(0.25 * (1 + np.mean(x**2)) / 47, rel=0.1)


@pytest.mark.parametrize("data", [PARTS, NAMES], ids=["squared", "zero-one"])
def test_the_path_holds_every_single_depth_and_goes_by_predict_path_too(data) -> None:
    made = DecisionTreeRegressor if data is PARTS else DecisionTreeClassifier
    settings = {"random_state": 0, "min_samples_leaf": 3}
    path = bias_variance_path(made(**settings), *data, n_rounds=60, n_depths=8, rng=np.random.default_rng(0))
    single = bias_variance(made(**settings, max_depth=3), *data, n_rounds=60, rng=np.random.default_rng(0))
    assert path.total[2] == pytest.approx(single.total, rel=1e-3)
    assert path.variance[2] == pytest.approx(single.variance, rel=2e-2)
    entropy = {"min_impurity_decrease": 1e-9} if data is PARTS else {"criterion": "entropy"}
    slow = bias_variance_path(
        DepthPath(made(**settings, **entropy)), *data, n_rounds=20, n_depths=8, rng=np.random.default_rng(1)
    )
    np.testing.assert_allclose(slow.total, path.total, rtol=0.12)
    if data is PARTS:
        np.testing.assert_allclose(path.total, path.bias + path.variance, rtol=1e-12)
        assert (np.diff(path.variance) > -1e-3).all()


def test_bad_input_is_one_sentence() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="has no predict_path"):
        bias_variance_path(LinearRegression(), *PARTS, rng=rng)
    with pytest.raises(InputError, match="at least 2"):
        bias_variance(DummyRegressor(), *PARTS, n_rounds=1, rng=rng)
    with pytest.raises(InputError, match="do not fit"):
        bias_variance(DummyRegressor(), X, Y[:5], X, Y, rng=rng)
    with pytest.raises(InputError, match="negative"):
        bias_variance(DummyRegressor(), *PARTS, rng=rng, test_weight=-np.ones(400))


@pytest.mark.parametrize("forest", [RandomForestRegressor, RandomForestClassifier])
def test_a_forest_is_divided_at_all_depths_from_one_fit_a_round(forest):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    y = X[:, 0] + 0.3 * rng.normal(size=90)
    target = y if forest is RandomForestRegressor else (y > 0).astype(int)
    model = DepthPath(forest(5, random_state=0))
    found = bias_variance_path(
        model, X[:60], target[:60], X[60:], target[60:], n_rounds=10, n_depths=4, rng=rng
    )
    assert found.total.shape == (4,)
    assert found.total[2] < np.mean((target[60:] - target[:60].mean()) ** 2)
