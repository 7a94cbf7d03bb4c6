"""HDF5: groups of arrays, compound data sets, the layouts of pandas; links, heaps and sizes that cannot be trusted."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.columns import Gapped
from fivesigma._core.errors import DataError, InputError, MissingExtraError
from fivesigma.data.readers import opened, reader_for
from fivesigma.data.readers.hdf5_guard import GuardedFile
from fivesigma.data.readers.hdf5_values import pickled
from fivesigma.data.tables import read_columns, read_units

h5py = pytest.importorskip("h5py")

IDS = np.array([2**63 + 1, 2**53 + 1, 3], dtype=np.uint64)
COLUMNS: dict[str, np.ndarray] = {
    "id": IDS,
    "run": np.array([-(2**62) - 1, 0, 5]),
    "small": np.array([1, 2, 255], dtype=np.uint8),
    "pt": np.array([1.5, np.nan, 3.25], dtype=np.float32),
    "big": np.array([0.1, -1e300, 2.0], dtype=">f8"),
    "flag": np.array([True, False, True]),
}


def _write(path: Path, columns: dict[str, Any], group: str = "/") -> Path:
    with h5py.File(path, "a") as file:
        for name, values in columns.items():
            file.require_group(group)[name] = values
    return path


def _left_out(path: Path, **options: Any) -> dict[str, str]:
    with opened(path, reader_for(path), options) as table:
        return dict(table.left_out)  # type: ignore[attr-defined]


def test_numbers_are_native_and_keep_their_type_and_every_digit(tmp_path: Path) -> None:
    found = read_columns(_write(tmp_path / "t.h5", COLUMNS))
    for name, values in COLUMNS.items():
        assert found[name].dtype == values.dtype.newbyteorder("=")
        assert found[name].dtype.isnative
        np.testing.assert_array_equal(found[name], values)


def test_texts_lists_and_enumerations(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.h5", {"fixed": np.array([b"muon", b"", b"e"]), "free": ["größe", "", "x"]})
    with h5py.File(path, "a") as file:
        jets = file.create_dataset("jet", (3,), dtype=h5py.vlen_dtype("f4"))
        jets[0], jets[2] = [1.5, 2.5], [3.5]
        words = h5py.enum_dtype({"e": 0, "mu": 2}, basetype="i1")
        file.create_dataset("kind", data=np.array([2, 0, 7], "i1"), dtype=words)
        file["z"], file["deep"] = np.zeros(3, complex), np.zeros((3, 1, 1, 1, 1))
    found = read_columns(path)
    assert found["fixed"].tolist() == ["muon", None, "e"]
    assert found["free"].tolist() == ["größe", None, "x"]
    assert found["kind"].tolist() == ["mu", "e", None]
    with opened(path, reader_for(path), {}) as table:
        jet, part = table.lists(["jet"])["jet"], table.lists(["jet"], 1)["jet"]
    assert (jet.values.tolist(), jet.counts.tolist(), jet.values.dtype) == (
        [1.5, 2.5, 3.5],
        [2, 0, 1],
        np.float32,
    )
    assert (part.values.tolist(), part.counts.tolist()) == ([3.5], [0, 1])
    assert _left_out(path) == {"z": "it holds complex128", "deep": "it has 5 dimensions"}


def test_two_dimensions_are_columns_and_more_are_a_stack(tmp_path: Path) -> None:
    matrix, images = np.arange(6.0).reshape(3, 2), np.arange(24.0).reshape(3, 2, 2, 2)
    path = _write(
        tmp_path / "t.h5", {"X": matrix, "one": matrix[:, :1], "sky": images, "wide": np.zeros((3, 1001))}
    )
    found = read_columns(path)
    assert {name: each.shape for name, each in found.items()} == {
        "X0": (3,), "X1": (3,), "one": (3,), "sky": (3, 2, 2, 2), "wide": (3, 1001)
    }  # fmt: skip
    np.testing.assert_array_equal(found["X1"], matrix[:, 1])
    with opened(path, reader_for(path), {}) as table:
        assert table.columns(["X1"], 1)["X1"].tolist() == [3, 5]
        both = table.columns(["X1", "X0"], 1, 2)
    assert (list(both), both["X0"].tolist()) == (["X1", "X0"], [2])
    assert fs.read(path, features=["sky"], task="clustering").X.shape == (3, 2, 2, 2)


def test_a_compound_data_set_is_a_table(tmp_path: Path) -> None:
    kinds = [
        ("n", ">i8"),
        ("x", "f4"),
        ("v", "f8", (2,)),
        ("s", "S4"),
        ("b", "?"),
        ("j", h5py.vlen_dtype("i4")),
    ]
    rows = np.zeros(3, np.dtype([*kinds, ("z", "c8"), ("t", "S2", (2,))]))
    rows["n"], rows["s"], rows["v"], rows["b"] = (
        [2**62 + 1, 2, 3],
        [b"a", b"bc", b""],
        [[1, 2], [3, 4], [5, 6]],
        [1, 0, 1],
    )
    rows["j"] = [np.arange(i, dtype="i4") for i in range(3)]
    path = _write(tmp_path / "t.h5", {"events": rows}, "deep/er")
    with opened(path, reader_for(path), {}) as table:
        assert (table.names, table.jagged) == (("n", "x", "v", "s", "b"), ("j",))
        found = table.columns(["s", "n", "v"], 1)
        assert table.lists(["j"])["j"].counts.tolist() == [0, 1, 2]
    assert found["n"].tolist() == [2, 3]
    assert found["s"].tolist() == ["bc", None]
    assert found["v"].tolist() == [[3, 4], [5, 6]]
    assert set(_left_out(path)) == {"z", "t"}


def test_what_attributes_say_of_units_gaps_and_scales(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "t.h5", {"pt": [1.0, 2], "m": [[1.0, 2], [3, 4]], "n": [5, -1], "x": [2.0, 9], "r": [1, 2]}
    )
    with h5py.File(path, "a") as file:
        file["pt"].attrs["UNIT"], file["m"].attrs["units"] = "GeV", np.bytes_(b"Msun")
        file["n"].attrs["_FillValue"], file["x"].attrs["missing_value"] = np.array([-1]), 9.0
        file["r"].attrs["scale_factor"], file["r"].attrs["add_offset"] = 0.5, 10.0
    found = read_columns(path)
    assert read_units(path) == {"pt": "GeV", "m0": "Msun", "m1": "Msun"}
    assert isinstance(found["n"], Gapped)
    np.testing.assert_array_equal(found["n"], [5, np.nan])
    np.testing.assert_array_equal(found["x"], [2, np.nan])
    assert found["r"].tolist() == [10.5, 11]


@pytest.mark.parametrize("said", [["", "GeV"], pickle.dumps(["", "GeV"], 0), pickle.dumps(["", "GeV"], 2)])
def test_units_of_a_compound_data_set(tmp_path: Path, said: Any) -> None:
    path = _write(tmp_path / "t.h5", {"events": np.zeros(2, [("n", "i4"), ("pt", "f4")])})
    with h5py.File(path, "a") as file:
        file["events"].attrs["units"] = np.void(said) if isinstance(said, bytes) else said
    assert read_units(path) == {"pt": "GeV"}


def test_a_pickle_is_spelled_and_never_loaded() -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (print, ("boom",))

    assert pickled(pickle.dumps([(1, ["a", "é", "a"]), None, 2**40], 0)) == [1, "a", "é", "a", None, 2**40]
    assert "boom" in pickled(pickle.dumps(Trap(), 0))
    assert pickled(b"nonsense") == []


def test_one_of_several_tables_is_named_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    for group, n in {"train": 3, "INPUTS/Source": 4, "TARGETS/t1": 4}.items():
        _write(path, {"x": np.arange(n), "y": np.arange(2.0 * n).reshape(n, 2)}, group)
    _write(path, {"rows": np.zeros(5, [("a", "i4")])})
    keys = {
        "train": (3, ["x", "y0", "y1"]),
        "/INPUTS/Source/": (4, ["x", "y0", "y1"]),
        "INPUTS": (4, ["Source/x", "Source/y0", "Source/y1"]),
        "train/y": (3, ["y0", "y1"]),
        "rows": (5, ["a"]),
    }
    for key, (n, names) in keys.items():
        found = read_columns(path, key=key)
        assert (list(found), {len(each) for each in found.values()}) == (names, {n})
    assert {"INPUTS/Source/x", "TARGETS/t1/y1"} <= set(read_columns(path, key="/"))
    with pytest.raises(InputError, match=r"t\.h5: holds 'rows' \(5 rows\), .*; say which: key = 'rows'"):
        read_columns(path)
    with pytest.raises(InputError, match=r"no key 'trian'.* Did you mean 'train'"):
        read_columns(path, key="trian")


def test_arrays_of_another_length_are_left_out_and_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.h5", {"x": np.arange(5), "y": np.arange(5), "version": [1], "scalar": 3.0})
    assert list(read_columns(path)) == ["x", "y"]
    assert _left_out(path) == {"version": "it has 1 of 5 rows"}
    assert list(read_columns(path, key="version")) == ["version"]


def _frame_fixed(path: Path) -> None:
    """Two columns of numbers and one of objects, as ``DataFrame.to_hdf(format="fixed")`` of pandas 3 writes them."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"], group.attrs["nblocks"] = np.bytes_(b"frame"), 3
        group["axis0"], group["axis1"] = np.array([b"n", b"x", b"s", b"y"]), np.arange(10, 13)
        blocks = {
            0: ([b"x", b"y"], np.arange(6.0).reshape(3, 2)),
            1: ([b"n"], np.array([[2**62 + 1], [2], [3]])),
        }
        for number, (items, values) in blocks.items():
            group[f"block{number}_items"], group[f"block{number}_values"] = np.array(items), values
        group["block2_items"] = np.array([b"s"])
        held = group.create_dataset("block2_values", (1,), dtype=h5py.vlen_dtype("u1"))
        held[0] = np.frombuffer(pickle.dumps(["a", "b", "c"]), np.uint8)
        held.attrs["value_type"], held.attrs["PSEUDOATOM"] = np.bytes_(b"str"), np.bytes_(b"object")


