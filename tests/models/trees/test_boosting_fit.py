"""Rounds of boosting that draw their events: which, how often, and what becomes of the fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fivesigma._core.errors import InputError
from fivesigma.models.trees.boosting import BoostingClassifier, BoostingRegressor
from fivesigma.models.trees.boosting_fit import draw_rows
from fivesigma.models.trees.boosting_sums import BLOCK
from fivesigma.study.registry.registry import kind


def drawn(seed: int, number: int, share: float, n: int) -> np.ndarray:
    rows = np.empty(n, np.int64)
    return rows[: draw_rows(np.uint64(seed), number, share, rows)]


def events(n: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * rng.normal(size=n)


@pytest.mark.parametrize("n", [1, 7, BLOCK, BLOCK + 1, 3 * BLOCK + 100])
@pytest.mark.parametrize("share", [1e-6, 0.1, 0.5, 0.999, 1.0])
def test_a_draw_is_of_the_same_share_of_every_block_in_order_and_no_row_twice(n, share) -> None:
    rows = drawn(1, 2, share, n)
    assert (np.diff(rows) > 0).all()
    sizes = np.diff([*range(0, n, BLOCK), n])
    np.testing.assert_array_equal(np.bincount(rows // BLOCK), np.ceil(share * sizes))


def test_rows_are_drawn_equally_often_and_pairs_too() -> None:
    n, share, times = 40, 0.25, 20_000
    member = np.zeros((times, n))
    for number in range(times):
        member[number, drawn(3, number, share, n)] = 1.0
    often = member.mean(axis=0)
    assert np.abs(often - share).max() < 4.5 * (share * (1 - share) / times) ** 0.5
    both = (member.T @ member / times)[~np.eye(n, dtype=bool)]
    expected = share * (10 - 1) / (n - 1)
    assert np.abs(both - expected).max() < 5 * (expected / times) ** 0.5


def test_another_seed_and_another_round_draw_others() -> None:
    one, again, other, later = (drawn(s, r, 0.5, BLOCK) for s, r in ((0, 0), (0, 0), (1, 0), (0, 1)))
    np.testing.assert_array_equal(one, again)
    for each in (other, later):
        assert abs(len(np.intersect1d(one, each)) - BLOCK / 4) < 5 * (BLOCK / 16) ** 0.5


def test_rounds_on_all_rows_are_those_without_a_share() -> None:
    X, y = events(2_000)
    plain, asked = (BoostingRegressor(max_iter=5, **more).fit(X, y) for more in ({}, {"max_samples": 1.0}))
    np.testing.assert_array_equal(plain.predict(X), asked.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma"])
def test_what_each_round_says_is_told_to_the_rows_that_it_did_not_draw(loss) -> None:
    """Else later rounds would say the same again: the trees of a fit sum to far more than the target."""
    X, y = events(3_000)
    y = np.exp(0.3 * y)
    some, rest = slice(0, 2_000), slice(2_000, None)
    part, whole = (
        BoostingRegressor(loss, max_iter=60, max_samples=share, random_state=0).fit(X[some], y[some])
        for share in (0.3, 1.0)
    )
    errors = [np.abs(each.predict(X[rest]) - y[rest]).mean() for each in (part, whole)]
    assert errors[0] < 1.1 * errors[1] < 0.6 * np.abs(y - np.median(y)).mean()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_are_told_apart_as_well_by_rounds_on_a_part(n_classes) -> None:
    X, target = events(9_000, seed=1)
    y = np.digitize(target, np.quantile(target, np.arange(1, n_classes) / n_classes))
    part, whole = (
        BoostingClassifier(max_iter=40, max_samples=share, random_state=0).fit(X[:6000], y[:6000])
        for share in (0.3, 1.0)
    )
    areas = [roc_auc_score(y[6000:] == 0, each.predict_proba(X[6000:])[:, 0]) for each in (part, whole)]
    assert areas[0] > areas[1] - 0.01 > 0.85


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_two_threads_draw_and_grow_the_same_trees(share) -> None:
    X, y = events(60_000)
    one, two = (
        BoostingRegressor(max_iter=4, max_samples=share, random_state=3, n_jobs=jobs).fit(X, y)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


def test_weights_in_any_unit_draw_the_same_events_and_grow_the_same_trees() -> None:
    X, y = events(2_000)
    w = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    one, other = (
        BoostingRegressor(max_iter=8, max_samples=0.5, random_state=0, min_samples_leaf=20 * by).fit(
            X, y, by * w
        )
        for by in (1.0, 1024.0)
    )
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=0, atol=1e-5)


def test_events_without_weight_are_never_drawn() -> None:
    X, y = events(2_000)
    w = np.repeat([1.0, 0.0], 1_000)
    some = BoostingRegressor(max_iter=8, max_samples=0.5, random_state=0).fit(X, y, w)
    alone = BoostingRegressor(max_iter=8, max_samples=0.5, random_state=0).fit(X[:1_000], y[:1_000])
    np.testing.assert_array_equal(some.predict(X), alone.predict(X))


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, True, "half", np.nan])
def test_a_share_that_is_none_is_refused(share) -> None:
    X, y = events(50)
    with pytest.raises(InputError, match="max_samples"):
        BoostingRegressor(max_samples=share).fit(X, y)


def test_the_engine_that_knows_no_share_says_so() -> None:
    with pytest.raises(InputError, match="exact"):
        kind("boosting").checked({"engine": "exact", "max_samples": 0.5})
    assert kind("boosting").checked({"engine": "exact", "max_samples": 1.0})["max_samples"] == 1.0


@pytest.mark.parametrize(("n", "share"), [(512, 0.5), (1024, 0.25), (2048, 0.5)])
def test_draws_whose_number_is_a_power_of_two_are_held_whatever_their_weight(n, share) -> None:
    X, y = events(n)
    plain, weighed = (
        BoostingRegressor(max_iter=30, max_samples=share, random_state=0, min_samples_leaf=20 * w).fit(
            X, y, np.full(n, w)
        )
        for w in (1.0, 0.7)
    )
    np.testing.assert_allclose(weighed.predict(X), plain.predict(X), rtol=0, atol=1e-3)


def test_a_share_of_which_no_leaf_could_weigh_enough_is_refused() -> None:
    X, y = events(300)
    with pytest.raises(InputError, match=r"max_samples = 0\.1 draws .* min_samples_leaf = 20"):
        BoostingRegressor(max_samples=0.1, min_samples_leaf=20).fit(X, y)
    BoostingRegressor(max_samples=0.2, min_samples_leaf=20).fit(X, y)
