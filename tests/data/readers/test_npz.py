"""NPZ and NPY: arrays of every shape are columns, images, sequences or sets, or one sentence."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers.npz import READER
from fivesigma.data.tables import read_columns


def _npz(path: Path, **arrays: Any) -> dict[str, np.ndarray]:
    np.savez(path / "a.npz", **arrays)
    return read_columns(path / "a.npz")


def _npy(path: Path, array: np.ndarray) -> dict[str, np.ndarray]:
    np.save(path / "a.npy", array)
    return read_columns(path / "a.npy")


def test_sub_arrays_of_records_are_columns_of_their_own(tmp_path: Path) -> None:
    records = np.zeros(4, dtype=[("p", "f8", (3,)), ("id", "u8"), ("inner", [("u", "f4"), ("v", "i2")])])
    records["p"], records["id"] = np.arange(12).reshape(4, 3), 2**63 + np.arange(4, dtype=np.uint64)
    columns = _npy(tmp_path, records)
    assert list(columns) == ["p0", "p1", "p2", "id", "u", "v"]
    assert columns["p1"].tolist() == [1.0, 4.0, 7.0, 10.0]
    assert columns["id"].tolist() == [2**63 + i for i in range(4)]


def test_one_column_of_two_dimensions_keeps_its_name(tmp_path: Path) -> None:
    columns = _npz(tmp_path, X=np.zeros((3, 2)), y=np.arange(3.0)[:, None], names=np.array(["a", "b"]))
    assert list(columns) == ["a", "b", "y"]


@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 1, 4, 4)])
def test_stacks_of_sequences_and_images_are_one_column(tmp_path: Path, shape: tuple[int, ...]) -> None:
    columns = _npz(tmp_path, stack=np.arange(np.prod(shape)).reshape(shape), y=np.arange(5))
    assert columns["stack"].shape == shape


@pytest.mark.parametrize("name", ["mask", "jets_mask"])
def test_the_mask_of_a_set_stays_whole(tmp_path: Path, name: str) -> None:
    mask = np.arange(15).reshape(5, 3) % 4 > 0
    columns = _npz(tmp_path, jets=np.zeros((5, 3, 2)), **{name: mask})
    np.testing.assert_array_equal(columns[name], mask)
    flat = _npz(tmp_path, jets=np.zeros((5, 3, 2)), **{name: np.ones((5, 2), dtype=bool)})
    assert f"{name}0" in flat


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.zeros(0)}, "at least one row"),
        ({"X": np.zeros((5, 0)), "y": np.zeros(5)}, "array 'X' has no column"),
        ({"X": np.zeros((0, 5))}, "at least one row"),
        ({"X": np.zeros((3, 2)), "names": np.array("ab")}, "'names' has 1 entries for 2 columns"),
        ({"X": np.zeros((3, 2)), "names": np.array([["a", "b", "c"]])}, "'names' has 3 entries"),
        ({"X": np.zeros((2, 2, 2, 2, 2))}, "expected one or two dimensions"),
        ({"x": np.zeros(3, dtype="M8[D]")}, "expected numbers or text"),
        ({"x": np.full((3, 2, 2), "a")}, "expected numbers"),
        ({"x": np.zeros(3, dtype=complex)}, "expected numbers or text"),
        ({"x": np.array([b"\xff", b"a"])}, "not readable as NPZ"),
        (
            {"x": np.zeros((3, 1)), "X0": np.zeros(3), "X": np.zeros((3, 1)), "x0": np.zeros(3)},
            "occurs twice",
        ),
    ],
)
def test_shapes_and_types_that_are_no_table(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        _npz(tmp_path, **arrays)
    assert "\n" not in str(caught.value)


def _declared(path: Path, shape: str, dtype: str = "<f8") -> dict[str, np.ndarray]:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    (path / "h.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 80)
    return read_columns(path / "h.npy")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("(-1,)", "negative shape"),
        ("(-1, 2)", "negative shape"),
        ("(-2, -2)", "negative shape"),
        ("(0,)", "at least one row"),
        ("(10, 0)", "no column"),
        ("()", "no array"),
        ("(True,)", "not readable"),
        ("(2.0,)", "not readable"),
        ("(1000,)", "more than the file holds"),
        ("(99999999999999999999, 0)", "not readable"),
    ],
)
def test_shapes_that_a_header_cannot_mean(tmp_path: Path, shape: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        _declared(tmp_path, shape)


def test_a_version_and_units_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x09\x00" + b"\0" * 64)
    with pytest.raises(DataError, match="format version"):
        read_columns(tmp_path / "a.npy")
    assert READER.units(tmp_path / "a.npy") == {}