def test_the_fixed_layout_of_pandas(tmp_path: Path) -> None:
    _frame_fixed(tmp_path / "t.h5")
    found = read_columns(tmp_path / "t.h5")
    assert list(found) == ["__index_level_0__", "n", "x", "y"]
    assert found["n"].tolist() == [2**62 + 1, 2, 3]
    assert found["y"].tolist() == [1, 3, 5]
    assert list(_left_out(tmp_path / "t.h5")) == ["s"]
    assert fs.read(tmp_path / "t.h5", task="clustering").names == ("n", "x", "y")


def _frame_table(path: Path) -> None:
    """The same with truth values, text and times, as ``to_hdf(format="table")`` writes them."""
    kinds = [
        ("index", "i8"), ("values_block_0", "f8", (2,)), ("values_block_1", "u1", (1,)),
        ("values_block_2", "S3", (1,)), ("values_block_3", "i8", (1,)), ("id", "u8"),
    ]  # fmt: skip
    rows = np.zeros(3, kinds)
    rows["values_block_0"], rows["values_block_1"][:, 0] = np.arange(6).reshape(3, 2), [1, 0, 1]
    rows["values_block_2"][:, 0], rows["id"] = [b"u", b"nan", b"v"], IDS
    said = {
        "0": ("float64", ["x", "y"]),
        "1": ("bool", ["b"]),
        "2": ("bytes24", ["s"]),
        "3": ("datetime64[us]", ["t"]),
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        group.attrs["info"] = np.bytes_(
            pickle.dumps({1: {"names": [None]}, "index": {"index_name": "event"}}, 0)
        )
        table = group.create_dataset("table", data=rows)
        for block, (dtype, names) in said.items():
            table.attrs[f"values_block_{block}_dtype"] = np.bytes_(dtype.encode())
            table.attrs[f"values_block_{block}_kind"] = np.bytes_(pickle.dumps(names, 0))
        table.attrs["values_block_2_nan_rep"] = np.bytes_(b"nan")
        group["_i_table/index/sorted"] = np.zeros((0, 8))


def test_the_table_layout_of_pandas(tmp_path: Path) -> None:
    _frame_table(tmp_path / "t.h5")
    found = read_columns(tmp_path / "t.h5")
    assert list(found) == ["event", "x", "y", "b", "s", "id"]
    assert found["y"].tolist() == [1, 3, 5]
    assert (found["b"].dtype, found["b"].tolist()) == (bool, [True, False, True])
    assert found["s"].tolist() == ["u", None, "v"]
    assert found["id"].tolist() == IDS.tolist()
    assert _left_out(tmp_path / "t.h5") == {"t": "it holds times; write it as text or numbers"}
    with opened(tmp_path / "t.h5", reader_for("t.h5"), {}) as table:
        assert table.columns(["y"], 1, 2)["y"].tolist() == [3]


def test_a_series_of_pandas(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        group = file.create_group("s")
        group.attrs["pandas_type"], group.attrs["name"] = np.bytes_(b"series"), np.bytes_(b"mass")
        group["index"], group["values"] = np.arange(3), np.arange(3.0)
    assert list(read_columns(tmp_path / "t.h5")) == ["__index_level_0__", "mass"]


def test_nothing_outside_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    _write(tmp_path / "secret.h5", {"x": np.arange(9.0)})
    (tmp_path / "raw.bin").write_bytes(np.arange(3.0).tobytes())
    path = _write(tmp_path / "sub" / "t.h5", {"own": np.arange(3)})
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (9,))[:3]
    with h5py.File(path, "a") as file:
        file["away"] = h5py.ExternalLink("../secret.h5", "x")
        file["soft"], file["up"] = h5py.SoftLink("/away"), h5py.SoftLink("../../secret.h5")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (3,), "f8", external=[(str(tmp_path / "raw.bin"), 0, 24)])
        file["again"] = file["/"]  # a circle
    assert list(read_columns(path)) == ["own"]
    assert _left_out(path) == {
        "raw": "its values stand in another file", "virtual": "it is made of other files"
    }  # fmt: skip
    for key in ("away", "soft", "up", "../secret.h5", "sub/../away"):
        with pytest.raises(InputError, match="holds no key"):
            read_columns(path, key=key)
    for key in ("virtual", "raw"):
        with pytest.raises(DataError, match="3 rows and 0 columns"):
            read_columns(path, key=key)


