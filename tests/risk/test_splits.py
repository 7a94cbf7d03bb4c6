"""No group and no duplicate straddles; membership is the event's own; shares are right to within one unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core.errors import InputError
from fivesigma.risk.row_hashes import HASHED_AT_ONCE, row_hash, rows_key, table_hash, table_hashes
from fivesigma.risk.splits import Split, make_split
from tests.steps import steps

LAW = settings(deadline=None, max_examples=60, derandomize=True)


def rows(seed: int, n: int, *, copies: int = 0, n_classes: int = 2):
    """A table with ``copies`` rows repeated, and class codes of which each is frequent."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    X[rng.integers(0, n, copies)] = X[rng.integers(0, n, copies)]
    return X, rng.permutation(np.arange(n) % n_classes), rng


def sides(split: Split) -> np.ndarray:
    """The side of each row: -2 for the test, else its fold."""
    side = np.full(split.train.size + sum(each.size for each in split.tests.values()), -9)
    side[split.train] = split.folds
    for each in split.tests.values():
        side[each] = -2
    return side


def straddles(side: np.ndarray, label: np.ndarray) -> bool:
    return any(np.unique(side[label == value]).size > 1 for value in np.unique(label))


@given(seed=st.integers(0, 10**6), n=st.integers(60, 200), copies=st.integers(0, 40), k=st.integers(2, 5))
@LAW
def test_every_row_has_one_side(seed, n, copies, k):
    X, y, _ = rows(seed, n, copies=copies)
    split = make_split(X, y, task="classification", n_folds=k, salt="a", seed=seed)
    assert set(np.unique(sides(split))) == {-2, *range(k)}
    for fold in range(k):
        fit, validation = split.fold(fold)
        assert np.array_equal(np.sort(np.concatenate([fit, validation])), split.train)
        assert np.intersect1d(fit, validation).size == 0
    assert not straddles(sides(split), row_hash(X))


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(80, 200),
    copies=st.integers(0, 8),
    validation=st.sampled_from([None, 0.3]),
    task=st.sampled_from(["classification", "regression"]),
    text=st.booleans(),
)
@LAW
def test_neither_group_nor_duplicate_straddles(seed, n, copies, validation, task, text):
    X, y, rng = rows(seed, n, copies=copies)
    groups = rng.integers(0, 40, n)
    names = np.array([f"run {g}" for g in groups]) if text else groups
    split = make_split(X, y, task=task, n_folds=3, validation=validation, groups=names, seed=seed)
    assert not straddles(sides(split), groups)
    assert not straddles(sides(split), row_hash(X))
    assert split.overlap == 0


@given(seed=st.integers(0, 10**6), n=st.integers(60, 300), n_classes=st.integers(2, 4))
@LAW
def test_shares_of_each_class_are_right_within_one(seed, n, n_classes):
    X, y, rng = rows(seed, n, n_classes=n_classes)
    y[rng.random(n) < 0.3] = 0  # unequal classes
    split = make_split(X, y, task="classification", test=0.25, n_folds=4, seed=seed)
    for code in range(n_classes):
        members = (y == code).sum()
        assert abs((y[split.tests["test"]] == code).sum() - 0.25 * members) <= 1
        in_fold = np.bincount(split.folds[y[split.train] == code], minlength=4)
        assert np.ptp(in_fold) <= 1
    assert np.ptp(np.bincount(split.folds)) <= 1


@given(seed=st.integers(0, 10**6))
@LAW
def test_folds_of_unequal_groups_differ_by_less_than_the_largest(seed):
    X, _, rng = rows(seed, 400)
    groups = np.repeat(np.arange(400), rng.integers(1, 30, 400))[:400]
    split = make_split(X, None, task="regression", test=None, n_folds=4, groups=groups, seed=seed)
    assert np.ptp(np.bincount(split.folds)) <= np.bincount(groups).max()


@pytest.mark.parametrize("seed", range(5))
def test_groups_rich_in_a_rare_class_are_dealt_evenly(seed):
    X, _, rng = rows(seed, 1000)
    groups = rng.permutation(np.repeat(np.arange(40), 25))
    y = ((groups < 8) & (rng.random(1000) < 0.4)).astype(int)  # no group is mostly signal
    split = make_split(X, y, task="classification", test=None, n_folds=4, groups=groups, seed=seed)
    for fold in range(4):
        assert np.unique(groups[split.fold(fold)[1]][groups[split.fold(fold)[1]] < 8]).size == 2


