"""Frames in and out: what narwhals knows, what it does not, and polars tables that lose nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.data import frames
from fivesigma.data.reading import read


@pytest.mark.parametrize(
    ("column", "kind", "values"),
    [
        (np.array([2**63 + 1], dtype=np.uint64), pl.UInt64, [2**63 + 1]),
        (Gapped(np.array([1.0, np.nan])), pl.Int64, [1, None]),
        (Gapped(np.array([1.0, np.nan]), "truth"), pl.Boolean, [True, None]),
        (objects([2**60 + 1, None]), pl.Int64, [2**60 + 1, None]),
        (objects([2**63 + 1, None]), pl.UInt64, [2**63 + 1, None]),
        (objects([-(2**70), None]), pl.Decimal(38, 0), [-(2**70), None]),
        (objects([2**127, None]), pl.String, [str(2**127), None]),
        (objects(["a", None]), pl.String, ["a", None]),
        (objects([None]), pl.String, [None]),
        (np.array([0.5, np.nan]), pl.Float64, [0.5, None]),
        (np.array(["a", "b"]), pl.String, ["a", "b"]),
        (np.array([True]), pl.Boolean, [True]),
    ],
)
def test_columns_are_written_in_the_plainest_type_that_holds_them(
    column: np.ndarray, kind: Any, values: list[Any]
) -> None:
    series = frames.table({"c": column})["c"]
    assert series.dtype == kind
    assert [value if value is None or kind != pl.Decimal(38, 0) else int(value) for value in series] == values


def test_nan_is_a_number_where_that_is_asked() -> None:
    assert frames.table({"x": np.array([np.nan])}, nan_to_null=False)["x"].null_count() == 0


def test_arrays_are_not_written() -> None:
    with pytest.raises(InputError, match="column 'img' is an array"):
        frames.table({"img": np.zeros((2, 3, 3))})


def test_a_list_of_columns_is_emptied_as_it_is_read() -> None:
    series = pl.DataFrame({"a": [1, 2], "b": ["x", None]}).get_columns()
    found = frames.consumed(series)
    assert list(found) == ["a", "b"]
    assert series == []
    assert found["b"].tolist() == ["x", None]


def test_what_is_no_table() -> None:
    with pytest.raises(WrongTypeError, match="expected a pandas, polars or arrow table, got dict"):
        frames.columns({"a": [1]})
    with pytest.raises(InputError, match=r"not one of named columns \(.*unique"):
        frames.columns(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InputError, match="'1' occurs twice"):
        frames.columns(pd.DataFrame([[1, 2]], columns=pd.Index([1, "1"], dtype=object)))


def test_types_that_narwhals_does_not_know() -> None:
    frame = pd.DataFrame(
        {
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
            "period": pd.period_range("2020", periods=3, freq="D"),
            "mixed": np.array([1, "a", None], dtype=object),
        }
    )
    found = frames.columns(frame)
    assert found["sparse"].tolist() == [0, 0, 1]
    assert found["period"].tolist() == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert found["mixed"].tolist() == ["1", "a", None]
    with pytest.raises(WrongTypeError, match="column 'z': a column holds complex"):
        frames.columns(pd.DataFrame({"z": [1j]}))


def _with_lists(kind):
    frame = pl.DataFrame(
        {
            "x": [1.0, 2.0, 3.0, 4.0],
            "y": [0, 1, 0, 1],
            "jet_pt": [[1.0, None], [], [3.0], None],
            "jet_eta": [[0.1, 0.2], [], [0.3], None],
            "jet_phi": [[0.1, 0.2], [], [0.3], None],
            "words": [["a"], ["b"], [], ["c"]],
        }
    )
    if kind == "objects":
        made = frame.drop("words").to_pandas()
        made["jet_pt"] = [(1.0, np.nan), np.array([]), [3.0], np.nan]
        return made
    return {"polars": frame, "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[kind]


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow", "objects"])
def test_lists_of_a_dataframe_are_jagged_columns(kind):
    table = frames.opened(_with_lists(kind))
    assert table.jagged == ("jet_pt", "jet_eta", "jet_phi")
    assert table.lists(["jet_pt"])["jet_pt"].counts.tolist() == [2, 0, 1, 0]
    assert np.isnan(table.lists(["jet_pt"])["jet_pt"].values).tolist() == [False, True, False]


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow", "objects"])
def test_a_dataframe_is_read_as_a_file_of_it(kind, tmp_path):
    jet = {"prefix": "jet_", "momentum": ["pt", "eta", "phi"]}
    said = {"target": "y", "objects": {"jet": jet}, "observables": ["count(jet)", "jet[0].eta"]}
    frame = _with_lists(kind)
    _with_lists("polars").write_parquet(tmp_path / "t.parquet")
    one, other = read(frame, **said), read(tmp_path / "t.parquet", **said)
    assert one.names == other.names
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(read(frame, target="y", task="regression", rows=[1, 3]).X[:, 0], [2.0, 3.0])


@pytest.mark.parametrize("word", [{"separator": ";"}, {"format": "CSV"}, {"group": {"path": "(a)"}}])
def test_what_is_of_files_is_refused_of_a_dataframe(word):
    with pytest.raises(InputError, match="is of files, and a table was given"):
        read(_with_lists("polars"), target="y", **word)
