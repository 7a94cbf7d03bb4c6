"""Selections: the columns they keep, in their order and by their names, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate

RNG = np.random.default_rng(3)
N, P = 400, 12
X = RNG.normal(size=(N, P))
LINEAR = 2.0 * X[:, 3] - 1.5 * X[:, 7] + 0.3 * RNG.normal(size=N)
LABELS = np.digitize(LINEAR, [-1.0, 1.0])


def test_the_names_of_the_chosen_columns_are_kept() -> None:
    model = L1Selection(2).fit(X, LINEAR)
    assert model.get_feature_names_out([f"c{j}" for j in range(P)]).tolist() == ["c3", "c7"]


MADE = [Univariate, RecursiveElimination, L1Selection]


@pytest.mark.parametrize("made", MADE)
def test_the_chosen_columns_pass_as_they_are(made) -> None:
    model = made(2).fit(X, LINEAR)
    np.testing.assert_array_equal(model.transform(X), X[:, [3, 7]])
    assert len(made(99).fit(X, LINEAR).chosen_) == P


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("n", [0, True, 1.5])
def test_what_is_no_number_of_columns_is_refused(made, n) -> None:
    with pytest.raises(InputError, match="no number of columns"):
        made(n).fit(X, LINEAR)


def test_an_unknown_measure_or_rank_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="measure"):
        Univariate(2, "chi2").fit(X, LINEAR)
    with pytest.raises(InputError, match="rank"):
        RecursiveElimination(2, "svm").fit(X, LINEAR)


def test_whole_numbers_are_classes_unless_it_is_said_that_they_are_not() -> None:
    y = np.array([1, 3, 0, 2])[np.digitize(X[:, 5], [-0.7, 0.0, 0.7])]  # no line tells these codes
    assert Univariate(1).fit(X, y).scores_[5] > 0.8
    assert Univariate(1, classification=True).fit(X, y).scores_[5] > 0.8
    assert Univariate(1, classification=False).fit(X, y).scores_[5] < 0.1