@pytest.mark.parametrize("chunks", [None, (2**26,)])
def test_a_small_file_that_claims_terabytes_is_refused_before_memory_is_taken(
    tmp_path: Path, chunks: Any
) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_dataset("x", (2**40,), "f8", chunks=chunks or (2**10,))
    assert (tmp_path / "t.h5").stat().st_size < 10_000
    with pytest.raises(DataError, match=r"t\.h5: this HDF5 file of \d+ bytes declares 8192\.0 GiB"):
        read_columns(tmp_path / "t.h5")
    with opened(tmp_path / "t.h5", reader_for("t.h5"), {}) as table:
        if chunks is None:
            assert table.columns(["x"], 5, 7)["x"].tolist() == [0, 0]
        else:
            with pytest.raises(DataError, match=r"declares 0\.5 GiB"):
                table.columns(["x"], 5, 7)


def test_a_heap_along_which_the_library_would_walk_for_ever_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.h5", {"s": ["muon", "electron", "tau"]})
    raw = bytearray(path.read_bytes())
    heap = raw.index(b"GCOL\x01")
    raw[heap + 16 : heap + 32] = bytes(16)  # an object without a number and without a length
    path.write_bytes(raw)
    with pytest.raises(
        DataError, match=r"not readable as HDF5 \(a heap of values of variable length is damaged\)"
    ):
        read_columns(path)
    for at in (heap - 3, heap + 2):  # also where it stands across two pieces
        with GuardedFile(path) as file:
            file.seek(at)
            with pytest.raises(ValueError, match="heap"):
                file.readinto(bytearray(5))


def test_a_user_block_and_a_foreign_name_do_not_hide_the_format(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.dat", "w", userblock_size=1024) as file:
        file["x"] = np.arange(3)
    assert read_columns(tmp_path / "t.dat")["x"].tolist() == [0, 1, 2]


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.h5", COLUMNS)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[hdf5\]'"):
        read_columns(path)


def test_real_files_of_jets(shared_data: Path) -> None:
    path = shared_data / "jets/ttbar_all_hadronic.h5"
    with pytest.raises(InputError, match=r"'INPUTS/Source' \(10,000 rows\), 'TARGETS/t1' \(10,000 rows\)"):
        read_columns(path)
    found = read_columns(path, key="INPUTS/Source")
    assert len(found) == 60
    assert {str(each.dtype) for each in found.values()} == {"float32", "bool"}
    assert len(read_columns(path, key="/")) == 66
