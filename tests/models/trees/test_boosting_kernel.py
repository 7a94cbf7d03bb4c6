"""Trees of boosting against a slow twin that tries every split by hand, on tables with ties, weights and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import BoostingClassifier, BoostingRegressor, boosting_fit
from fivesigma.models.trees import boosting_rounds as rounds
from fivesigma.models.trees.binning import Bins

TIE = 1.0 + 1e-9


def splits_of(codes, rows, g, h, w, least, shrink):
    """Yield quality, column, and the rows that go left, of each split of ``rows`` in the order of the search."""
    for f in range(codes.shape[1]):
        here = codes[rows, f]
        for first in (0, 1) if (here == 0).any() else (1,):
            for cut in range(first, codes[:, f].max() + 1):
                left = (here >= first) & (here <= cut)
                sides = [rows[left], rows[~left]]
                if min(w[each].sum() for each in sides) < least * (1 - 1e-12) or not left.any() or left.all():
                    continue
                if min(h[each].sum() for each in sides) < 1e-3:
                    continue
                yield sum(g[each].sum() ** 2 / (h[each].sum() + shrink) for each in sides), sides


def by_hand(codes, g, h, w, leaves, depth, least, shrink):
    """Return the step of every row: the tree grown leaf by leaf, the largest gain first."""

    def best(rows, deep):
        own = g[rows].sum() ** 2 / (h[rows].sum() + shrink)
        top, found = own, None
        if deep < depth:
            for quality, sides in splits_of(codes, rows, g, h, w, least, shrink):
                if quality > top * TIE:
                    top, found = quality, sides
        return top - own if found else 0.0, found, rows, deep

    open_ = [best(np.arange(len(g)), 0)]
    while len(open_) < leaves:
        at = int(np.argmax([gain for gain, *_ in open_]))
        gain, sides, _, deep = open_[at]
        if gain <= 0.0:
            break
        open_[at] = best(sides[0], deep + 1)
        open_.append(best(sides[1], deep + 1))
    steps = np.zeros(len(g))
    for _, _, rows, _ in open_:
        steps[rows] = -g[rows].sum() / (h[rows].sum() + shrink)
    return steps


def table(seed):
    """A small table: few values or many, gaps, and weights that are all one, whole, or any."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(8, 60), rng.integers(1, 5)
    X = rng.integers(0, rng.choice([3, 8, 40]), (n, p)).astype(float)
    X[rng.random(X.shape) < rng.choice([0.0, 0.2])] = np.nan
    X[0] = 0.0
    y = np.nan_to_num(X[:, 0]) + rng.normal(size=n)
    w = [np.ones(n), rng.integers(1, 4, n).astype(float), rng.uniform(0.3, 3.0, n), np.full(n, 0.7)][seed % 4]
    return X, y, w, rng


@pytest.mark.parametrize("which", ["squared_error", "classes", "poisson"])
@pytest.mark.parametrize("block", range(4))
def test_a_tree_is_the_one_found_by_trying_every_split(which, block) -> None:
    for seed in range(45 * block, 45 * (block + 1)):
        X, y, w, rng = table(seed)
        limits = {
            "max_leaf_nodes": int(rng.integers(2, 9)),
            "max_depth": int(rng.integers(1, 5)),
            "min_samples_leaf": float(rng.choice([0, 1, 4])),
            "l2_regularization": float(rng.choice([0.0, 1.5])),
        }
        codes = Bins.of(X, w, 254).codes(X).T.astype(int)
        if which == "squared_error":
            model = BoostingRegressor(max_iter=1, learning_rate=1.0, **limits).fit(X, y, w)
            z = model._target.rounded(y)
            g, h, told = (
                -z,
                np.ones(len(z)),
                (model.predict(X) - np.average(y, weights=w)) / model._target.deviation,
            )
        elif which == "classes":
            labels = y > np.median(y)
            model = BoostingClassifier(max_iter=1, learning_rate=1.0, max_bins=254, **limits).fit(
                X, labels, w
            )
            p = w[labels].sum() / w.sum()
            g, h, told = (
                p - labels,
                np.full(len(y), p * (1 - p)),
                model.decision_function(X) - np.log(p / (1 - p)),
            )
        else:
            counts = rng.poisson(np.exp(0.1 * y)) + (np.arange(len(y)) == 0)
            model = BoostingRegressor("poisson", max_iter=1, learning_rate=1.0, **limits).fit(X, counts, w)
            mean = np.average(counts, weights=w)
            g, h, told = 1.0 - counts / mean, np.ones(len(y)), np.log(model.predict(X) / mean)
        limit = (limits["max_leaf_nodes"], limits["max_depth"], limits["min_samples_leaf"])
        expected = by_hand(codes, w * g, w * h, w, *limit, limits["l2_regularization"])
        np.testing.assert_allclose(told, expected, rtol=1e-7, atol=1e-8, err_msg=str((seed, limits)))


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_tells_more_values_apart_than_eight_bits_hold(seed) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(700, 2))
    X[rng.random(X.shape) < 0.1 * (seed % 2)] = np.nan
    y = np.where(np.nan_to_num(X[:, 0]) > np.nanquantile(X[:, 0], 0.9985), 50.0, 0.0) + np.nan_to_num(X[:, 1])
    codes = Bins.of(X, np.ones(700), 254, ends=True).codes(X)
    assert codes.dtype == np.uint16
    assert codes.max() > 300
    model = BoostingRegressor(max_iter=1, learning_rate=1.0, max_leaf_nodes=4, min_samples_leaf=1).fit(X, y)
    z, one = model._target.rounded(y), np.ones(700)
    told = (model.predict(X) - y.mean()) / model._target.deviation
    expected = by_hand(codes.T.astype(int), -z, one, one, 4, 3, 1, 0.0)
    np.testing.assert_allclose(told, expected, rtol=1e-7, atol=1e-8)
    assert ((told > 5.0) == (y > 40.0)).all(), "no bin holds the one event in five hundred and others"