def test_membership_of_the_test_is_of_content_and_salt_not_of_seed_or_order():
    X, y, rng = rows(0, 500)
    first = make_split(X, y, task="classification", salt="susy", seed=0)
    other = make_split(X, y, task="classification", salt="susy", seed=1)
    assert np.array_equal(first.tests["test"], other.tests["test"])
    assert not np.array_equal(first.folds, other.folds)
    assert first.sha256 != other.sha256
    salted = make_split(X, y, task="classification", salt="higgs", seed=0)
    assert not np.array_equal(first.tests["test"], salted.tests["test"])
    order = rng.permutation(500)
    shuffled = make_split(X[order], y[order], task="classification", salt="susy", seed=0)
    assert np.array_equal(np.sort(order[shuffled.tests["test"]]), first.tests["test"])
    assert np.array_equal(first.train, make_split(row_hash(X), y, task="classification", salt="susy").train)


def test_equal_splits_have_equal_hashes_that_are_known():
    X, y, _ = rows(1, 100)
    split = make_split(X, y, task="classification", salt="demo", seed=3)
    assert split.sha256 == make_split(X, y, task="classification", salt="demo", seed=3).sha256
    assert len(split.sha256) == 64
    with pytest.raises(ValueError, match="read-only"):
        split.train[0] = 5


def test_copies_may_part_where_they_are_ignored():
    X = np.tile(np.arange(4.0), 50)[:, None]  # four distinct rows
    y = np.arange(200) // 4 % 2
    split = make_split(X, y, task="classification", duplicates="ignore", salt="s")
    assert split.tests["test"].size == 40
    assert straddles(sides(split), X[:, 0])
    assert split.overlap == 160
    with pytest.raises(InputError, match="distinct rows, fewer than the 5 folds"):
        make_split(X, y, task="classification", salt="s")


def test_validation_fraction():
    X, y, _ = rows(2, 1000)
    split = make_split(X, y, task="classification", validation=0.1)
    assert split.n_folds == 1
    fit, validation = split.fold(0)
    assert (validation.size, fit.size) == (80, 720)
    assert (y[validation] == 1).sum() == 40
    assert set(np.unique(split.folds)) == {-1, 0}
    with pytest.raises(InputError, match="no fold 1"):
        split.fold(1)


def test_no_test_set():
    X, y, _ = rows(2, 100)
    for test in (None, 0):
        assert make_split(X, y, task="classification", test=test).tests == {}


def test_given_tests_and_their_overlap_with_train():
    X, y, _ = rows(3, 100)
    X[7] = X[95]
    given_rows = {"b": np.arange(90, 95), "v": np.arange(95, 100)}
    split = make_split(X, y, task="classification", test_rows=given_rows)
    assert split.tests["b"].tolist() == list(range(90, 95))
    assert np.setdiff1d(np.arange(90), split.train).tolist() == [7]
    assert (split.left_out, split.overlap) == (1, 0)
    groups = np.arange(100) // 2
    groups[80] = groups[99]
    grouped = make_split(X, y, task="classification", test_rows=given_rows, groups=groups)
    assert np.setdiff1d(np.arange(90), grouped.train).tolist() == [6, 7, 80]  # 6 is of the group of 7
    assert (grouped.left_out, grouped.overlap) == (3, 0)
    apart = make_split(X, y, task="classification", test_rows=given_rows, duplicates="ignore")
    assert (apart.train.size, apart.left_out, apart.overlap) == (90, 0, 1)
    ignored = make_split(
        X, y, task="classification", test_rows=given_rows, groups=groups, duplicates="ignore"
    )
    assert (ignored.left_out, ignored.overlap) == (1, 1)  # 80 goes, the copy stays
    with pytest.raises(InputError, match="none is left to train on; name other tests"):
        make_split(X, y, task="classification", test_rows=given_rows, groups=np.arange(100) % 5)
    with pytest.raises(InputError, match="share rows"):
        make_split(X, y, task="classification", test_rows={"b": np.arange(5), "v": np.arange(4, 9)})
    with pytest.raises(InputError, match="every row"):
        make_split(X, y, task="classification", test_rows={"b": np.arange(100)})
    with pytest.raises(InputError, match="'b' holds 0"):
        make_split(X, y, task="classification", test_rows={"b": np.arange(0)})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"test": 1.5}, "split.test is 1.5"),
        ({"validation": 0.0}, "split.validation is 0.0"),
        ({"n_folds": 1}, "split.folds is 1"),
        ({"n_folds": 60}, "fewer than the 60 folds"),
        ({"repeats": 0}, "split.repeats is 0; expected 1 or more"),
        ({"repeats": 2, "validation": 0.2}, "split.repeats is 2 and split.validation is given"),
        ({"groups": np.arange(40) % 3}, "groups, fewer than the 5 folds; lower split.folds"),
        ({"y": np.r_[np.zeros(37, int), 1, 1, 1]}, "class 's' has 2 members .* 5 parts"),
        ({"y": np.r_[np.zeros(39, int), 1]}, "class 's' has 1 members .* 5 parts"),
    ],
)
def test_what_cannot_be_split_is_refused_in_one_sentence(change, sentence):
    X, y, _ = rows(4, 40)
    options = {"task": "classification", "classes": ["b", "s"]} | change
    with pytest.raises(InputError, match=sentence):
        make_split(X, options.pop("y", y), **options)


