"""Folds of a column: its values in their order, whatever the seed; what they cannot be is one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.given_folds import crossing, with_folds
from fivesigma.risk.splits import make_split

X = np.random.default_rng(0).normal(size=(60, 2))
Y = np.arange(60) % 2
RUNS = np.array(["r10", "r2", "r7"])[np.arange(60) // 20]


def divided(**asked):
    return make_split(X, Y, task="classification", n_folds=2, **asked)


def test_every_value_is_a_fold_and_the_test_stays_what_it_is():
    split = divided()
    found = with_folds(split, RUNS, Y, column="run")
    assert found.n_folds == 3
    np.testing.assert_array_equal(np.array(["r10", "r2", "r7"])[found.folds], RUNS[split.train])
    np.testing.assert_array_equal(found.tests["test"], split.tests["test"])
    assert found.sha256 != split.sha256
    np.testing.assert_array_equal(with_folds(divided(seed=5), RUNS, Y, column="run").folds, found.folds)


def test_whole_numbers_are_in_their_order():
    found = with_folds(divided(test=None), np.array([10, 9, 2])[np.arange(60) // 20], Y, column="run")
    assert found.folds[[0, 20, 40]].tolist() == [2, 1, 0]


def test_a_value_of_test_rows_alone_is_no_fold():
    split = divided(test_rows={"late": np.arange(40, 60)})
    assert with_folds(split, RUNS, Y, column="run").n_folds == 2


@pytest.mark.parametrize(
    ("labels", "y", "said"),
    [
        (np.full(60, "a"), Y, "run has 1 value among the training events; expected 2 to 1000"),
        (RUNS, (np.arange(60) >= 40).astype(int), "class 's' stands where run is 'r7' alone"),
    ],
)
def test_what_cannot_be_folds_is_one_sentence(labels, y, said):
    with pytest.raises(InputError, match=said):
        with_folds(divided(test=None), labels, y, column="run", classes=("b", "s"))


def test_more_values_than_folds_may_be_are_refused():
    many = make_split(np.arange(1500.0)[:, None], None, task="regression", test=None, n_folds=2)
    with pytest.raises(InputError, match="run has 1500 values"):
        with_folds(many, np.arange(1500), None, column="run")


def test_groups_that_cross_given_folds_are_counted():
    split = divided(test=None, groups=np.arange(60) % 20)
    assert crossing(with_folds(split, RUNS, Y, column="run")) == 20
    split = divided(test=None, groups=np.arange(60) // 10)
    assert crossing(with_folds(split, RUNS, Y, column="run")) == 0
