"""Strata: how much the number of each class varies where a division holds the classes to their shares."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.strata import Strata

TABLE = np.repeat([0, 1, 2], [600, 300, 100])


@pytest.mark.parametrize(
    ("prevalence", "stratified", "spread"),
    [("random", True, 0.2), ("fixed", True, 0.0), ("fixed", False, 0.8), ("random", False, None)],
)
def test_a_share_of_a_random_table_varies_as_the_table_does_and_one_by_design_not_at_all(
    prevalence, stratified, spread
):
    strata = Strata.held(TABLE[::5], TABLE, prevalence=prevalence, stratified=stratified)
    if spread is None:
        assert strata is None
    else:
        assert strata.spread == pytest.approx([spread] * 3)
        assert strata.n == 3


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.0])
def test_the_number_of_a_class_has_its_mean_and_that_part_of_poissons_variance(spread):
    sizes, rng = np.array([400, 40]), np.random.default_rng(0)
    totals = Strata(np.repeat([0, 1], sizes), np.full(2, spread)).totals(sizes, 20_000, rng)
    assert totals.mean(axis=0) == pytest.approx(sizes, rel=0.01)
    assert totals.var(axis=0) == pytest.approx(spread * sizes, rel=0.04, abs=1e-12)


def test_values_are_summed_over_the_units_of_each_stratum():
    of = np.array([0, 1, 1, 2])
    found = Strata(of, np.zeros(3)).sums(np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0]]), of)
    assert found.tolist() == [[1.0, 5.0, 4.0], [0.0, 1.0, 1.0]]
