"""Folds and test beside each other: told where they part, and in about one sound study of twenty."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.folded import Folded
from fivesigma.risk.metrics import metric
from fivesigma.risk.tension import error_on_folds, tension


def test_sound_studies_are_told_of_a_tension_in_one_of_twenty():
    rng, told = np.random.default_rng(0), 0
    m, n, n_test = metric("brier"), 300, 100
    for _ in range(300):
        p = rng.beta(2, 2, n + n_test)
        y = (rng.random(n + n_test) < p).astype(int)
        said = np.column_stack([1 - p, p])
        events = Folded(y[:n], None, np.arange(n) % 5)
        error = error_on_folds(m, events, said[:n], rng)
        test = m.value(y[n:], said[n:])
        terms = np.sum((said[n:] - np.eye(2)[y[n:]]) ** 2, axis=1)
        scale = test / terms.mean()
        difference = float(m.merit(events.value(m, said[:n])) - m.merit(test))
        found = tension(
            difference, folds=error, test=scale * terms.std() / n_test**0.5, train=0.0, units=n_test, refits=0
        )
        told += found.told
    assert 0.015 <= told / 300 <= 0.09


def test_the_sign_says_that_the_test_is_the_worse():
    worse, better = (tension(d, folds=0.01, test=0.02, train=0.0, units=100, refits=0) for d in (0.1, -0.1))
    assert worse.sigma > 3 > -3 > better.sigma
    assert worse.p == pytest.approx(better.p)


def test_what_a_training_set_brings_is_there_twice():
    with_train = tension(0.1, folds=0.01, test=0.02, train=0.03, units=100, refits=10)
    assert with_train.error == pytest.approx((0.01**2 + 0.02**2 + 2 * 0.03**2) ** 0.5)
    assert with_train.p > tension(0.1, folds=0.01, test=0.02, train=0.0, units=100, refits=10).p


def test_without_an_error_there_is_no_tension():
    assert tension(0.1, folds=np.nan, test=0.02, train=0.0, units=100, refits=0) is None
    assert tension(0.0, folds=0.0, test=0.0, train=0.0, units=100, refits=0) is None
