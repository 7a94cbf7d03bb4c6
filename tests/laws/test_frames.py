"""What a frame or an array can hold: every kind of column of every library means the same, or is one sentence."""

from __future__ import annotations

import datetime
import importlib
import inspect
import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fivesigma._core.errors import FivesigmaError, InputError, WrongTypeError
from fivesigma.data.dataset import Dataset

N = 30
X = np.random.default_rng(0).normal(size=(N, 2))
Y = np.arange(N) % 2


@pytest.mark.parametrize(
    ("names", "as_text"),
    [
        ((0, 1), ("0", "1")),
        ((("a", 1), ("a", 2)), ("('a', 1)", "('a', 2)")),
        ((datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)), ("2020-01-01", "2020-01-02")),
        ((1.5, None), ("1.5", "None")),
        (("None", "nan"), ("None", "nan")),
    ],
)
def test_names_of_any_type_are_texts(names: tuple[Any, Any], as_text: tuple[str, str]) -> None:
    frame = pd.DataFrame(X)
    frame.columns = pd.Index(list(names), dtype=object, tupleize_cols=False)
    data = Dataset.from_frame(frame.assign(y=Y), target="y")
    assert data.names == as_text
    np.testing.assert_array_equal(data.X, X)


def test_names_that_are_one_text_are_refused() -> None:
    with pytest.raises(InputError, match="the column name '0' occurs twice"):
        Dataset.from_frame(pd.DataFrame(X, columns=pd.Index([0, "0"], dtype=object)))


