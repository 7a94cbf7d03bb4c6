"""The draws behind the family's correction: what they say, and what they hold in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fivesigma.risk import copula
from fivesigma.risk.copula import Places, familywise_p, p_of


def family(n, seed=0):
    """Return correlation, degrees of freedom and sides of so many differences of a few models."""
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(50, 9)) @ rng.normal(size=(9, n))
    return np.corrcoef(errors.T), rng.choice([3.0, 20.5, 1e7], n), rng.integers(1, 3, n)


P = np.array([0.2, 1e-3, 0.03, 1e-3, 1.0, 0.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_quantiles_count_the_draws_that_p_itself_counts(seed):
    """Few and many degrees of freedom, one and two sides, limits that underflow, are 1, or are hit by a draw."""
    rng = np.random.default_rng(seed)
    dof = float(rng.choice([1.0, 2.5, 9.0, 57.3, copula.LARGEST_DOF]))
    sided = int(rng.integers(1, 3))
    t = np.append(rng.standard_t(dof, 400) * rng.choice([1e-3, 1.0, 30.0]), [0.0, 1e300, -1e300])
    p = p_of(t, sided, dof)
    limits = np.unique([*rng.choice(p, 5), *rng.random(5) ** 9, 0.0, 1e-300, 0.5, 1.0])
    assert Places.of(dof, sided, limits).first(t).tolist() == np.searchsorted(limits, p).tolist()


@pytest.mark.parametrize("sided", [1, 2])
def test_p_is_that_of_scipy(sided):
    t = np.array([-2.0, 0.0, 0.5, 4.0])
    expected = stats.t.sf(t, 7.0) if sided == 1 else 2 * stats.t.sf(np.abs(t), 7.0)
    assert p_of(t, sided, 7.0) == pytest.approx(expected)


def test_it_is_the_share_of_draws_whose_smallest_p_is_at_most_that(monkeypatch):
    """Against the formula written out, all draws at once."""
    monkeypatch.setattr(copula, "N_COPULA", 2000)
    correlation, dofs, sided = family(12)
    rng = np.random.default_rng(2008)
    values, vectors = np.linalg.eigh(correlation)
    levels = rng.random(2000)
    z = rng.standard_normal((2000, 12)) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    grid, known = (np.arange(2000) + 0.5) / 2000, np.minimum(dofs, copula.LARGEST_DOF)
    w = np.stack([np.interp(levels, grid, stats.chi2.ppf(grid, dof) / dof) for dof in known], axis=1)
    each = [p_of(z[:, k] / np.sqrt(w[:, k]), int(sided[k]), known[k]) for k in range(12)]
    smallest = np.min(each, axis=0)
    expected = [(1 + (smallest <= p).sum()) / 2001 for p in P]
    assert familywise_p(correlation, dofs, sided, P) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("at_once", [1, 7 * 100, 7 * 333 + 5, 7 * 3000, 10**9])
def test_how_many_draws_are_held_at_once_changes_nothing(monkeypatch, at_once):
    monkeypatch.setattr(copula, "N_COPULA", 3000)
    expected = familywise_p(*family(7), P)
    monkeypatch.setattr(copula, "AT_ONCE", at_once)
    assert familywise_p(*family(7), P).tolist() == expected.tolist()


def test_the_draws_of_a_large_family_take_no_more_memory_than_those_of_a_small_one():
    """Pairs of models grow with their square: 240 are those of 22 models, 60 those of 11."""

    def peak(n):
        asked = family(n)
        tracemalloc.start()
        familywise_p(*asked, P)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    familywise_p(*family(2), P)
    assert peak(240) < 1.3 * peak(60)
