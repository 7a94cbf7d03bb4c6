"""NumPy's NPZ and NPY, never a pickle: 1-D arrays are columns, a 2-D ``X`` with ``names`` is several.

An array of three or four dimensions is one column of sequences or images; where a truth array ``NAME_mask`` or
``mask`` of its first two dimensions stands beside it, each event is a set, and the mask says which members it has.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma.data.readers.border import border, refuse_promise

MASK = "_mask"
"""What follows the name of an array in the name of its mask."""

_NEXT = "write it again with numpy.savez or numpy.save"
_ARRAY, _ARCHIVE, _NAME = (
    b"\x93NUMPY",
    b"PK\x03\x04",
    30,
)  # where the name of an archive's first member begins


@dataclass(frozen=True)
class NpzReader:
    """NPZ archives of plain arrays, and single NPY arrays (two-dimensional or structured)."""

    name: str = "NPZ"
    suffixes: tuple[str, ...] = (".npz", ".npy")
    options: tuple[str, ...] = ()

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file is an array, or an archive of which the first member is one."""
        first = head[_NAME : _NAME + int.from_bytes(head[26:28], "little")]
        return head.startswith(_ARRAY) or (head.startswith(_ARCHIVE) and first.endswith(b".npy"))

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the arrays in ``path``."""
        with border(path, self.name, _NEXT):
            with path.open("rb") as file:
                single = file.read(len(_ARRAY)) == _ARRAY
            arrays = dict(_single(path) if single else _members(path))
            return _columns(path, arrays)

    def units(self, path: Path) -> Mapping[str, str]:
        """Return nothing: the format says no units."""
        return {}


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(6) != b"\x93NUMPY" and path.suffix.lower() != ".npy"


def _single(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    with path.open("rb") as stream:
        yield "X", _array(path, path.stem, stream, path.stat().st_size)


def _members(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays, each after a look at what it declares, and all of them before any is allocated."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        refuse_promise(path, "NPZ", sum(member.file_size for member in members))
        for member in members:
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as stream:
                yield name, _array(path, name, stream, member.file_size)


def _array(path: Path, name: str, stream: IO[bytes], size: int) -> NDArray[Any]:
    """Read one array after its header: no objects, and no more bytes than the member holds."""
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise DataError(f"{path}: array '{name}' has format version {version}; {_NEXT}.")
    shape, fortran, dtype = readers[version](stream)
    if dtype.hasobject:
        raise DataError(
            f"{path}: array '{name}' holds Python objects (a pickle), which could run code; "
            "save numbers, or text as a fixed-width string array."
        )
    if min(shape, default=0) < 0:
        raise DataError(
            f"{path}: array '{name}' declares the negative shape {shape}; it is damaged: {_NEXT}."
        )
    count = 1
    for length in shape:
        count *= int(length)  # Python integers: a declared size does not overflow
    if count * dtype.itemsize > size:
        raise DataError(f"{path}: array '{name}' declares shape {shape}, more than the file holds; {_NEXT}.")
    values = np.frombuffer(bytearray(stream.read(count * dtype.itemsize)), dtype=dtype, count=count)
    return values.reshape(shape, order="F" if fortran else "C")


def _columns(path: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    result: dict[str, NDArray[Any]] = {}
    names = arrays.pop("names", None) if arrays.get("X", np.empty(0)).ndim == 2 else None
    masks = _masks(arrays)
    for name, array in arrays.items():
        if name in masks:
            result[name] = array
            continue
        for column, values in _split(path, name, array, names if name == "X" else None):
            if column in result:
                raise DataError(f"{path}: the column name {column!r} occurs twice; rename one of them.")
            result[column] = _plain(path, column, values)
    lengths = {len(values) for values in result.values()}
    if len(lengths) != 1 or 0 in lengths:
        found = (
            ", ".join(f"{name} ({len(values)})" for name, values in list(result.items())[:6]) or "no array"
        )
        raise DataError(
            f"{path}: expected columns of one length and at least one row, found {found}; {_NEXT}."
        )
    return result


def _masks(arrays: Mapping[str, NDArray[Any]]) -> set[str]:
    """Return the names of the truth arrays (n, k) that mask an array (n, k, features) beside them."""
    stacks = {name: array.shape[:2] for name, array in arrays.items() if array.ndim == 3}
    called = {f"{name}{MASK}": shape for name, shape in stacks.items()}
    if len(stacks) == 1:
        called["mask"] = next(iter(stacks.values()))
    return {
        name
        for name, shape in called.items()
        if name in arrays and arrays[name].dtype.kind == "b" and arrays[name].shape == shape
    }


def _split(
    path: Path, name: str, array: NDArray[Any], names: NDArray[Any] | None
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns of one array; a single number (0-D) is none."""
    if array.ndim == 1 and array.dtype.names:
        for field in array.dtype.names:
            yield from _split(path, field, array[field], None)
    elif array.ndim == 1 or array.ndim in (3, 4):
        yield name, array
    elif array.ndim == 2:
        yield from zip(_labels(path, name, array.shape[1], names), array.T, strict=True)
    elif array.ndim > 4:
        raise DataError(
            f"{path}: array '{name}' has shape {array.shape}; expected one or two dimensions, three of a sequence or "
            "a set, or four of an image (n, channels, height, width)."
        )


def _labels(path: Path, name: str, width: int, names: NDArray[Any] | None) -> list[str]:
    """Return the names of the columns of a two-dimensional array."""
    if width == 0:
        raise DataError(f"{path}: array '{name}' has no column; {_NEXT}.")
    if names is None:
        return [name] if width == 1 and name != "X" else [f"{name.lower()}{i}" for i in range(width)]
    labels = [str(word) for word in names.ravel()]
    if len(labels) != width:
        raise DataError(f"{path}: 'names' has {len(labels)} entries for {width} columns of X; give one each.")
    return labels


def _plain(path: Path, name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers and truth values as they are, text as objects."""
    if values.dtype.kind in "biuf":
        return values
    if values.ndim > 1:
        raise DataError(f"{path}: array '{name}' holds {values.dtype} values; expected numbers.")
    if values.dtype.kind == "U":
        return values.astype(object)
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8").astype(object)
    raise DataError(f"{path}: column '{name}' holds {values.dtype} values; expected numbers or text.")


READER = NpzReader()
