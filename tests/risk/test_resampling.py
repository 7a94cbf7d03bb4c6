"""Resamples of the test events, the refits seen through them, and what is left of the refits' spread."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma.risk import resampling
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.resampling import (
    Part,
    Refits,
    above,
    above_error,
    departure,
    followed,
    kish,
    measure,
    resamples_within_memory,
    resampling_counts,
)
from fivesigma.risk.strata import Strata


def test_counts_are_poisson_of_mean_one():
    counts = resampling_counts(500, 400, np.random.default_rng(0))
    assert (counts.shape, counts.dtype) == ((400, 500), np.uint8)
    shares = np.bincount(counts.ravel(), minlength=9)[:5] / counts.size
    np.testing.assert_allclose(shares, stats.poisson.pmf(range(5), 1.0), atol=4e-3)


def test_all_events_of_a_group_share_their_count_and_groups_differ():
    groups = np.repeat([4, 9, 2], [3, 1, 5])
    counts = resampling_counts(9, 200, np.random.default_rng(0), groups=groups)
    for g in (4, 9, 2):
        assert (counts[:, groups == g] == counts[:, groups == g][:, :1]).all()
    assert (counts[:, 0] != counts[:, 3]).any()


@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_within_strata_each_class_keeps_its_number_and_its_events_vary_as_in_any_bootstrap(spread):
    of = np.repeat([1, 0], [20, 100])
    strata = Strata(of, np.full(2, spread))
    counts = resampling_counts(120, 4000, np.random.default_rng(0), strata=strata)
    totals = np.stack([counts[:, of == code].sum(axis=1) for code in (0, 1)], axis=1)
    assert totals.mean(axis=0) == pytest.approx([100, 20], rel=0.02)
    assert totals.var(axis=0) == pytest.approx(spread * np.array([100, 20]), rel=0.1, abs=1e-9)
    assert counts[:, 0].var() == pytest.approx(1 - (1 - spread) / 20, rel=0.1)
    assert counts[:, -1].var() == pytest.approx(1 - (1 - spread) / 100, rel=0.1)


def test_within_strata_whole_groups_are_drawn():
    groups, of = np.repeat([3, 1, 2, 0], 3), np.repeat([0, 1, 0, 1], 3)
    counts = resampling_counts(
        12, 200, np.random.default_rng(0), groups=groups, strata=Strata(of, np.zeros(2))
    )
    assert (counts.reshape(200, 4, 3) == counts[:, ::3, None]).all()
    assert (counts[:, of == 0].sum(axis=1) == 6).all()


def test_the_units_of_a_mean_within_strata_are_those_of_the_class_that_its_error_lies_in():
    y = np.repeat([0, 1], [180, 20])
    strata, rng = Strata(y, np.zeros(2)), np.random.default_rng(0)
    part, free = (Part.draw(y, rng, n_boot=200, strata=each) for each in (strata, None))
    p = np.where(y == 1, rng.uniform(0.1, 0.9, 200), 0.1)
    said = np.column_stack([1 - p, p])
    assert measure(METRICS["brier"], part, said).units == pytest.approx(20)
    assert measure(METRICS["brier"], free, said).units == 200
    assert measure(METRICS["roc_auc"], part, said).units == 20
    assert measure(METRICS["brier"], part, np.tile([0.5, 0.5], (200, 1))).units == 200


def test_memory_bounds_the_resamples_but_never_below_two_hundred(monkeypatch):
    assert resamples_within_memory(10**9, 2000) == 200
    assert resamples_within_memory(10**9, 50) == 50
    assert resamples_within_memory(0, 7) == 7
    monkeypatch.setattr(resampling, "LARGEST_COUNTS", 3000)
    assert len(resampling_counts(10, 2000, np.random.default_rng(0))) == 300


def test_effective_events():
    assert kish(np.array([2.0, 2.0, 2.0])) == 3.0
    assert kish(np.zeros(3)) == kish(np.empty(0)) == 0.0
    assert kish(np.array([1.0, 3.0])) == pytest.approx(16.0 / 10.0)


def part(**kwargs):
    y = np.array([0, 0, 1, 1, 1, 1])
    return Part.draw(y, np.random.default_rng(0), n_boot=30, **kwargs)


def test_units_are_events_or_groups_and_of_the_rarest_class_where_the_metric_is_no_mean():
    plain = part()
    assert plain.units(additive=True) == 6.0
    assert plain.units(additive=False) == 2.0
    weighted = part(w=np.array([1.0, 1.0, 2.0, 0.0, 2.0, 2.0]))
    assert weighted.units(additive=True) == pytest.approx(64 / 14)
    assert weighted.n_effective_per_class == (2.0, 3.0)
    grouped = part(groups=np.array([0, 1, 1, 2, 3, 3]))
    assert (grouped.n_groups, grouped.n_groups_per_class) == (4, (2, 3))
    assert grouped.units(additive=True) == 4.0
    assert grouped.units(additive=False) == 2.0
    assert part(groups=np.arange(6), w=np.array([1.0, 1, 1, 1, 1, 0])).n_groups == 5


def test_a_regression_has_one_kind_of_event():
    y = np.linspace(0.0, 1.0, 6)
    one = Part.draw(y, np.random.default_rng(0), n_boot=5, groups=np.arange(6) // 2)
    assert not one.classification
    assert one.n_groups_per_class == (3,)
    assert one.n_effective_per_class == (6.0,)
    np.testing.assert_array_equal(one.weights, np.ones(6))
    assert Part.draw(y, np.random.default_rng(0), n_boot=5).n_groups_per_class is None


def test_the_interaction_of_refits_is_the_mean_square_of_the_doubly_centred_draws():
    rng = np.random.default_rng(0)
    refits, events, both = rng.normal(size=(6, 1)), rng.normal(size=(1, 50)), 0.1 * rng.normal(size=(6, 50))
    found = Refits(refits[:, 0], refits + events + both)
    assert found.interaction == pytest.approx(0.01, rel=0.3)
    assert Refits(refits[:, 0], refits + events).interaction == pytest.approx(0.0, abs=1e-25)
    assert found.variance == pytest.approx(np.var(refits, ddof=1))
    assert found.main_effect == above(found.variance, found.interaction, 5)
    assert found.minus(found).variance == 0.0
    assert len(found) == 6


@pytest.mark.parametrize(
    "refits", [Refits(), Refits(np.ones(1), np.ones((1, 5))), Refits(np.ones(3), np.full((3, 5), np.nan))]
)
def test_too_few_or_undefined_refits_have_no_interaction_and_no_effect(refits):
    assert refits.interaction == 0.0
    assert refits.main_effect == 0.0


def test_what_exceeds_the_interaction_is_unbiased_where_there_is_something():
    rng = np.random.default_rng(0)
    sigma2, interaction, dof = 2.0, 0.5, 9
    V = sigma2 * rng.chisquare(dof, 20_000) / dof
    mean = np.mean([above(v, interaction, dof) for v in V])
    assert mean == pytest.approx(sigma2 - interaction, rel=0.03)
    naive = np.mean(np.maximum(V - interaction, 0.0))
    assert abs(mean - (sigma2 - interaction)) <= abs(naive - (sigma2 - interaction)) + 0.01


@pytest.mark.parametrize("args", [(1.0, 1.0, 9), (1.0, 3.0, 9), (1.0, 0.5, 0), (0.0, 0.0, 9)])
def test_where_nothing_exceeds_it_there_is_neither_effect_nor_error(args):
    assert above(*args) == above_error(*args) == 0.0


def test_the_error_of_the_excess_is_its_derivative():
    V, interaction, dof, h = 2.0, 0.7, 9, 1e-6
    slope = (above(V + h, interaction, dof) - above(V - h, interaction, dof)) / (2 * h)
    assert above_error(V, interaction, dof) == pytest.approx(V * slope, rel=1e-6)
    assert above_error(2.0, -1.0, 9) == pytest.approx(above_error(2.0, 0.0, 9))


@pytest.mark.parametrize("n", [7, 4096, 5000])
def test_influences_are_followed_in_blocks(n):
    rng = np.random.default_rng(0)
    counts, u = rng.poisson(1.0, (4, n)).astype(np.uint8), rng.normal(size=n)
    np.testing.assert_allclose(followed(counts, u), (counts.astype(float) - 1.0) @ u, rtol=1e-9)


@pytest.mark.parametrize("name", ["rmse", "median_bias"])
def test_a_measurement_holds_value_draws_and_refits(name):
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    here = Part.draw(y, rng, n_boot=150)
    prediction, others = y + rng.normal(size=400), [y + rng.normal(size=400) for _ in range(3)]
    metric = METRICS[name]
    found = measure(metric, here, prediction, refits=others, seeds=others[:2])
    assert found.value == metric.value(y, prediction)
    np.testing.assert_array_equal(found.draws, metric.resampled(y, prediction, None, here.counts))
    np.testing.assert_array_equal(found.refits.values, [metric.value(y, each) for each in others])
    assert found.refits.draws.shape == (3, 100)
    assert len(found.seeds) == 2
    exact = np.array([metric.resampled(y, each, None, here.counts[:100]) for each in others])
    if name == "median_bias":  # no influence is known: the resamples themselves
        np.testing.assert_array_equal(found.refits.draws, exact)
    else:
        assert np.abs(found.refits.draws - exact).max() < 0.2 * exact.std()
    assert len(measure(metric, here, prediction).refits) == 0


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_refits_to_parts_spread_a_mean_as_training_sets_do(share):
    """Over parts with a share f of n events a mean has the variance (1 - f)/f σ²/n; of a half that is its own."""
    rng, n = np.random.default_rng(0), 50
    found = []
    for _ in range(400):
        x = rng.normal(size=n)
        means = np.array([x[rng.permutation(n)[: round(share * n)]].mean() for _ in range(10)])
        found.append(Refits(means, np.zeros((10, 2))).of_share(share).variance)
    assert np.mean(found) == pytest.approx(1 / n, rel=0.1)


def test_a_fit_like_its_seeds_departs_by_less_than_they_spread_and_one_alone_by_its_distance():
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(2000, 6))
    alike = [departure(each[0], Refits(each[1:], np.zeros((5, 2)))) for each in draws]
    assert np.mean(alike) == pytest.approx(1 / 5, rel=0.1)
    assert departure(3.0, Refits(np.zeros(5), np.zeros((5, 2)))) ** 0.5 == pytest.approx(3 / 6**0.5)


def test_what_test_events_bring_to_seeds_is_no_departure():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(2000):
        own, draws = rng.normal(size=6), rng.normal(size=(6, 100))
        found.append(departure(own[0], Refits(own[1:], draws[1:])))
    assert np.mean(found) < 0.5 / 5
