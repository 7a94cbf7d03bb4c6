"""Scores: each part judged as its task says, refits and all; what a model does not say is left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.risk.evidence import measure, score
from fivesigma.risk.metrics import metric
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.prediction import Output
from fivesigma.study.tasks.task import TRAIN, VALIDATION
from tests.study.made import outcome, prepared


def scores_of(study, *, opened=True, **more):
    model = dataclasses.replace(outcome(study, "m", 0.8), **more)
    found = Evidence(study, [model], opened).scores
    assert isinstance(found, Scores)
    return found, model


def test_a_test_score_is_of_the_final_fit_and_its_error_of_resamples_and_refits():
    study = prepared(weights=True)
    scores, model = scores_of(study)
    rmse, truth = metric("rmse"), scores.parts.truth(metric("rmse"), "test")
    expected = score(
        measure(
            rmse,
            scores.parts.resampled(rmse, "test"),
            model.tests["test"][Output.VALUE],
            refits=[each["test"][Output.VALUE] for each in model.refits],
            scale=truth.scale,
            held_out=scores.folds.held_out(rmse, model.validation[Output.VALUE]),
        ),
        claim="procedure",
    )
    found = scores.of("m")["test"]["rmse"]
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)
    assert found.error.train == expected.error.train > 0


def test_parts_stand_in_order_and_sealed_tests_do_not_stand_there():
    study = prepared()
    assert list(scores_of(study)[0].of("m")) == [TRAIN, VALIDATION, "test"]
    found = scores_of(study, opened=False)[0].of("m")
    assert list(found) == [TRAIN, VALIDATION]
    assert found[TRAIN]["r2"].low is None
    assert "fitted to" in found[TRAIN]["r2"].method
    assert found[VALIDATION]["r2"].low < found[VALIDATION]["r2"].value < found[VALIDATION]["r2"].high


def test_a_value_without_a_law_has_the_width_of_its_out_of_fold_residuals():
    study = prepared()
    scores, model = scores_of(study)
    y = study.data.y[study.split.train]
    width = np.sqrt(np.mean((model.validation[Output.VALUE] - y) ** 2))
    assert scores.cut(metric("crps"), "m") == pytest.approx(width)
    expected = metric("crps").value(
        study.data.y[study.split.tests["test"]], model.tests["test"][Output.VALUE], cut=width
    )
    assert scores.value(metric("crps"), "test", "m") == pytest.approx(expected)


def test_one_validation_set_is_resampled_and_about_the_fitted_model():
    study = prepared(split={"validation": 0.3, "test": 0.25})
    scores, model = scores_of(study)
    found = scores.of("m")[VALIDATION]["r2"]
    assert found.low < found.value < found.high
    assert found.error.train in (None, 0.0)
    held = study.split.folds >= 0
    y = study.data.y[study.split.train[held]]
    assert found.value == pytest.approx(metric("r2").value(y, model.validation[Output.VALUE][held]))


def test_what_a_model_does_not_say_is_left_out():
    study = prepared("clustering")
    every, model = scores_of(study)
    names = {name for part in every.of("m").values() for name in part}
    assert {"overlap", "log_likelihood"} <= names
    labels = {part: {Output.LABEL: said[Output.LABEL]} for part, said in model.tests.items()}
    some, _ = scores_of(
        study, train={}, validation={Output.LABEL: model.validation[Output.LABEL]}, tests=labels
    )
    assert some.value(metric("log_likelihood"), VALIDATION, "m") is None
    assert some.cut(metric("log_likelihood"), "m") is None
    found = some.of("m")
    assert found[TRAIN] == {}
    assert "log_likelihood" not in found[VALIDATION]
    assert found[VALIDATION]["overlap"] == every.of("m")[VALIDATION]["overlap"]


def test_an_agreement_with_no_known_truth_is_no_score():
    study = prepared("clustering")
    unknown = np.full(study.data.n_samples, -1)
    study = dataclasses.replace(study, data=dataclasses.replace(study.data, y=unknown))
    rng = np.random.default_rng(0)
    scores, _ = scores_of(study, validation={Output.LABEL: rng.integers(0, 2, len(study.split.train))})
    assert not scores.has(metric("overlap"), VALIDATION, "m")
    assert scores.value(metric("overlap"), VALIDATION, "m") is None
