"""The Dataset: immutable, hashed by content, taken apart by rows and columns."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.data import targets
from fivesigma.data.dataset import Dataset

rng = np.random.default_rng(3)


def make(n: int = 50, **more) -> Dataset:
    X = np.random.default_rng(0).normal(size=(n, 3))
    y = np.where(X[:, 0] > 0, "s", "b")
    return Dataset.from_arrays(X, y, **more)


def test_fields_of_a_classification():
    data = make(
        w=np.arange(1, 51), groups=np.repeat(["g", "h"], 25), names=["a", "b", "c"], units={"b": "GeV"}
    )
    assert data.classes == ("b", "s")
    assert data.y.dtype == np.int64
    assert data.task == "classification"
    assert data.units == (None, "GeV", None)
    assert data.groups.tolist() == [0] * 25 + [1] * 25
    assert data.n_effective == pytest.approx(np.arange(1, 51).sum() ** 2 / (np.arange(1, 51) ** 2).sum())
    assert repr(data) == "Dataset(50 events x 3 features, classification of b, s)"


def test_arrays_are_read_only_and_the_callers_stay_writable():
    X = np.ones((4, 2))
    data = Dataset.from_arrays(X)
    with pytest.raises(ValueError, match="read-only"):
        data.X[0, 0] = 2.0
    X[0, 0] = 5.0
    with pytest.raises(TypeError):
        data.spectators["a"] = X[:, 0]  # type: ignore[index]


def test_images_keep_their_shape():
    data = Dataset.from_arrays(np.zeros((5, 4, 4)))
    assert data.X.shape == (5, 4, 4)
    assert data.n_features == 16


def test_take_moves_all_columns_together():
    data = make(w=np.arange(50.0), spectators={"id": np.arange(50) * 10})
    part = data.take([4, 2])
    assert part.rows.tolist() == [4, 2]
    assert part.w.tolist() == [4.0, 2.0]
    assert part.spectators["id"].tolist() == [40, 20]
    np.testing.assert_array_equal(part.X, data.X[[4, 2]])
    assert part.take(np.array([False, True])).rows.tolist() == [2]


def test_features_by_name():
    data = make(names=["a", "b", "c"])
    part = data.with_features(["c", "a"])
    np.testing.assert_array_equal(part.X, data.X[:, [2, 0]])
    more = part.with_columns({"d": np.ones(50)}, units={"d": "mm"})
    assert more.names == ("c", "a", "d")
    assert more.units[-1] == "mm"
    with pytest.raises(InputError, match="not a feature"):
        data.with_features(["z"])
    with pytest.raises(InputError, match="twice"):
        data.with_columns({"a": np.ones(50)})


def test_statistics_equal_numpy_across_blocks():
    X = rng.normal(5.0, 2.0, size=(20_001, 4))
    X[rng.random(X.shape) < 0.2] = np.nan
    X[:, 3] = np.nan
    for i, column in enumerate(Dataset.from_arrays(X).statistics()[:3]):
        assert column["n_missing"] == np.isnan(X[:, i]).sum()
        assert column["min"] == np.nanmin(X[:, i])
        assert column["max"] == np.nanmax(X[:, i])
        assert column["mean"] == pytest.approx(np.nanmean(X[:, i]), rel=1e-13)
        assert column["std"] == pytest.approx(np.nanstd(X[:, i]), rel=1e-12)
    assert Dataset.from_arrays(X).statistics()[3]["mean"] is None


def test_std_of_large_numbers_does_not_cancel():
    X = 1e9 + np.array([[0.0], [1.0], [2.0]])
    assert Dataset.from_arrays(X).statistics()[0]["std"] == pytest.approx(np.sqrt(2 / 3), rel=1e-12)


def test_hash_is_of_the_content_not_of_the_memory():
    X = rng.normal(size=(9_000, 3))
    X[5, 1], X[6, 1] = np.nan, 0.0
    same = np.asfortranarray(X)
    same[5, 1] = np.frombuffer(np.uint64(0xFFF8000000000001).tobytes(), dtype=np.float64)[0]  # another NaN
    same[6, 1] = -0.0
    one = Dataset.from_arrays(X, names=["a", "b", "c"])
    assert one.sha256 == Dataset.from_arrays(same, names=["a", "b", "c"]).sha256
    assert one.sha256 == Dataset.from_arrays(X.astype(np.float64)[::1], names=["a", "b", "c"]).sha256


def test_hash_sees_every_part():
    base = {
        "X": np.arange(12.0).reshape(6, 2),
        "y": [0, 1, 0, 1, 0, 1],
        "w": np.ones(6),
        "groups": [0, 0, 1, 1, 2, 2],
    }
    variants = [
        base,
        base | {"X": np.arange(12.0).reshape(6, 2) + 1e-15 * np.eye(6, 2)},
        base | {"y": [0, 1, 0, 1, 1, 0]},
        base | {"w": np.full(6, 2.0)},
        base | {"groups": [0, 0, 1, 1, 2, 1]},
        base | {"names": ["a", "b"]},
        base | {"y": ["b", "s"] * 3},
        base | {"w": None},
    ]
    hashes = [Dataset.from_arrays(v.pop("X"), v.pop("y"), **v).sha256 for v in map(dict, variants)]
    assert len(set(hashes)) == len(hashes)


def test_rows_without_a_target_are_dropped_and_counted():
    data = Dataset.from_arrays(np.arange(10.0).reshape(5, 2), [1.0, np.nan, 2.5, 3.0, np.nan])
    assert data.rows.tolist() == [0, 2, 3]
    assert ("target", "warning", "2 of 5 rows have no target 'y' and were dropped") in data.audit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log10(M)", True),
        ("log10(M) - log10(h)", True),
        ("log10(M)+1", True),
        ("M", False),
        ("log(M)", False),
        ("2 M", False),
    ],
)
def test_target_in_dex(text, expected):
    data = Dataset.from_arrays(np.zeros((3, 1)), [0.5, 1.5, 2.5], target=text)
    assert data.target_in_dex is expected


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.array([0.5, 1.5, 2.5]), "regression"),
        (np.arange(100), "regression"),
        (np.arange(21.0).repeat(1000), "regression"),
        (np.arange(20.0).repeat(1000), "classification"),
        (np.arange(3).repeat(3), "classification"),
        (np.arange(4).repeat(2), "regression"),
        (np.array([True, False]), "classification"),
        (np.array(["a", "b"], dtype=object), "classification"),
    ],
)
def test_task_is_inferred(values, task):
    assert targets.infer_task(values) == task


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (np.array([10, 9, 2] * 2), ("2", "9", "10")),
        (np.array([0.0, 1.0] * 2), ("0", "1")),
        (np.array([0.5, 1.0] * 2), ("0.5", "1")),
        (np.array([True, False] * 2), ("False", "True")),
        (np.array(["10", "9"] * 2), ("10", "9")),
        (np.array([b"s", b"b"] * 2), ("b", "s")),
    ],
)
def test_labels_are_in_numeric_order_if_numeric_else_sorted(values, labels):
    encoded = targets.encode(values, task="classification")
    assert encoded.classes == labels
    assert [labels[code] for code in encoded.y] == [targets.label(v) for v in targets.decoded(values)]


def test_classes_are_kept_in_the_order_asked_for():
    y = np.array(["x", "b", "s", "b", "s", None], dtype=object)
    data = Dataset.from_arrays(np.arange(6.0)[:, None], y, classes=["s", "b"])
    assert data.classes == ("s", "b")
    assert data.y.tolist() == [1, 0, 1, 0]
    assert data.rows.tolist() == [1, 2, 3, 4]
    messages = [message for _, _, message in data.audit]
    assert "1 row of other classes than s, b was dropped" in messages


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"X": np.ones(4)}, InputError, "reshape"),
        ({"X": np.ones((0, 3))}, InputError, "empty"),
        ({"X": [["a"], ["b"]]}, WrongTypeError, "real numbers"),
        ({"X": np.ones((2, 1)) * 1j}, WrongTypeError, "real numbers"),
        ({"X": [[1.0], [np.inf]]}, InputError, "infinite"),
        ({"X": np.ones((3, 1)), "y": [1, 2]}, InputError, r"shape \(2,\)"),
        ({"X": np.ones((3, 1)), "y": [1, 1, 1]}, InputError, "constant"),
        ({"X": np.ones((3, 1)), "y": [1.5, 1.5, 1.5]}, InputError, "constant"),
        ({"X": np.ones((3, 1)), "y": [np.nan] * 3}, InputError, "missing in all 3"),
        ({"X": np.ones((3, 1)), "y": ["a", "a", "b"]}, InputError, "'b' of target 'y' has 1 member"),
        ({"X": np.ones((3, 1)), "y": [1.5, 2.5, np.inf]}, InputError, "1 infinite"),
        ({"X": np.ones((3, 1)), "y": ["a", "b", "c"], "task": "regression"}, InputError, "text"),
        (
            {"X": np.ones((3, 1)), "y": [1, 2, 3], "task": "regresion"},
            InputError,
            "Did you mean 'regression'",
        ),
        ({"X": np.ones((4, 1)), "y": [0, 1, 0, 1], "classes": [0, 2]}, InputError, "class '2'"),
        ({"X": np.ones((4, 1)), "y": [0, 1, 0, 1], "classes": [0, 0]}, InputError, "twice"),
        ({"X": np.ones((3, 1)), "task": "classification"}, InputError, "needs a target"),
        ({"X": np.ones((3, 1)), "w": [1, -4, 1]}, InputError, "weights sum to -2.0; expected"),
        ({"X": np.ones((3, 1)), "w": [1, np.nan, 1]}, InputError, "missing"),
        ({"X": np.ones((3, 1)), "w": [1, np.inf, 1]}, InputError, "infinite"),
        ({"X": np.ones((3, 1)), "w": [0, 0, 0]}, InputError, "sum to zero"),
        ({"X": np.ones((3, 1)), "w": ["a", "b", "c"]}, WrongTypeError, "real numbers"),
        ({"X": np.ones((3, 1)), "groups": ["a", None, "b"]}, InputError, "missing in 1 of 3"),
        ({"X": np.ones((3, 2)), "names": ["a", "a"]}, InputError, "'a' occurs twice"),
        ({"X": np.ones((3, 2)), "names": ["a"]}, InputError, "1 names"),
    ],
)
def test_bad_arrays_are_one_sentence(arguments, error, words):
    arguments = dict(arguments)
    X, y = arguments.pop("X"), arguments.pop("y", None)
    with pytest.raises(error, match=words) as caught:
        Dataset.from_arrays(X, y, **arguments)
    assert "\n" not in str(caught.value)


def test_rows_that_are_read_by_columns_are_those_of_events_and_no_copy():
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    data = Dataset.from_arrays(X)
    for rows in ([4, 4, 0], np.arange(50) % 3 == 1):
        some = data.columnwise(rows)
        assert some.table is data.X
        np.testing.assert_array_equal(np.asarray(some), data.events(rows))
    for rows in ([True, False], np.ones(51, bool), [1.7], [50], [-51]):
        for read in (data.events, data.columnwise):
            with pytest.raises(IndexError):
                read(rows)
    with pytest.raises(InputError, match="no table; take them with events"):
        Dataset.from_arrays(np.zeros((4, 2, 2))).columnwise([0])
