"""What a Parquet file declares of its pages is checked: honest files of any writer pass, others are one sentence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers import frame_table
from fivesigma.data.readers.parquet import READER
from fivesigma.data.readers.parquet_pages import checking
from fivesigma.data.readers.table import tiles
from fivesigma.data.reading import read
from fivesigma.data.tables import read_columns

N = 3000


def _frame():
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "x": rng.normal(size=N),
            "few": rng.integers(0, 5, N),
            "same": np.ones(N),
            "gap": [None if i % 3 else float(i) for i in range(N)],
            "none": pl.Series([None] * N, dtype=pl.Float64),
            "flag": rng.random(N) > 0.5,
            "name": [f"é{i % 7}" for i in range(N)],
            "jets": [[float(i)] * (i % 4) for i in range(N)],
        }
    )


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"data_page_version": "2.0"},
        {"data_page_size": 64, "write_batch_size": 16},
        {"use_dictionary": False, "compression": "none"},
        {"row_group_size": 100, "write_page_index": True, "compression": "zstd"},
        {"column_encoding": {"x": "BYTE_STREAM_SPLIT"}, "use_dictionary": False},
    ],
)
def test_files_of_another_writer_pass(tmp_path, how):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    parquet.write_table(_frame().to_arrow(), path, **how)
    found = read_columns(path)
    np.testing.assert_array_equal(found["x"], _frame()["x"].to_numpy())
    assert list(found["name"][:8]) == _frame()["name"].to_list()[:8]
    check, groups = checking(path)
    check(_frame().columns)
    assert sum(groups) == N


@pytest.mark.parametrize("how", [{}, {"row_group_size": 17}, {"data_page_size": 200}, {"statistics": "full"}])
def test_files_of_polars_pass(tmp_path, how):
    _frame().write_parquet(tmp_path / "t.parquet", **how)
    check, groups = checking(tmp_path / "t.parquet")
    check(_frame().columns)
    assert sum(groups) == N


def _written(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"n": [1, None, 3, 4]}).write_parquet(path, compression="uncompressed", statistics=False)
    return path, bytearray(path.read_bytes())


def test_a_page_that_declares_more_values_than_its_column_is_refused(tmp_path):
    path, raw = _written(tmp_path)
    at = raw.index(b"\x15\x08\x15", 4)  # field 1 of the header of a page of data: four values
    raw[at + 1] = 0x7E  # 63
    path.write_bytes(raw)
    with READER.open(path, {}) as table, pytest.raises(DataError, match="more than its column") as caught:
        table.columns(["n"])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("cut", [0, 3, 8, 11])
def test_a_footer_that_is_not_there_is_one_sentence(tmp_path, cut):
    path, raw = _written(tmp_path)
    path.write_bytes(raw[:cut])
    with pytest.raises(DataError, match="not readable as Parquet"):
        checking(path)


def test_structs_inside_of_structs_without_end_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    footer = b"\x1c" * 5000
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(DataError, match="footer is damaged"):
        checking(path)


def test_a_column_is_checked_once(tmp_path):
    path, _ = _written(tmp_path)
    check, _ = checking(path)
    check(["n"])
    path.write_bytes(b"")
    check(["n"])


def test_groups_of_rows_are_read_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(frame_table, "_BLOCK", 500)
    frame = _frame().drop("jets", "name").with_columns(y=pl.Series(np.arange(N) % 2))
    frame.write_parquet(tmp_path / "one.parquet")
    frame.write_parquet(tmp_path / "many.parquet", row_group_size=200)
    with READER.open(tmp_path / "many.parquet", {}) as table:
        parts = list(tiles(table, ["x", "few", "y"], 3))
    assert [start for start, _, _ in parts] == list(range(0, N, 600))
    assert {names for _, _, names in parts} == {("x", "few", "y")}
    said = {"target": "y", "features": ["x", "few", "gap"], "missing": -999}
    one, many = (read(tmp_path / f"{name}.parquet", **said) for name in ("one", "many"))
    np.testing.assert_array_equal(one.X, many.X)
    np.testing.assert_array_equal(one.as_read, many.as_read)
