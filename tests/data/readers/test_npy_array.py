"""Arrays in files: their rows when they are asked for, whatever their order of bytes and of axes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers.npy_array import Stored
from fivesigma.data.readers.npz import READER
from fivesigma.data.readers.table import tiles
from fivesigma.data.reading import read

N = 30


def _structured() -> np.ndarray:
    table = np.zeros(N, dtype=[("x", ">f8"), ("n", ">i8"), ("s", "S4"), ("u", ">U3")])
    table["x"], table["n"] = np.arange(N) / 8, np.arange(N) + 2**60
    table["s"], table["u"] = [f"é{i}".encode() for i in range(N)], [f"é{i}" for i in range(N)]
    return table


ARRAYS: dict[str, Any] = {
    "one": np.arange(N) / 8,
    "big-endian": np.arange(N, dtype=">u8") + np.uint64(2**63),
    "two": np.arange(3.0 * N).reshape(N, 3),
    "Fortran": np.asfortranarray(np.arange(3.0 * N).reshape(N, 3)),
    "big-endian float32": np.arange(3.0 * N).reshape(N, 3).astype(">f4"),
    "structured": _structured(),
    "images": np.arange(16.0 * N).reshape(N, 1, 4, 4),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ARRAYS)
def test_rows_and_columns_of_each_kind(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / ("t.npz" if packed else "t.npy")
    (np.savez_compressed if packed else np.save)(
        path, **({"X": ARRAYS[name]} if packed else {"arr": ARRAYS[name]})
    )
    with READER.open(path, {}) as table:
        whole = table.columns(table.names)
        assert all(column.dtype.isnative for column in whole.values())
        for start, stop, names in tiles(table, table.names, 1):
            some = table.columns(names, start, stop)
            assert all(some[each].tolist() == whole[each][start:stop].tolist() for each in names)
        assert (
            table.columns(table.names[:1], 7, 9)[table.names[0]].tolist()
            == whole[table.names[0]][7:9].tolist()
        )
        assert (table.n_rows, table.jagged, table.lists([])) == (N, (), {})


def test_values_of_a_structured_array(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", _structured())
    found = READER.columns(tmp_path / "t.npy", {})
    assert found["x"].tolist() == [i / 8 for i in range(N)]
    assert found["n"].tolist() == [2**60 + i for i in range(N)]
    assert found["s"].tolist() == found["u"].tolist() == [f"é{i}" for i in range(N)]


def test_an_array_that_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    np.save(path, np.arange(100.0))
    stored = Stored.at(path, "X", path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match="ends after 792 of 800 bytes"):
        stored.rows()
    assert stored.rows(0, 99)[-1] == 98.0


def test_an_archive_that_claims_four_gibibytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (536870912,), }"
        start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        archive.writestr("x.npy", start + bytes(1 << 20))
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")  # the size that the archive declares
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"declares 4\.0 GiB"):
        READER.columns(path, {})


def test_rows_of_a_large_array_are_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=(2_000_000, 32)).flush()
    code = (
        "import resource, sys; from pathlib import Path; from fivesigma.data.readers.npz import READER; "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with READER.open(Path(sys.argv[1]), {}) as table:\n"
        "    table.columns(table.names, 1_999_000); table.columns(['x3'])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    grown = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(grown.stdout) * 1024 < 0.25 * path.stat().st_size


@pytest.mark.parametrize("shape", [(9, 3), (9, 2, 4), (9, 1)])
def test_rows_of_columns_that_lie_one_after_the_other(tmp_path, shape):
    array = np.asfortranarray(np.arange(np.prod(shape), dtype=">i4").reshape(shape))
    np.save(tmp_path / "x.npy", array)
    stored = Stored.at(tmp_path / "x.npy", "x", (tmp_path / "x.npy").stat().st_size)
    for start in range(10):
        for stop in (None, *range(10)):
            np.testing.assert_array_equal(stored.rows(start, stop), array[start:stop])


def test_some_rows_of_a_table_are_those_of_the_whole(tmp_path):
    X = np.random.default_rng(0).normal(size=(500, 4))
    np.save(tmp_path / "c.npy", X)
    np.save(tmp_path / "f.npy", np.asfortranarray(X))
    one, other = (read(tmp_path / f"{name}.npy", target="x0") for name in "cf")
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.identity, other.identity)
