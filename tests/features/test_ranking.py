"""What a column says about the target: hand-worked, against scikit-learn, and what no line sees."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.feature_selection import f_classif, f_regression

from fivesigma._core.errors import InputError
from fivesigma.features import ranking
from fivesigma.features.ranking import (
    eliminated,
    entered,
    explained,
    forest_size,
    linear_size,
    mutual_information,
    responses,
)
from fivesigma.models.trees import ExtraTreesClassifier, ExtraTreesRegressor

RNG = np.random.default_rng(3)
N, P = 400, 12
X = RNG.normal(size=(N, P))
LINEAR = 2.0 * X[:, 3] - 1.5 * X[:, 7] + 0.3 * RNG.normal(size=N)
LABELS = np.digitize(LINEAR, [-1.0, 1.0])
ONES = np.ones(N)


def test_the_share_explained_is_that_of_the_f_test() -> None:
    found = explained(X, LINEAR, ONES, classification=False)
    np.testing.assert_allclose(found / (1 - found) * (N - 2), f_regression(X, LINEAR)[0], rtol=1e-9)
    between = explained(X, LABELS, ONES, classification=True)
    np.testing.assert_allclose(between / (1 - between) * (N - 3) / 2, f_classif(X, LABELS)[0], rtol=1e-9)


def test_mutual_information_sees_what_a_line_does_not() -> None:
    y = X[:, 5] ** 2
    found = mutual_information(X, y, ONES, classification=False)
    assert found.argmax() == 5
    assert np.abs(np.delete(found, 5)).max() < 0.1 < found[5]
    assert explained(X, y, ONES, classification=False)[5] < 0.1


def test_the_response_of_two_classes_is_one_column_and_of_three_is_three() -> None:
    assert responses(LABELS > 0, True).shape == (N, 1)
    np.testing.assert_array_equal(responses(LABELS, True).sum(axis=1), 1.0)
    assert responses(LINEAR, False).shape == (N, 1)


def test_the_size_of_a_coefficient_is_the_same_from_either_side() -> None:
    wide = X[:8]
    both = [
        linear_size(table, target, np.ones(len(table)), classification=False)
        for table, target in ((wide, LINEAR[:8]), (np.vstack([wide, wide]), np.tile(LINEAR[:8], 2)))
    ]
    np.testing.assert_allclose(*both, rtol=1e-6)


def _ours(made):
    return partial(ranking.forest_size, forest=made(100, min_samples_leaf=5, random_state=0))


@pytest.mark.parametrize(
    "by", [*ranking.SIZES.values(), _ours(ExtraTreesRegressor)], ids=[*ranking.SIZES, "our forest"]
)
def test_elimination_leaves_what_was_planted(by) -> None:
    left = eliminated(X, LINEAR, ONES, 2, by=by, step=0.2, classification=False)
    assert left.tolist() == [3, 7]


def test_a_system_that_is_too_large_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(ranking, "MOST_COLUMNS", 10)
    with pytest.raises(InputError, match="at most 10 columns"):
        eliminated(X, LINEAR, ONES, 2, by=linear_size, step=0.1, classification=False)


@pytest.mark.parametrize(("y", "classes"), [(LINEAR, False), (LABELS, True), (LABELS > 0, True)])
def test_what_an_l1_penalty_takes_in_first_was_planted(y, classes) -> None:
    assert 3 in entered(X, y, ONES, 2, classification=classes)


def test_a_constant_target_chooses_the_first_columns() -> None:
    assert entered(X, np.full(N, 0.1), ONES, 3, classification=False).tolist() == [0, 1, 2]


@pytest.mark.parametrize("made", [ExtraTreesClassifier, ExtraTreesRegressor])
def test_a_forest_of_ours_says_what_scikit_learn_s_does(made) -> None:
    classes = made is ExtraTreesClassifier
    w = np.random.default_rng(5).uniform(0.5, 2.0, N)
    target = LABELS if classes else LINEAR
    ours = _ours(made)(X, target, w, classification=classes)
    theirs = forest_size(X, target, w, classification=classes)
    assert ours.sum() == pytest.approx(1.0)
    assert set(np.argsort(ours)[-2:]) == {3, 7}
    np.testing.assert_allclose(ours, theirs, atol=0.04)
