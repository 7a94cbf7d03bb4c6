"""Deletion of the best and forward selection, fitted at once: steps, changes, and what an interruption leaves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import InputError
from fivesigma.explain.ablation import drop_best, forward_selection

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
X[:, 3] = X[:, 1] + 0.3 * X[:, 3]  # a stand-in for the best column
Y = X[:, 0] + 3 * X[:, 1] + 0.1 * RNG.normal(size=240)
FOLDS = [(np.flatnonzero(np.arange(240) % 5 != k), np.flatnonzero(np.arange(240) % 5 == k)) for k in range(5)]


def _fit(table, y, w):
    return LinearRegression().fit(table, y, sample_weight=w)


def test_the_best_column_goes_and_its_stand_in_takes_over() -> None:
    seen = []
    steps = drop_best(
        _fit, X, Y, "r2", folds=FOLDS, rng=np.random.default_rng(0), progress=lambda *at: seen.append(at)
    )
    assert [step.changed for step in steps] == [None, 1, 3, 0]
    assert [len(step.columns) for step in steps] == [4, 3, 2, 1]
    assert steps[1].ranking[0] == 3
    assert steps[0].change is None
    assert steps[2].change is not None
    assert steps[2].change.sigma_local < -3
    assert steps[0].score > steps[1].score > steps[2].score
    assert seen[-1] == (4, 4)


def test_forward_selection_begins_with_the_best_and_skips_its_stand_in() -> None:
    steps = forward_selection(_fit, X, Y, "r2", folds=FOLDS, n_columns=2, sample_weight=np.ones(240))
    assert [step.changed for step in steps] == [1, 0]
    assert steps[1].columns == (1, 0)
    assert steps[1].change is not None
    assert steps[1].change.sigma_local > 2


def test_bad_input_is_one_sentence() -> None:
    with pytest.raises(InputError, match="expected 1 to 3 rounds"):
        drop_best(_fit, X, Y, "r2", folds=FOLDS, rng=np.random.default_rng(0), rounds=4)
    with pytest.raises(InputError, match="cannot be dropped"):
        drop_best(_fit, X[:, :1], Y, "r2", folds=FOLDS, rng=np.random.default_rng(0))
    for wrong in (0, 5):
        with pytest.raises(InputError, match="expected 1 to 4, the columns of X"):
            forward_selection(_fit, X, Y, "r2", folds=FOLDS, n_columns=wrong)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_an_interrupted_ablation_goes_on_to_the_same_steps(after) -> None:
    def dropped(done):
        return drop_best(_fit, X, Y, "r2", folds=FOLDS, rng=np.random.default_rng(3), rounds=2, done=done)

    def added(done):
        return forward_selection(_fit, X, Y, "r2", folds=FOLDS, n_columns=3, done=done)

    for steps in (dropped, added):
        whole = steps(None)
        kept = list(whole[:after])
        again = steps(kept)
        assert len(kept) == len(whole)
        assert [step.columns for step in again] == [step.columns for step in whole]
        for one, two in zip(again, whole, strict=True):
            np.testing.assert_array_equal(one.scores, two.scores)
            assert one.ranking == two.ranking


def test_one_pair_of_rows_ranks_without_an_uncertainty() -> None:
    (first, *_) = drop_best(_fit, X, Y, "r2", folds=FOLDS[:1], rng=np.random.default_rng(0), rounds=1)
    assert first.error is not None
    assert np.isnan(first.error).all()
