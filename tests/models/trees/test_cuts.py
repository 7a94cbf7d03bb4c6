"""Cuts of nodes with more codes than bins: found roughly, then among all codes near by."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import BoostingRegressor, ForestRegressor, TreeRegressor
from fivesigma.models.trees.cuts import MOST_BINS, by_bins, near_cut


def node(seed: int, n_targets: int, gaps: bool):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(300, 3_000))
    code = rng.permutation(20 * n)[:n] + 1
    code = (code % 60_000 + 1).astype(np.uint16)
    y = np.tanh(4.0 * code / code.max() - rng.random())[:, None] + rng.standard_t(2.0, (n, n_targets))
    if gaps:
        code[rng.random(n) < 0.1] = 0
    return code, rng.integers(1, 4, n).astype(float), y


def worth(code, w, y, first, last, least) -> float:
    left = (first <= code) & (code <= last)
    if min(left.sum(), (~left).sum()) < least:
        return -1.0
    parts = [(w[side] @ y[side], w[side].sum()) for side in (left, ~left)]
    return float(sum((total**2).sum() / weight for total, weight in parts))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("gaps", [False, True])
def test_no_cut_near_the_rough_one_is_better_than_the_one_that_is_kept(seed, gaps) -> None:
    n_targets, least = 1 + seed % 2, 1 + seed % 7
    code, w, y = node(seed, n_targets, gaps)
    there = code[code > 0].astype(int)
    low, high, total = int(there.min()), int(there.max()), w @ y
    bins, left = np.zeros((256, 2 + n_targets)), np.empty(n_targets)
    rest = (w.sum(), bins, low, high)
    rough = by_bins(code, len(code), w, y, 0, least, *rest, bool(gaps), left, total, n_targets)
    found = near_cut(code, len(code), w, y, 0, least, *rest, left, total, n_targets, rough)
    assert not bins.any()
    assert high - low >= MOST_BINS
    assert found[0] >= rough[0] > 0
    assert found[1] == rough[1]
    assert worth(code, w, y, found[1], found[2], least) == pytest.approx(found[0], rel=1e-9)
    near = [last for last in np.unique(there) if abs(last - rough[2]) <= 100 and last < high]
    best = max((worth(code, w, y, found[1], last, least) for last in near), default=-1.0)
    assert found[0] >= best * (1 - 1e-12)


@pytest.mark.parametrize("n", [5_000, 20_000, 60_000])
def test_the_cut_of_many_rows_is_the_best_of_all(n) -> None:
    """One step anywhere, found by trying every cut: groups of codes are up to a thousand wide."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.permutation(n).astype(float)
        y = (x > rng.uniform(0.05, 0.95) * n) + 0.3 * rng.normal(size=n)
        left = np.cumsum(y[np.argsort(x)])[:-1]
        k = np.arange(1, n)
        every = left**2 / k + (y.sum() - left) ** 2 / (n - k)
        low = TreeRegressor(max_depth=1, min_samples_leaf=1).fit(x[:, None], y).predict(x[:, None]) < 0.5
        found = y[low].sum() ** 2 / low.sum() + y[~low].sum() ** 2 / (~low).sum()
        assert found >= every.max() * (1 - 1e-9)


@pytest.mark.parametrize("n_far", [1, 7, 40, 79])
@pytest.mark.parametrize("above", [False, True])
def test_rows_far_off_are_cut_from_the_others_where_codes_fall_together(n_far, above) -> None:
    code = np.arange(1, 5001, dtype=np.uint16)
    y = np.where(code > 5000 - n_far if above else code <= n_far, 100.0, 0.0)[:, None]
    w, bins, left = np.ones(5000), np.zeros((256, 3)), np.empty(1)
    found = by_bins(code, 5000, w, y, 0, 1, 5000.0, bins, 1, 5000, False, left, w @ y, 1)
    assert found[1:] == (0, 5000 - n_far if above else n_far)
    assert found[0] == pytest.approx(n_far * 100.0**2)


@pytest.mark.parametrize(
    "made", [TreeRegressor, lambda: ForestRegressor(40, random_state=0), BoostingRegressor]
)
def test_a_value_that_is_missing_where_none_was_goes_with_the_many(made) -> None:
    """Three quarters of all events are on the right: what is missing is likelier to be one of them."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.uniform(0, 1, 250), rng.uniform(2, 3, 750)])[:, None]
    y = np.where(X[:, 0] > 1.5, 10.0, 0.0)
    unknown = np.array([[np.nan]])
    model = made()
    assert model.fit(X, y).predict(unknown)[0] == pytest.approx(10.0, abs=0.1)
    assert model.fit(-X, y).predict(unknown)[0] == pytest.approx(10.0, abs=0.1)


def test_weights_say_which_side_is_heavier() -> None:
    X, y = np.array([[0.0], [1.0], [1.0], [1.0]]), np.array([0.0, 5.0, 5.0, 5.0])
    for w, expected in ((np.array([1.0, 1, 1, 1]), 5.0), (np.array([9.0, 1, 1, 1]), 0.0)):
        model = TreeRegressor(min_samples_leaf=1).fit(X, y, w)
        assert model.predict([[np.nan]])[0] == expected
