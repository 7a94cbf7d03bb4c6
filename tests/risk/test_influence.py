"""The influence of an event is the slope of the metric in its weight, for every metric that has one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma._core.outputs import Output
from fivesigma.risk.influence import Placement, Scored, Units, influence, standard_errors
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.strata import Strata

N = 60
RNG = np.random.default_rng(3)
SMOOTH = ("median_bias", "scatter", "ece", "overlap", "adjusted_rand", "mutual_information")
"""Metrics that are no function of moments, and no area."""


def scored(each, *, weighted, groups=None):
    rng = np.random.default_rng(0)
    w = rng.uniform(0.5, 2.0, N) if weighted else None
    if each.scores in (Output.VALUE, Output.LAW):
        y = rng.normal(size=N)
        return Scored(y, y + rng.normal(0.1, 0.5, N), w, groups, 0.6 if each.scores is Output.LAW else None)
    y = rng.permutation(np.arange(N) % 2)
    if each.scores is Output.PROBABILITY:
        p = np.round(1.0 / (1.0 + np.exp(-(y - 0.5) - rng.normal(size=N))), 2)
        return Scored(y, np.column_stack([1 - p, p]), w, groups, 0.5 if each.binary_only else None, 2.0)
    return Scored(y, rng.normal(size=N) if each.scores is Output.DENSITY else y, w, groups)


def known():
    return [pytest.param(each, id=name) for name, each in METRICS.items() if name not in SMOOTH]


@pytest.mark.parametrize("each", known())
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_derivative_of_the_metric_in_the_multiplicity(each, weighted):
    here = scored(each, weighted=weighted)
    u, w, h = influence(each, here), here.checked()[2], 1e-5
    for i in range(0, N, 7):
        up, down = (
            each.value(
                here.y, here.prediction, w * (1 + s * h * (np.arange(N) == i)), cut=here.cut, scale=here.scale
            )
            for s in (1, -1)
        )
        assert u[i] == pytest.approx((up - down) / (2 * h), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("each", known())
def test_influences_sum_to_zero_but_of_yields(each):
    if each.name in ("asimov", "asimov_10", "ams"):
        return
    u = influence(each, scored(each, weighted=True))
    assert abs(u.sum()) < 1e-5 * np.abs(u).sum() + 1e-12


@pytest.mark.parametrize("each", known())
@pytest.mark.parametrize("groups", [None, np.arange(N) // 3])
def test_standard_errors_on_the_sample_itself_are_those_of_its_influences(each, groups):
    here = scored(each, weighted=True, groups=groups)
    u = influence(each, here)
    expected = np.sqrt((Units.of(groups, N).sums(u) ** 2).sum())
    found = standard_errors(each, here, np.ones((1, N), np.uint8))
    assert found[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("each", [METRICS[name] for name in ("roc_auc", "rmse")], ids=lambda m: m.name)
def test_standard_errors_of_a_resample_are_those_of_a_sample_of_copies(each):
    here = scored(each, weighted=False)
    counts = np.random.default_rng(1).poisson(1.5, (4, N)).astype(np.uint8)
    found = standard_errors(each, here, counts)
    for error, c in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(N), c)
        copies = Scored(here.y[rows], here.prediction[rows], None, rows, here.cut)
        # copies of one event move together in a resample, so the sum over them stands once for each event
        u = influence(each, Scored(here.y[rows], here.prediction[rows], None, None, here.cut))
        once = np.bincount(rows, u, N) / np.maximum(c, 1)
        assert error == pytest.approx(np.sqrt((c * once**2).sum()), rel=1e-4)
        assert len(copies.y) == c.sum()


@pytest.mark.parametrize("name", SMOOTH)
def test_what_is_no_function_of_moments_has_none(name):
    each = METRICS[name]
    here = scored(each, weighted=False)
    assert influence(each, here) is None
    assert standard_errors(each, here, np.ones((1, N), np.uint8)) is None


def test_three_classes_have_the_mean_of_three_influences():
    rng = np.random.default_rng(0)
    y, p = rng.permutation(np.arange(N) % 3), rng.dirichlet(np.ones(3), N)
    u = influence(METRICS["roc_auc"], Scored(y, p, None))
    total = np.zeros(N)
    for k in range(3):
        placed = Placement.of(p[:, k], y == k, np.ones(N))
        total[placed.rows] += placed.influences(np.ones((1, N), np.uint8))[0]
    np.testing.assert_allclose(u, total / 3, rtol=1e-13)
    error = standard_errors(METRICS["roc_auc"], Scored(y, p, None), np.ones((1, N), np.uint8))
    assert error[0] == pytest.approx(np.sqrt((u**2).sum()))


def test_a_resample_without_a_class_has_no_error():
    here = scored(METRICS["roc_auc"], weighted=False)
    counts = np.ones((2, N), np.uint8)
    counts[1, here.y == 1] = 0
    found = standard_errors(METRICS["roc_auc"], here, counts)
    assert np.isfinite(found[0])
    assert np.isnan(found[1])


def test_units_bring_groups_together():
    groups = np.array([5, 2, 5, 2, 9])
    units = Units.of(groups, 5)
    assert not units.single
    np.testing.assert_array_equal(units.sums(np.arange(5.0)), [4.0, 2.0, 4.0])
    np.testing.assert_array_equal(units.counts(np.array([[1, 7, 1, 7, 3]])), [[7, 1, 3]])
    assert Units.of(None, 4).single
    assert Units.of(np.arange(4), 4).single


PROBABILITIES = [each for each in known() if METRICS[each.id].scores is Output.PROBABILITY]


@pytest.mark.parametrize("each", PROBABILITIES)
@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("groups", [None, np.arange(N) // 3])
def test_strata_take_the_spread_between_them_off_but_for_their_own(each, spread, groups):
    here = scored(each, weighted=True, groups=groups)
    of = here.y if groups is None else (groups % 2)
    strata = Strata(of, np.full(2, spread))
    u = Units.of(groups, N).sums(influence(each, here))
    of_unit = Units.of(groups, N).first(of)
    expected = sum(
        np.sum(u[of_unit == h] ** 2) - (1 - spread) * np.sum(u[of_unit == h]) ** 2 / np.sum(of_unit == h)
        for h in (0, 1)
    )
    with_strata = dataclasses.replace(here, strata=strata)
    found = standard_errors(each, with_strata, np.ones((1, N), np.uint8))
    assert found[0] == pytest.approx(expected**0.5, rel=1e-6)
