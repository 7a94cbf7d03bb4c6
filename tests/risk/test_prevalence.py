"""The class fraction's part of an error: its derivative, its variance, and what intervals that hold it cover."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scene import covered, scenes
from benchmarks.scenes.prev import equal_on_folds
from fivesigma.risk.influence import Scored, Units, influence
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.prevalence import between_classes, slopes
from fivesigma.risk.strata import Strata

RNG = np.random.default_rng(0)
N = 400
Y = np.repeat([0, 1], [300, 100])
P = np.clip(0.3 + 0.3 * Y + 0.25 * RNG.normal(size=N), 0.01, 0.99)
SAID = np.column_stack([1 - P, P])
STRATA = Strata(Y, np.ones(2))
PROBABILITIES = [
    each for each in METRICS.values() if each.scores is metric("accuracy").scores and each.interval
]


@pytest.mark.parametrize("each", [pytest.param(each, id=each.name) for each in PROBABILITIES])
@pytest.mark.parametrize("weighted", [False, True])
def test_slopes_are_those_of_the_score_with_a_class_reweighted(each, weighted):
    w = RNG.uniform(0.5, 2.0, N) if weighted else np.ones(N)
    here, h = Scored(Y, SAID, w, cut=0.5 if each.has_cut else None, scale=2.0), 1e-3
    for code, slope in enumerate(slopes(each, here, STRATA)):
        up, down = (
            each.value(Y, SAID, np.where(code == Y, w * by, w), cut=here.cut, scale=here.scale)
            for by in (1 + h, 1 - h)
        )
        assert slope == pytest.approx((up - down) / (2 * h), rel=1e-3, abs=1e-6)


class Unknown(Metric):
    """The Brier score, of which no influence is known."""

    name, scores, greater_is_better = "unknown", metric("brier").scores, False

    def value(self, *args, **kwargs):
        return metric("brier").value(*args, **kwargs)

    def resampled(self, *args, **kwargs):
        return metric("brier").resampled(*args, **kwargs)


def test_a_metric_without_influences_is_reweighted():
    here = Scored(Y, SAID, None)
    assert influence(Unknown(), here) is None
    assert slopes(Unknown(), here, STRATA) == pytest.approx(slopes(metric("brier"), here, STRATA), rel=1e-4)


@pytest.mark.parametrize("name", ["roc_auc", "balanced_accuracy"])
def test_what_knows_no_class_fraction_owes_it_nothing(name):
    slope = slopes(metric(name), Scored(Y, SAID, None), STRATA)
    assert between_classes(slope, STRATA, Units.of(None, N)) < 1e-12


def test_of_a_constant_model_it_is_the_variance_of_the_fraction_itself():
    constant = np.tile([0.9, 0.1], (N, 1))
    slope = slopes(metric("accuracy"), Scored(Y, constant, None), STRATA)
    assert between_classes(slope, STRATA, Units.of(None, N)) == pytest.approx(0.25 * 0.75 / N)
    groups = np.arange(N) // 4
    assert between_classes(slope, STRATA, Units.of(groups, N)) == pytest.approx(0.25 * 0.75 / (N / 4))


@pytest.mark.parametrize("name", ["class-random-brier", "class-fixed-accuracy", "class-three-accuracy"])
def test_intervals_on_a_stratified_test_cover_and_are_no_wider_than_that_takes(name):
    found = covered(scenes()[name], 120, seed=5)
    assert found.rate >= 0.90
    assert found.refused == 0


def test_stratified_folds_cover_where_the_class_fraction_is_most_of_the_error():
    found = covered(scenes()["class-folds-20-accuracy"], 60, seed=5)
    assert found.rate >= 0.88
    assert found.refused == 0


def test_opposite_errors_in_signal_and_background_are_not_told_apart_by_the_fraction_of_one_table():
    claims = [equal_on_folds(np.random.default_rng([6, repeat])) for repeat in range(200)]
    assert np.mean(claims) <= 0.015
