"""Bias and variance: exact identities, hand-worked cases, refits of any kind."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from fivesigma._core.errors import InputError
from fivesigma.models.trees import DepthPath
from fivesigma.models.trees.resampled import refits_by_counts
from fivesigma.risk.generalisation import bias_variance, bias_variance_fresh, bias_variance_path

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 4))
Y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + 0.3 * RNG.normal(size=700)
LABELS = np.digitize(Y, [-0.4, 0.4])
PARTS = (X[:300], Y[:300], X[300:], Y[300:])
NAMES = (X[:300], LABELS[:300], X[300:], LABELS[300:])


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
    deep, three = made(**settings), made(**settings, max_depth=3)
    path = bias_variance_path(
        deep,
        *data,
        n_rounds=60,
        n_depths=8,
        rng=np.random.default_rng(0),
        refit=refits_by_counts(deep, *data[:3], 8),
    )
    single = bias_variance(
        three, *data, n_rounds=60, rng=np.random.default_rng(0), refit=refits_by_counts(three, *data[:3])
    )
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
    with pytest.raises(InputError, match="sum to -400; expected a positive sum"):
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


def test_refits_that_are_handed_in_are_asked_for_every_round_and_reported():
    seen, told = [], []

    def refit(counts, seed):
        seen.append((counts.sum(), seed))
        return np.full(400, float(len(seen)))

    found = bias_variance(
        DummyRegressor(),
        *PARTS,
        n_rounds=5,
        rng=np.random.default_rng(0),
        refit=refit,
        progress=lambda done, of: told.append((done, of)),
    )
    assert [total for total, _ in seen] == [300] * 5
    assert len({seed for _, seed in seen}) == 5
    assert told == [(k, 5) for k in range(1, 6)]
    assert found.variance == pytest.approx(np.var([1, 2, 3, 4, 5], ddof=1))


def test_columns_that_differ_are_said():
    with pytest.raises(InputError, match=r"X has 4 columns and X_test 3"):
        bias_variance(DummyRegressor(), X, Y, X[:, :3], Y, rng=np.random.default_rng(0))


# --- weights and groups: one law over every way to refit and both losses

ROWS = np.random.default_rng(8)
GROUPS = np.repeat(np.arange(30), 4)
x = ROWS.normal(size=(120, 1)) + np.repeat(ROWS.normal(size=(30, 1)), 4, axis=0)
t = np.sin(x[:, 0]) + 0.5 * np.repeat(ROWS.normal(size=30), 4)
COPIES = ROWS.integers(0, 4, 120)
HELD = ROWS.normal(size=(50, 1))


def _by_counts(n_depths):
    def refit(model, rows, target, w):
        return refits_by_counts(model, rows, target, HELD, n_depths, sample_weight=w)

    return refit


REGRESSORS = (DummyRegressor(), LinearRegression(), DecisionTreeRegressor(random_state=0))
CLASSIFIERS = (GaussianNB(), LogisticRegression(C=1e8), DecisionTreeClassifier(random_state=0))
WAYS = {
    **{f"{type(each).__name__}": (each, t, None, None) for each in REGRESSORS},
    **{f"{type(each).__name__}": (each, t > 0, None, None) for each in CLASSIFIERS},
    "pipeline": (make_pipeline(StandardScaler(with_mean=False), LinearRegression()), t, None, None),
    "path": (DepthPath(DecisionTreeRegressor(random_state=0)), t, None, 4),
    "path of classes": (DepthPath(DecisionTreeClassifier(random_state=0)), t > 0, None, 4),
    "counts": (DecisionTreeRegressor(max_depth=3), t, _by_counts(None), None),
    "counts of classes": (DecisionTreeClassifier(max_depth=2), t > 0, _by_counts(None), None),
    "path by counts": (DecisionTreeRegressor(), t, _by_counts(4), 4),
    "path of classes by counts": (DecisionTreeClassifier(), t > 0, _by_counts(2), 2),
}


def _parts(way, rows, w, groups):
    model, target, refit, n_depths = WAYS[way]
    X, y = x[rows], target[rows]
    quick = {} if refit is None else {"refit": refit(model, X, y, w)}
    given = {"n_rounds": 12, "rng": np.random.default_rng(1), "sample_weight": w, "groups": groups, **quick}
    truth = target[:50] if target.dtype == bool else np.sin(HELD[:, 0])
    if n_depths is None:
        found = bias_variance(model, X, y, HELD, truth, **given)
    else:
        found = bias_variance_path(model, X, y, HELD, truth, n_depths=n_depths, **given)
    return np.array([found.total, found.bias, found.variance])


@pytest.mark.parametrize("way", WAYS)
def test_a_weight_of_k_is_k_copies_in_a_group_and_none_is_no_row(way) -> None:
    copied = np.repeat(np.arange(120), COPIES)
    weighted = _parts(way, np.arange(120), COPIES.astype(float), GROUPS)
    copies = _parts(way, copied, None, GROUPS[copied])
    np.testing.assert_allclose(weighted, copies, rtol=1e-6, atol=1e-9)
    assert not np.allclose(weighted, _parts(way, np.arange(120), None, GROUPS), rtol=1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_groups_are_drawn_whole(way) -> None:
    alone = _parts(way, np.arange(0, 120, 4), None, None)
    fourfold = np.repeat(np.arange(0, 120, 4), 4)
    np.testing.assert_allclose(_parts(way, fourfold, None, GROUPS), alone, rtol=1e-6, atol=1e-9)


def test_the_variance_of_grouped_events_is_that_of_fresh_groups() -> None:
    def draw(rng):
        centre = np.repeat(rng.normal(size=(30, 1)), 4, axis=0)
        return centre, centre[:, 0] + np.repeat(rng.normal(size=30), 4), np.repeat(rng.integers(1, 4, 30), 4)

    model, held = LinearRegression(), HELD[:, 0]
    fresh = bias_variance_fresh(
        model, draw, HELD, held, noise=0.0, n_rounds=500, rng=np.random.default_rng(0)
    )
    X, y, w = draw(np.random.default_rng(3))
    found = [
        bias_variance(
            model, X, y, HELD, held, n_rounds=400, rng=np.random.default_rng(0), sample_weight=w, groups=g
        ).variance
        for g in (GROUPS, None)
    ]
    assert found[0] == pytest.approx(fresh.variance, rel=0.5)
    assert found[1] < 0.4 * fresh.variance


def test_held_out_rows_of_fresh_data_sets_are_weighed() -> None:
    def draw(rng):
        return x, np.sin(x[:, 0]) + 0.1 * rng.normal(size=120)

    given = {"noise": 0.01, "n_rounds": 20}
    w = np.arange(50) % 3
    at = np.repeat(np.arange(50), w)
    truth = np.sin(HELD[:, 0])
    one = bias_variance_fresh(
        LinearRegression(), draw, HELD, truth, rng=np.random.default_rng(0), test_weight=w, **given
    )
    two = bias_variance_fresh(
        LinearRegression(), draw, HELD[at], truth[at], rng=np.random.default_rng(0), **given
    )
    assert one.total == pytest.approx(two.total, rel=1e-9)
