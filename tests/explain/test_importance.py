"""Importance: path masking bit for bit, noise within two sigma of zero, truths planted and found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.explain import importance
from fivesigma.explain.importance import (
    cluster_columns,
    drop_column_importance,
    impurity_importance,
    permutation_importance,
)
from fivesigma.features.ranks import RankCodes
from fivesigma.models import trees
from fivesigma.models.trees import BoostingClassifier, BoostingRegressor, ForestRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 6))
Y = 2 * X[:, 0] + X[:, 1] * X[:, 2] + 0.2 * RNG.normal(size=500)
CLASSES = np.digitize(Y, [-1, 1])
FOLDS = [(np.flatnonzero(np.arange(500) % 4 != k), np.flatnonzero(np.arange(500) % 4 == k)) for k in range(4)]


class _Exponential(trees.LogNormal):
    """A law whose mean is no sum, of any target."""

    def inner(self, y):
        return y

    def refuse(self, y):
        del y


@pytest.mark.parametrize("groups", [None, [(0, 3), (2,)]], ids=["single", "grouped"])
@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, size=250)], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("model", "metric"),
    [
        (RandomForestRegressor(12, random_state=0, max_features=0.5), "r2"),
        (DecisionTreeRegressor(random_state=0), "rmse"),
        (RandomForestClassifier(12, random_state=0), "log_loss"),
        (ExtraTreesClassifier(8, random_state=0, min_samples_leaf=3), "accuracy"),
        (make_pipeline(RankCodes(), ExtraTreesClassifier(8, random_state=0)), "log_loss"),
        (ForestRegressor(12, random_state=0), "r2"),
        (trees.ExtraTreesClassifier(8, random_state=0), "log_loss"),
        (BoostingClassifier(max_iter=8), "log_loss"),
        (BoostingRegressor(max_iter=12), "rmse"),
        (trees.QuantileForest(ForestRegressor(8, random_state=0)), "rmse"),
        (trees.NaturalGradientBoosting(n_estimators=12), "rmse"),
        (trees.NaturalGradientBoosting(_Exponential(), n_estimators=12), "rmse"),
    ],
    ids=[
        "forest",
        "tree",
        "classes",
        "extra",
        "ranks",
        "our forest",
        "our extra",
        "our boosting",
        "our values",
        "our quantiles",
        "our law",
        "our law of logarithms",
    ],
)
def test_path_masking_equals_direct_prediction_to_the_last_bit(
    monkeypatch, model, metric, weight, groups
) -> None:
    table = np.where(RNG.random(X.shape) < 0.03, np.nan, X)
    model.fit(table[:250], (CLASSES if hasattr(model, "predict_proba") else Y)[:250])
    target = (CLASSES if hasattr(model, "predict_proba") else Y)[250:]
    seen: list[list[np.ndarray]] = [[], []]

    def measured(to):
        def keep(asked, prediction):
            to.append(np.array(prediction))
            return score(asked, prediction)

        monkeypatch.setattr(importance.Asked, "score", keep)
        rng = np.random.default_rng(5)
        return permutation_importance(
            model, table[250:], target, metric, n_repeats=5, rng=rng, sample_weight=weight, groups=groups
        )

    score = importance.Asked.score
    quick = measured(seen[0])
    monkeypatch.setattr(importance, "ensemble_in", lambda model: None)
    direct = measured(seen[1])
    for a, b in zip(*seen, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(quick.draws, direct.draws)


def test_pure_noise_is_within_two_sigma_of_zero_in_95_percent_of_1000_cases() -> None:
    within, events = [], []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        table = rng.normal(size=(160, 22))
        y = table[:, 0] + table[:, 1] + rng.normal(size=160)
        model = LinearRegression().fit(table[:80], y[:80])
        noise = [(j,) for j in range(2, 22)]
        found = permutation_importance(model, table[80:], y[80:], "r2", n_repeats=10, rng=rng, groups=noise)
        within.append(np.abs(found.mean) <= 2 * found.std)
        if seed < 10:
            found = permutation_importance(
                model, table[80:], y[80:], "r2", n_repeats=10, rng=rng, groups=noise, n_boot=200
            )
            events.append(np.abs(found.mean) <= 2 * found.std)
    assert np.mean(within) >= 0.93
    assert np.mean(events) >= 0.90


def test_intervals_over_events_cover_the_importance_of_a_useful_column() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(150):
        table = rng.normal(size=(300, 2))
        y = table[:, 0] + rng.normal(size=300)
        model = LinearRegression(fit_intercept=False)
        model.fit(
            np.eye(2), [1.0, 0.0]
        )  # f(x) = x0, so permuting x0 raises the mean squared error by 2 Var(x0)
        found = permutation_importance(
            model, table, y, "mae", n_repeats=5, rng=rng, groups=[(0,)], n_boot=150
        )
        low, high = found.interval(0.95)
        truth = (2 / np.pi) ** 0.5 * (3**0.5 - 1)
        held += low[0] < truth < high[0]
    assert 0.90 <= held / 150 <= 0.99


def test_permutation_drop_column_and_impurity_agree_on_planted_truths() -> None:
    def fit(table, y, w):
        return RandomForestRegressor(30, random_state=0, min_samples_leaf=3).fit(table, y)

    def linear(table, y, w):
        return LinearRegression().fit(table, y, sample_weight=w)

    model = fit(X[:250], Y[:250], None)
    permuted = permutation_importance(
        model, X[250:], Y[250:], "r2", n_repeats=5, rng=np.random.default_rng(0)
    )
    dropped = drop_column_importance(fit, X, Y, "r2", folds=FOLDS)
    assert permuted.order[0] == dropped.order[0] == 0
    for j in (0, 1, 2):
        assert permuted.mean[j] > 2 * permuted.std[j]
        assert dropped.mean[j] > 0
    plain = X[:, 0] + X[:, 1] - X[:, 2] + 0.2 * Y  # without an interaction, which 250 rows hardly show
    for forest in (
        fit(X[:250], plain[:250], None),
        ForestRegressor(40, random_state=0).fit(X[:250], plain[:250]),
    ):
        impurity = impurity_importance(forest, X[:250], plain[:250])
        assert impurity.mean.sum() == pytest.approx(1)
        assert impurity.out_of_bag is not None
        assert impurity.mean[3:].min() > 0.005  # in training, noise looks useful
        assert np.abs(impurity.out_of_bag[3:]).max() < 0.03
        assert impurity.out_of_bag[:3].min() > 0.05
    weighted = drop_column_importance(linear, X, Y, "r2", folds=FOLDS, sample_weight=np.ones(500))
    assert weighted.mean[0] > 10 * weighted.std[0]


def test_our_trees_gain_what_scikit_learns_do_and_boosting_says_gain() -> None:
    ours = impurity_importance(ForestRegressor(60, random_state=0, max_bins=254).fit(X, Y))
    theirs = impurity_importance(RandomForestRegressor(60, random_state=0).fit(X, Y))
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=0.02)
    boosted = impurity_importance(BoostingRegressor().fit(X, Y))
    assert (boosted.method, boosted.out_of_bag) == ("gain, training rows", None)
    assert set(boosted.order[:3].tolist()) == {0, 1, 2}


def test_rows_of_weight_zero_are_as_if_removed_and_weights_count_as_copies_in_distribution() -> None:
    model = HistGradientBoostingRegressor(max_iter=20).fit(X[:250], Y[:250])
    w = np.r_[np.ones(150), np.zeros(100)]
    given = {"n_repeats": 3, "metric": "r2"}
    a = permutation_importance(
        model, X[250:], Y[250:], rng=np.random.default_rng(0), sample_weight=w, **given
    )
    b = permutation_importance(model, X[250:400], Y[250:400], rng=np.random.default_rng(0), **given)
    np.testing.assert_array_equal(a.draws, b.draws)
    k = RNG.integers(1, 4, size=250)
    many = {"n_repeats": 60, "metric": "r2", "groups": [(0,)]}
    weighted = permutation_importance(
        model, X[250:], Y[250:], rng=np.random.default_rng(0), sample_weight=k, **many
    )
    copied = permutation_importance(
        model, np.repeat(X[250:], k, axis=0), np.repeat(Y[250:], k), rng=np.random.default_rng(1), **many
    )
    error = np.hypot(*(each.draws.std(ddof=1) / 60**0.5 for each in (weighted, copied)))
    assert abs(weighted.mean[0] - copied.mean[0]) < 4 * error


def test_correlated_columns_are_clustered() -> None:
    table = np.stack([X[:, 0], X[:, 0] + 0.1 * X[:, 1], X[:, 2], -np.exp(X[:, 2]), np.ones(500)], axis=1)
    table[3, 0] = np.nan
    assert cluster_columns(table) == ((0, 1), (2, 3), (4,))
    assert cluster_columns(table[:, :1]) == ((0,),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, **k: permutation_importance(RandomForestRegressor(), X, Y, "r2", **k), "is not fitted"),
        (lambda m, **k: permutation_importance(m, X, Y, "r2", n_repeats=1, **k), "at least 2"),
        (
            lambda m, **k: permutation_importance(m, X, Y, "r2", sample_weight=-np.ones(500), **k),
            "sum to -500",
        ),
        (lambda m, **k: permutation_importance(m, X, Y, "r2", groups=[(0,), (0, 1)], **k), "at most once"),
        (lambda m, **k: permutation_importance(m, X, Y[:9], "r2", **k), "one value a row"),
        (lambda m, **k: impurity_importance(m), "has no impurity"),
        (lambda m, **k: drop_column_importance(m, X[:, :1], Y, "r2", folds=FOLDS), "only column"),
    ],
)
def test_bad_input_is_one_sentence(call, message) -> None:
    with pytest.raises(InputError, match=message):
        call(LinearRegression().fit(X, Y), rng=np.random.default_rng(0))
    model = LogisticRegression().fit(X, CLASSES)
    with pytest.raises(InputError, match="the model knows"):
        permutation_importance(model, X, CLASSES + 1, "accuracy", rng=np.random.default_rng(0))


def test_many_columns_are_clustered_in_blocks() -> None:
    wide = np.random.default_rng(0).normal(size=(30, 1100))
    wide[:, 1099] = wide[:, 0]
    told: list[tuple[int, int]] = []
    found = cluster_columns(wide, threshold=0.99, progress=lambda *at: told.append(at))
    assert (0, 1099) in found
    assert told == [(1024, 1100), (1100, 1100)]
