"""Folds: the score of each, its interval, and the difference of two predictions, paired."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import r2_score

from fivesigma.risk.evidence import compare_cross_validated, cross_validated
from fivesigma.risk.metrics import metric
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.fit.prediction import Output
from tests.study.made import outcome, prepared

R2, ECE = metric("r2"), metric("ece")


def folds_of(study):
    return Folds(Parts(study, opened=False))


def said(study, noise, seed=0, output=Output.VALUE):
    return outcome(study, "m", noise, seed=seed).validation[output]


def test_the_value_of_a_fold_is_that_of_its_rows():
    study = prepared()
    prediction, split = said(study, 0.7), study.split
    y = study.data.y[split.train]
    expected = [r2_score(y[split.folds == k], prediction[split.folds == k]) for k in range(3)]
    assert folds_of(study).values(R2, prediction) == pytest.approx(expected)


def test_a_cut_is_chosen_on_the_other_folds():
    study = prepared("classification", weights=True)
    ams, prediction, split = metric("ams"), said(study, 1.0, output=Output.PROBABILITY), study.split
    folds, found = folds_of(study), []
    for k in range(3):
        rest = folds.cut(ams, prediction, (split.folds >= 0) & (split.folds != k))
        truth = folds.parts.of_rows(ams, split.train[split.folds == k])
        found.append(ams.value(truth.y, prediction[split.folds == k], truth.w, cut=rest, scale=truth.scale))
    assert folds.values(ams, prediction).tolist() == found


def test_a_score_has_the_interval_of_the_folds_inside_the_bounds_of_its_metric():
    study = prepared()
    folds, prediction = folds_of(study), said(study, 0.2)
    n_fit, n_validation = folds.sizes
    assert n_fit + n_validation == len(study.split.train)
    spread = cross_validated(folds.values(R2, prediction), n_fit=n_fit, n_validation=n_validation)
    score = folds.score(R2, prediction, 0.999)
    assert score.high == 1.0
    assert score.value - score.low == pytest.approx((spread.high - spread.low) / 2)
    assert score.method == spread.method


def test_what_is_biased_undefined_or_of_few_events_has_no_interval():
    study = prepared("classification")
    prediction = said(study, 1.0, output=Output.PROBABILITY)
    assert "biased at finite size" in folds_of(study).score(ECE, prediction, 0.1).method
    undefined = folds_of(study).score(metric("accuracy"), prediction, np.nan)
    assert (undefined.value, undefined.low) == (None, None)
    few = prepared()
    w = np.full(few.data.n_samples, 1e-9)
    w[few.split.train[0]] = 1.0
    few = dataclasses.replace(few, data=dataclasses.replace(few.data, w=w))
    folds = folds_of(few)
    assert "fewer than" in folds.score(R2, said(few, 0.2), 0.5).method
    refused = folds.difference(R2, said(few, 0.2), said(few, 0.4), one_sided=True)
    assert (refused.difference, refused.one_sided) == (None, True)
    assert "fewer than" in refused.method


def test_a_difference_is_of_merits_paired_by_fold():
    study = prepared()
    folds, rmse = folds_of(study), metric("rmse")
    good, bad = said(study, 0.3), said(study, 1.5, seed=1)
    found = folds.difference(rmse, good, bad)
    n_fit, n_validation = folds.sizes
    expected = compare_cross_validated(
        folds.values(rmse, good),
        folds.values(rmse, bad),
        n_fit=n_fit,
        n_validation=n_validation,
        greater_is_better=False,
        units=float(len(study.split.train)),
    )
    assert found.difference == pytest.approx(expected.difference)
    assert found.difference > 0
    assert found.sigma_local == pytest.approx(expected.sigma_local)
    assert folds.several


def test_the_events_of_all_folds_are_counted_once_for_all_metrics_of_a_sort():
    folds = folds_of(prepared("clustering"))
    first = folds.whole(metric("overlap"))
    assert folds.whole(metric("adjusted_rand")) is first
    assert folds.whole(metric("log_likelihood")) is not first
