"""σ from log p, the family's correction, and what it does under the null."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.scenes import equal
from fivesigma.risk import copula, significance
from fivesigma.risk.significance import (
    Difference,
    global_significance,
    log_p_from_sigma,
    log_t_tail,
    sigma_from_log_p,
    t_tail,
)

# --- one difference ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sigma", "p"), [(3.0, 1.349898e-3), (5.0, 2.866516e-7)])
def test_the_fields_two_numbers(sigma, p):
    assert np.exp(log_p_from_sigma(sigma)) == pytest.approx(p, rel=1e-6)
    assert sigma_from_log_p(np.log(p)) == pytest.approx(sigma, rel=1e-6)


@given(st.floats(0.0, 1000.0))
@settings(deadline=None, derandomize=True)
def test_sigma_and_log_p_are_inverse(sigma):
    assert sigma_from_log_p(log_p_from_sigma(sigma)) == pytest.approx(sigma, abs=1e-6, rel=1e-9)


@given(st.floats(0.0, 300.0), st.sampled_from([1.0, 2.5, 9.0, 29.0, 400.0, 1e4]))
@settings(deadline=None, derandomize=True)
def test_the_tail_agrees_with_scipy_where_scipy_has_one(t, dof):
    expected = stats.t.logsf(t, dof)
    if np.isfinite(expected) and expected > -500:
        assert log_t_tail(t, dof) == pytest.approx(expected, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("dof", [3.0, 30.0, 3000.0, 1e6])
def test_the_tail_goes_on_where_scipy_underflows(dof):
    """The quadrature joins scipy's tail smoothly and keeps falling: the slope of log p matches the density."""
    t = np.array([5.0, 20.0, 35.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(significance.laws, "t_sf", lambda t, dof: 0.0)
        found = np.array([significance.log_t_tail(each, dof) for each in t])
    assert found == pytest.approx(stats.t.logsf(t, dof), rel=1e-6)
    assert np.isfinite(log_t_tail(1e6, dof))
    assert np.isfinite(t_tail(1e8, dof, one_sided=False).sigma)


def test_sigma_carries_the_sign_and_p_the_side():
    up, down = (t_tail(t, 20.0, one_sided=True) for t in (2.0, -2.0))
    assert up.sigma == -down.sigma > 0
    assert up.p + down.p == pytest.approx(1.0)
    both = t_tail(-2.0, 20.0, one_sided=False)
    assert both.p == pytest.approx(2 * up.p)
    assert both.sigma == down.sigma


# --- the family ----------------------------------------------------------------------------------------------------


def member(sigma, rng, *, one_sided=False, shared=None, dof=200.0, n=1000):
    draws = rng.normal(size=n) if shared is None else shared + 0.1 * rng.normal(size=n)
    return Difference(
        0.01 * sigma, p=0.5, sigma_local=sigma, one_sided=one_sided, stat=0.01, train=0.0, t=sigma, dof=dof,
        stat_draws=draws,
    )  # fmt: skip


def test_one_comparison_needs_no_correction():
    rng = np.random.default_rng(0)
    for sigma in (0.5, 1.7, 3.3, 8.0, -4.0):
        found = global_significance([member(sigma, rng)])[0].sigma_global
        assert found == pytest.approx(sigma, abs=0.06)


def test_independent_members_give_sidak_and_equal_ones_give_none():
    rng = np.random.default_rng(0)
    independent = global_significance([member(s, rng) for s in [2.0] + [0.1] * 9])[0].sigma_global
    p = 1 - (1 - 2 * stats.norm.sf(2.0)) ** 10
    assert independent == pytest.approx(stats.norm.isf(p / 2), abs=0.08)
    shared = rng.normal(size=1000)
    equal = global_significance([member(s, rng, shared=shared) for s in [2.0] + [0.1] * 9])[0].sigma_global
    assert equal > independent + 0.5


def test_beyond_two_and_a_half_sigma_it_is_sidak_over_the_full_number():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=1000)
    family = [member(s, rng, shared=shared) for s in [5.5] + [0.1] * 29]
    p = -np.expm1(30 * np.log1p(-2 * stats.norm.sf(5.5)))
    assert global_significance(family)[0].sigma_global == pytest.approx(stats.norm.isf(p / 2), abs=1e-6)
    refused = [*family, *[Difference(None)] * 30]
    assert global_significance(refused)[0].sigma_global < global_significance(family)[0].sigma_global
    assert global_significance(refused)[-1].sigma_global is None


def test_it_is_monotone_never_above_the_local_one_and_keeps_the_sign():
    rng = np.random.default_rng(1)
    shared = rng.normal(size=500)
    sigmas = np.linspace(0, 9, 40)
    for one_sided in (False, True):
        family = [member(s, rng, shared=shared, one_sided=one_sided, n=500) for s in sigmas]
        found = np.array([d.sigma_global for d in global_significance(family)])
        assert (np.diff(found) >= 0).all()
        assert (found <= sigmas + 1e-12).all()
    negative = global_significance([member(-6.0, rng), member(1.0, rng)])[0]
    assert -6.0 <= negative.sigma_global < -5


def test_it_is_deterministic_and_survives_a_singular_correlation():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(3, 800))
    pairs = [draws[0] - draws[1], draws[1] - draws[2], draws[0] - draws[2], np.zeros(800)]
    family = [
        dataclasses.replace(member(s, rng), stat_draws=d)
        for s, d in zip((1.0, 2.0, 2.4, 0.0), pairs, strict=True)
    ]
    first, second = ([d.sigma_global for d in global_significance(family)] for _ in range(2))
    assert first == second
    assert np.isfinite(first).all()


