"""Losses of boosting: what a leaf says, what must not change it, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

from fivesigma._core.errors import InputError
from fivesigma.models.states import check_state
from fivesigma.models.trees import BoostingRegressor
from fivesigma.models.trees.boosting_losses import OneSOwn, descent_of
from fivesigma.models.trees.boosting_quantile import quantile
from fivesigma.record import models
from fivesigma.risk.losses import Absolute, Huber, Logistic, Poisson, Quantile, Squared
from fivesigma.study.registry.kinds.trusted import TRUSTED


def data(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    X[rng.random(X.shape) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 0]) + np.abs(np.nan_to_num(X[:, 1])) * rng.standard_t(3, n)
    return X, y, rng.integers(1, 4, n).astype(float)


def quartic(f, y):
    return (f - y) ** 4


LOSSES = {
    "squared_error": "squared_error",
    "absolute_error": "absolute_error",
    "poisson": "poisson",
    "gamma": "gamma",
    "quantile": Quantile(0.8),
    "huber": Huber(),
    "own": quartic,
}
POSITIVE = ("poisson", "gamma")


def fitted(name, X, y, w=None, **settings):
    target = np.exp(y / 3) if name in POSITIVE else y
    return BoostingRegressor(LOSSES[name], max_iter=12, **settings).fit(X, target, w)


@pytest.mark.parametrize("name", LOSSES)
def test_weight_k_is_k_copies_for_every_loss(name) -> None:
    X, y, k = data(300)
    whole = k.astype(int)
    weighed = fitted(name, X, y, k).predict(X)
    copied = fitted(name, np.repeat(X, whole, axis=0), np.repeat(y, whole)).predict(X)
    np.testing.assert_allclose(weighed, copied, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in (*POSITIVE, "own")])
@pytest.mark.parametrize(("scale", "shift"), [(1e-30, 0.0), (1024.0, -7.0), (1.0, 1e5)])
def test_the_unit_of_the_target_does_not_matter(name, scale, shift) -> None:
    X, y, w = data(300)
    plain, scaled = fitted(name, X, y, w).predict(X), fitted(name, X, scale * y + shift, w).predict(X)
    np.testing.assert_allclose((scaled - shift) / scale, plain, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", POSITIVE)
def test_the_unit_of_a_positive_target_does_not_matter(name) -> None:
    X, y, w = data(300)
    target = np.exp(y / 3)
    plain, scaled = (
        BoostingRegressor(name, max_iter=12).fit(X, c * target, w).predict(X) for c in (1.0, 1e30)
    )
    np.testing.assert_allclose(scaled / 1e30, plain, rtol=1e-9)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.85])
def test_a_leaf_says_the_quantile_of_what_its_events_have_left(tau) -> None:
    X, y, w = data()
    settings = {"max_leaf_nodes": 6, "learning_rate": 0.5}
    before = BoostingRegressor(Quantile(tau), max_iter=2, **settings).fit(X, y, w)
    after = BoostingRegressor(Quantile(tau), max_iter=3, **settings).fit(X, y, w)
    step = after.predict(X) - before.predict(X)
    groups = np.unique(step.round(9))
    assert 3 <= len(groups) <= 6
    for group in groups:
        here = step.round(9) == group
        left = y[here] - before.predict(X[here])
        assert step[here][0] == pytest.approx(0.5 * quantile(left.copy(), w[here].copy(), tau), abs=1e-8)


@pytest.mark.parametrize("name", ["absolute_error", "poisson", "gamma"])
def test_losses_reach_what_scikit_learn_s_reach(name) -> None:
    X, y, _ = data(4000)
    rng, mean = np.random.default_rng(5), np.exp(np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1]))
    target = {"absolute_error": y, "poisson": rng.poisson(mean), "gamma": rng.gamma(3.0, mean)}[name]
    cost = {
        "absolute_error": lambda f, t: np.abs(f - t),
        "poisson": lambda f, t: f - t * np.log(f),
        "gamma": lambda f, t: np.log(f) + t / f,
    }[name]
    half = slice(0, 2000), slice(2000, None)
    ours = BoostingRegressor(name, max_iter=60).fit(X[half[0]], target[half[0]])
    theirs = HistGradientBoostingRegressor(loss=name, max_iter=60, early_stopping=False).fit(
        X[half[0]], target[half[0]]
    )
    found, peer = (cost(m.predict(X[half[1]]), target[half[1]]).mean() for m in (ours, theirs))
    none = cost(
        np.full(2000, np.median(target) if name == "absolute_error" else target.mean()), target[half[1]]
    ).mean()
    assert peer < none - 0.05
    assert found < none - 0.97 * (none - peer)


def test_so_many_events_lie_below_a_quantile_as_it_says() -> None:
    X, y, w = data(3000)
    for tau in (0.1, 0.5, 0.9):
        p = BoostingRegressor(Quantile(tau)).fit(X, y, w).predict(X)
        assert np.average(y <= p, weights=w) == pytest.approx(tau, abs=0.03)


def test_a_loss_of_one_s_own_that_is_the_square_is_the_square() -> None:
    X, y, w = data()
    settings = {"max_iter": 20, "max_leaf_nodes": 8}
    own = BoostingRegressor(lambda f, t: 0.5 * (f - t) ** 2, **settings).fit(X, y, w).predict(X)
    np.testing.assert_allclose(
        own, BoostingRegressor(**settings).fit(X, y, w).predict(X), rtol=1e-5, atol=1e-5
    )


def test_a_step_is_the_root_of_the_summed_slope() -> None:
    _X, y, w = data()
    descent, *_ = descent_of(quartic, y, w)
    assert isinstance(descent, OneSOwn)
    rows, ends = np.arange(600, dtype=np.int32), np.array([100, 101, 600])
    steps = descent.steps(np.full(600, 5.0), y, w, rows, ends)
    for part, step in zip(np.split(rows, ends[:-1]), steps, strict=True):
        terms = w[part] * (5.0 + step - y[part]) ** 3
        assert abs(terms.sum()) <= 1e-6 * max(np.abs(terms).sum(), 1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_monotone_constraints_hold_for_every_loss(name) -> None:
    X, y, w = data()
    model = fitted(name, X, y - 2.0 * np.nan_to_num(X[:, 2]), w, monotonic_cst=[1, 0, -1], min_samples_leaf=3)
    grid = np.linspace(-3.0, 3.0, 50)
    for column, sign in ((0, 1), (2, -1)):
        Z = np.repeat(X[:60], 50, axis=0)
        Z[:, column] = np.tile(grid, 60)
        rises = sign * np.diff(model.predict(Z).reshape(60, 50))
        assert rises.min() >= -1e-12 < rises.max()


@pytest.mark.parametrize("name", ["absolute_error", "gamma", "quantile", "huber"])
def test_a_saved_model_of_any_loss_answers_alike(name, tmp_path) -> None:
    X, y, w = data(200)
    model, file = fitted(name, X, y, w), tmp_path / f"m{models.SUFFIX}"
    models.save(model, file, {})
    loaded = models.load(file, trusted=TRUSTED, check=check_state).estimator
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()
    assert list(loaded.staged_predict(X))[-1].tobytes() == model.predict(X).tobytes()


@pytest.mark.parametrize(
    ("name", "loss"), [("absolute_error", Absolute()), ("poisson", Poisson()), (None, Squared())]
)
def test_a_loss_has_a_name_and_an_object(name, loss) -> None:
    X, y, w = data(200)
    y = np.abs(y)
    named, given = (BoostingRegressor(each, max_iter=5).fit(X, y, w).predict(X) for each in (name, loss))
    assert named.tobytes() == given.tobytes()
    assert clone(BoostingRegressor(loss)).loss == loss


class Wrong:
    def value(self, prediction, target):
        return (prediction - target) ** 2

    def slope(self, prediction, target):
        return prediction - target


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("hinge", "'hinge' is not a loss; expected one of squared_error, absolute_error, poisson, gamma"),
        ("gamma", "expected positive values for loss = 'gamma'"),
        (Poisson(), "expected counts"),
        (Logistic(), "Logistic is a loss of classes; expected one of a regression"),
        (Wrong(), "the slope of Wrong is"),
        (3, "loss is 3; expected a Loss"),
    ],
)
def test_what_is_no_loss_of_these_targets_is_refused(loss, said) -> None:
    X, y, _ = data(100)
    with pytest.raises(InputError, match=said):
        BoostingRegressor(loss).fit(X, y)
