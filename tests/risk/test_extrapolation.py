"""How far events lie beyond the training range: in any unit, for copies and weights alike, and never less sure."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma.risk.extrapolation import TrainingRange, distance, moved_out, moved_to_ignorance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
NEW = 3 * RNG.normal(size=(50, 3))
NAMES = ("a", "b", "c")


def test_events_of_training_lie_within_and_others_beyond_by_standard_deviations() -> None:
    seen = TrainingRange.of(X.T, NAMES)
    assert not seen.beyond(X).any()
    far = np.maximum(np.maximum(X.min(axis=0) - NEW, NEW - X.max(axis=0)), 0) / X.std(axis=0)
    np.testing.assert_allclose(seen.beyond(NEW), far, rtol=1e-12, atol=1e-12)
    assert (distance(far) > 0).any()


@pytest.mark.parametrize(("scale", "shift"), [(1e6, 0.0), (-2.5, 7.0), (1e-9, 1e-9)])
def test_the_unit_of_a_column_does_not_matter(scale, shift) -> None:
    one = TrainingRange.of(X.T, NAMES).beyond(NEW)
    other = TrainingRange.of((X * scale + shift).T, NAMES).beyond(NEW * scale + shift)
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_weight_k_is_k_copies_and_weight_0_is_removal() -> None:
    k = np.arange(200) % 3
    one = TrainingRange.of(X.T, NAMES, k.astype(float))
    other = TrainingRange.of(np.repeat(X, k, axis=0).T, NAMES)
    for name in ("low", "high", "spread", "gaps"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)


def test_float32_at_the_edge_is_not_beyond_it() -> None:
    seen = TrainingRange.of(X.astype(np.float32).T, NAMES)
    assert not seen.beyond(X).any()


def test_a_gap_is_strange_only_where_training_had_none_and_names_have_no_range() -> None:
    gaps = X.copy()
    gaps[3, 0] = np.nan
    seen = TrainingRange.of(gaps.T, NAMES, unordered=["c"])
    beyond = seen.beyond(np.array([[np.nan, 0.0, 99.0], [0.0, np.nan, -99.0]]))
    np.testing.assert_array_equal(beyond, [[0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(seen.within(["c", "a"]).beyond(np.array([[99.0, 0.0]])), [[0, 0]])


def test_it_is_kept_as_json() -> None:
    seen = TrainingRange.of(X.T, NAMES, unordered=["b"])
    again = TrainingRange.from_document(json.loads(json.dumps(seen.to_document(), allow_nan=False)))
    np.testing.assert_array_equal(again.beyond(NEW), seen.beyond(NEW))


def test_a_straight_relation_stays_inside_and_errors_only_grow() -> None:
    slope = RNG.normal(size=3)
    y = X @ slope
    seen, flat = TrainingRange.of(X.T, NAMES), np.zeros((50, 2))
    far = distance(seen.beyond(NEW))
    nearest = np.clip(NEW, X.min(axis=0), X.max(axis=0)) @ slope  # what a forest says: the edge goes on
    ends = moved_out(flat + nearest[:, None], 1.05 * far, float(y.std()))
    assert ((ends[:, 0] <= NEW @ slope + 1e-9) & (NEW @ slope <= ends[:, 1] + 1e-9)).all()
    band = moved_to_ignorance(np.tile([0.3, 0.4], (3, 1)), np.array([0.0, 0.5, 1.0]))
    assert (np.diff(band[:, 0]) < 0).all()
    assert (np.diff(band[:, 1]) > 0).all()
    np.testing.assert_array_equal(band[0], [0.3, 0.4])
