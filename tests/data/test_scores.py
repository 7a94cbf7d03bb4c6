"""Scores made elsewhere: every row finds its event by a key that keeps every digit, and what is no score is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.data import scores

IDS = 10**18 + np.arange(6)


def written(folder: Path, name: str = "scores.parquet", **columns) -> str:
    path = folder / name
    frame = polars.DataFrame(columns)
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
    return str(path)


def read(path: str, *, on="id", keys=IDS, needed=None):
    n = len(keys)
    return scores.read(path, on=on, keys=keys, n=n, needed=np.ones(n, bool) if needed is None else needed)


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv"])
@pytest.mark.parametrize("keys", [IDS, IDS.astype(np.uint64), 2**63 + np.arange(6, dtype=np.uint64)])
def test_rows_in_any_order_find_their_events_to_the_last_digit(tmp_path, name, keys):
    order = np.array([3, 0, 5, 1, 4, 2])
    table = read(written(tmp_path, name, id=keys[order], s=order / 10), keys=keys)
    np.testing.assert_array_equal(table.values(["s"], np.ones(6, bool))[:, 0], np.arange(6) / 10)


def test_keys_of_different_types_are_equal_where_their_numbers_are(tmp_path):
    table = read(written(tmp_path, id=IDS.astype(np.uint64)[::-1], s=np.arange(6.0)), keys=IDS)
    np.testing.assert_array_equal(table.at, np.arange(6)[::-1])


def test_keys_that_lost_their_digits_are_no_keys(tmp_path):
    with pytest.raises(InputError, match="stands more than once"):
        read(written(tmp_path, id=IDS.astype(float), s=np.arange(6.0)))


def test_keys_of_text_are_keys(tmp_path):
    keys = np.array(["a", "b"], dtype=object)
    table = read(written(tmp_path, id=["b", "a"], s=[1.0, 2.0]), keys=keys)
    np.testing.assert_array_equal(table.at, [1, 0])


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        (
            {"id": [*IDS[:5], IDS[0]], "s": np.zeros(6)},
            r"1000000000000000000 stands more than once in scores",
        ),
        ({"id": IDS[:5], "s": np.zeros(5)}, r"has no row with id = 1000000000000000005, and lacks 1 of 6"),
        ({"id": [*IDS, 7], "s": np.zeros(7)}, r"the key id = 7, which no event of the study has"),
        ({"id": [*IDS[:5], None], "s": np.zeros(6)}, r"the key 'id' is missing in row 5 of scores"),
        ({"id": [str(i) for i in "abcdef"], "s": np.zeros(6)}, r"text in one table and numbers in scores"),
        ({"ident": IDS, "s": np.zeros(6)}, r"'id' is not a column of scores.*Did you mean 'ident'"),
    ],
)
def test_keys_that_lead_nowhere_are_one_sentence(tmp_path, columns, match):
    with pytest.raises(InputError, match=match) as error:
        read(written(tmp_path, **columns))
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        (np.array([1, 1]), "stands more than once in the data"),
        (np.array([1.0, np.nan]), "missing in row 1 of the data"),
    ],
)
def test_the_events_have_keys_too(tmp_path, keys, match):
    with pytest.raises(InputError, match=match):
        read(written(tmp_path, id=[1, 2], s=[0.0, 0.0]), keys=keys)


def test_an_event_that_is_not_needed_needs_no_row(tmp_path):
    table = read(written(tmp_path, id=IDS[:5], s=np.zeros(5)), needed=np.arange(6) < 5)
    assert table.at.tolist() == [0, 1, 2, 3, 4, -1]
    assert np.isnan(table.values(["s"], np.arange(6) < 5)[5, 0])


def test_without_a_key_the_rows_are_those_of_the_events(tmp_path):
    path = written(tmp_path, s=np.arange(6.0))
    np.testing.assert_array_equal(read(path, on=None).at, np.arange(6))
    with pytest.raises(InputError, match=r'has 6 rows for 2 events; .* on = "KEY"'):
        read(path, on=None, keys=IDS[:2])


def test_an_absent_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent.parquet: no such file"):
        read(str(tmp_path / "absent.parquet"))


def test_one_column_is_the_last_of_two_classes_and_several_are_all(tmp_path):
    p = np.linspace(0, 1, 6)
    table, every = read(written(tmp_path, id=IDS, s=p, b=1 - p)), np.ones(6, bool)
    np.testing.assert_array_equal(table.probabilities(["s"], 2, every), np.column_stack([1 - p, p]))
    np.testing.assert_array_equal(table.probabilities(["b", "s"], 2, every), np.column_stack([1 - p, p]))


def test_probabilities_of_low_precision_are_divided_by_their_sum(tmp_path):
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 6)
    rounded = {f"p{k}": p[:, k].round(4) for k in range(3)}
    found = read(written(tmp_path, id=IDS, **rounded)).probabilities(list(rounded), 3, np.ones(6, bool))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(found, p, atol=2e-4)


@pytest.mark.parametrize(
    ("columns", "names", "n_classes", "match"),
    [
        ({"s": [0.1, 1.2]}, ["s"], 2, r"'s' is 1.2 in row 1.*a probability, from 0 to 1"),
        ({"s": [-0.1, 0.2]}, ["s"], 2, r"'s' is -0.1 in row 0"),
        ({"s": [0.1, None]}, ["s"], 2, r"'s' is nan in row 1.*a finite number"),
        ({"s": [0.1, float("inf")]}, ["s"], 2, r"'s' is inf in row 1"),
        ({"s": ["x", "y"]}, ["s"], 2, r"the column 's' holds text"),
        ({"s": [0.1, 0.2]}, ["t"], 2, r"no column 't'"),
        ({"s": [0.1, 0.2]}, ["s"], 3, r"names 1 column for 3 classes"),
        ({"s": [0.1, 0.2], "b": [0.9, 0.9]}, ["b", "s"], 2, r"'b \+ s' is 1.1 in row 1.*1, their sum"),
    ],
)
def test_what_is_no_probability_is_one_sentence(tmp_path, columns, names, n_classes, match):
    table = read(written(tmp_path, id=IDS[:2], **columns), keys=IDS[:2])
    with pytest.raises(InputError, match=match):
        table.probabilities(names, n_classes, np.ones(2, bool))


def test_the_hash_is_of_the_bytes(tmp_path):
    path = written(tmp_path, "scores.csv", s=[0.5])
    assert scores.sha256(path) == hashlib.sha256(Path(path).read_bytes()).hexdigest()
