"""What training does with negative weights: four policies, and the laws of resampling."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import FitError
from fivesigma.models.signed import POLICIES, Events


def sample(seed: int, n: int = 4000, *, sizes: bool = False) -> Events:
    """Two classes with a fifth of negative weights, whose shape is another one than the target's."""
    rng = np.random.default_rng(seed)
    of, negative = rng.integers(0, 2, n), rng.random(n) < 0.2
    other = negative | (rng.random(n) < 0.25)
    X = rng.normal(size=(n, 2)) + np.where(other[:, None], [0.5, -0.5], np.outer(of, [1.0, 0.6]))
    w = np.where(negative, -1.0, 1.0) * (rng.uniform(0.5, 1.5, n) if sizes else 1.0)
    return Events(X, w, of, np.arange(n))


def weights(policy: str, events: Events, seed: int = 0):
    return POLICIES[policy].weights(events, np.random.default_rng(seed))


def pulls(events: Events, w) -> np.ndarray:
    """How far Σw, and the mean of each column, of each class is off, in errors of the signed sample."""
    found = []
    for code in (0, 1):
        own = events.of == code
        signed, X, new = events.w[own], events.X[own], w[own]
        mean = signed @ X / signed.sum()
        error = np.sqrt(signed**2 @ (X - mean) ** 2) / signed.sum()
        found += [(new.sum() - signed.sum()) / np.sqrt((signed**2).sum())]
        found += list((new @ X / new.sum() - mean) / error)
    return np.array(found)


@pytest.mark.parametrize("sizes", [False, True])
def test_resampling_keeps_sums_squares_and_shapes(sizes):
    events = sample(1, sizes=sizes)
    found = weights("resample", events)
    assert (found.w >= 0).all()
    assert np.abs(pulls(events, found.w)).max() < 2.5
    for code in (0, 1):
        own = events.of == code
        assert found.w[own].sum() == pytest.approx(events.w[own].sum(), rel=1e-12)
        assert np.square(found.w[own]).sum() == pytest.approx(np.square(events.w[own]).sum(), rel=0.15)


def test_drop_and_absolute_are_off_by_many_errors_in_the_yield():
    events = sample(1)
    off = {
        name: np.abs(pulls(events, weights(name, events).w)[[0, 3]]).min() for name in ("drop", "absolute")
    }
    assert off["drop"] > 6
    assert off["absolute"] > 12


def test_keep_leaves_every_weight():
    events = sample(2, 200)
    np.testing.assert_array_equal(weights("keep", events).w, events.w)


def test_resampling_leaves_a_class_without_negative_weights():
    events = sample(3, 600)
    w = np.where(events.of == 0, np.abs(events.w) * 2.5, events.w)
    found = weights("resample", Events(events.X, w, events.of, events.units))
    np.testing.assert_array_equal(found.w[events.of == 0], w[events.of == 0])
    assert (found.w[events.of == 1] == 0).any()


def test_the_unit_of_weights_does_not_matter():
    events = sample(4, 800, sizes=True)
    once = weights("resample", events).w
    scaled = weights("resample", Events(events.X, events.w * 1024.0, events.of, events.units)).w
    np.testing.assert_array_equal(scaled, once * 1024.0)


def test_events_of_no_positive_expectation_are_named_and_not_kept():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 1))
    w = np.where(X[:, 0] > 1.0, -1.0, 1.0)  # a region whose yield is negative
    found = weights("resample", Events(X, w, np.zeros(2000, np.int64), np.arange(2000)))
    assert found.lost[X[:, 0] > 1.2].all()
    assert (found.w[found.lost] == 0).all()


def test_a_class_whose_weights_cancel_is_refused_where_signs_matter():
    events = Events(np.zeros((4, 1)), np.array([1.0, -2.0, 1.0, 1.0]), np.array([0, 0, 1, 1]), np.arange(4))
    for name in ("keep", "resample"):
        with pytest.raises(FitError, match="training weights of class 0 sum to -1; expected a positive sum"):
            weights(name, events)
    np.testing.assert_array_equal(weights("drop", events).w, [1.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(weights("absolute", events).w, [1.0, 2.0, 1.0, 1.0])


def test_copies_of_an_event_learn_from_other_folds_and_few_events_do_not_crash():
    events = sample(5, 12)
    doubled = np.repeat(np.arange(12), 2)
    found = weights(
        "resample", Events(events.X[doubled], np.ones(24) - 1.5 * (doubled == 3), events.of[doubled], doubled)
    )
    assert np.isfinite(found.w).all()
