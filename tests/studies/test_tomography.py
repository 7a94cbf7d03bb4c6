"""The networks of the tomography exercise, on its own random division: none worse than it found, the best far below."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.neural import MLPRegressor
from fivesigma.simulate.spins import SpinChain, bits


@pytest.fixture(scope="module")
def exercise():
    """A fifth of the strings to train on, two fifths to test, drawn one by one."""
    chain = SpinChain(12)
    s, y = 1.0 - 2 * bits(np.arange(4096), 12), np.log(chain.ground_state() ** 2)
    order = np.random.default_rng(0).permutation(4096)
    return s, y, order[:819], order[-1639:], chain.orbits()


def errors(exercise, **settings):
    """Mean squared error of each of ten members on the test strings."""
    s, y, train, test, _ = exercise
    plain = {
        "batch_size": 32,
        "early_stopping": False,
        "n_members": 10,
        "learning_rate": 0.01,
        "random_state": 0,
    }
    members = MLPRegressor(**plain | settings).fit(s[train], y[train]).predict_members(s[test])
    return ((members.reshape(10, len(test)) - y[test]) ** 2).mean(axis=1)


def test_none_of_ten_plain_networks_is_above_what_the_exercise_found(exercise):
    found = errors(exercise, hidden=(16,), optimiser="sgd", momentum=0.0, epochs=1500)
    assert found.max() <= 0.055


def test_annealed_adam_leaves_all_ten_below_a_tenth_of_it(exercise):
    assert errors(exercise, hidden=(16,), optimiser="adam", schedule="cosine", epochs=1500).max() <= 0.005


def test_nearly_every_test_string_has_a_copy_in_training(exercise):
    *_, train, test, orbit = exercise
    assert np.isin(orbit[test], orbit[train]).mean() > 0.98
