"""Forests and boosting on binned columns: splits against a search by hand, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import roc_auc_score

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.models.states import check_state
from fivesigma.models.trees import (
    BoostingClassifier,
    BoostingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    ForestClassifier,
    ForestRegressor,
    NaturalGradientBoosting,
    TreeClassifier,
    TreeRegressor,
)
from fivesigma.models.trees.binning import Bins
from fivesigma.record import models
from fivesigma.study.registry.kinds.trusted import TRUSTED


def data(n=300, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 12, (n, p)).astype(float)
    return X, X[:, 1] * X[:, 2] + rng.normal(size=n), rng.uniform(0.5, 2.0, n)


def best_by_hand(X, y, w, least):
    """Column, cut and quality of the best split, by trying them all."""
    found = (-1.0, -1, 0.0)
    for f in range(X.shape[1]):
        for cut in np.unique(X[:, f])[:-1]:
            left = X[:, f] <= cut
            if min(left.sum(), (~left).sum()) < least:
                continue
            quality = sum((w[s] @ y[s]) ** 2 / w[s].sum() for s in (left, ~left))
            found = max(found, (quality, f, cut))
    return found


def with_all_rows(monkeypatch):
    """Let each tree of a forest see every row once."""
    for kind in (ForestClassifier, ForestRegressor):
        monkeypatch.setattr(kind, "_n_draws", lambda forest, w: 0)


@pytest.mark.parametrize("n", [20, 300], ids=["sorted", "binned"])
@pytest.mark.parametrize("least", [1, 6])
def test_a_forest_takes_the_best_split(monkeypatch, n, least) -> None:
    with_all_rows(monkeypatch)
    X, y, w = data(n)
    model = ForestRegressor(1, max_depth=1, min_samples_leaf=least, random_state=0).fit(X, y, w)
    _, feature, cut = best_by_hand(X, y - np.average(y, weights=w), w, least)
    tree = model._trees
    assert tree.feature.tolist() == [feature, -1, -1]
    left = X[:, feature] <= cut
    expected = np.where(left, np.average(y[left], weights=w[left]), np.average(y[~left], weights=w[~left]))
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


@pytest.mark.parametrize("K", [2, 3])
def test_a_forest_grown_to_the_end_knows_its_rows(monkeypatch, K) -> None:
    with_all_rows(monkeypatch)
    X, y, w = data()
    X[:, 0] = np.random.default_rng(1).permutation(len(X)) % 60  # nearly every row is different
    labels = np.digitize(y, np.quantile(y, np.arange(1, K) / K))
    p = ForestClassifier(3, random_state=0).fit(X, labels, w).predict_proba(X)
    _, same, n_same = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    alone = n_same[same.ravel()] == 1
    assert (p[alone].argmax(axis=1) == labels[alone]).all()
    assert p[alone].max(axis=1).min() == 1.0


def test_a_round_of_boosting_is_newton_s_step_in_the_best_split() -> None:
    X, y, w = data()
    model = BoostingRegressor(
        learning_rate=1.0, max_iter=1, max_leaf_nodes=2, min_samples_leaf=0, l2_regularization=3.0
    ).fit(X, y, w)
    centred = y - np.average(y, weights=w)
    best = max(
        (sum((w[s] @ centred[s]) ** 2 / (w[s].sum() + 3.0) for s in (X[:, f] <= c, X[:, f] > c)), f, c)
        for f in range(X.shape[1])
        for c in np.unique(X[:, f])[:-1]
    )
    left = X[:, best[1]] <= best[2]
    expected = np.average(y, weights=w) + sum(
        s * (w[s] @ centred[s]) / (w[s].sum() + 3.0) for s in (left, ~left)
    )
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-8)


def test_bins_of_children_are_those_of_their_rows() -> None:
    X = np.random.default_rng(0).permutation(200)[:, None].astype(float)
    y = np.random.default_rng(1).normal(size=200)
    model = BoostingRegressor(
        learning_rate=1.0, max_iter=1, max_leaf_nodes=None, min_samples_leaf=0, max_bins=254
    )
    np.testing.assert_allclose(model.fit(X, y).predict(X), y, atol=1e-9)


@pytest.mark.parametrize("high", [True, False])
def test_boosting_sends_missing_values_to_the_side_that_gains(high) -> None:
    x = np.linspace(-1.0, 1.0, 200)
    x[::4] = np.nan
    y = np.where(np.isnan(x), high, x > 0).astype(bool)
    model = BoostingClassifier(max_iter=1, max_leaf_nodes=2).fit(x[:, None], y)
    score = model.decision_function(x[:, None])
    assert score[y].min() > score[~y].max()


@pytest.mark.parametrize(
    "model",
    [
        BoostingClassifier(max_iter=30, min_samples_leaf=5),
        BoostingRegressor(max_iter=30, min_samples_leaf=5),
        ExtraTreesClassifier(20, random_state=0),
        ExtraTreesRegressor(20, random_state=0),
    ],
)
def test_weight_k_is_k_copies_where_no_rows_are_drawn(model) -> None:
    X, y, _ = data(120)
    X[::7, 3] = np.nan
    y, asked = (y > np.median(y), "predict_proba") if is_classifier(model) else (y, "predict")
    k = np.arange(len(X)) % 3 + 1
    weighed = getattr(clone(model).fit(X, y, k), asked)(X)
    copied = getattr(clone(model).fit(np.repeat(X, k, axis=0), np.repeat(y, k)), asked)(X)
    np.testing.assert_allclose(weighed, copied, rtol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_values_at_the_ends_of_a_column_have_bins_of_their_own(scale) -> None:
    rng = np.random.default_rng(0)
    X = scale * rng.standard_t(2.0, (5000, 1)).round(6)
    w = rng.integers(1, 4, 5000).astype(float)
    bins = Bins.of(X, w, 254, ends=True)
    codes = bins.codes(np.unique(X)[:, None])[0]
    np.testing.assert_array_equal(codes[:41], np.r_[1:41, 41])
    np.testing.assert_array_equal(codes[-41:], np.r_[294, 295:335])
    held = np.bincount(bins.codes(X)[0], weights=w)[1:]
    assert held[41:-41].max() < 1.2 * held[41:-41].min(), "those in between weigh alike"
    copies = Bins.of(np.repeat(X, w.astype(int), axis=0), np.ones(int(w.sum())), 254, ends=True)
    np.testing.assert_array_equal(bins.edges, copies.edges)
    few, plain = Bins.of(X, w, 64, ends=True), Bins.of(X, w, 64)
    np.testing.assert_array_equal(few.edges, plain.edges, "of few bins none are spent on the ends")


@pytest.mark.parametrize(
    ("model", "bins", "ends"),
    [
        (BoostingRegressor(max_iter=2), 254, True),
        (BoostingRegressor("absolute_error", max_iter=2), 254, True),
        (BoostingRegressor(max_iter=2, max_bins=100), 100, False),
        (NaturalGradientBoosting(n_estimators=2), 254, True),
        (BoostingClassifier(max_iter=2, max_bins=254), 254, False),
        (ExtraTreesRegressor(2), 254, False),
    ],
    ids=str,
)
def test_boosting_of_values_alone_tells_the_ends_of_columns_apart(model, bins, ends) -> None:
    X = np.random.default_rng(0).normal(size=(3000, 2))
    y = X[:, 0] > 0 if is_classifier(model) else X[:, 0]
    found = model.fit(X, y)._trees.bins
    np.testing.assert_array_equal(found.edges, Bins.of(X, np.ones(3000), bins, ends=ends).edges)


@pytest.mark.parametrize("make", [ForestRegressor, ExtraTreesRegressor])
def test_trees_are_the_same_in_any_number_of_threads(make) -> None:
    X, y, w = data()
    one, two = (make(12, random_state=3, n_jobs=n).fit(X, y, w).predict(X) for n in (1, 2))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("make", [ForestClassifier, ExtraTreesClassifier])
def test_forests_learn_from_what_is_missing(make, high) -> None:
    x = np.linspace(-1.0, 1.0, 200)
    x[::4] = np.nan
    y = np.where(np.isnan(x), high, x > 0).astype(bool)
    p = make(20, max_depth=6, random_state=0).fit(x[:, None], y).predict_proba(x[:, None])[:, 1]
    assert p[y].min() > p[~y].max()


@pytest.mark.parametrize("make", [ForestRegressor, ExtraTreesRegressor])
def test_several_targets_share_their_trees_each_in_its_own_unit(make) -> None:
    X, y, w = data()
    both = make(10, random_state=1).fit(X, np.column_stack([y, 1024.0 * y]), w).predict(X)
    assert both.shape == (len(X), 2)
    np.testing.assert_allclose(1024.0 * both[:, 0], both[:, 1], rtol=1e-12)
    np.testing.assert_allclose(make(10, random_state=1).fit(X, y, w).predict(X), both[:, 0], rtol=1e-9)


def test_columns_that_a_split_looks_at_are_drawn_by_the_seed() -> None:
    X, y, w = data()
    one, again, other = (
        BoostingRegressor(max_iter=20, max_features=0.5, random_state=seed).fit(X, y, w).predict(X)
        for seed in (1, 1, 2)
    )
    assert one.tobytes() == again.tobytes() != other.tobytes()
    alone = BoostingRegressor(max_iter=200, max_leaf_nodes=2, max_features=0.01, random_state=0).fit(X, y)
    counts = np.bincount(alone._trees.feature[alone._trees.feature >= 0], minlength=4)
    assert counts.min() > 30  # one column of four at a time, whatever it gains


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("make", [BoostingClassifier, BoostingRegressor])
def test_predictions_rise_and_fall_as_they_must(make, missing) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (500, 3))
    y = X[:, 0] - X[:, 1] + np.sin(9 * X[:, 2]) + rng.normal(size=500)
    X[::11, 2] = np.nan if missing else 0.0
    y = y > 0 if make is BoostingClassifier else y
    model = make(min_samples_leaf=3, monotonic_cst=[1, -1, 0]).fit(X, y)
    free = make(min_samples_leaf=3).fit(X, y)
    grid = np.linspace(-1.0, 1.0, 60)
    for column, sign in ((0, 1), (1, -1)):
        Z = np.repeat(X[:40], 60, axis=0)
        Z[:, column] = np.tile(grid, 40)
        rises, bound = (
            sign
            * np.diff(
                (m.predict_proba(Z)[:, 1] if make is BoostingClassifier else m.predict(Z)).reshape(40, 60)
            )
            for m in (free, model)
        )
        assert bound.min() >= 0.0 < bound.max()
        assert rises.min() < 0.0


def test_weights_of_either_sign_that_cancel_leave_no_trace() -> None:
    X, y, _ = data(400)
    y = y > np.median(y)
    twice = np.concatenate([X, X[:50], X[:50]])
    w = np.concatenate([np.ones(400), np.full(50, 2.0), np.full(50, -2.0)])
    model = BoostingClassifier(max_iter=10, min_samples_leaf=0)
    plain = clone(model).fit(X, y).predict_proba(X)
    signed = clone(model).fit(twice, np.concatenate([y, y[:50], y[:50]]), w).predict_proba(X)
    np.testing.assert_allclose(signed, plain, rtol=1e-6)
    with pytest.raises(InputError, match=r"the weights of class .*True.* sum to -"):
        model.fit(X, y, np.where(y, -1.0, 1.0))


@pytest.mark.parametrize("make", [BoostingClassifier, BoostingRegressor])
def test_every_stage_is_what_as_many_rounds_say(make) -> None:
    X, y, w = data(600)
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6])) if make is BoostingClassifier else y
    model = make(max_iter=6).fit(X, labels, w)
    stages = list(model.staged_predict_proba(X) if make is BoostingClassifier else model.staged_predict(X))
    for rounds, stage in enumerate(stages, 1):
        short = make(max_iter=rounds).fit(X, labels, w)
        told = short.predict_proba(X) if make is BoostingClassifier else short.predict(X)
        assert stage.tobytes() == told.tobytes()


def test_three_classes_and_counts_are_learnt() -> None:
    X, y, _ = data(600)
    labels = np.digitize(y, np.quantile(y, [0.33, 0.67]))
    p = BoostingClassifier().fit(X[:400], labels[:400]).predict_proba(X[400:])
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert roc_auc_score(labels[400:], p, multi_class="ovr") > 0.95
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0] / 4))
    found = BoostingRegressor("poisson").fit(X, counts).predict(X)
    assert np.corrcoef(found, np.exp(X[:, 0] / 4))[0, 1] > 0.95
    assert found.mean() == pytest.approx(counts.mean(), rel=0.02)


@pytest.mark.parametrize(
    "make",
    [
        BoostingClassifier,
        ForestClassifier,
        ExtraTreesClassifier,
        BoostingRegressor,
        ForestRegressor,
        ExtraTreesRegressor,
        TreeClassifier,
        TreeRegressor,
    ],
)
def test_saved_trees_answer_alike_and_broken_ones_are_refused(make, tmp_path) -> None:
    X, y, _ = data(100)
    X[::9, 0] = np.nan
    y = y > np.median(y) if hasattr(make, "predict_proba") else y
    model = make(max_iter=5).fit(X, y) if "Boosting" in make.__name__ else make(5).fit(X, y)
    file = tmp_path / f"m{models.SUFFIX}"
    models.save(model, file, {})
    loaded = models.load(file, trusted=TRUSTED, check=check_state).estimator
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()
    model._trees.child[np.flatnonzero(model._trees.feature >= 0)[0]] = 0  # a child before its parent: no end
    models.save(model, file, {})
    with pytest.raises(FivesigmaError, match="child"):
        models.load(file, trusted=TRUSTED, check=check_state)


def refuse(model, folder, said) -> None:
    file = folder / f"m{models.SUFFIX}"
    models.save(model, file, {})
    with pytest.raises(FivesigmaError, match=said):
        models.load(file, trusted=TRUSTED, check=check_state)


@pytest.mark.parametrize(
    "make", [BoostingClassifier, BoostingRegressor, ForestRegressor, ExtraTreesClassifier]
)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda trees, node: trees.first.__setitem__(node, 2),
            "first",
        ),  # would name a column beyond the table
        (lambda trees, node: trees.feature.__setitem__(node, 99), "feature"),
        (lambda trees, node: trees.child.__setitem__(node, node), "child"),
        (lambda trees, node: trees.child.__setitem__(node, 10**6), "child"),
        (lambda trees, node: trees.child.__setitem__(node, trees.child[node] + 1), "child"),
        (lambda trees, node: trees.feature.__setitem__(node, -1), "child"),  # nodes that nothing leads to
        (lambda trees, node: trees.value.__setitem__(node, np.nan), "value"),
        (lambda trees, node: trees.roots.__setitem__(1, 0), "roots"),
        (lambda trees, node: trees.outputs.__setitem__(0, 1), "_trees"),
        (lambda trees, node: trees.bins.edges.__setitem__(0, 1e9), "edges"),
    ],
)
def test_no_way_through_loaded_trees_leaves_them_or_meets_another(make, damage, said, tmp_path) -> None:
    X, y, _ = data(100)
    y = y > np.median(y) if hasattr(make, "predict_proba") else y
    model = make(max_iter=5).fit(X, y) if "Boosting" in make.__name__ else make(5).fit(X, y)
    damage(model._trees, int(np.flatnonzero(model._trees.feature >= 0)[0]))
    refuse(model, tmp_path, said)


def test_nodes_with_two_parents_are_refused_for_they_have_more_ways_than_can_be_walked(tmp_path) -> None:
    X, y, _ = data(400)
    model = ForestRegressor(1).fit(X, y)
    n = len(model._trees.feature)
    model._trees.feature[: n - 2] = 0
    model._trees.child[: n - 2] = np.arange(1, n - 1)  # Fibonacci's number of ways down
    model._trees.feature[n - 2 :] = -1
    refuse(model, tmp_path, "each node but a root below one other")


def test_rounds_that_were_not_grown_are_refused(tmp_path) -> None:
    X, y, _ = data(100)
    model = BoostingRegressor(max_iter=5).fit(X, y)
    for rounds in (0, 6, 2.5):
        model.n_iter_ = rounds
        refuse(model, tmp_path, "n_iter_|rounds")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ForestClassifier(0), "n_estimators is 0; expected a whole number from 1"),
        (ForestClassifier(max_features="all"), "max_features is 'all'; expected 'auto', 'sqrt'"),
        (ForestClassifier(max_samples=1.5), "max_samples is 1.5; expected a share"),
        (ForestRegressor(max_bins=65_535), "max_bins is 65535"),
        (BoostingClassifier(learning_rate=0), "learning_rate is 0; expected a number"),
        (BoostingClassifier(max_leaf_nodes=1), "max_leaf_nodes is 1"),
        (BoostingRegressor("hinge"), "'hinge' is not a loss; expected one of"),
        (BoostingClassifier("poisson"), "'poisson' is not a loss; expected one of log_loss"),
        (BoostingRegressor("poisson"), "expected counts"),
        (
            BoostingRegressor(monotonic_cst=[1]),
            r"monotonic_cst is \[1\]; expected -1, 0 or 1 for each of 4 columns",
        ),
        (BoostingRegressor(max_features=0), "max_features is 0; expected a number from 1e-06 to 1"),
        (BoostingRegressor(learning_rate="fast"), "learning_rate is 'fast'; expected a number"),
        (BoostingRegressor(max_iter=2.5), "max_iter is 2.5; expected a whole number"),
        (BoostingRegressor(max_iter=True), "max_iter is True; expected a whole number"),
        (BoostingRegressor(max_bins=2.5), "max_bins is 2.5; expected a whole number"),
        (BoostingClassifier(n_jobs=None), "n_jobs is None; expected a whole number"),
        (BoostingClassifier(max_features="sqrt"), "max_features is 'sqrt'; expected a number"),
        (BoostingClassifier(min_samples_leaf=None), "min_samples_leaf is None; expected a number"),
        (BoostingClassifier(l2_regularization=np.nan), "l2_regularization is nan; expected a number"),
        (ForestRegressor(max_samples="all"), "max_samples is 'all'; expected a share"),
    ],
)
def test_what_cannot_be_is_one_sentence(model, said) -> None:
    X, y, _ = data(40)
    y = y > np.median(y) if hasattr(model, "predict_proba") else y - 1e3
    with pytest.raises(InputError, match=said):
        model.fit(X, y)


def test_numbers_of_numpy_are_settings_as_python_s_are() -> None:
    X, y, _ = data(40)
    for setting, like in ((np.int64(3), 3), (np.float32(0.5), 0.5)):
        found, expected = (
            ForestRegressor(5, max_features=f, random_state=0).fit(X, y) for f in (setting, like)
        )
        assert found.predict(X).tobytes() == expected.predict(X).tobytes()
    found = BoostingRegressor(np.str_("squared_error"), np.float64(0.1), np.int32(5)).fit(X, y)
    assert found.predict(X).tobytes() == BoostingRegressor(max_iter=5).fit(X, y).predict(X).tobytes()


def test_a_forest_draws_no_more_events_than_a_user_can_wait_for() -> None:
    X, y, _ = data(40)
    ForestRegressor(2).fit(X, y, sample_weight=np.full(40, 900.0))
    with pytest.raises(InputError, match="as many events are drawn for a tree; scale the weights to mean 1"):
        ForestRegressor(2).fit(X, y, sample_weight=np.full(40, 1e5))


def test_weights_too_small_for_any_leaf_are_refused_and_not_fitted_to_nothing() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    with pytest.raises(InputError, match=r"sum to 0\.1, and a leaf must weigh min_samples_leaf = 20"):
        BoostingRegressor().fit(X, X[:, 0], np.full(100, 1e-3))
    few = BoostingRegressor(max_iter=2).fit(X[:30], X[:30, 0])  # few events are no mistake
    assert np.ptp(few.predict(X)) == 0
