"""The metrics of a study: all that score its task, and those that it names beside them."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.study.study import Study


def prepared(y, **evaluate):
    X = np.random.default_rng(0).normal(size=(len(y), 2))
    asked = {"bootstrap": 100, "refits": 2} | evaluate
    return Study(Dataset.from_arrays(X, y), models=["dummy"], evaluate=asked).prepared()


NUMBERS = np.random.default_rng(1).uniform(size=120)
CLASSES = np.arange(120) % 2


def test_a_metric_on_request_is_there_where_it_is_named_and_never_the_default():
    assert "fidelity" not in [each.name for each in prepared(NUMBERS).metrics]
    also = prepared(NUMBERS, also=("fidelity", "rmse"))
    assert also.metric.name == "r2"
    assert [each.name for each in also.metrics].count("fidelity") == 1
    assert prepared(NUMBERS, metric="log_fidelity").metric.name == "log_fidelity"


@pytest.mark.parametrize(
    ("y", "evaluate", "said"),
    [
        (
            NUMBERS,
            {"also": ("fidelty",)},
            r"evaluate\.also: 'fidelty' does not score a regression; .*Did you mean 'fidelity'",
        ),
        (NUMBERS, {"also": ("roc_auc",)}, r"evaluate\.also: 'roc_auc' does not score a regression"),
        (
            CLASSES,
            {"also": ("fidelity",)},
            r"evaluate\.also: 'fidelity' does not score a classification of 2 classes",
        ),
        (NUMBERS, {"metric": "roc_auc"}, r"evaluate\.metric: 'roc_auc' does not score a regression"),
    ],
)
def test_a_metric_that_does_not_score_the_task_is_refused_where_it_stands(y, evaluate, said):
    with pytest.raises(StudyError, match=said):
        prepared(y, **evaluate)
