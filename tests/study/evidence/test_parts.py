"""The events that scores are of: the rows of each part, their truth, and resamples that all models share."""

from __future__ import annotations

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


def test_a_part_is_judged_as_its_task_says():
    parts = Parts(prepared(evaluate={"claim": "fitted", "bootstrap": 100}), opened=True)
    assert (parts.task.name, parts.judged(R2, "test").claim) == ("regression", "fitted")
    assert parts.judged(R2, VALIDATION).by == "folds"
