"""Quantiles from the leaves of a forest against a slow twin, which adds the shares of all training rows up."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.saved_state import SavedState, UnsoundStateError
from fivesigma.models.trees.leaves import Leaves

LEVELS = np.array([1e-6, 0.025, 0.16, 0.5, 0.84, 0.975, 1 - 1e-6])


def slow(train, leaves, y, w, levels):
    """Return the quantiles of rows that end in ``leaves`` (n, T), all shares of all training rows side by side."""
    found = np.empty((len(leaves), len(levels)))
    for i, leaf in enumerate(leaves):
        together = train == leaf
        share = (together * w[:, None] / (together * w[:, None]).sum(axis=0)).mean(axis=1)
        found[i] = y[np.searchsorted(np.cumsum(share), levels - 1e-12).clip(max=len(y) - 1)]
    return found


def drawn(seed: int):
    """Leaves of training rows and of others, nodes of trees one behind the other; more rows than buckets, or fewer."""
    rng = np.random.default_rng(seed)
    n, T, size = (
        int(rng.choice([1, 7, 511, 512, 513, 1024, 3001])),
        int(rng.integers(1, 9)),
        int(rng.integers(1, 40)),
    )
    begun = np.arange(T) * size
    train = rng.integers(0, size, (n, T)) + begun
    others = np.stack([rng.choice(column, 30) for column in train.T], axis=1)
    y = np.sort(rng.integers(0, 50, n).astype(float) if seed % 2 else rng.normal(size=n))
    w = rng.integers(1, 4, n).astype(float) if seed % 3 else np.full(n, 0.3)
    return train.astype(np.int32), others.astype(np.int32), T * size, y, w


@pytest.mark.parametrize("seed", range(60))
def test_quantiles_are_those_of_all_shares_side_by_side(seed) -> None:
    train, others, n_nodes, y, w = drawn(seed)
    found = Leaves.of(train, n_nodes).quantiles(others, y, w, LEVELS)
    np.testing.assert_array_equal(found, slow(train, others, y, w, LEVELS))


@pytest.mark.parametrize("seed", range(6))
def test_rows_stand_once_in_each_tree_in_their_leaf_and_in_order(seed) -> None:
    train, _, n_nodes, _, _ = drawn(seed)
    leaves = Leaves.of(train, n_nodes)
    for node in range(n_nodes):
        own = leaves.rows[leaves.starts[node] : leaves.starts[node + 1]]
        np.testing.assert_array_equal(own, np.flatnonzero((train == node).any(axis=1)))


def test_a_quantile_in_the_middle_of_two_trees_is_the_lower_row() -> None:
    leaves = Leaves.of(np.array([[0, 2], [0, 2], [1, 3], [1, 3]], np.int32), 4)
    found = leaves.quantiles(
        np.array([[0, 3]], np.int32), np.arange(4.0), np.ones(4), np.array([0.25, 0.5, 0.51])
    )
    assert found.tolist() == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize("seed", range(10))
def test_the_unit_of_weights_does_not_matter_and_a_weight_of_k_is_k_copies(seed) -> None:
    train, others, n_nodes, y, _ = drawn(seed)
    k = np.random.default_rng(seed).integers(1, 4, len(y))
    at = np.repeat(np.arange(len(y)), k)
    leaves = Leaves.of(train, n_nodes)
    expected = Leaves.of(train[at], n_nodes).quantiles(others, y[at], np.ones(len(at)), LEVELS)
    for unit in (1.0, 1e-200, 1e200):
        np.testing.assert_array_equal(leaves.quantiles(others, y, unit * k, LEVELS), expected)


def test_more_shares_than_there_was_room_for_are_all_added_up() -> None:
    n, T = 900, 6
    train = np.tile(np.arange(T, dtype=np.int32), (n, 1))
    y = np.arange(n, dtype=float)
    found = Leaves.of(train, T).quantiles(train[:2], y, np.ones(n), np.array([0.1, 0.5]))
    assert found.tolist() == [[89.0, 449.0]] * 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rows", np.array([0, 1, 2], np.int64), "uint32"),
        ("starts", np.array([0, 2, 1, 3]), "where rows of nodes begin"),
        ("starts", np.array([0, 2]), "where rows of nodes begin"),
        ("starts", np.array([0, 1, 3], np.int32), "int64"),
    ],
)
def test_a_state_that_no_fit_leaves_is_refused(name, value, said) -> None:
    sound = {"rows": np.array([0, 1, 2], np.uint32), "starts": np.array([0, 1, 3])}
    Leaves(**sound).check_state(SavedState(Leaves(**sound)))
    broken = Leaves(**{**sound, name: value})
    with pytest.raises(UnsoundStateError, match=said):
        broken.check_state(SavedState(broken))