def many(seed=0, n=9000):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, np.nan_to_num(X[:, 0] + X[:, 1] ** 2) + rng.normal(size=n), rng.uniform(0.5, 2.0, n)


CASES = {
    "two classes": (BoostingClassifier(max_iter=8), False),
    "weighted": (BoostingClassifier(max_iter=8), True),
    "large whole weights": (BoostingClassifier(max_iter=8), True),
    "three classes, columns drawn": (BoostingClassifier(max_iter=4, max_features=0.5, random_state=1), False),
    "squares": (BoostingRegressor(max_iter=8), False),
    "squares, weighted": (BoostingRegressor(max_iter=8), True),
    "absolute, rising": (
        BoostingRegressor("absolute_error", max_iter=8, monotonic_cst=[1, 0, 0, 0, 0]),
        True,
    ),
    "counts": (BoostingRegressor("poisson", max_iter=8), True),
    "own": (BoostingRegressor(lambda f, y: (f - y) ** 4, max_iter=4), False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_tree_has_the_same_bytes_in_any_number_of_threads(monkeypatch, case) -> None:
    monkeypatch.setattr(rounds, "_LEAST", 1)
    X, y, w = many()
    model, weighted = CASES[case]
    target = np.digitize(y, [0.0, 1.5]) if "three" in case else y > 1 if "Classifier" in str(model) else y
    target = np.floor(np.exp(y / 4)) if case == "counts" else target
    w = np.where(np.arange(len(w)) % 7 == 0, 3e5, 1.0) if "large" in case else w
    found = []
    for n_jobs in (1, 2):
        tree = model.set_params(n_jobs=n_jobs).fit(X, target, w if weighted else None)._trees
        found.append(b"".join(each.tobytes() for each in tree.tree))
    assert found[0] == found[1]


@pytest.mark.parametrize("case", CASES)
def test_a_tree_has_the_same_bytes_whether_codes_are_held_by_columns_too(monkeypatch, case) -> None:
    X, y, w = many()
    model, weighted = CASES[case]
    target = np.digitize(y, [0.0, 1.5]) if "three" in case else y > 1 if "Classifier" in str(model) else y
    target = np.floor(np.exp(y / 4)) if case == "counts" else target
    found = []
    for most in (1, 2**26):
        monkeypatch.setattr(boosting_fit, "_MANY", most)
        tree = model.set_params(n_jobs=1).fit(X, target, w if weighted else None)._trees
        found.append(b"".join(each.tobytes() for each in tree.tree))
    assert found[0] == found[1]


def test_a_thread_that_fails_leaves_no_other_waiting(monkeypatch) -> None:
    monkeypatch.setattr(rounds, "_LEAST", 1)
    grow = rounds.grow_all

    def failing(events, outputs, growth, shared, leaves, trees, newton, n_leaves):
        if leaves.part == 1:
            raise MemoryError("no room")
        grow(events, outputs, growth, shared, leaves, trees, newton, n_leaves)

    monkeypatch.setattr(rounds, "grow_all", failing)
    X, y, _ = many()
    with pytest.raises(MemoryError, match="no room"):
        BoostingRegressor(max_iter=2, n_jobs=2).fit(X, y)
