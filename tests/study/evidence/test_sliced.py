"""Scores of some of the events are those of a study of these events alone, with the resamples of the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fivesigma._core.outputs import Output
from fivesigma.risk import evidence
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.sliced import Sliced
from fivesigma.study.fit.prediction import scored
from fivesigma.study.plan import Sample
from fivesigma.study.tasks.task import VALIDATION
from tests.study.made import N, outcome, prepared

MODEL = {"classification": "naive-bayes", "regression": "linear"}


def made(task, *, opened=True, **asked):
    study = prepared(task, **asked)
    outcomes = [outcome(study, "dummy", 3.0, seed=1), outcome(study, MODEL[task], 0.7, seed=2)]
    return study, Evidence(study, outcomes, opened=opened)


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("part", ["test", VALIDATION])
def test_a_slice_of_everything_is_the_whole(task, part):
    study, found = made(task, weights=True)
    sliced, name = Sliced.of(found.scores, study.metric, part, np.ones(N, bool)), MODEL[task]
    one, other = sliced.score(study.metric, name), found.scores.of(name)[part][study.metric.name]
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-12)
    assert one.method == other.method
    whole = sliced.versus_whole(study.metric, name)
    assert (whole.difference, whole.sigma_local) == (0.0, 0.0)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_slice_of_the_test_scores_its_rows_with_resamples_and_refits_of_the_whole(task):
    study, found = made(task, weights=True)
    keep, name, metric = study.data.X[:, 1] > -0.3, MODEL[task], study.metric
    sliced = Sliced.of(found.scores, metric, "test", keep)
    rows = study.split.tests["test"]
    mask, said = keep[rows], scored(found.fitted[name].tests["test"], metric)
    kept = rows[mask]
    assert sliced.n == mask.sum()
    measured, whole = (
        sliced.scores.measured(metric, "test", name),
        found.scores.measured(metric, "test", name),
    )
    assert measured.value == pytest.approx(metric.value(study.data.y[kept], said[mask], study.data.w[kept]))
    np.testing.assert_array_equal(measured.part.counts, whole.part.counts[:, mask])
    assert len(measured.refits) == len(whole.refits) == 4
    assert sliced.versus(metric, name, "dummy").one_sided
    assert sliced.versus(metric, name, "dummy").difference == pytest.approx(
        float(
            metric.merit(measured.value) - metric.merit(sliced.scores.measured(metric, "test", "dummy").value)
        )
    )


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_slice_in_which_everything_is_wrong_differs_from_the_whole(task):
    study, found = made(task)
    name, metric = MODEL[task], study.metric
    rows = study.split.tests["test"]
    said = scored(found.fitted[name].tests["test"], metric)
    off = (
        np.abs(said - study.data.y[rows]) if task == "regression" else np.abs(said[:, 1] - study.data.y[rows])
    )
    keep = np.zeros(N, bool)
    keep[rows[np.argsort(off)[-31:]]] = True
    sliced = Sliced.of(found.scores, metric, "test", keep)
    worse = sliced.versus_whole(metric, name)
    if worse.difference is None:
        assert "fewer than" in worse.method
    else:
        assert worse.difference < 0


@pytest.mark.parametrize("part", ["test", VALIDATION])
def test_a_slice_of_few_events_is_refused_and_one_of_none_has_no_score(part):
    study, found = made("regression")
    few, none = np.zeros(N, bool), np.zeros(N, bool)
    rows = study.split.tests["test"] if part == "test" else study.split.train
    few[rows[:6]] = True
    sliced = Sliced.of(found.scores, study.metric, part, few)
    score = sliced.score(study.metric, "linear")
    assert score.low is None
    assert score.method.startswith("no interval")
    assert sliced.versus(study.metric, "linear", "dummy").sigma_local is None
    empty = Sliced.of(found.scores, study.metric, part, none)
    assert empty.n == 0
    assert empty.score(study.metric, "linear") is None
    assert empty.versus_whole(study.metric, "linear").difference is None


def test_folds_that_have_none_of_a_slice_say_no_more_than_its_value():
    study, found = made("regression")
    keep = np.zeros(N, bool)
    keep[study.split.train[study.split.folds == 0]] = True
    score = Sliced.of(found.scores, study.metric, VALIDATION, keep).score(study.metric, "linear")
    assert score.value is not None
    assert score.method == "no interval: a fold has none of these events"


def test_a_threshold_is_that_of_all_events():
    study, found = made("classification", evaluate={"metric": "rejection_50", "bootstrap": 100, "refits": 4})
    keep = study.data.X[:, 1] > 0
    sliced = Sliced.of(found.scores, study.metric, "test", keep)
    assert sliced.scores.cut(study.metric, "naive-bayes") == found.scores.cut(study.metric, "naive-bayes")
    folded = Sliced.of(found.scores, study.metric, VALIDATION, keep).score(study.metric, "naive-bayes")
    assert folded.method == "no interval: its cut is chosen on all events of the folds"


@pytest.mark.parametrize("half", [True, False])
def test_each_refit_is_read_at_its_cut_on_all_events_in_a_slice_too(half):
    study, found = made("classification", evaluate={"metric": "rejection_50", "bootstrap": 100, "refits": 4})
    metric, name, rng = study.metric, "dummy", np.random.default_rng(5)
    held = found.fitted[name].validation[Output.PROBABILITY]
    said = {Sample("resample", k): {Output.PROBABILITY: held ** (1 + rng.random())} for k in range(4)}
    outcomes = [replace(each, crossed=said) for each in found.outcomes]
    found = Evidence(study, outcomes, opened=True)
    keep = study.data.X[:, 1] > 0 if half else np.ones(N, bool)
    sliced = Sliced.of(found.scores, metric, "test", keep)
    measured, whole = (each.measured(metric, "test", name) for each in (sliced.scores, found.scores))
    assert measured.own_cuts
    cuts, rows = found.scores.cuts_of(metric, said), study.split.tests["test"]
    assert len(set(cuts)) > 1
    kept = keep[rows]
    values = [
        metric.value(study.data.y[rows][kept], each["test"][Output.PROBABILITY][kept], cut=cut)
        for each, cut in zip(found.fitted[name].refits, cuts, strict=True)
    ]
    assert np.isfinite(values).all()
    np.testing.assert_allclose(measured.refits.values, values)
    if not half:
        np.testing.assert_array_equal(measured.refits.values, whole.refits.values)


def test_slices_of_a_sealed_study_never_look_at_a_test():
    study, found = made("classification", opened=False)
    assert found.judged_on == VALIDATION
    sliced = Sliced.of(found.scores, study.metric, VALIDATION, np.ones(N, bool))
    assert sliced.n == len(study.split.train)
    assert sliced.scores.parts.prepared.split.tests == {}
    assert isinstance(sliced.versus(study.metric, "naive-bayes", "dummy"), evidence.Difference)
