"""Arrow files: columns, lists and units, and one sentence for what is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers.arrow import READER
from fivesigma.data.reading import read
from fivesigma.data.tables import read_columns

N = 50


def _frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "ID": np.arange(N, dtype=np.uint64) + np.uint64(2**63),
            "pt": rng.gamma(2.0, 20.0, N).astype(np.float32),
            "eta": pl.Series([None, *rng.normal(size=N - 1)], dtype=pl.Float32),
            "kind": ["s", "b"] * (N // 2),
            "jets": [[1.0] * (i % 3) for i in range(N)],
        }
    )


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("suffix", [".arrow", ".feather", ".ipc", ".otherwise"])
def test_columns_are_those_of_the_table(tmp_path: Path, compression: str, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    _frame().write_ipc(path, compression=compression)
    found = read_columns(path)
    assert list(found) == ["ID", "pt", "eta", "kind"]
    assert found["ID"].tolist() == _frame()["ID"].to_list()
    assert found["eta"].dtype == np.float32
    assert np.isnan(found["eta"][0])
    with READER.open(path, {}) as table:
        assert table.lists(["jets"])["jets"].counts.tolist() == [i % 3 for i in range(N)]
    data = read(path, target="kind", spectators=["ID"])
    assert (data.X.dtype, data.names) == (np.float32, ("pt", "eta"))


def test_units_of_fields(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    feather = pytest.importorskip("pyarrow.feather")
    fields = [
        pyarrow.field("pt", pyarrow.float64(), metadata={"unit": "GeV"}),
        pyarrow.field("n", pyarrow.int32()),
    ]
    table = pyarrow.table({"pt": [1.0, 2.0], "n": [3, 4]}, schema=pyarrow.schema(fields))
    feather.write_feather(table, tmp_path / "t.feather")
    assert READER.units(tmp_path / "t.feather") == {"pt": "GeV"}
    assert read(tmp_path / "t.feather").units == ("GeV", None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no Arrow file"),
        (b"FEA1 of old", "is no Arrow file"),
        (b"ARROW1\x00\x00\xff", "not readable as Arrow"),
    ],
)
def test_what_is_no_arrow_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t.arrow"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_columns(path)


def test_a_table_without_rows(tmp_path: Path) -> None:
    pl.DataFrame({"x": []}).write_ipc(tmp_path / "t.arrow")
    with pytest.raises(DataError, match="holds 0 rows"):
        read_columns(tmp_path / "t.arrow")
