"""Classification: a column a class, by its name; a class that a fit has not seen has probability 0."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from fivesigma._core.outputs import Output
from fivesigma.risk.metrics import metric
from fivesigma.study.tasks.classification import Classification
from fivesigma.study.tasks.task import VALIDATION, Asked
from tests.study.made import prepared

TASK = Classification()


def test_a_class_that_the_fit_has_not_seen_has_probability_zero():
    X = np.arange(20.0)[:, None]
    fitted = GaussianNB().fit(X, np.where(X[:, 0] > 9, 2, 0))
    said = TASK.predict(fitted, X, Asked(TASK.outputs, 3))
    assert list(said) == [Output.PROBABILITY]
    assert said[Output.PROBABILITY].shape == (20, 3)
    assert (said[Output.PROBABILITY][:, 1] == 0).all()


def test_columns_are_named_by_class_and_read_by_class():
    said = {Output.PROBABILITY: np.array([[0.2, 0.3, 0.5]])}
    columns = TASK.columns("m", said, ("b", "s", "x"))
    assert {name: each.tolist() for name, each in columns.items()} == {
        "m:b": [0.2],
        "m:s": [0.3],
        "m:x": [0.5],
    }
    again = TASK.stored(columns, "m", ("x", "b"))[Output.PROBABILITY]
    assert again.tolist() == [[0.5, 0.2]]


@pytest.mark.parametrize("weights", [False, True])
def test_the_truth_is_the_class_of_every_row(weights):
    data = prepared("classification", weights=weights).data
    truth = TASK.truth(data, metric("roc_auc"), np.array([3, 1]))
    assert truth.y.tolist() == data.y[[3, 1]].tolist()
    assert (truth.w is None) is not weights
    assert TASK.judged(metric("roc_auc"), VALIDATION, n_folds=3, claim="procedure").by == "folds"
    TASK.check(prepared("classification").spec, data)
