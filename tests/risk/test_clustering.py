"""Scores of clusterings against scikit-learn, by hand, and against the functions of the mixture library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, mutual_info_score

from benchmarks import scene as simulated
from benchmarks.scenes import clus
from fivesigma._core.outputs import Output
from fivesigma.models.mixtures import labels
from fivesigma.risk.metrics import metric, metrics_for


@pytest.fixture
def drawn():
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 200)
    return y, np.where(rng.random(200) < 0.3, rng.integers(0, 3, 200), (y + 1) % 3)


def test_agree_with_reference(drawn):
    y, found = drawn
    assert metric("adjusted_rand").value(y, found) == pytest.approx(adjusted_rand_score(y, found))
    assert metric("mutual_information").value(y, found) == pytest.approx(mutual_info_score(y, found))
    assert metric("overlap").value(y, found) == pytest.approx(labels.overlap(y, found))


def test_numbers_of_clusters_mean_nothing(drawn):
    y, found = drawn
    other = np.array([7, -1, 3])[found]
    for each in metrics_for([Output.LABEL], 3):
        if each.name != "log_likelihood":
            assert each.value(y, found) == pytest.approx(each.value(y, other))


def test_overlap_by_hand():
    y = np.array([0, 0, 0, 1, 1, 1])
    assert metric("overlap").value(y, np.array([1, 1, 1, 0, 0, 0])) == 1.0
    assert metric("overlap").value(y, np.zeros(6)) == 0.0
    assert metric("overlap").value(y, np.array([0, 0, 1, 2, 2, 2])) == pytest.approx((5 / 6 - 0.5) / 0.5)


def test_held_out_density_is_a_weighted_mean():
    value = metric("log_likelihood").value(
        np.zeros(3), np.array([-1.0, -2.0, -6.0]), np.array([1.0, 1.0, 2.0])
    )
    assert value == pytest.approx(-3.75)


def test_agreement_needs_a_truth():
    said = [Output.LABEL, Output.DENSITY]
    assert [each.name for each in metrics_for(said, truth=False)] == ["log_likelihood"]
    assert len(metrics_for(said, 4)) == 4


# --- small forms of benchmarks/scenes/clus.py -----------------------------------------------------------------------


def test_seeds_of_a_k_means_are_not_told_apart():
    found = simulated.claimed(clus.NULLS["seeds-of-k-means"], 15)
    assert found.claimed == 0


@pytest.mark.parametrize("name", ["neighbour-2000", "ridge-wide"])
def test_fits_through_their_events_are_covered_by_refits_to_parts_of_them(name):
    assert simulated.covered(clus.SCENES[name], 40).held >= 36


def test_the_agreement_of_a_k_means_as_a_procedure_is_covered():
    scene = simulated.Scene("adjusted Rand index, one start", clus.agreement(1))
    found = simulated.covered(scene, 40)
    assert found.held >= 36
    assert found.refused == 0
