"""The gap is a number; overfit and underfit are tests of the neighbours in flexibility."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.generalisation import Generalisation, generalisation

RNG = np.random.default_rng(0)
NOISE = RNG.normal(scale=0.002, size=10)
BASE = 0.8 + RNG.normal(scale=0.01, size=10)
SIZES = {"n_fit": 900, "n_validation": 100}


def judged(less=None, more=None, *, greater_is_better=True, train=None):
    return generalisation(train, BASE, greater_is_better=greater_is_better, less=less, more=more, **SIZES)


def test_a_gap_alone_is_no_verdict():
    found = judged(train=np.ones(10))
    assert found == Generalisation(pytest.approx(1 - BASE.mean()), "not tested", None)


def test_a_less_flexible_neighbour_that_wins_shows_overfitting():
    found = judged(less=BASE + 0.05 + NOISE, more=BASE - 0.03 + NOISE)
    assert found.verdict == "overfit"
    assert found.sigma >= 3


def test_a_more_flexible_neighbour_that_wins_shows_underfitting():
    found = judged(less=BASE - 0.05 + NOISE, more=BASE + 0.05 + NOISE)
    assert found.verdict == "underfit"
    assert found.sigma >= 3


def test_neighbours_within_the_noise_show_neither():
    found = judged(less=BASE + NOISE, more=BASE - NOISE)
    assert found.verdict == "neither shown"
    assert abs(found.sigma) < 3


def test_losses_are_turned_round():
    assert judged(less=BASE - 0.05 + NOISE, greater_is_better=False).verdict == "overfit"
    assert judged(less=BASE + 0.05 + NOISE, greater_is_better=False).verdict == "neither shown"


def test_an_identical_neighbour_shows_neither():
    assert judged(less=BASE.copy()).sigma == 0.0
