"""Trees tell two samples apart where they differ, and not where they do not, in whatever unit."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.explain import shift
from fivesigma.explain.shift import Sample, column_by_column
from fivesigma.models.trees import ExtraTreesClassifier

TREES = ExtraTreesClassifier(50, min_samples_leaf=10, max_features=None)


def told_apart(a, b, rng):
    return shift.told_apart(a, b, rng, classifier=TREES)


def samples(seed, *, shift=0.0, n=120, copies=1):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + np.array([0.0, shift, 0.0])
    groups = np.repeat(np.arange(n), copies) if copies > 1 else None
    return tuple(Sample(np.repeat(X, copies, axis=0), None, groups) for X in (a, b))


def test_half_is_inside_the_interval_where_nothing_differs():
    found = [told_apart(*samples(seed), np.random.default_rng(seed)) for seed in range(40)]
    inside = sum(each.low <= 0.5 <= each.high for each in found)
    assert inside >= 34, "95 % of 40 less three standard errors"


def test_a_shift_of_one_column_is_found_by_both():
    a, b = samples(0, shift=1.0)
    assert told_apart(a, b, np.random.default_rng(0)).low > 0.6
    ps = [each.p for each in column_by_column(a, b)]
    assert ps[1] < 1e-6
    assert min(ps[0], ps[2]) > 1e-3


def test_units_do_not_matter():
    a, b = samples(1, shift=0.5)
    scaled = [Sample(each.X * [2.0**-70, 2.0**80, 1.0]) for each in (a, b)]
    found = [told_apart(*pair, np.random.default_rng(2)).value for pair in ((a, b), scaled)]
    assert found[0] == found[1]


def test_copies_of_an_event_in_one_group_are_not_recognised():
    found = [told_apart(*samples(seed, n=40, copies=4), np.random.default_rng(seed)) for seed in range(10)]
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.08)


def test_a_classifier_is_handed_a_seed_and_stays_unfitted():
    found = [told_apart(*samples(3), np.random.default_rng(seed)).value for seed in (5, 5, 6)]
    assert found[0] == found[1] != found[2]
    assert not hasattr(TREES, "classes_")
    assert TREES.random_state is None


def test_too_few_events_are_refused():
    with pytest.raises(InputError):
        told_apart(*samples(0, n=3), np.random.default_rng(0))
