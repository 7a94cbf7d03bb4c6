"""Near copies are copies, and not rows that lie close by chance."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.audit import audit
from fivesigma.data.dataset import Dataset


def near(X):
    y = np.random.default_rng(0).normal(size=len(X))
    return [each for each in audit(Dataset.from_arrays(X, y)) if each.check == "near duplicates"]


def rounded(X, digits):
    return np.array([[float(f"{value:.{digits}g}") for value in row] for row in X])


@pytest.mark.parametrize(
    "turn",
    [
        lambda X: X.astype(np.float32).astype(float),
        lambda X: rounded(X, 6),
        lambda X: -X,
        lambda X: X * [1000.0, 1.0, 1.0, 1.0],
        lambda X: X * [-0.1, 1.0, 1.0, -1.0],
    ],
)
def test_a_copy_is_found_whatever_became_of_it(turn):
    X = np.random.default_rng(1).normal(size=(1000, 4))
    [found] = near(np.concatenate([X, turn(X[:30])]))
    assert found.message.startswith("30 pairs")
    assert found.rows


def test_rows_of_one_quantity_and_its_powers_are_close_by_chance():
    x = np.random.default_rng(2).uniform(1, 2, 20_000)
    assert near(np.column_stack([x, x**2, x**3])) == []


def test_rows_on_a_grid_are_no_copies():
    X = np.round(np.random.default_rng(3).normal(size=(2000, 3)), 1)
    assert near(X) == []


def test_exact_copies_are_counted_as_such():
    X = np.random.default_rng(4).normal(size=(500, 4))
    both = np.concatenate([X, X[:40]])
    assert near(both) == []
    [found] = [each for each in audit(Dataset.from_arrays(both)) if each.check == "duplicates"]
    assert found.message.startswith("40 of 540")
    assert found.rows[:3] == (500, 501, 502)
