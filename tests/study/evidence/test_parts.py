"""The events that scores are of: the rows of each part, their truth, and resamples that all models share."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.risk.metrics import metric
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.tasks.task import TRAIN, VALIDATION
from tests.study.made import prepared

R2, NLL, OVERLAP, DENSITY = (metric(name) for name in ("r2", "nll", "overlap", "log_likelihood"))


def test_sealed_tests_are_no_parts():
    study = prepared()
    assert Parts(study, opened=True).tests == ("test",)
    assert Parts(study, opened=False).tests == ()


@pytest.mark.parametrize("part", [TRAIN, VALIDATION, "test"])
def test_the_truth_of_a_part_is_that_of_its_rows(part):
    study = prepared(weights=True, groups=40)
    rows = study.split.tests["test"] if part == "test" else study.split.train
    truth = Parts(study, opened=True).truth(R2, part)
    rows = rows[truth.counts]
    np.testing.assert_array_equal(truth.y, study.data.y[rows])
    np.testing.assert_array_equal(truth.w, study.data.w[rows])
    np.testing.assert_array_equal(truth.groups, study.data.groups[rows])
    assert truth.scale * truth.w.sum() == pytest.approx(study.data.w.sum())


def test_of_one_validation_set_only_its_rows_count():
    study = prepared(split={"validation": 0.3, "test": 0.25})
    truth = Parts(study, opened=True).truth(R2, VALIDATION)
    held = study.split.train[study.split.folds >= 0]
    np.testing.assert_array_equal(study.split.train[truth.counts], held)
    assert 0 < len(held) < len(study.split.train)


def test_labels_that_no_truth_entered_count_on_all_rows_and_densities_where_a_fold_held_out():
    study = prepared("clustering", split={"validation": 0.3, "test": 0.0})
    parts = Parts(study, opened=True)
    assert len(parts.truth(OVERLAP, VALIDATION).y) == len(study.split.train)
    assert len(parts.truth(DENSITY, VALIDATION).y) == parts.validated.sum() < len(study.split.train)


def test_resamples_are_drawn_once_for_all_metrics_of_a_sort():
    study = prepared()
    parts = Parts(study, opened=True)
    assert parts.resampled(R2, "test") is parts.resampled(NLL, "test")
    again = Parts(study, opened=True).resampled(R2, "test")
    np.testing.assert_array_equal(parts.resampled(R2, "test").counts, again.counts)
    assert parts.resampled(R2, "test").counts.shape == (100, len(study.split.tests["test"]))


def test_a_metric_of_yields_has_the_resamples_of_all_others_where_no_yields_are_declared():
    parts = Parts(prepared("classification"), opened=True)
    assert metric("ams").of_yields
    assert parts.resampled(metric("ams"), "test") is parts.resampled(metric("roc_auc"), "test")


def test_a_part_is_judged_as_its_task_says():
    parts = Parts(prepared(evaluate={"claim": "fitted", "bootstrap": 100}), opened=True)
    assert (parts.task.name, parts.judged(R2, "test").claim) == ("regression", "fitted")
    assert parts.judged(R2, VALIDATION).by == "folds"


@pytest.mark.parametrize(
    ("prevalence", "stratify", "spread"),
    [("random", True, 0.25), ("fixed", True, 0.0), ("fixed", False, 0.75), ("random", False, None)],
)
def test_classes_are_resampled_within_their_shares_as_the_study_says(prevalence, stratify, spread):
    study = prepared(
        "classification",
        split={"folds": 3, "test": 0.25, "stratify": stratify},
        evaluate={"bootstrap": 400, "refits": 4, "prevalence": prevalence},
    )
    parts = Parts(study, opened=True)
    part = parts.resampled(metric("accuracy"), "test")
    signal = part.counts[:, part.y == 1].sum(axis=1)
    if spread is None:
        assert part.strata is None
    else:
        assert part.strata.spread == pytest.approx([spread] * 2, abs=0.02)
    expected = 1.0 if spread is None else spread
    assert signal.var() == pytest.approx(expected * (part.y == 1).sum(), rel=0.25, abs=0.01)


def test_given_tests_are_as_they_come_or_of_their_own_design():
    for prevalence, spread in (("random", None), ("fixed", [0.0, 0.0])):
        study = prepared("classification", evaluate={"bootstrap": 100, "prevalence": prevalence})
        rows = study.split.tests["test"]
        split = dataclasses.replace(study.split, given=True)
        strata = Parts(dataclasses.replace(study, split=split), opened=True).strata("test")
        assert (None if strata is None else strata.spread.tolist()) == spread
        assert strata is None or strata.of.tolist() == study.data.y[rows].tolist()


def test_no_strata_of_the_rows_fitted_to_nor_where_no_class_is_learnt():
    assert Parts(prepared("classification"), opened=True).strata(TRAIN) is None
    assert Parts(prepared(), opened=True).strata("test") is None
    assert Parts(prepared("clustering", split={"test": 0.25}), opened=True).strata("test") is None