@given(seed=st.integers(0, 10**6), n=st.integers(60, 200), k=st.integers(2, 5), repeats=st.integers(2, 4))
@LAW
def test_repeats_deal_other_folds_by_the_same_rules_and_leave_the_first_as_it_is(seed, n, k, repeats):
    X, y, _ = rows(seed, n, copies=0)
    once = make_split(X, y, task="classification", n_folds=k, salt="a", seed=seed)
    split = make_split(X, y, task="classification", n_folds=k, salt="a", seed=seed, repeats=repeats)
    assert split.n_repeats == repeats
    assert np.array_equal(split.folds_of(0), once.folds)
    assert split.once().sha256 == once.sha256 != split.sha256
    for r in range(1, repeats):
        folds = split.folds_of(r)
        assert not np.array_equal(folds, once.folds)
        for code in np.unique(y):
            assert np.ptp(np.bincount(folds[y[split.train] == code], minlength=k)) <= 1
    other = make_split(3 * X + 1, y, task="classification", n_folds=k, test=None, seed=seed, repeats=repeats)
    same = make_split(X, y, task="classification", n_folds=k, test=None, seed=seed, repeats=repeats)
    assert np.array_equal(other.further, same.further)
    Z, z, _ = rows(seed, n, copies=20)
    copied = make_split(Z, z, task="classification", n_folds=k, test=None, seed=seed, repeats=repeats)
    assert not any(straddles(copied.folds_of(r), row_hash(Z)) for r in range(repeats))
    fewer = split.kept(np.arange(split.train.size) > 3)
    assert fewer.further.shape == (repeats - 1, split.train.size - 4)


def test_row_hash_knows_content_alone():
    X = np.array([[0.0, 1.0, np.nan], [-0.0, 1.0, -np.nan], [1.0, 0.0, np.nan], [0.0, 1.0, 2.0]])
    hashes = row_hash(X)
    assert hashes.dtype == np.uint64
    assert hashes[0] == hashes[1]
    assert np.unique(hashes).size == 3
    assert np.array_equal(row_hash(X[::-1]), hashes[::-1])
    assert np.array_equal(row_hash(np.asfortranarray(X)), hashes)
    assert row_hash(X)[0] == np.uint64(row_hash(X[:1])[0])


