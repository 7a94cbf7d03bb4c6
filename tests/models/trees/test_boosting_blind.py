"""Boosting of what no column says by itself: products of signs, as of spins that may all be turned over."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fivesigma.models.trees import BoostingClassifier, BoostingRegressor, NaturalGradientBoosting
from fivesigma.models.trees import boosting_rounds as rounds
from fivesigma.risk.losses import Huber, Quantile

SPINS = np.array(list(product([-1.0, 1.0], repeat=8)))
"""Every state of eight spins: all means are equal by symmetry."""


def energy(factors: int) -> np.ndarray:
    return sum(np.prod(np.roll(SPINS, -i, axis=1)[:, :factors], axis=1) for i in range(3))


def explained(model, X, y) -> float:
    return 1.0 - float(np.mean((model.predict(X) - y) ** 2) / np.var(y))


@pytest.mark.parametrize("max_features", [0.5, 1.0])
@pytest.mark.parametrize("factors", [2, 3])
def test_products_of_signs_are_found(factors, max_features) -> None:
    model = BoostingRegressor(max_features=max_features, min_samples_leaf=5, max_iter=300, random_state=0)
    assert explained(model.fit(SPINS, energy(factors)), SPINS, energy(factors)) > 0.9


def test_classes_that_are_a_parity_are_found() -> None:
    y = SPINS[:, 2] * SPINS[:, 5] > 0
    assert BoostingClassifier(min_samples_leaf=5, random_state=0).fit(SPINS, y).score(SPINS, y) == 1.0


def test_the_width_of_what_is_told_by_a_parity_is_found() -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(SPINS, 8, axis=0)
    model = NaturalGradientBoosting(random_state=0).fit(X, X[:, 0] * X[:, 1] + 0.01 * rng.normal(size=len(X)))
    assert explained(model, X, X[:, 0] * X[:, 1]) > 0.9


def trees(model) -> bytes:
    return b"".join(each.tobytes() for each in model._trees.tree)


def test_a_blind_tree_has_the_same_bytes_in_any_number_of_threads(monkeypatch) -> None:
    monkeypatch.setattr(rounds, "_LEAST", 1)
    X = np.repeat(SPINS, 40, axis=0)
    model = BoostingRegressor(max_iter=5, max_features=0.5, random_state=1)
    one, two = (
        trees(model.set_params(n_jobs=n).fit(X, np.tile(energy(2), (40, 1)).T.ravel())) for n in (1, 2)
    )
    assert one == two


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e5])
def test_units_do_not_matter_to_a_blind_tree(offset) -> None:
    y, few = energy(2), {"max_iter": 30, "min_samples_leaf": 5, "random_state": 0}
    told = BoostingRegressor(**few).fit(SPINS, y).predict(SPINS)
    assert np.var(told) > 0.1
    for unit in (0.1, 3.7e9, 1e-9):
        other = BoostingRegressor(**few).fit(SPINS / unit, (y + offset) * unit)
        off = other.predict(SPINS / unit) / unit - offset - told
        assert np.abs(off).max() < 1e-11 * (1.0 + offset)


@pytest.mark.parametrize("loss", ["absolute_error", Quantile(0.3), Huber()])
def test_signs_that_are_as_many_by_chance_make_no_tree_blind(loss) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        X, y = rng.choice([-1.0, 1.0], (40, 1)), rng.normal(size=40)
        tree = BoostingRegressor(loss, max_iter=3, min_samples_leaf=5).fit(X, y)._trees.tree
        assert (tree.gain[tree.feature >= 0] > 0.0).all()


def test_events_of_hardly_any_weight_do_not_make_a_tree_blind() -> None:
    """Weights 1/σ² of errors that differ by ten orders of magnitude."""
    rng = np.random.default_rng(0)
    X, sigma = rng.normal(size=(2000, 5)), np.where(rng.random(2000) < 0.9, 1e12, 1.0)
    y, w = np.sign(X[:, 0]) + sigma * rng.normal(size=2000), 1.0 / sigma**2
    tree = BoostingRegressor(max_iter=20, max_depth=2, random_state=0).fit(X, y, w / w.mean())._trees.tree
    assert (tree.gain[tree.feature >= 0] > 0.0).all()
    assert tree.feature[0] == 0


def test_what_is_small_is_said_all_the_same() -> None:
    for size in (1e-2, 1e-4):
        model = BoostingRegressor(max_iter=1, min_samples_leaf=5).fit(SPINS, energy(2) + size * SPINS[:, 5])
        assert model._trees.tree.feature[0] == 5


def test_what_is_missing_later_goes_to_the_heavier_side_of_a_blind_split() -> None:
    values = np.array([0.0, 0.0, 1.0])
    X = np.tile(np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 2), (30, 1))
    y = np.where(X == 0.0, 1.0, -2.0).prod(axis=1)
    tree = BoostingRegressor(max_iter=1, max_leaf_nodes=2, max_features=1.0).fit(X, y)._trees.tree
    assert (tree.first[0], tree.cut[0]) == (0, 1)
    assert tree.weight[tree.child[0]] > tree.weight[tree.child[0] + 1]


@pytest.mark.parametrize("loss", ["poisson", "gamma", "squared_error"])
def test_where_all_is_equal_no_tree_grows(loss) -> None:
    model = BoostingRegressor(loss, min_samples_leaf=5).fit(SPINS, np.full(256, 0.1))
    assert (model._trees.tree.feature < 0).all()


def test_a_weight_is_as_many_copies_to_a_blind_tree() -> None:
    y, model = energy(2), BoostingRegressor(max_iter=30, random_state=0)
    weighed = trees(model.fit(SPINS, y, np.full(len(y), 3.0)))
    assert weighed == trees(model.fit(np.repeat(SPINS, 3, axis=0), np.repeat(y, 3)))


def test_a_column_with_a_sign_is_never_cut_blindly() -> None:
    model = BoostingRegressor(monotonic_cst=[1] + [0] * 7, min_samples_leaf=5, random_state=0).fit(
        SPINS, energy(2)
    )
    turned = SPINS * np.where(np.arange(8) == 0, -1.0, 1.0)
    tree = model._trees.tree
    blind = (tree.feature >= 0) & (tree.gain == 0.0)
    assert blind.any()
    assert not (blind & (tree.feature == 0)).any()
    rise = (model.predict(SPINS) - model.predict(turned)) * SPINS[:, 0]
    assert rise.min() > -1e-9
    assert explained(model, SPINS, energy(2)) > 0.2


def test_no_tree_is_cut_blindly_while_a_column_says_something() -> None:
    y, first = energy(2) + SPINS[:, 5], set()
    for seed in range(20):
        model = BoostingRegressor(max_iter=1, max_features=0.3, min_samples_leaf=5, random_state=seed)
        first.add(int(model.fit(SPINS, y)._trees.tree.feature[0]))
    assert first == {-1, 5}


def test_a_constant_target_is_itself() -> None:
    assert np.array_equal(BoostingRegressor().fit(SPINS, np.full(256, 2.5)).predict(SPINS), np.full(256, 2.5))