NUMBERS: dict[str, tuple[Any, list[float]]] = {
    "objects": (np.array([1, 2.5, None] * 10, dtype=object), [1, 2.5, np.nan] * 10),
    "objects of whole numbers": (np.array([1, 2, None] * 10, dtype=object), [1, 2, np.nan] * 10),
    "objects with NA": (np.array([1, pd.NA, 3.5] * 10, dtype=object), [1, np.nan, 3.5] * 10),
    "decimals": ([Decimal("1.5"), None, Decimal(2)] * 10, [1.5, np.nan, 2] * 10),
    "sparse": (pd.arrays.SparseArray([0, 0, 1] * 10), [0, 0, 1] * 10),
    "sparse with gaps": (pd.arrays.SparseArray([0.5, np.nan, 1] * 10), [0.5, np.nan, 1] * 10),
    "nullable whole numbers": (pd.array([1, None, 3] * 10, dtype="Int64"), [1, np.nan, 3] * 10),
    "nullable numbers": (pd.array([1.5, None, 3] * 10, dtype="Float64"), [1.5, np.nan, 3] * 10),
    "truth values": (pd.array([True, None, False] * 10, dtype="boolean"), [1, np.nan, 0] * 10),
    "objects of truth values": (np.array([True, None, False] * 10, dtype=object), [1, np.nan, 0] * 10),
    "arrow": (pd.array([1, None, 3] * 10, dtype="int64[pyarrow]"), [1, np.nan, 3] * 10),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_numbers_however_they_are_held(kind: str) -> None:
    held, expected = NUMBERS[kind]
    data = Dataset.from_frame(pd.DataFrame({"a": X[:, 0], "o": held, "y": Y}), target="y")
    assert data.names == ("a", "o")
    np.testing.assert_array_equal(data.X[:, 1], expected)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_whatever_says_that_a_text_is_missing(missing: Any) -> None:
    words = pd.Series(["u", missing, "v"] * 10, dtype=object)
    for column in (words, words.astype("category"), pd.array(["u", None, "v"] * 10, dtype="string")):
        frame = pd.DataFrame({"a": X[:, 0], "s": column, "y": Y})
        data = Dataset.from_frame(frame, target="y", features=["a", "s"], categorical=True)
        assert data.categories["s"] == ("u", "v")
        assert np.isnan(data.X[:, 1]).sum() == 10


@pytest.mark.parametrize(
    "y",
    [
        pd.array([True, False, None] * 10, dtype="boolean"),
        pd.array([1, 0, None] * 10, dtype="Int64"),
        np.array(["a", "b", None] * 10, dtype=object),
        np.ma.array([0, 1, 5] * 10, mask=[False, False, True] * 10),
        [1.0, 0.0, float("nan")] * 10,
    ],
)
def test_a_target_that_is_missing_costs_its_row(y: Any) -> None:
    data = Dataset.from_arrays(X, y, task="classification")
    assert data.n_samples == 20
    assert len(data.classes or ()) == 2


@pytest.mark.parametrize(
    "y",
    [
        np.arange(N).astype("M8[D]"),
        np.arange(N).astype("m8[s]"),
        np.arange(N) + 1j,
        pd.date_range("2020", periods=N),
    ],
)
def test_what_is_neither_number_nor_label_is_one_sentence(y: Any) -> None:
    with pytest.raises(FivesigmaError, match=r"target 'y'|complex") as caught:
        Dataset.from_arrays(X, y)
    assert "\n" not in str(caught.value)


def test_what_is_masked_is_missing() -> None:
    table = np.ma.array(np.where(X > 1, -999.0, X), mask=X > 1)
    data = Dataset.from_arrays(table, Y)
    assert np.isnan(data.X).sum() == (X > 1).sum() > 0
    assert (data.X == -999).sum() == 0
    whole = Dataset.from_arrays(np.ma.array([[1, 2]] * N, mask=[[True, False]] * 5 + [[False] * 2] * 25), Y)
    assert np.isnan(whole.X[:, 0]).sum() == 5
    weights = np.ma.array(np.ones(N), mask=[True] * 2 + [False] * 28)
    with pytest.raises(InputError, match="weights: 2 of 30 weights are missing"):
        Dataset.from_arrays(X, Y, w=weights)
    groups = np.ma.array(np.arange(N), mask=[True] * 2 + [False] * 28)
    with pytest.raises(InputError, match="group 'group' is missing in 2 of 30 rows"):
        Dataset.from_arrays(X, Y, groups=groups)


def test_complex_numbers_are_one_sentence() -> None:
    for frame in (
        pd.DataFrame({"a": X[:, 0], "z": X[:, 0] + 1j}),
        pd.DataFrame({"z": [1j, 2]}, dtype=object),
    ):
        with pytest.raises(WrongTypeError, match="'z': a column holds complex numbers"):
            Dataset.from_frame(frame)


def test_long_lists_of_python_keep_their_digits() -> None:
    ids = [2**63 + i for i in range(N - 1)] + [-1]
    data = Dataset.from_arrays(X, Y, groups=ids, spectators={"ID": ids})
    assert data.spectators["ID"].tolist() == ids
    assert len(set((data.groups if data.groups is not None else np.empty(0)).tolist())) == N


def _families() -> dict[str, Any]:
    """The estimators that run scikit-learn's suite, one of each class."""
    from tests.contracts import test_estimators

    lists = [test_estimators.ESTIMATORS]
    for place in ("linear", "mixtures", "trees"):
        for name in _modules(f"tests.models.{place}"):
            lists.append(getattr(importlib.import_module(name), "ESTIMATORS", []))
    return {type(each).__name__: each for estimators in lists for each in estimators}


def _modules(package: str) -> list[str]:
    from pathlib import Path

    folder = Path(__file__).parents[1].joinpath(*package.split(".")[1:])
    return [f"{package}.{path.stem}" for path in folder.glob("test_*.py") if "ESTIMATORS" in path.read_text()]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("name", sorted(_families()))
def test_every_estimator_takes_a_frame_without_a_warning(name: str, library: str) -> None:
    from sklearn.base import clone

    rng = np.random.default_rng(3)
    table = rng.normal(size=(60, 3)) + 3 * (np.arange(60) % 2)[:, None]
    frame = pd.DataFrame(table, columns=["a", "b", "c"])
    frame = frame if library == "pandas" else pl.from_pandas(frame)
    model = clone(_families()[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*feature names.*")
        fitted = model.fit(frame, np.arange(60) % 2)
        for method in ("predict", "predict_proba", "score_samples", "transform"):
            if inspect.ismethod(getattr(fitted, method, None)):
                getattr(fitted, method)(frame)