def test_row_hash_scatters():
    close = np.arange(200_000.0)[:, None]
    hashes = row_hash(close)
    assert np.unique(hashes).size == 200_000
    bits = (hashes[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(200_000)


def test_row_hash_of_many_blocks_and_shapes():
    X = np.random.default_rng(0).normal(size=(40_000, 2, 3))
    assert np.array_equal(row_hash(X), row_hash(X.reshape(40_000, 6)))
    assert np.array_equal(row_hash(X)[39_000:], row_hash(X[39_000:]))


def test_table_hash_is_of_the_columns_by_name():
    rng = np.random.default_rng(2)
    columns = {"b": rng.normal(size=99), "a": np.arange(99), "kind": np.array(["s", "t", None] * 33, object)}
    hashes = table_hash(columns)
    assert np.unique(hashes).size == 99
    assert np.array_equal(table_hash(dict(reversed(columns.items()))), hashes)
    assert np.array_equal(table_hash({name: column[5:] for name, column in columns.items()}), hashes[5:])
    numbers = {"a": columns["a"].astype(float), "b": columns["b"]}
    assert np.array_equal(table_hash(numbers), row_hash(np.column_stack([columns["a"], columns["b"]])))
    for name, other in (("b", 0.5), ("a", 500), ("kind", "u")):
        changed = {key: column.copy() for key, column in columns.items()}
        changed[name][7] = other
        assert np.flatnonzero(table_hash(changed) != hashes).tolist() == [7]


def test_membership_is_of_the_identity_and_copies_stay_together():
    X, y, _ = rows(6, 400)
    identity = row_hash(np.arange(400.0)[:, None])
    X[100:130] = X[200:230]
    split = make_split(identity, y, task="classification", copies=row_hash(X), salt="a")
    assert not straddles(sides(split), row_hash(X))
    apart = make_split(identity, y, task="classification", salt="a")
    assert straddles(sides(apart), row_hash(X))
    assert np.setxor1d(split.tests["test"], apart.tests["test"]).size <= 30


def test_hashes_of_groups_decide_as_they_are():
    X, _, _ = rows(7, 400)
    hashes = row_hash(np.arange(400.0)[:, None] // 8)
    whole = make_split(X, None, task="regression", groups=hashes)
    assert not straddles(sides(whole), hashes)
    for gone in np.unique(hashes):
        kept = np.flatnonzero(hashes != gone)
        sealed = kept[make_split(X[kept], None, task="regression", groups=hashes[kept]).tests["test"]]
        moved = np.setxor1d(sealed, np.setdiff1d(whole.tests["test"], np.flatnonzero(hashes == gone)))
        assert np.unique(hashes[moved]).size <= 1  # that at the border of the share


def test_units_are_groups_and_the_copies_that_join_them():
    X, y, _ = rows(8, 100)
    X[10] = X[90]
    groups = np.arange(100) // 2
    units = make_split(X, y, task="classification", groups=groups).units
    assert units[10] == units[11] == units[90] == units[91]
    assert np.unique(units).size == 49
    parted = make_split(X, y, task="classification", groups=groups, duplicates="ignore").units
    assert np.unique(parted).size == 50
    assert np.unique(make_split(X, y, task="classification").units).size == 99


def test_rows_key_is_of_the_set_of_rows():
    hashes = row_hash(np.arange(9.0)[:, None])
    assert rows_key(hashes) == rows_key(hashes[::-1]) != rows_key(hashes[1:])


@pytest.mark.slow
def test_a_million_rows_are_split_in_few_steps():
    """No step a row: two seconds on an idle machine."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10**6, 30)), rng.integers(0, 2, 10**6)
    assert steps(lambda: make_split(X, y, task="classification")) < 10**6 / 100


def test_the_hash_of_all_columns_is_the_same_whichever_stand_apart():
    rng = np.random.default_rng(0)
    n = HASHED_AT_ONCE + 7
    columns = {
        "a": rng.normal(size=n),
        "b": rng.integers(0, 3, n),
        "c": np.array(["s", None, "b"], dtype=object)[rng.integers(0, 3, n)],
        "d": rng.integers(0, 2, n).astype(bool),
    }
    some, every = table_hashes(columns, apart=["a"])
    assert np.array_equal(some, table_hash({name: columns[name] for name in "bcd"}))
    assert np.array_equal(every, table_hashes(dict(reversed(columns.items())), apart=["c", "d"])[1])
    for name in columns:
        changed = dict(columns)
        changed[name] = columns[name].copy()
        changed[name][n - 1] = "x" if name == "c" else not columns[name][n - 1]
        assert np.flatnonzero(table_hashes(changed)[1] != every).tolist() == [n - 1]


def test_tables_of_small_whole_numbers_have_no_colliding_rows():
    values = np.stack(np.meshgrid(*[np.arange(10.0)] * 5), axis=-1).reshape(-1, 5)
    every = table_hashes({f"x{j}": values[:, j] for j in range(5)})[1]
    assert len(np.unique(every)) == len(values)