def test_the_familywise_rate_is_the_stated_one(monkeypatch):
    """Under the null the largest global σ exceeds 2 in 4.6 % of studies: no more, and not far less."""
    monkeypatch.setattr(copula, "N_COPULA", 3000)
    rng = np.random.default_rng(3)
    n_studies, beyond = 150, 0
    for _ in range(n_studies):
        errors = rng.normal(size=(4, 1001))
        pairs = [(i, j) for i in range(4) for j in range(i)]
        family = []
        for i, j in pairs:
            d = (errors[i] - errors[j]) / 2**0.5
            family.append(dataclasses.replace(member(float(d[0]), rng, dof=1e5), stat_draws=d[1:]))
        beyond += max(abs(d.sigma_global) for d in global_significance(family)) >= 2
    assert 0.005 <= beyond / n_studies <= 0.10


# --- nothing to find -----------------------------------------------------------------------------------------------


@pytest.mark.torture
def test_ten_equal_models_are_not_distinguished(tenth):
    """In at most 0.5 % of studies, and none of the first ten."""
    n_studies = tenth(200)
    assert equal.equal_models(n_studies, seed=4) <= n_studies // 100


def test_two_seeds_of_one_forest_are_not_distinguished_though_test_events_alone_say_so():
    """The trap of design §6: with many test events the seed's own noise looks like a difference."""
    rng = np.random.default_rng(0)
    sigmas = np.abs(equal.forest_pairs(rng, 10_000, n_pairs=6, n_train=150, n_trees=2, n_boot=200))
    assert sigmas[:, 0].max() < 3
    assert sigmas[:, 1].max() > 3
    assert (sigmas[:, 0] <= sigmas[:, 1]).all()


def test_a_draw_without_a_value_neither_stops_the_family_nor_moves_the_others():
    rng = np.random.default_rng(0)
    draws = rng.normal(0.0, 0.1, (200, 2))
    odd = np.where(np.arange(200) % 7 == 0, np.nan, rng.normal(0.0, 0.1, 200))

    def member(stat_draws, sigma):
        return Difference(0.1, sigma_local=sigma, t=sigma, dof=50.0, stat_draws=stat_draws)

    plain = global_significance([member(draws[:, 0], 2.0), member(draws[:, 1], 1.0)])
    found = global_significance([member(draws[:, 0], 2.0), member(draws[:, 1], 1.0), member(odd, 0.5)])
    assert found[0].sigma_global <= plain[0].sigma_global
    assert all(np.isfinite(each.sigma_global) for each in found)


def test_what_sidak_decides_is_not_asked_of_the_draws_and_is_what_it_would_be(monkeypatch):
    rng = np.random.default_rng(5)
    shared = rng.normal(size=300)
    family = [member(s, rng, shared=shared, n=300) for s in (0.3, 1.7, -2.6, 3.0, 5.5, -30.0)]
    sigmas = np.abs([each.sigma_local for each in family])
    all_asked = significance._correlated(family, sigmas, np.full(6, 2), np.full(6, True))
    bounds = [significance._sidak(s, 2, 6) for s in sigmas]
    expected = np.minimum(np.maximum(bounds, np.minimum(all_asked, significance.SIDAK_FROM)), sigmas)
    asked = []
    plain = significance.familywise_p
    monkeypatch.setattr(
        significance, "familywise_p", lambda *given: asked.append(len(given[-1])) or plain(*given)
    )
    assert np.abs([each.sigma_global for each in global_significance(family)]).tolist() == expected.tolist()
    assert asked == [sum(bound < significance.SIDAK_FROM for bound in bounds)] == [4]
    global_significance(family[-2:])
    assert len(asked) == 1
