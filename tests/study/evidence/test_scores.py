"""Scores: each part judged as its task says, refits and all; what a model does not say is left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.risk.evidence import measure, score
from fivesigma.risk.metrics import metric
from fivesigma.study.evidence import scores as evidence_scores
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry, Sample
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


def crossed(study, model, seed):
    """Return what the folds of four refits say, each of them a little otherwise."""
    rng = np.random.default_rng(seed)
    held = model.validation[Output.PROBABILITY]
    return {
        Sample("resample", number): {Output.PROBABILITY: held ** (1 + 0.1 * rng.random())}
        for number in range(len(model.refits))
    }


@pytest.mark.parametrize("weights", [False, True])
def test_each_refit_is_read_at_the_cut_of_its_own_resample(weights):
    study = prepared("classification", weights=weights, evaluate={"metric": "rejection_50", "refits": 4})
    scores, model = scores_of(study)
    said = crossed(study, model, 0)
    scores, model = scores_of(study, crossed=said)
    found, train = metric("rejection_50"), study.split.train
    cuts = scores.cuts_of(found, model.crossed)
    data, places = study.data, {int(row): place for place, row in enumerate(train)}
    for number, (cut, each) in enumerate(zip(cuts, said.values(), strict=True)):
        rows = study.fit_data.rows(Sample("resample", number), int(study.plan.shared["seed"]))
        p = each[Output.PROBABILITY][[places[int(row)] for row in rows]]
        assert cut == found.cut(data.y[rows], p, data.w[rows] if weights else None)
    measured = scores.measured(found, "test", "m")
    assert measured.own_cuts
    y = data.y[study.split.tests["test"]]
    w = data.w[study.split.tests["test"]] if weights else None
    values = [
        found.value(y, each["test"][Output.PROBABILITY], w, cut=cut)
        for each, cut in zip(model.refits, cuts, strict=True)
    ]
    np.testing.assert_allclose(measured.refits.values, values)


def test_refits_without_cuts_of_their_own_are_read_at_the_models_and_that_is_said():
    study = prepared("classification")
    scores, _ = scores_of(study)
    assert scores.of("m")["test"]["rejection_30"].method.startswith("procedure at this model's cut: ")
    assert scores.of("m")["test"]["roc_auc"].method.startswith("procedure: ")
    assert scores.cuts_of(metric("roc_auc"), {}) == []


def test_scores_made_elsewhere_are_of_the_fitted_model_where_the_primary_metric_has_a_cut():
    for name, about in (("rejection_50", "fitted model"), ("roc_auc", "procedure")):
        study = prepared("classification", evaluate={"metric": name, "refits": 4})
        given = Entry("m", "predictions", given={"refits": [["a"]] * 10, "out_of_fold": True})
        scores, _ = scores_of(study, entry=given)
        assert scores.of("m")["test"][name].method.startswith(about)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_models_scored_side_by_side_have_the_scores_that_each_has_alone(monkeypatch, n_threads):
    monkeypatch.setattr(evidence_scores, "MANY", 0)
    study = prepared(weights=True)
    models = [outcome(study, f"m{k}", 0.5 + 0.1 * k) for k in range(4)]
    alone, together = (Evidence(study, models, opened=True).scores for _ in range(2))
    together.look_ahead(n_threads)
    assert len(together._scores) == (0 if n_threads == 1 else 4)
    for each in models:
        name = each.entry.name
        assert together.of(name) == alone.of(name)


@pytest.mark.parametrize("many", [False, True])
def test_of_many_events_the_order_of_rows_is_let_go_with_its_model(monkeypatch, many):
    monkeypatch.setattr(evidence_scores, "MANY", 0 if many else 10**9)
    scores, _ = scores_of(prepared("classification", evaluate={"metric": "ams"}))
    assert "ams" in scores.of("m")[VALIDATION]
    assert bool(scores.folds._orders) is not many


def test_what_is_said_of_a_model_may_be_added_to_without_a_trace():
    scores, _ = scores_of(prepared())
    scores.of("m")["test"].clear()
    assert scores.of("m")["test"]


def test_a_failure_beside_others_ends_them_and_is_told(monkeypatch):
    monkeypatch.setattr(evidence_scores, "MANY", 0)
    study = prepared()
    found = Evidence(study, [outcome(study, name, 0.8) for name in "abc"], opened=True).scores
    plain = type(found)._by_part

    def failing(self, name, named):
        if name == "b":
            raise ValueError("no score")
        return plain(self, name, named)

    monkeypatch.setattr(type(found), "_by_part", failing)
    with pytest.raises(ValueError, match="no score"):
        found.look_ahead(2)
