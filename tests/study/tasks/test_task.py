"""Laws that every task obeys, ours and those of packages."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.metrics import metrics_for
from fivesigma.study.fit import recipe
from fivesigma.study.plan import Fit
from fivesigma.study.runner.fitter import Fitter
from fivesigma.study.tasks.registry import tasks
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Asked, learnt, whole_truth
from tests.study.made import outcome, prepared

TASKS = tasks().values()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_what_is_written_to_the_file_is_read_from_it(task):
    study = prepared(task.name)
    said = outcome(study, "m", 0.5).validation
    meanings = study.data.classes or ()
    found = task.stored(task.columns("m", said, meanings), "m", meanings)
    for output, values in found.items():
        np.testing.assert_array_equal(values, said[output])
    assert found


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_metric_of_a_task_scores_the_rows_that_count(task):
    study = prepared(task.name)
    rows = study.split.train[::3]
    for metric in metrics_for(task.outputs, 2):
        truth = task.truth(study.data, metric, rows)
        assert len(truth.y) == len(rows[truth.counts])
        assert metric.scores in task.outputs


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("n_folds", [1, 5])
def test_the_rows_that_were_fitted_to_are_never_judged_and_tests_always_by_resamples(task, n_folds):
    for metric in metrics_for(task.outputs, 2):
        judged = {
            part: task.judged(metric, part, n_folds=n_folds, claim="procedure")
            for part in (TRAIN, VALIDATION, "test")
        }
        assert (judged[TRAIN].by, judged["test"].by) == ("nothing", "resamples")
        assert judged[TRAIN].why
        folded = n_folds > 1 and metric.scores not in task.own
        assert judged[VALIDATION].by == ("folds" if folded else "resamples")
        assert judged["test"].claim == "procedure"
        assert task.judged(metric, "test", n_folds=n_folds, claim="fitted").claim == "fitted"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_fit_says_what_it_is_asked_and_no_more(task):
    study = prepared(task.name)
    fit, rows = Fit(study.plan.entries[-1].name), study.split.train
    estimator = Fitter(study.fit_data, study.plan).build(fit)
    X = study.data.X[rows]
    fitted = recipe.fit(estimator, X, study.data.y[rows] if task.supervised else None).estimator
    for output in task.outputs:
        said = task.predict(fitted, X, Asked((output,), study.n_classes, fitted=True))
        assert set(said) <= set(task.outputs)
        assert all(len(values) == len(X) for values in said.values())


def test_one_validation_set_is_judged_by_resamples_and_compares_no_two():
    alone = learnt(VALIDATION, 1, "procedure")
    assert (alone.by, alone.claim) == ("resamples", "fitted")
    assert "one validation set" in alone.alone
    assert learnt(VALIDATION, 2, "fitted").by == "folds"
    assert learnt("test", 2, "fitted").claim == "fitted"


@pytest.mark.parametrize("weights", [False, True])
def test_the_yields_of_some_rows_are_scaled_to_those_of_all(weights):
    data = prepared(weights=weights, groups=30).data
    truth = whole_truth(data, np.arange(60))
    w = np.ones(data.n_samples) if data.w is None else data.w
    assert truth.scale * w[:60].sum() == pytest.approx(w.sum())
    assert truth.groups.tolist() == data.groups[:60].tolist()
    assert (truth.w is None) is not weights
