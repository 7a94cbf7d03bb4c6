"""Parquet: every type of a column, its gaps and its units."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers.parquet import READER
from fivesigma.data.tables import read_columns, read_units


@pytest.mark.parametrize(
    ("series", "kind", "values"),
    [
        (pl.Series([1, None], dtype=pl.Int64), np.float64, [1.0, None]),
        (pl.Series([2**60 + 1, None], dtype=pl.Int64), object, [2**60 + 1, None]),
        (pl.Series([2**64 - 1, 0], dtype=pl.UInt64), np.uint64, [2**64 - 1, 0]),
        (pl.Series([2**64 - 1, None], dtype=pl.UInt64), object, [2**64 - 1, None]),
        (pl.Series([7, 8], dtype=pl.UInt8), np.uint8, [7, 8]),
        (pl.Series([2**100, None], dtype=pl.Int128), object, [2**100, None]),
        (pl.Series([Decimal(10**25), None], dtype=pl.Decimal(38, 0)), object, [10**25, None]),
        (pl.Series([Decimal("1.25"), None], dtype=pl.Decimal(10, 2)), np.float64, [1.25, None]),
        (pl.Series([True, None]), np.float64, [1.0, None]),
        (pl.Series([0.5, None], dtype=pl.Float32), np.float32, [0.5, None]),
        (pl.Series(["a", None], dtype=pl.Categorical), object, ["a", None]),
        (pl.Series([datetime.date(2020, 1, 2), None]), object, ["2020-01-02", None]),
        (pl.Series([["a", "b"], None]), object, ["['a', 'b']", None]),
    ],
)
def test_columns_of_every_type(tmp_path: Path, series: pl.Series, kind: type, values: list[Any]) -> None:
    pl.DataFrame({"c": series, "x": [1.0, 2.0]}).write_parquet(tmp_path / "t.parquet")
    column = read_columns(tmp_path / "t.parquet")["c"]
    assert column.dtype == kind
    assert [None if value is None or value != value else value for value in column.tolist()] == values


def test_lists_of_numbers_are_jagged(tmp_path: Path) -> None:
    jets = pl.Series([[31.5, 20.2], None, [], [45.1]])
    sized = pl.Series([[1, 2]] * 4, dtype=pl.Array(pl.Int32, 2))
    pl.DataFrame({"x": [1.0] * 4, "jets": jets, "sized": sized}).write_parquet(tmp_path / "t.parquet")
    assert list(read_columns(tmp_path / "t.parquet")) == ["x"]
    with READER.open(tmp_path / "t.parquet", {}) as table:
        assert (table.names, table.jagged) == (("x",), ("jets", "sized"))
        found = table.lists(["jets", "sized"])
        assert found["jets"].counts.tolist() == [2, 0, 0, 1]
        assert found["jets"].values.tolist() == [31.5, 20.2, 45.1]
        assert found["sized"].values.tolist() == [1, 2] * 4
        assert table.lists(["jets"], 2)["jets"].values.tolist() == [45.1]


def test_units_that_the_file_says_itself(tmp_path: Path) -> None:
    frame = pl.DataFrame({"pt": [1.0]})
    frame.write_parquet(tmp_path / "t.parquet", metadata={"fivesigma": '{"units": {"pt": "GeV"}}'})
    assert read_units(tmp_path / "t.parquet") == {"pt": "GeV"}
    frame.write_parquet(tmp_path / "u.parquet")
    assert read_units(tmp_path / "u.parquet") == {}


@pytest.mark.parametrize("frame", [pl.DataFrame({"x": []}), pl.DataFrame()])
def test_a_table_without_rows(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="holds 0 rows"):
        read_columns(tmp_path / "t.parquet")
