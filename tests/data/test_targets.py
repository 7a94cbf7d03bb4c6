"""The target: one or several, labels or numbers, of whatever type they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.data.dataset import Dataset
from fivesigma.data.targets import codes, encode, encode_several, group_codes, infer_task, labels_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (np.array([2, 10, 2, 10]), ("2", "10")),
        (
            np.array([2**63 + 1, 2**63 + 2] * 2, dtype=np.uint64),
            ("9223372036854775809", "9223372036854775810"),
        ),
        (objects([2**70, 3, 2**70, 3]), ("3", "1180591620717411303424")),
        (Gapped(np.array([1.0, 0.0, 1.0, 0.0]), "truth"), ("False", "True")),
        (Gapped(np.array([7.0, 3.0, 7.0, 3.0])), ("3", "7")),
        (np.array([b"a", b"b", b"a", b"b"]), ("a", "b")),
        (np.array([True, False, True, False]), ("False", "True")),
    ],
)
def test_labels_of_every_kind_of_column(values: np.ndarray, labels: tuple[str, ...]) -> None:
    found = encode(values, task="classification")
    assert found.classes == labels
    code, same = codes(values)
    assert same == labels
    np.testing.assert_array_equal(code, found.y)


def test_the_task_of_whole_numbers_with_gaps() -> None:
    assert infer_task(Gapped(np.array([1.0, 0.0, 1.0]))) == "classification"
    assert infer_task(objects([2**70 + i for i in range(30)])) == "regression"
    assert infer_task(Gapped(np.array([1.0, 0.0]), "truth")) == "classification"


def test_a_missing_group_is_one_sentence() -> None:
    with pytest.raises(InputError, match="group 'run' is missing in 1 of 2 rows"):
        group_codes(objects([2**63, None]), "run")


def test_several_targets_are_the_columns_of_y(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{i}": rng.normal(size=40) for i in range(2)})
    frame = frame.with_columns(a=pl.Series([1.0 + i for i in range(40)]), b=pl.Series(rng.normal(size=40)))
    frame = frame.with_columns(b=pl.when(pl.int_range(40) % 10 > 0).then("b"))
    frame.write_parquet(tmp_path / "t.parquet")
    data = fs.read(tmp_path / "t.parquet", target=["log10(a)", "b"], units={"b": "GeV"}, select="a > 2")
    assert (data.task, data.targets, data.target) == ("regression", ("log10(a)", "b"), "log10(a), b")
    assert (data.target_units, data.target_unit) == (("dex", "GeV"), None)
    assert data.names == ("x0", "x1")
    assert data.y is not None
    kept = frame.filter(pl.col("b").is_not_null() & (pl.col("a") > 2))
    np.testing.assert_array_equal(data.y, np.column_stack([np.log10(kept["a"]), kept["b"]]))
    assert ("target", "warning", "3 of 38 rows have no target 'log10(a), b' and were dropped") in data.notes
    assert data.take([3]).y.shape == (1, 2)  # type: ignore[union-attr]
    assert not data.target_in_dex
    same = fs.read(tmp_path / "t.parquet", target=["log10(a)", "b"], features=["x0", "x1"])
    assert same.row_hashes.tolist() != same.take([0]).row_hashes.tolist()
    assert fs.read(tmp_path / "t.parquet", target=["b"]).targets == ("b",)


def test_several_targets_of_arrays() -> None:
    X, y = np.arange(24.0).reshape(12, 2), np.arange(24.0).reshape(12, 2) ** 0.5
    data = Dataset.from_arrays(X, y, target=["a", "b"])
    assert (data.y.shape, data.targets) == ((12, 2), ("a", "b"))  # type: ignore[union-attr]
    assert Dataset.from_arrays(X, y).targets == ("y0", "y1")
    assert data.sha256 != Dataset.from_arrays(X, y, target=["b", "a"]).sha256
    assert Dataset.from_arrays(X, y[:, :1]).y.shape == (12,)  # type: ignore[union-attr]
    holes = np.where(np.arange(24).reshape(12, 2) == 5, NAN, y)
    assert Dataset.from_arrays(X, holes).n_samples == 11


def test_a_feature_that_follows_from_any_target_is_a_leak() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    X[:, 1] = np.exp(y[:, 1])
    notes = [message for check, _, message in Dataset.from_arrays(X, y).audit if check == "leak"]
    assert len(notes) == 1
    assert notes[0].endswith("x1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"y": np.zeros((12, 2))}, "target 'y0' is constant"),
        ({"task": "classification"}, "task = 'classification' has one target, and 2 are named"),
        ({"classes": ["1"]}, "without classes"),
        ({"target": ["a"]}, "expected one target, or 2 names"),
        ({"target": "a"}, "expected one target, or 2 names"),
        ({"y": np.full((12, 2), NAN)}, "no row has all of the targets"),
        ({"y": np.zeros((11, 2))}, "expected .12,."),
        ({"y": np.full((12, 2), np.inf)}, "target 'y0' has 12 infinite values"),
    ],
)
def test_targets_that_are_refused(arguments: dict[str, Any], words: str) -> None:
    given = {"y": np.arange(24.0).reshape(12, 2)} | arguments
    with pytest.raises(FivesigmaError, match=words):
        Dataset.from_arrays(np.arange(24.0).reshape(12, 2), **given)


def test_several_targets_in_a_table_are_numbers() -> None:
    words = objects(["a", "b", "c"])
    with pytest.raises(InputError, match="target 'b' holds text"):
        encode_several([np.arange(3.0), words], ["a", "b"])
    frame = pl.DataFrame({"x": [1.0, 2.0, 4.0], "a": [1.0, 2.0, 3.0], "b": [0, 1, 5]})
    for roles, message in (
        ({"target": ["a", "b"], "classes": [0, 1]}, "classes are given, and several targets"),
        ({"target": ["a", "a"]}, "names a column twice"),
        ({"target": []}, "empty list"),
        ({"target": 3}, "target must be text, or a list"),
        ({"target": ["a", "c"]}, "target 'c' is not a column"),
        ({"target": ["a", "b"], "features": ["b"]}, "'b' is a target and a feature"),
    ):
        with pytest.raises(FivesigmaError, match=message):
            Dataset.from_frame(frame, **roles)


@pytest.mark.parametrize(
    ("values", "roles", "words"),
    [
        ([NAN] * 4, {}, "target 't' is missing in all 4 rows"),
        ([1.0] * 4, {"task": "regression"}, "is constant .1 in every row"),
        ([1.0, np.inf, 2.0], {"task": "regression"}, "1 infinite value; .* select = .isfinite.t.."),
        ([1.0, np.inf, NAN, NAN], {"task": "regression"}, "1 infinite value .and 2 missing. of 4; "),
        (["a", "b"], {"task": "regression"}, "holds text .such as 'a'"),
        (["a", "b"], {"task": "regression", "classes": ["a"]}, "classes are for a classification"),
        (["a", "a"], {}, "is constant .'a' in every row"),
        (["a", "a", "b"], {}, "class 'b' of target 't' has 1 member; at least"),
        (["a", "a", "b", "b"], {"classes": ["a", "c"]}, "class 'c' is not in target"),
        (["a", "a", "b", "b"], {"classes": ["a", "a"]}, "names a class twice"),
        (list(range(1001)) * 2, {"task": "classification"}, "has 1001 distinct values"),
        (
            [i / 7 for i in range(40)],
            {"task": "clustering"},
            "the truth of a clustering is one of a few classes",
        ),
        ([1, 2], {"task": "guessing"}, "'guessing' is not a task"),
    ],
)
def test_a_target_that_is_refused(values: list[Any], roles: dict[str, Any], words: str) -> None:
    from fivesigma._core.columns import of

    with pytest.raises(InputError, match=words):
        encode(of(values), name="t", **roles)


def test_classes_choose_rows_and_their_order() -> None:
    found = encode(objects(["a", "b", "c", None, "c", "b"]), classes=["c", "b"], name="t")
    assert (found.y.tolist(), found.classes) == ([1, 0, 0, 1], ("c", "b"))
    assert [check for check, _, _ in found.notes] == ["target", "classes"]


def test_the_truth_of_a_clustering_costs_no_row() -> None:
    found = encode(objects(["a", "b", None, "c"]), task="clustering")
    assert found.y.tolist() == [0, 1, -1, 2]
    assert found.keep.all()
    assert found.notes[0][1] == "warning"
    some = encode(objects(["a", "b", None, "c"]), task="clustering", classes=["a", "b"])
    assert some.keep.tolist() == [True, True, False, False]


def test_a_class_without_weight_is_refused() -> None:
    from fivesigma.data.targets import refuse_weightless_classes

    refuse_weightless_classes(np.array([0, 1]), np.ones(2), ["a", "b"])
    with pytest.raises(InputError, match="weights of class 'b' sum to zero"):
        refuse_weightless_classes(np.array([0, 1]), np.array([1.0, 0.0]), ["a", "b"])


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.array(["s", "b", None, "c", "s", "b"], dtype=object), ("s", "b")),
        (np.array(["s", "b", None, "s", "b"], dtype=object), None),
        (np.array([1.0, 0.0, np.nan, 1.0, 0.0, 2.0, 2.0]), (2, 0)),
    ],
)
def test_the_classes_of_rows_before_a_cut_are_those_that_are_learnt(values, classes):
    code, names = labels_of(values, classes=classes)
    learnt = encode(values, classes=classes)
    assert names == learnt.classes
    np.testing.assert_array_equal(code[learnt.keep], learnt.y)
    assert (code[~learnt.keep] == -1).all()


def test_a_regression_has_no_classes_before_a_cut():
    assert labels_of(np.linspace(0, 1, 50)) is None
    assert labels_of(np.array([0, 1, 0, 1]), task="regression") is None
