"""Validation and learning curves: equal to refits by hand, honest about what was chosen, refused in sentences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit
from sklearn.model_selection import validation_curve as of_sklearn
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.features.ranks import RankCodes
from fivesigma.models.trees import DepthPath
from fivesigma.risk.flexibility import ModelCurve, halves, learning_curve, nested_order, validation_curve
from fivesigma.risk.metrics import metric


def noisy(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n, 3))
    return X, np.sin(4 * X[:, 0]) + X[:, 1] + 0.7 * rng.normal(size=n)


def test_scores_are_those_of_refits_by_scikit_learn() -> None:
    X, y = noisy()
    folds = np.arange(len(y)) % 4
    values = [1, 5, 40]
    ours = validation_curve(KNeighborsRegressor(), X, y, "n_neighbors", values, folds=folds)
    train, test = of_sklearn(
        KNeighborsRegressor(), X, y, param_name="n_neighbors", param_range=values, cv=PredefinedSplit(folds),
        scoring="r2",
    )  # fmt: skip
    np.testing.assert_allclose(ours.train, train, atol=1e-12)
    np.testing.assert_allclose(ours.validation, test, atol=1e-12)


def test_a_depth_path_gives_the_curve_of_refits_from_one_fit_a_fold() -> None:
    X, y = noisy()
    tree, depths, calls = DecisionTreeRegressor(min_samples_leaf=8, random_state=0), [1, 2, 4, 100], []
    path = validation_curve(
        DepthPath(tree), X, y, "max_depth", depths, folds=3, progress=lambda *at: calls.append(at)
    )
    ranked = Pipeline(
        [("ranks", RankCodes()), ("tree", tree)]
    )  # what a path cuts, between training values too
    refits = validation_curve(ranked, X, y, "tree__max_depth", depths, folds=3)
    np.testing.assert_allclose(path.train, refits.train, atol=1e-9)
    np.testing.assert_allclose(path.validation, refits.validation, atol=1e-9)
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_weights_count_as_copies_do() -> None:
    X, y = noisy(120)
    w = np.random.default_rng(1).integers(1, 4, len(y))
    folds = np.arange(len(y)) % 3
    tree = DecisionTreeRegressor(random_state=0, max_features=None)
    weighted = validation_curve(tree, X, y, "max_depth", [1, 3], folds=folds, sample_weight=w)
    copies = validation_curve(
        tree, np.repeat(X, w, axis=0), np.repeat(y, w), "max_depth", [1, 3], folds=np.repeat(folds, w)
    )
    np.testing.assert_allclose(weighted.validation, copies.validation, atol=1e-9)


KINDS = {
    "regression": (DecisionTreeRegressor(random_state=0), "max_depth", lambda y: y),
    "classes": (DecisionTreeClassifier(random_state=0), "max_depth", lambda y: y > 0),
    "path": (DepthPath(DecisionTreeRegressor(random_state=0)), "max_depth", lambda y: y),
    "pipeline": (make_pipeline(StandardScaler(with_mean=False), Ridge(1e-9)), "ridge__alpha", lambda y: y),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_k_is_k_copies_in_a_group_in_every_curve(kind) -> None:
    model, parameter, turned = KINDS[kind]
    rng = np.random.default_rng(2)
    X, y = noisy(120)
    X = X[:, :1]  # equal splits of several columns would be drawn at random
    groups, w = np.repeat(np.arange(40), 3), np.repeat(rng.permutation(40) % 2 + 1, 3)
    y, copied = turned(y), np.repeat(np.arange(120), w)

    def given(rows):
        return {"groups": groups[rows], "rng": np.random.default_rng(0), "folds": 4}

    def validated(rows, w=None):
        return validation_curve(model, X[rows], y[rows], parameter, [1, 3], sample_weight=w, **given(rows))

    weighted, copies = validated(np.arange(120), w), validated(copied)
    np.testing.assert_allclose(weighted.validation, copies.validation, rtol=1e-6)
    assert weighted.units == copies.units <= 40

    def learnt(rows, sizes, w=None):
        return learning_curve(model, X[rows], y[rows], sizes=sizes, sample_weight=w, **given(rows))

    doubled = np.repeat(np.arange(120), 2)
    weighted = learnt(np.arange(120), (30, 60), np.full(120, 2.0))
    np.testing.assert_allclose(weighted.validation, learnt(doubled, (60, 120)).validation, rtol=1e-6)


def test_few_groups_have_neither_bands_nor_a_test() -> None:
    X, y = noisy(120)
    tree = DecisionTreeRegressor(random_state=0)
    few, enough = (
        validation_curve(tree, X, y, "max_depth", [1, 50], folds=3, groups=np.arange(120) % n)
        for n in (9, 10)
    )
    assert np.isnan(few.band("validation")[0]).all()
    assert few.overfitting().difference is None
    assert "fewer than 10 groups" in few.overfitting().method
    assert few.one_standard_error == few.best
    assert np.isfinite(enough.band("validation")[0]).all()
    assert enough.overfitting().difference is not None


def test_a_group_is_never_on_both_sides_of_a_curve() -> None:
    X, y = noisy(120)
    groups, seen = np.repeat(np.arange(24), 5), []

    class Spy(DecisionTreeRegressor):
        def fit(self, X, y, sample_weight=None):
            seen.append(X[:, 0])
            return super().fit(X, y, sample_weight)

    marked = np.column_stack([groups, X])
    learning_curve(Spy(random_state=0), marked, y, sizes=(21, 50), groups=groups, folds=3)
    assert [len(rows) for rows in seen] == [25] * 3 + [50] * 3
    assert all((np.unique(rows, return_counts=True)[1] == 5).all() for rows in seen)
    with pytest.raises(InputError, match="24 groups are in several folds"):
        learning_curve(Spy(), marked, y, groups=groups, folds=np.arange(120) % 3)


def test_labels_of_any_type_and_a_class_that_a_fold_lacks() -> None:
    X, y = noisy(90)
    labels = np.where(y > 0.5, "up", "down").astype(object)
    curve = validation_curve(DecisionTreeClassifier(random_state=0), X, labels, "max_depth", [1, 20])
    assert curve.metric.name == "roc_auc"
    assert curve.train[1].min() == 1.0
    assert curve.mean("validation").min() > 0.5


def curve_of(train: list[float], validation: list[list[float]]) -> ModelCurve:
    k = len(validation[0])
    scores = np.array(validation)
    return ModelCurve(
        "d",
        tuple(range(len(train))),
        np.repeat(np.array(train)[:, None], k, 1),
        scores,
        metric("r2"),
        400,
        100,
    )


def test_the_one_standard_error_point_is_the_least_flexible_within_it() -> None:
    curve = curve_of(
        [0.3, 0.5, 0.9, 1.0],
        [[0.1] * 5, [0.40, 0.50, 0.45, 0.42, 0.48], [0.41, 0.51, 0.47, 0.43, 0.48], [0.2] * 5],
    )
    assert (curve.best, curve.one_standard_error, curve.most_flexible) == (2, 1, 3)


def test_of_equal_train_scores_the_farthest_from_the_best_is_the_most_flexible() -> None:
    curve = curve_of([0.3, 1.0, 1.0], [[0.3, 0.2, 0.4], [0.5, 0.4, 0.6], [0.5, 0.4, 0.5]])
    assert curve.most_flexible == 2


def test_settings_that_differ_by_luck_alone_are_seldom_called_overfitting() -> None:
    """Twenty settings of equal risk: the naive difference of best over one of them is always positive."""
    rng = np.random.default_rng(0)
    honest, naive = [], []
    for _ in range(300):
        validation = rng.normal(size=(20, 5)) * 0.05
        curve = curve_of([0.5] * 19 + [0.6], validation.tolist())
        honest.append(curve.overfitting().difference)
        naive.append(validation.mean(axis=1).max() - validation[19].mean())
    assert abs(np.mean(honest)) < 4 * np.std(honest) / 300**0.5
    assert np.mean(naive) > 0.03


def test_a_clear_difference_is_shown_and_two_folds_show_nothing() -> None:
    steady = [[0.5, 0.52, 0.51, 0.49, 0.5], [0.1, 0.12, 0.1, 0.09, 0.11]]
    found = curve_of([0.6, 1.0], steady).overfitting()
    assert found.sigma_local is not None
    assert found.sigma_local > 3
    assert "other folds" in found.method
    assert curve_of([0.6, 1.0], [row[:2] for row in steady]).overfitting().difference is None


def test_bands_widen_with_the_spread_and_are_absent_for_one_fold() -> None:
    low, high = curve_of([0.5, 0.6], [[0.4, 0.6, 0.5], [0.5, 0.5, 0.5]]).band("validation")
    assert high[0] - low[0] > 0.1
    assert high[1] == low[1]
    assert np.isnan(curve_of([0.5, 0.6], [[0.4], [0.5]]).band("train")[0]).all()


def test_a_learning_curve_rises_and_its_samples_are_nested() -> None:
    X, y = noisy(400)
    curve = learning_curve(DecisionTreeRegressor(random_state=0, min_samples_leaf=5), X, y, sizes=[20, 300])
    change, error = curve.step(0, 1)
    assert change > 2 * error > 0
    order = nested_order(np.arange(90), np.arange(90) % 3 == 0, np.random.default_rng(0))
    assert abs((order[:30] % 3 == 0).sum() - 10) <= 1
    assert halves(19) == (19,)
    assert halves(10**6)[0] == 7812


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y: validation_curve(KNeighborsRegressor(), X, y, "depth", [1, 2]), "no parameter 'depth'"),
        (lambda X, y: validation_curve(KNeighborsRegressor(), X, y, "n_neighbors", [1]), "at least two"),
        (lambda X, y: validation_curve(DepthPath(), X, y, "ccp_alpha", [1, 2]), "over 'max_depth'"),
        (
            lambda X, y: learning_curve(KNeighborsRegressor(), X, y, sizes=[10**6]),
            "expected numbers of events",
        ),
        (lambda X, y: learning_curve(KNeighborsRegressor(), X, y, metric="asimov"), "chosen on other rows"),
        (lambda X, y: learning_curve(KNeighborsRegressor(), X, y, folds=1), "folds = 1"),
        (
            lambda X, y: learning_curve(KNeighborsRegressor(), X, y, sample_weight=-np.ones(len(y))),
            "negative",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, message) -> None:
    with pytest.raises(InputError, match=message):
        call(*noisy(60))
