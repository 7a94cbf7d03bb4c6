"""Regression: a value and the law it is drawn from; a target that does not vary is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting
from fivesigma.risk.metrics import metric
from fivesigma.risk.predictive import LEVELS
from fivesigma.study.tasks.regression import Regression
from fivesigma.study.tasks.task import TRAIN, Asked
from tests.study.made import prepared

TASK = Regression()


def test_a_law_is_there_where_the_model_has_one_and_it_is_asked_for():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 1))
    y = X[:, 0] + rng.normal(size=120)
    law = NaturalGradientBoosting(n_estimators=5, random_state=0).fit(X, y)
    both = TASK.predict(law, X, Asked(TASK.outputs))
    assert both[Output.LAW].shape == (120, len(LEVELS))
    assert (np.diff(both[Output.LAW], axis=1) > 0).all()
    assert list(TASK.predict(law, X, Asked((Output.VALUE,)))) == [Output.VALUE]
    assert list(TASK.predict(LinearRegression().fit(X, y), X, Asked(TASK.outputs))) == [Output.VALUE]


def test_columns_are_the_value_and_the_quantiles_by_their_levels():
    said = {Output.VALUE: np.array([1.0]), Output.LAW: np.arange(13.0)[None]}
    columns = TASK.columns("m", said, ())
    assert list(columns)[:2] == ["m", "m:q0.0013"]
    assert columns["m:q0.5000"].tolist() == [6.0]
    again = TASK.stored(columns, "m", ())
    assert again[Output.LAW].tolist() == said[Output.LAW].tolist()
    assert list(TASK.stored({"m": np.array([1.0])}, "m", ())) == [Output.VALUE]


def test_a_constant_target_is_refused():
    study = prepared()
    TASK.check(study.spec, study.data)
    with pytest.raises(InputError, match=r"is constant \(2\.0\); there is nothing to learn"):
        TASK.check(study.spec, dataclasses.replace(study.data, y=np.full(study.data.n_samples, 2.0)))


def test_every_row_has_its_target_and_the_fitted_ones_no_interval():
    data = prepared().data
    assert TASK.truth(data, metric("r2"), np.array([5])).y.tolist() == [data.y[5]]
    assert "fitted to" in TASK.judged(metric("r2"), TRAIN, n_folds=3, claim="procedure").why


def test_of_several_targets_each_has_its_columns():
    rng = np.random.default_rng(0)
    said = {Output.VALUE: rng.normal(size=(4, 2)), Output.LAW: rng.normal(size=(4, 2, 13))}
    columns = TASK.columns("m", said, ("p", "q"))
    assert list(columns)[:2] == ["m:p", "m:p:q0.0013"]
    assert columns["m:q"].tolist() == said[Output.VALUE][:, 1].tolist()
    again = TASK.stored(columns, "m", ("p", "q"))
    for output, values in said.items():
        np.testing.assert_array_equal(again[output], values)
    assert list(TASK.stored({"m:p": np.zeros(1), "m:q": np.zeros(1)}, "m", ("p", "q"))) == [Output.VALUE]
