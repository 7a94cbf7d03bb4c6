"""Scores of several targets: that of one is the metric's own, the mean obeys the laws of a metric."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.outputs import Output
from fivesigma.risk.evidence import Part, measure, score
from fivesigma.risk.influence import Scored, influence, standard_errors
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.targets import OfTarget, OverTargets, over_targets

REGRESSION = [each for each in METRICS.values() if each.scores in (Output.VALUE, Output.LAW)]
N, M = 60, 3


def sample(metric, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(N, M)) * [1.0, 5.0, 0.2]
    prediction = y + rng.normal(size=(N, M)) * [0.3, 2.0, 0.1]
    if metric.scores is Output.LAW:
        steps = np.sort(rng.normal(size=(N, M, 13)), axis=-1)
        prediction = prediction[..., None] + 2.0 * steps
    return y, prediction, rng.uniform(0.5, 2.0, N)


@pytest.mark.parametrize("metric", REGRESSION, ids=str)
def test_of_one_target_it_is_the_metric_of_that_column(metric):
    y, prediction, w = sample(metric)
    counts = np.random.default_rng(1).poisson(1.0, (20, N)).astype(np.uint8)
    for at in range(M):
        one = OfTarget(metric, "t", at)
        assert one.value(y, prediction, w) == metric.value(y[:, at], prediction[:, at], w)
        assert one.cut(y, prediction, w) == metric.cut(y[:, at], prediction[:, at], w)
        expected = metric.resampled(y[:, at], prediction[:, at], w, counts)
        np.testing.assert_array_equal(one.resampled(y, prediction, w, counts), expected)
    assert (one.name, one.label) == (f"{metric.name} of t", metric.label)
    assert (one.lower, one.upper, one.additive) == (metric.lower, metric.upper, metric.additive)


@pytest.mark.parametrize("metric", REGRESSION, ids=str)
def test_its_interval_is_that_of_a_study_of_one_target(metric):
    y, prediction, w = sample(metric)
    parts = [Part.draw(truth, np.random.default_rng(7), w=w, n_boot=100) for truth in (y, y[:, 1])]
    pairs = ((OfTarget(metric, "t", 1), prediction), (metric, prediction[:, 1]))
    ours, theirs = (
        score(measure(each, part, said, refits=[0.9 * said, 1.1 * said]), claim="procedure")
        for part, (each, said) in zip(parts, pairs, strict=True)
    )
    assert (ours.low, ours.high, ours.error) == (theirs.low, theirs.high, theirs.error)


@pytest.mark.parametrize("metric", REGRESSION, ids=str)
def test_the_mean_is_the_mean_and_its_resamples_those_of_copies(metric):
    y, prediction, w = sample(metric)
    mean = OverTargets(metric, M)
    each = [metric.value(y[:, at], prediction[:, at], w) for at in range(M)]
    assert mean.value(y, prediction, w) == pytest.approx(np.mean(each), rel=1e-12)
    counts = np.random.default_rng(1).integers(0, 3, (5, N)).astype(np.uint8)
    found = mean.resampled(y, prediction, w, counts)
    for k, value in zip(counts, found, strict=True):
        rows = np.repeat(np.arange(N), k)
        assert value == pytest.approx(mean.value(y[rows], prediction[rows], w[rows]), rel=1e-9)
    assert mean.merit([2.0]).tolist() == metric.merit([2.0]).tolist()
    assert mean.name == metric.name


def test_each_target_has_a_width_of_its_own_where_there_is_no_law():
    crps = METRICS["crps"]
    y, _, w = sample(crps)
    values, mean = np.zeros((N, M)), OverTargets(crps, M)
    cuts = mean.cut(y, values, w)
    assert cuts == tuple(crps.cut(y[:, at], values[:, at], w) for at in range(M))
    expected = [crps.value(y[:, at], values[:, at], w, cut=cuts[at]) for at in range(M)]
    assert mean.value(y, values, w, cut=cuts) == pytest.approx(np.mean(expected))
    assert OverTargets(METRICS["r2"], M).cut(y, values, w) is None


@pytest.mark.parametrize("name", ["r2", "rmse", "mae", "pearson_r"])
def test_the_influence_on_a_mean_is_the_derivative_with_respect_to_an_event(name):
    metric = OverTargets(METRICS[name], M)
    y, prediction, w = sample(metric)
    u, h = influence(metric, Scored(y, prediction, w)), 1e-6
    for i in (0, 17):
        up, down = w.copy(), w.copy()
        up[i] *= 1 + h
        down[i] *= 1 - h
        slope = (metric.value(y, prediction, up) - metric.value(y, prediction, down)) / (2 * h)
        assert u[i] == pytest.approx(slope, rel=1e-4, abs=1e-9)


def test_what_is_not_known_of_one_target_is_not_known_of_the_mean():
    scatter = METRICS["scatter"]
    y, prediction, w = sample(scatter)
    assert influence(OverTargets(scatter, M), Scored(y, prediction, w)) is None
    counts = np.ones((2, N), np.uint8)
    one = OfTarget(METRICS["rmse"], "t", 2)
    found = standard_errors(one, Scored(y, prediction, w), counts)
    expected = standard_errors(METRICS["rmse"], Scored(y[:, 2], prediction[:, 2], w), counts)
    np.testing.assert_array_equal(found, expected)


def test_a_mean_over_units_that_differ_is_none():
    every, why = over_targets(REGRESSION, ["GeV", "GeV"])
    assert [each.name for each in every] == [each.name for each in REGRESSION]
    assert why == ""
    some, why = over_targets(REGRESSION, ["GeV", None])
    assert {each.name for each in some} == {"r2", "pearson_r", "nll", "fidelity", "log_fidelity"}
    assert "(GeV, None)" in why
