"""Repeats of a cross-validation: what they bring to the error of a score, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scenes.reps import NULLS, SCENES
from fivesigma.risk.evidence import compare_cross_validated, cross_validated
from fivesigma.risk.intervals import folds_dof, nadeau_bengio

SIZES = {"n_fit": 80, "n_validation": 20}


def scores(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.7, 0.05, shape)


def test_one_repeat_is_a_cross_validation():
    once = scores(5)
    assert cross_validated(once, **SIZES) == cross_validated(once[None], **SIZES)
    assert nadeau_bengio(once, 80, 20) == pytest.approx((1 / 5 + 20 / 80) * np.var(once, ddof=1))


def test_repeats_bring_degrees_of_freedom_and_no_events():
    many = scores(4, 5)
    assert nadeau_bengio(many, 80, 20) == pytest.approx(
        (1 / 5 + 1 / 4) * np.mean(np.var(many, axis=1, ddof=1))
    )
    assert folds_dof(many) == 16.0
    again = np.repeat(many[:1], 4, axis=0)
    assert nadeau_bengio(again, 80, 20) == pytest.approx(nadeau_bengio(many[0], 80, 20))
    assert folds_dof(scores(4, 2)) == 1.0, "two folds are each other's training set"
    assert folds_dof(many, units=10.0) == 9.0


def test_the_means_of_repeats_do_not_enter_the_spread():
    many = scores(4, 5)
    apart = many + np.array([[0.0], [0.3], [-0.2], [0.1]])
    assert nadeau_bengio(apart, 80, 20) == pytest.approx(nadeau_bengio(many, 80, 20))


def test_a_fold_without_a_score_is_left_out():
    many = scores(2, 5)
    many[1, 3] = np.nan
    found = cross_validated(many, **SIZES)
    assert found.value == pytest.approx(np.nanmean(many))
    assert "1 of 10 folds lacks a class and is left out" in found.method
    assert folds_dof(many) == 7.0
    assert cross_validated(np.full((2, 5), np.nan), **SIZES).value is None


def test_a_difference_of_repeats_costs_less_at_three_sigma():
    a, b = scores(5, 5), scores(5, 5, seed=1) - 0.2
    one, many = (
        compare_cross_validated(each[0], each[1], greater_is_better=True, **SIZES)
        for each in ((a[0], b[0]), (a, b))
    )
    assert (one.dof, many.dof) == (4.0, 20.0)
    assert many.sigma_local > 3 > one.sigma_local
    given = compare_cross_validated(a, b, greater_is_better=True, value=0.2, **SIZES)
    assert given.difference == 0.2
    assert given.t == pytest.approx(many.t * 0.2 / many.difference)


@pytest.mark.parametrize("name", sorted(NULLS))
def test_equal_procedures_are_not_told_apart(name):
    assert sum(NULLS[name].draw(np.random.default_rng([3, study])) for study in range(12)) <= 1


def test_an_interval_of_repeats_holds_the_score_of_the_procedure():
    drawn = [SCENES["repeats-auc-bayes"].draw(np.random.default_rng([4, study])) for study in range(12)]
    assert sum(low <= truth <= high for low, high, truth in drawn) >= 9
