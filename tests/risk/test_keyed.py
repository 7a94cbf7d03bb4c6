"""A split by a key depends on each row's key alone."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.keyed import split_by_key
from fivesigma.risk.row_hashes import table_hash


def hashes(values) -> np.ndarray:
    return table_hash({"key": np.asarray(values)})


def parts(keys, **asked) -> dict[object, object]:
    """Return the part of each key: its fold, or the name of its test."""
    split = split_by_key(hashes(keys), None, salt="s", **asked)
    found = dict(zip(np.asarray(keys)[split.train].tolist(), split.folds.tolist(), strict=True))
    return found | {
        key: name for name, rows in split.tests.items() for key in np.asarray(keys)[rows].tolist()
    }


KEYS = np.random.default_rng(0).permutation(5000)


def test_the_part_of_a_key_depends_on_no_other_row():
    every = parts(KEYS)
    assert parts(KEYS[::-1]) == every
    some = parts(KEYS[:700])
    assert all(every[key] == part for key, part in some.items())
    beside = parts(np.concatenate([KEYS[:700], np.arange(10_000, 12_000)]))
    assert all(every[key] == beside[key] for key in some)


def test_parts_hold_their_fractions_as_chance_has_it():
    split = split_by_key(hashes(np.arange(20_000)), None, test=0.2, n_folds=5)
    assert abs(len(split.tests["test"]) / 20_000 - 0.2) < 4 * (0.16 / 20_000) ** 0.5
    assert np.abs(np.bincount(split.folds) / len(split.train) - 0.2).max() < 0.015


def test_the_folds_say_nothing_of_the_test_and_repeats_are_others():
    split = split_by_key(hashes(np.arange(20_000)), None, test=None, n_folds=2, repeats=3)
    first, second, third = (split.folds_of(r) for r in range(3))
    for a, b in ((first, second), (second, third), (first, third)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    tested = split_by_key(hashes(np.arange(20_000)), None, test=0.5, n_folds=2)
    assert abs(tested.folds.mean() - 0.5) < 0.02


def test_rows_of_one_key_stay_together():
    keys = np.random.default_rng(1).integers(0, 300, 4000)
    split = split_by_key(hashes(keys), None)
    side = np.full(4000, -1)
    side[split.train] = split.folds
    assert all(len(np.unique(side[keys == key])) == 1 for key in np.unique(keys))
    assert len(np.unique(split.units)) == len(np.unique(keys))


@pytest.mark.parametrize(
    "keys", [2**60 + np.arange(3000), np.array([f"run 1, event {i}" for i in range(3000)], dtype=object)]
)
def test_long_keys_and_text_keep_every_digit(keys):
    split = split_by_key(hashes(keys), None)
    assert len(np.unique(split.units)) == 3000
    assert 450 < len(split.tests["test"]) < 750


def test_a_number_is_the_same_key_in_any_type():
    for other in (np.arange(500, dtype=np.int32), np.arange(500.0), np.arange(500, dtype=np.uint64)):
        np.testing.assert_array_equal(hashes(other), hashes(np.arange(500)))


def test_rows_that_share_a_key_with_a_given_test_are_in_no_part():
    keys = np.repeat(np.arange(400), 2)
    split = split_by_key(hashes(keys), None, test_rows={"b": np.arange(0, 100, 2)})
    assert split.left_out == 50
    assert not np.isin(keys[split.train], keys[split.tests["b"]]).any()


def test_another_salt_seals_other_keys():
    one, other = (split_by_key(hashes(KEYS), None, salt=salt).tests["test"] for salt in ("a", "b"))
    assert len(np.intersect1d(one, other)) < 0.3 * len(one)


@pytest.mark.parametrize(
    ("keys", "y", "message"),
    [
        (np.zeros(50), None, "has no event"),
        (np.arange(60), np.r_[1, np.zeros(59, dtype=int)], "holds no event of class"),
    ],
)
def test_what_no_fit_could_see_is_refused(keys, y, message):
    with pytest.raises(InputError, match=message):
        split_by_key(hashes(keys), y)
