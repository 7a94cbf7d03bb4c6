"""Near copies are copies, and not rows that lie close by chance."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.audit import audit
from fivesigma.data.dataset import Dataset
from fivesigma.data.roles import Roles


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


def told_apart(columns, **roles):
    [found] = [each for each in audit(read(columns, **roles)) if each.check == "duplicates"]
    return found


def read(columns, **roles):
    return Dataset.from_columns(columns, Roles(task="clustering", **roles), source="a table")


def test_events_of_few_distinct_features_are_no_copies_where_other_columns_differ():
    rng = np.random.default_rng(5)
    found = told_apart({"n": rng.integers(0, 4, 300), "pt": rng.normal(size=300)}, features=("n",))
    assert (found.status, found.message[:26]) == ("ok", "296 of 300 events have exa")
    assert "other columns tell them apart" in found.message


def test_copies_that_a_number_tells_apart_are_a_warning():
    rng = np.random.default_rng(6)
    X = np.concatenate([rng.normal(size=(300, 3)), np.zeros((20, 3))])
    X[300:] = X[:20]
    table = {**{name: X[:, j] for j, name in enumerate("abc")}, "number": np.arange(320)}
    found = told_apart(table, features=("a", "b", "c"))
    assert (found.status, found.rows[:2]) == ("warning", (300, 301))
    assert "give copies one value of a data.group" in found.advice
    table["number"][310:] = table["number"][10:20]
    assert "all but 10 of them apart" in told_apart(table, features=("a", "b", "c")).message
