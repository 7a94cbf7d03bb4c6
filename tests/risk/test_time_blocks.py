"""Splits by time: blocks that do not touch, a gap beside each, the last of them sealed; and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.time_blocks import split_by_time, times

RNG = np.random.default_rng(0)
T = RNG.permutation(np.sort(RNG.uniform(0.0, 1000.0, 300)))


def split(t=T, y=None, **asked):
    return split_by_time(t, y, units=np.arange(len(t)), **asked)


@pytest.mark.parametrize("gap", [0.0, 7.5, 40.0])
@pytest.mark.parametrize("n_folds", [2, 5])
def test_nothing_closer_than_the_gap_is_fitted_on(gap, n_folds):
    found = split(gap=gap, n_folds=n_folds)
    test = found.tests["test"]
    assert len(test) == 60
    assert T[test].min() > T[found.train].max()
    assert T[test].min() - T[found.train].max() >= gap
    assert len(found.train) + len(test) + found.left_out == 300
    for k in range(n_folds):
        fitted, validated = found.fold(k)
        low, high = T[validated].min(), T[validated].max()
        beside = T[fitted]
        assert ((beside < low) | (beside > high)).all()
        assert ((beside <= low - gap) | (beside >= high + gap)).all()
        lost = len(found.train) - len(fitted) - len(validated)
        assert lost == (found.near[k].sum() if gap else 0)
    assert np.bincount(found.folds).min() >= np.bincount(found.folds).max() - 1


def test_blocks_are_of_the_times_and_not_of_the_order_of_the_rows_or_their_unit():
    found, order = split(gap=10.0), RNG.permutation(300)
    again = split(T[order], gap=10.0)
    fold, turned = np.full(300, -9), np.full(300, -9)
    fold[found.train], turned[order[again.train]] = found.folds, again.folds
    np.testing.assert_array_equal(fold, turned)
    np.testing.assert_array_equal(split(60.0 * T + 5.0, gap=600.0).folds, found.folds)


def test_events_of_one_time_stay_together():
    nights = np.floor(T / 20)
    found = split(nights, n_folds=4)
    for night in np.unique(nights):
        rows = np.flatnonzero(nights == night)
        held = set(found.folds[np.isin(found.train, rows)])
        assert len(held) + bool(np.isin(rows, found.tests["test"]).any()) == 1


def test_a_validation_fraction_is_the_last_block_of_training():
    found = split(validation=0.25, gap=5.0)
    fitted, validated = found.fold(0)
    assert found.n_folds == 1
    assert len(validated) == 60
    assert T[validated].min() - T[fitted].max() >= 5.0


def test_without_a_test_every_row_is_in_a_block():
    assert split(test=None).folds.size == 300
    assert split(test=0.0).tests == {}


def test_the_gap_is_part_of_the_hash_and_no_gap_is_not():
    assert split(gap=3.0).sha256 != split(gap=30.0).sha256
    assert split(test=None).sha256 == split(test=None, gap=1e-9).sha256


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([3, 4]), [3.0, 4.0]),
        (np.array(["1970-01-02", "1970-01-01T06:00"], dtype=object), [1.0, 0.25]),
        (np.array(["1970-01-02T02:00:00+02:00"], dtype=object), [1.0]),
        (np.array(["1970-01-03", "1970-01-01"], dtype="datetime64[D]"), [2.0, 0.0]),
        (np.array([7, 2**40], dtype=object), [7.0, 2.0**40]),
    ],
)
def test_times_are_numbers_or_dates(values, expected):
    np.testing.assert_allclose(times(values, "t"), expected)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array(["soon"], dtype=object), "'soon' in t is no time; expected numbers, or ISO dates"),
        (np.array([1.0, np.nan, np.nan]), "2 of 3 events have no t"),
        (np.array(["1970-01-02", None], dtype=object), "1 of 2 events have no t"),
        (np.array(["1970-01-02", "NaT"], dtype="datetime64[s]"), "1 of 2 events have no t"),
    ],
)
def test_what_is_no_time_is_refused(values, said):
    with pytest.raises(InputError, match=said):
        times(values, "t")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"gap": 600.0}, "has no events to fit to; lower split.gap"),
        (
            {"t": np.repeat([1.0, 2.0, 3.0], 100), "n_folds": 5},
            "has no events; lower split.gap or split.folds",
        ),
        ({"groups": np.arange(300) % 7}, "7 groups have events in two blocks"),
        ({"y": (T > 500).astype(int)}, "the test holds no event of class 0"),
        (
            {"y": (T < 30).astype(int), "test": None},
            "what block 1 leaves to fit to holds no event of class 's'",
        ),
    ],
)
def test_what_cannot_be_divided_is_one_sentence(asked, said):
    named = {"classes": ("b", "s")} if "test" in asked else {}
    with pytest.raises(InputError, match=said):
        split(**asked, **named)


def test_training_rows_that_equal_a_test_row_are_counted():
    whole = split()
    early, late = whole.train[:3], whole.tests["test"][:3]
    units = np.arange(300)
    units[late] = units[early]
    assert split_by_time(T, None, units=units).overlap == 3
    assert whole.overlap == 0


def test_a_group_inside_one_block_or_cut_by_the_gap_alone_is_no_straddler():
    found = split(gap=10.0)
    group = np.full(300, -1)
    group[found.train] = found.folds
    group[found.tests["test"]] = 99
    group[group == -1] = 99  # those left out before the test
    assert split(gap=10.0, groups=group).sha256 == found.sha256
