"""Folds: the score of each, its interval, and the difference of two predictions, paired."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import r2_score

from fivesigma.risk.evidence import compare_cross_validated, cross_validated
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.study.evidence.folds import Folds, Orders
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
    score = folds.score(R2, folds.scored(R2, [prediction]))
    assert score.value - score.low == pytest.approx((spread.high - spread.low) / 2)
    assert score.method == spread.method
    near = folds.scored(R2, [prediction + 0.0])
    near = dataclasses.replace(near, pooled_each=np.array([0.999]))
    assert folds.score(R2, near).high == 1.0


def test_what_is_biased_undefined_or_of_few_events_has_no_interval():
    study = prepared("classification")
    prediction = said(study, 1.0, output=Output.PROBABILITY)
    folds, accuracy = folds_of(study), metric("accuracy")
    assert "biased at finite size" in folds.score(ECE, folds.scored(ECE, [prediction])).method
    nowhere = dataclasses.replace(folds.scored(accuracy, [prediction]), pooled_each=np.array([np.nan]))
    undefined = folds.score(accuracy, nowhere)
    assert (undefined.value, undefined.low) == (None, None)
    few = prepared()
    w = np.full(few.data.n_samples, 1e-9)
    w[few.split.train[0]] = 1.0
    few = dataclasses.replace(few, data=dataclasses.replace(few.data, w=w))
    folds = folds_of(few)
    good, bad = (folds.scored(R2, [said(few, noise)]) for noise in (0.2, 0.4))
    assert "fewer than" in folds.score(R2, good).method
    refused = folds.difference(R2, good, bad, one_sided=True)
    assert (refused.difference, refused.one_sided) == (None, True)
    assert "fewer than" in refused.method


def test_a_difference_is_of_merits_paired_by_fold():
    study = prepared()
    folds, rmse = folds_of(study), metric("rmse")
    good, bad = said(study, 0.3), said(study, 1.5, seed=1)
    found = folds.difference(rmse, folds.scored(rmse, [good]), folds.scored(rmse, [bad]))
    n_fit, n_validation = folds.sizes
    value = folds.pooled(rmse, bad) - folds.pooled(rmse, good)
    expected = compare_cross_validated(
        folds.values(rmse, good),
        folds.values(rmse, bad),
        n_fit=n_fit,
        n_validation=n_validation,
        greater_is_better=False,
        units=float(len(study.split.train)),
        value=value,
    )
    assert found.difference == pytest.approx(value)
    assert found.difference > 0
    assert found.sigma_local == pytest.approx(expected.sigma_local)
    assert folds.several


def test_the_events_of_all_folds_are_counted_once_for_all_metrics_of_a_sort():
    folds = folds_of(prepared("clustering"))
    first = folds.whole(metric("overlap"))
    assert folds.whole(metric("adjusted_rand")) is first
    assert folds.whole(metric("log_likelihood")) is not first


# --- what the score of several folds is ------------------------------------------------------------------------------


def probabilities(p):
    return np.column_stack([1 - p, p])


@pytest.mark.parametrize("each", [m for m in METRICS.values() if m.scores is Output.PROBABILITY], ids=str)
def test_what_ranks_is_averaged_over_folds_and_everything_else_is_of_all_rows_at_once(each):
    study = prepared("classification", weights=True)
    folds, prediction, split = folds_of(study), said(study, 1.0, output=Output.PROBABILITY), study.split
    found = folds.score(each, folds.scored(each, [prediction]))
    w = [study.data.w[split.train[split.folds == k]].sum() for k in range(3)]
    mean = np.average(folds.values(each, prediction), weights=w)
    pooled = folds.pooled(each, prediction)
    assert found.pooled == pytest.approx(pooled)
    assert found.value == pytest.approx(mean if each.averaged and np.isfinite(mean) else pooled)


@pytest.mark.parametrize("seed", range(3))
def test_the_auc_of_a_constant_of_each_fold_is_one_half(seed):
    study = prepared("classification", split={"folds": 3, "test": 0.25, "stratify": False})
    folds, split, auc = folds_of(study), study.split, metric("roc_auc")
    means = np.random.default_rng(seed).uniform(0.4, 0.6, 3)
    found = folds.score(auc, folds.scored(auc, [probabilities(means[split.folds])]))
    assert found.value == 0.5
    assert found.pooled != 0.5


def test_a_fold_that_lacks_a_class_is_left_out_of_the_mean_and_that_is_said():
    study = prepared("classification")
    split, y = study.split, study.data.y.copy()
    y[split.train[split.folds == 1]] = 0
    study = dataclasses.replace(study, data=dataclasses.replace(study.data, y=y))
    folds, prediction, auc = folds_of(study), said(study, 1.0, output=Output.PROBABILITY), metric("roc_auc")
    values, scores = folds.values(auc, prediction), folds.scored(auc, [prediction])
    assert np.isnan(values).tolist() == [False, True, False]
    w = [np.count_nonzero(split.folds == k) for k in (0, 2)]
    found = folds.score(auc, scores)
    assert found.value == pytest.approx(np.average(values[[0, 2]], weights=w))
    assert found.low is not None
    assert "1 of 3 folds lacks a class and is left out" in found.method
    assert folds.difference(auc, scores, scores).difference == 0.0
    balanced = metric("balanced_accuracy")
    assert "not defined on every fold" in folds.score(balanced, folds.scored(balanced, [prediction])).method


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_fold_of_which_a_class_weighs_nothing_lacks_it(name):
    study = prepared("classification", weights=True)
    split, data = study.split, study.data
    gone = split.train[(split.folds == 1) & (data.y[split.train] == 1)]
    w = data.w.copy()
    w[gone] = 0.0
    study = dataclasses.replace(study, data=dataclasses.replace(data, w=w))
    folds, prediction, asked = folds_of(study), said(study, 1.0, output=Output.PROBABILITY), metric(name)
    scores, found = folds.scored(asked, [prediction]), folds.score(asked, folds.scored(asked, [prediction]))
    assert scores.lacking.tolist() == [[False, True, False]]
    assert found.value == pytest.approx(np.average(scores.each[0, [0, 2]], weights=scores.weights[0, [0, 2]]))
    assert "1 of 3 folds lacks a class and is left out" in found.method


def test_a_rejection_that_some_fold_leaves_unknown_is_of_all_rows_at_once():
    study = prepared("classification")
    folds, rejection = folds_of(study), metric("rejection_30")
    prediction = said(study, 0.4, output=Output.PROBABILITY)
    assert np.isnan(folds.values(rejection, prediction)).any()
    scores = folds.scored(rejection, [prediction])
    assert not scores.is_mean
    assert scores.value == pytest.approx(folds.pooled(rejection, prediction), nan_ok=True)


# --- repeats ---------------------------------------------------------------------------------------------------------

REPEATED = {"split": {"folds": 3, "test": 0, "repeats": 4}}


def test_a_score_of_repeats_is_their_mean_with_the_spread_within_them():
    study = prepared("classification", **REPEATED)
    folds, auc = folds_of(study), metric("roc_auc")
    every = [said(study, 1.0, seed=r, output=Output.PROBABILITY) for r in range(4)]
    scores = folds.scored(auc, every)
    alone = [folds.scored(auc, [each]) for each in every]
    assert scores.each.shape == (4, 3)
    assert scores.each[0].tolist() == alone[0].each[0].tolist()
    held = study.split.folds_of(2) == 1
    rows = study.split.train[held]
    assert scores.each[2, 1] == pytest.approx(auc.value(study.data.y[rows], every[2][held]))
    assert scores.value == pytest.approx(np.average(scores.each, weights=scores.weights))
    n_fit, n_validation = folds.sizes
    spread = cross_validated(
        scores.each,
        n_fit=n_fit,
        n_validation=n_validation,
        units=folds.whole(auc).units(additive=False),
    )
    found = folds.score(auc, scores)
    assert found.high - found.low == pytest.approx(spread.high - spread.low)
    assert "4 repeats" in found.method


def test_a_difference_is_taken_in_the_repeats_that_both_have():
    study = prepared("classification", **REPEATED)
    folds, brier = folds_of(study), metric("brier")
    good, bad = (
        [said(study, noise, seed=r, output=Output.PROBABILITY) for r in range(4)] for noise in (0.4, 2.0)
    )
    many, one = folds.scored(brier, good), folds.scored(brier, bad[:1])
    assert folds.difference(brier, many, folds.scored(brier, bad)).dof == 8.0
    shared = folds.difference(brier, many, one)
    assert shared.dof == 2.0
    assert shared.difference == pytest.approx(one.value - many.first(1).value)


@pytest.mark.parametrize(("prevalence", "stratify"), [("random", True), ("fixed", True), ("random", False)])
def test_stratified_folds_of_random_classes_are_told_what_the_fraction_brings(prevalence, stratify):
    study = prepared(
        "classification",
        split={"folds": 3, "test": 0.0, "stratify": stratify, "repeats": 1},
        evaluate={"bootstrap": 100, "prevalence": prevalence},
    )
    folds, accuracy, n = folds_of(study), metric("accuracy"), len(study.split.train)
    constant = folds.scored(accuracy, [np.tile([0.9, 0.1], (n, 1))])
    f = float(np.mean(study.data.y))
    between = folds.between(accuracy, constant.slopes)
    asked = prevalence == "random" and stratify
    assert between == pytest.approx(f * (1 - f) / n if asked else 0.0)
    assert ("class fractions" in folds.score(accuracy, constant).method) == asked
    same = folds.between(accuracy, constant.slopes, constant.slopes)
    assert same == pytest.approx(0.0, abs=1e-15)


def test_the_fraction_is_that_of_the_whole_table_of_which_folds_have_their_share():
    study = prepared("classification", split={"folds": 3, "test": 0.25})
    folds, accuracy = folds_of(study), metric("accuracy")
    constant = folds.scored(accuracy, [np.tile([0.9, 0.1], (len(study.split.train), 1))])
    f = float(np.mean(study.data.y))
    assert folds.between(accuracy, constant.slopes) == pytest.approx(
        f * (1 - f) / study.data.n_samples, rel=0.02
    )


def test_a_cut_is_chosen_once_for_a_prediction_and_rows_and_never_taken_from_another_prediction():
    rng, asked, orders = np.random.default_rng(5), [], Orders()
    y, rejection, asimov = (rng.random(60) < 0.5).astype(int), metric("rejection_50"), metric("asimov")
    said = [np.column_stack([1 - p, p]) for p in rng.random((2, 60))]
    for prediction in (said[0], said[0], said[1], said[0]):
        for chosen in (rejection, asimov):
            for key, rows in (("all", slice(None)), ("some", slice(0, 40))):

                def ordered(chosen=chosen, prediction=prediction, rows=rows):
                    asked.append(rows)
                    return chosen.selected(y[rows], prediction[rows])

                found = orders.cut(chosen, prediction, key, ordered, 1.0)
                assert found == chosen.cut(y[rows], prediction[rows])
    assert len(asked) == 2 * 3, "rows are put in order once for both metrics, and again for each prediction"
