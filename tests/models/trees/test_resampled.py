"""The quick tree of bias and variance against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma.models.trees.resampled import ResampledTree, limits_of, refits_by_counts
from fivesigma.risk.generalisation import bias_variance

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
    refit = refits_by_counts(tree, *data[:3])
    quick = [
        bias_variance(tree, *data, n_rounds=40, rng=np.random.default_rng(s), refit=refit) for s in range(6)
    ]
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


@pytest.mark.parametrize("labels", [["b", "s"], ["a", "b", "c"]])
def test_refits_predict_labels_of_the_target_and_a_path_ends_in_the_tree(labels) -> None:
    target = np.array(labels)[np.minimum(LABELS[:300], len(labels) - 1)]
    counts = np.bincount(RNG.integers(300, size=300), minlength=300)
    tree = DecisionTreeClassifier(max_depth=4)
    single = refits_by_counts(tree, X[:300], target, X[300:])(counts, 3)
    path = refits_by_counts(tree, X[:300], target, X[300:], 6)(counts, 3)
    assert set(np.unique(single)) <= set(labels)
    assert path.shape == (6, 400)
    np.testing.assert_array_equal(path[3], single)
    np.testing.assert_array_equal(path[5], single)


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), DecisionTreeRegressor(ccp_alpha=0.1), DecisionTreeRegressor(min_samples_leaf=0.1)],
)
def test_other_models_have_no_quick_refits(model) -> None:
    assert refits_by_counts(model, X, Y, X) is None


def test_gaps_are_left_to_scikit_learn() -> None:
    gaps = np.where(np.arange(700)[:, None] == 3, np.nan, X)
    assert refits_by_counts(DecisionTreeRegressor(), gaps, Y, X) is None
    assert refits_by_counts(DecisionTreeRegressor(), X, Y, gaps) is None
