"""Trees that are grown together in one call are those that are grown alone, and those of the kernels."""

import numpy as np
import pytest

from fivesigma.models.trees import counts_kernel as counts
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees import forest_loop
from fivesigma.models.trees.binning import Bins
from fivesigma.models.trees.forest_loop import Sample, grown
from fivesigma.models.trees.nodes import room_for

N_TREES = 7


def sample(rng: np.random.Generator, n_targets: int = 1, n_draws: int = 0, weighted: bool = False) -> Sample:
    n = 60
    X = rng.normal(size=(n, 3)).round(1)
    X[rng.random((n, 3)) < 0.1] = np.nan
    w = rng.uniform(0.5, 2.0, n) if weighted else np.ones(n)
    y = (
        (rng.random((n, n_targets)) < 0.5).astype(float)
        if n_targets == 1
        else rng.normal(size=(n, n_targets))
    )
    whole = n_targets == 1 and counts.countable(w, n_draws)
    return Sample(Bins.of(X, w, 30).codes(X), w, y, 5, n_draws, whole)


def limits(drawn: bool = False) -> kernel.Limits:
    return kernel.Limits(2, 2, 2**31 - 1, drawn)


def nodes(parts: list[forest_loop.Part]) -> list[bytes]:
    sizes = np.concatenate([each for _, each in parts])
    columns = zip(*(trees for trees, _ in parts), strict=True)
    return [sizes.tobytes(), *(np.concatenate(column).tobytes() for column in columns)]


@pytest.mark.parametrize(
    ("n_targets", "n_draws", "weighted"),
    [(1, 40, True), (1, 0, False), (1, 0, True), (2, 40, False)],
)
@pytest.mark.parametrize("drawn", [False, True])
def test_trees_do_not_depend_on_how_many_are_grown_at_once_nor_on_threads(
    monkeypatch, n_targets, n_draws, weighted, drawn
) -> None:
    given = sample(np.random.default_rng(0), n_targets, n_draws, weighted)
    together = nodes(grown(given, limits(drawn), N_TREES, 1))
    assert nodes(grown(given, limits(drawn), N_TREES, 3)) == together
    monkeypatch.setattr(forest_loop, "_AT_ONCE", 1)
    assert nodes(grown(given, limits(drawn), N_TREES, 1)) == together


@pytest.mark.parametrize("n_draws", [0, 40])
@pytest.mark.parametrize("whole", [False, True])
def test_each_tree_is_that_of_the_kernel_on_its_own_rows(n_draws, whole) -> None:
    given = sample(np.random.default_rng(1), n_draws=n_draws)._replace(whole=whole)
    parts = grown(given, limits(), N_TREES, 1)
    sizes = np.concatenate([each for _, each in parts])
    values = np.concatenate([trees.value for trees, _ in parts])
    for number, end in enumerate(np.cumsum(sizes)):
        if n_draws:
            state, rows = kernel.sampled(5, number, n_draws, given.w, given.y)
        else:
            state, rows = kernel.every(5, number, given.w, given.y)
        tree = room_for(2 * len(given.w), 1)
        n = kernel.grow(given.codes, rows, limits(), np.uint64(state), tree, None)
        np.testing.assert_array_equal(tree.value[:n], values[end - sizes[number] : end])


def test_a_tree_alone_is_the_first_of_many() -> None:
    given = sample(np.random.default_rng(2), n_draws=40)
    (alone,), many = grown(given, limits(), 1, 1), grown(given, limits(), N_TREES, 1)
    np.testing.assert_array_equal(alone[0].value, many[0][0].value)
