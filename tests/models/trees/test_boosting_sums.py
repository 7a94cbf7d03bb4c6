"""Slopes as whole numbers: what they are told by, how finely, and that their sums know no order."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import BoostingClassifier, BoostingRegressor
from fivesigma.models.trees import boosting_sums as sums
from fivesigma.models.trees.boosting_rounds import in_units

N = 6000


def told_rows(slope, curvature, w):
    """Return how rows are told, and slope, curvature and weight of each as they are told."""
    counts, unit = in_units(w)
    sizes = np.zeros((-(-len(slope) // sums.BLOCK), 3))
    sums.block_sizes(slope, curvature, 0, len(slope), sizes)
    total = float(np.abs(w).sum())
    made = sums.words_of(sizes, counts, unit, total, len(curvature) > 0, len(slope))
    words = np.zeros(3 * len(slope), np.int64)
    sums.tell(made, slope, curvature, counts, w, 0, len(slope), words)
    rows = words[: made.n * len(slope)].reshape(len(slope), made.n)
    each = np.array([sums.told(made, row) for row in rows]) * [1.0, 1.0, made.weight]
    whole = np.array(sums.told(made, rows.sum(axis=0))) * [1.0, 1.0, made.weight]
    return made.n, each, whole


@pytest.mark.parametrize(
    ("curved", "weights", "n_words"),
    [(False, "one", 1), (False, "equal", 1), (True, "whole", 2), (False, "any", 3), (True, "signed", 3)],
)
def test_rows_are_told_by_few_words_and_finely(curved, weights, n_words) -> None:
    rng = np.random.default_rng(0)
    slope = rng.normal(size=N)
    curvature = rng.uniform(0.01, 0.25, N) if curved else np.empty(0)
    w = {
        "one": np.ones(N),
        "equal": np.full(N, 0.3),
        "whole": rng.integers(1, 5, N) * 0.1,
        "any": rng.uniform(0.1, 2.0, N),
        "signed": rng.choice([-1.0, 2.0], N),
    }[weights]
    n, each, whole = told_rows(slope, curvature, w)
    assert n == n_words
    h = curvature if curved else np.ones(N)
    for column, values in enumerate((w * slope, w * h, np.abs(w))):
        np.testing.assert_allclose(each[:, column], values, atol=2e-7 * np.abs(values).max())
        assert whole[column] == pytest.approx(values.sum(), rel=1e-6, abs=1e-5)


def test_one_target_far_from_the_others_does_not_blur_them() -> None:
    slope = np.random.default_rng(0).normal(size=N)
    slope[7] = 1e12
    n, each, _ = told_rows(slope, np.empty(0), np.ones(N))
    assert n == 2  # a word for the slope alone
    np.testing.assert_allclose(each[:, 0], slope, atol=1e-2)
    assert told_rows(np.where(slope > 1e6, 100.0, slope), np.empty(0), np.ones(N))[0] == 1
    X = np.random.default_rng(1).normal(size=(N, 2))
    y = (X[:, 0] > 0) + 0.1 * slope
    y[7] = 1e6
    model = BoostingRegressor(max_iter=1, max_leaf_nodes=2, learning_rate=1.0).fit(X[:, :1], y)
    np.testing.assert_allclose(
        model.predict([[-9.0], [9.0]]).sum(), sum(y[side].mean() for side in sides(model, X[:, 0])), rtol=1e-6
    )


def sides(model, x):
    cut = model._trees.bins.edges[model._trees.cut[0] - 1]
    return x <= cut, x > cut


@pytest.mark.parametrize("curved", [False, True])
def test_copies_of_rows_have_the_words_of_their_weight(curved) -> None:
    rng = np.random.default_rng(0)
    slope, k = rng.normal(size=N), rng.integers(1, 4, N)
    curvature = rng.uniform(size=N) if curved else np.empty(0)
    weighed = told_rows(slope, curvature, k.astype(float))
    copied = told_rows(
        np.repeat(slope, k), np.repeat(curvature, k) if curved else curvature, np.ones(k.sum())
    )
    assert weighed[0] == copied[0]
    assert weighed[2].tobytes() == copied[2].tobytes()


@pytest.mark.parametrize("size", [1.0, 300.0, 1e5])
def test_curvatures_are_told_finely_however_large_counts_are(size) -> None:
    rng = np.random.default_rng(0)
    slope, curvature, k = rng.normal(size=N), rng.uniform(1e-2, 0.25, N), rng.integers(1, 3, N).astype(float)
    k[0] = 1 / size  # one event of weight 1, so that no larger unit serves
    n, each, _ = told_rows(slope, curvature, size * k)
    assert n == (3 if size > 1e3 else 2)
    np.testing.assert_allclose(
        each, np.transpose([slope, curvature, 1 + 0 * k]) * (size * k)[:, None], rtol=0.03
    )
    w = np.ones(N)
    w[7] = size * 1e3
    copied = told_rows(np.repeat(slope, 2), np.repeat(curvature, 2), np.repeat(w, 2))
    weighed = told_rows(slope, curvature, 2 * w)
    assert weighed[0] == copied[0]
    assert weighed[2].tobytes() == copied[2].tobytes()


@pytest.mark.parametrize("size", [10.0, 1e4, 3e5, 1e6, 1e9])
@pytest.mark.parametrize("loss", ["classes", "poisson", "gamma"])
def test_the_size_of_whole_weights_does_not_matter_where_leaves_are_as_heavy(loss, size) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3))
    y = rng.poisson(np.exp(X[:, 0])) + (loss == "gamma")
    make, told = (
        (BoostingClassifier, "decision_function") if loss == "classes" else (BoostingRegressor, "predict")
    )
    found, expected = (
        getattr(
            make(
                None if loss == "classes" else loss,
                max_iter=60,
                min_samples_leaf=20 * w,
            ).fit(X, y > 1 if loss == "classes" else y, sample_weight=np.full(1500, w)),
            told,
        )(X)
        for w in (size, 1.0)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("n", [256, 512, 1024])
@pytest.mark.parametrize("weight", [0.3, 0.7, 0.1, 1.0000000000000004, 1 / 3])
def test_counts_that_reach_a_power_of_two_are_held_however_their_weights_are_summed(n, weight) -> None:
    X = np.arange(float(n))[:, None]
    plain, weighed = (
        BoostingRegressor(max_iter=20, min_samples_leaf=20 * w).fit(X, X[:, 0] % 64, np.full(n, w))
        for w in (1.0, weight)
    )
    np.testing.assert_allclose(weighed.predict(X), plain.predict(X), rtol=0, atol=1e-3)
