"""NumPy's NPZ and NPY, never a pickle: 1-D arrays are columns, a 2-D ``X`` with ``names`` is several.

An array of three or four dimensions is one column of sequences or images; where a truth array ``NAME_mask`` or
``mask`` of its first two dimensions stands beside it, each event is a set, and the mask says which members it has.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.border import border, refuse_promise
from fivesigma.data.readers.npy_array import Stored

MASK = "_mask"
"""What follows the name of an array in the name of its mask."""

_TOGETHER = 1 << 22  # bytes of the rows that are read together
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
            table = ArraysTable.of(path)
            return table.columns(table.names)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[ArraysTable]:
        """Open ``path``: its rows are read when they are asked for."""
        with border(path, self.name, _NEXT):
            table = ArraysTable.of(path)
        yield table

    def units(self, path: Path) -> Mapping[str, str]:
        """Return nothing: the format says no units."""
        return {}


def _stored(path: Path) -> dict[str, Stored]:
    """Return the arrays in a file by name, after a look at what all of them declare."""
    with path.open("rb") as file:
        single = file.read(len(_ARRAY)) == _ARRAY
    if single:
        return {"X": Stored.at(path, path.stem, path.stat().st_size)}
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    refuse_promise(path, "NPZ", sum(member.file_size for member in members))
    names = [member.filename.removesuffix(".npy") for member in members]
    return {
        name: Stored.at(path, name, member.file_size, member=member.filename)
        for name, member in zip(names, members, strict=True)
    }


@dataclass(frozen=True)
class ArraysTable:
    """Arrays in a file as a table: columns are read when they are asked for, and those rows alone."""

    path: Path
    arrays: Mapping[str, Stored]
    labels: NDArray[Any] | None
    masks: frozenset[str]
    owner: Mapping[str, str]
    n_rows: int

    units: ClassVar[Mapping[str, str]] = {}
    jagged: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, path: Path) -> ArraysTable:
        """Find out which columns the arrays of a file are; `DataError` where they are no table."""
        arrays = _stored(path)
        labels = None
        if "names" in arrays and len(arrays.get("X", arrays["names"]).shape) == 2:
            labels = arrays.pop("names").rows()
        masks = _masks(arrays)
        owner: dict[str, str] = {}
        heights: dict[str, int] = {}
        for name, array in arrays.items():
            for column, _ in _pieces(path, name, array.example(), labels, masks):
                if column in owner:
                    raise DataError(f"{path}: the column name {column!r} occurs twice; rename one of them.")
                owner[column], heights[column] = name, array.shape[0]
        if len(set(heights.values())) != 1 or 0 in heights.values():
            found = ", ".join(f"{name} ({n})" for name, n in list(heights.items())[:6]) or "no array"
            raise DataError(
                f"{path}: expected columns of one length and at least one row, found {found}; {_NEXT}."
            )
        return cls(path, arrays, labels, masks, owner, next(iter(heights.values())))

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of single values or of arrays of one shape."""
        return tuple(self.owner)

    @property
    def row_blocks(self) -> tuple[tuple[int, int], ...]:
        """Rows that lie together, where the columns lie side by side in one array."""
        if len(self.owner) < 2 or len(set(self.owner.values())) > 1:
            return ()
        step = self._step(next(iter(self.arrays)))
        return tuple((i, min(i + step, self.n_rows)) for i in range(0, self.n_rows, step))

    def _step(self, name: str) -> int:
        return max(1, _TOGETHER // max(self.arrays[name].row_bytes, 1))

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Read some of ``names``, rows ``start`` to ``stop``."""
        first, last, _ = slice(start, stop).indices(self.n_rows)
        found: dict[str, NDArray[Any]] = {}
        with border(self.path, "NPZ", _NEXT):
            for owner in dict.fromkeys(self.owner[name] for name in names):
                found |= self._of_array(owner, set(names), first, max(first, last))
        return {name: found[name] for name in names}

    def _of_array(self, owner: str, wanted: set[str], first: int, last: int) -> dict[str, NDArray[Any]]:
        """Read those columns of one array that are wanted, some rows at a time."""
        parts: dict[str, list[NDArray[Any]]] = {}
        array, every = self.arrays[owner], sum(each == owner for each in self.owner.values()) <= len(wanted)
        in_steps = array.by_rows or (array.in_parts and not every)
        if len(array.shape) > 2:
            in_steps = False  # one column: parts of it would stand in memory twice where they are joined
        step = self._step(owner) if in_steps else max(last - first, 1)
        for low in range(first, max(last, first + 1), step):
            rows = array.rows(low, min(low + step, last))
            for column, values in _pieces(self.path, owner, rows, self.labels, self.masks):
                if column in wanted:  # a view would hold the rows of all columns
                    parts.setdefault(column, []).append(
                        values if values.flags.c_contiguous else np.array(values)
                    )
        return {column: each[0] if len(each) == 1 else np.concatenate(each) for column, each in parts.items()}

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Return nothing: no array is jagged."""
        return {}


def _pieces(
    path: Path, name: str, array: NDArray[Any], labels: NDArray[Any] | None, masks: frozenset[str]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns of some rows of an array."""
    if name in masks:
        yield name, array
        return
    for column, values in _split(path, name, array, labels if name == "X" else None):
        yield column, _plain(path, column, values)


def _masks(arrays: Mapping[str, Stored]) -> frozenset[str]:
    """Return the names of the truth arrays (n, k) that mask an array (n, k, features) beside them."""
    stacks = {name: array.shape[:2] for name, array in arrays.items() if len(array.shape) == 3}
    called = {f"{name}{MASK}": shape for name, shape in stacks.items()}
    if len(stacks) == 1:
        called["mask"] = next(iter(stacks.values()))
    return frozenset(
        name
        for name, shape in called.items()
        if name in arrays and arrays[name].dtype.kind == "b" and arrays[name].shape == shape
    )


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
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.ndim > 1:
        raise DataError(f"{path}: array '{name}' holds {values.dtype} values; expected numbers.")
    if values.dtype.kind == "U":
        return values.astype(object)
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8").astype(object)
    raise DataError(f"{path}: column '{name}' holds {values.dtype} values; expected numbers or text.")


READER = NpzReader()
