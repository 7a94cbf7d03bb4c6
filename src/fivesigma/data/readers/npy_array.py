"""One array of NumPy in a file or in an archive: what it declares, and its rows when they are asked for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fivesigma._core.errors import DataError

_NEXT = "write it again with numpy.savez or numpy.save"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

_PIECE = 1 << 22
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class Stored:
    """An array in a file: ``member`` of an archive, or the file itself; its values begin at byte ``first``.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "x.npy"
    >>> np.save(path, np.arange(5.0))
    >>> Stored.at(path, "x", path.stat().st_size).rows(1, 3)
    array([1., 2.])
    """

    path: Path
    name: str
    member: str | None
    first: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool

    @classmethod
    def at(cls, path: Path, name: str, size: int, *, member: str | None = None) -> Stored:
        """Look at the header of an array: no objects, and no more bytes than its ``size`` in the file.

        Raises
        ------
        DataError
            If it declares what is none, or more.
        """
        with _opened(path, member) as stream:
            version = npy.read_magic(stream)
            if version not in _HEADERS:
                raise DataError(f"{path}: array '{name}' has format version {version}; {_NEXT}.")
            shape, fortran, dtype = _HEADERS[version](stream)
            first = stream.tell()
        if dtype.hasobject:
            raise DataError(
                f"{path}: array '{name}' holds Python objects (a pickle), which could run code; "
                "save numbers, or text as a fixed-width string array."
            )
        if any(type(n) is not int or n >= 2**63 for n in shape):
            raise ValueError(f"shape {shape}")  # the border makes it a sentence
        if min(shape, default=0) < 0:
            raise DataError(
                f"{path}: array '{name}' declares the negative shape {shape}; it is damaged: {_NEXT}."
            )
        found = cls(path, name, member, first, tuple(map(int, shape)), dtype, fortran and len(shape) > 1)
        if found.row_bytes * (found.shape[0] if found.shape else 1) > size:
            raise DataError(
                f"{path}: array '{name}' declares shape {shape}, more than the file holds; {_NEXT}."
            )
        return found

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, of Python's own integers: a declared size does not overflow."""
        size = int(self.dtype.itemsize)
        for length in self.shape[1:]:
            size *= length
        return size

    @property
    def by_rows(self) -> bool:
        """Whether the values of a row lie together."""
        return not self.fortran and len(self.shape) > 0

    def example(self) -> NDArray[Any]:
        """Return an array of at most one row, of the same type and shape else."""
        return np.zeros(tuple(min(n, 1) if i == 0 else n for i, n in enumerate(self.shape)), self.dtype)

    @property
    def in_parts(self) -> bool:
        """Whether some rows can be read without the others: what is packed can not be read from its middle."""
        return self.by_rows or (self.fortran and self.member is None)

    def rows(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Read the rows from ``start`` to before ``stop``."""
        some = len(self.shape) > 0 and (start, stop) not in ((0, None), (0, self.shape[0]))
        if some and not self.by_rows and self.in_parts:
            return self._across(*slice(start, stop).indices(self.shape[0])[:2])
        if not self.by_rows:
            whole = self._read(self.first, self.row_bytes * (self.shape[0] if self.shape else 1))
            return whole.reshape(self.shape, order="F")[start:stop] if self.shape else whole.reshape(())
        low, high, _ = slice(start, stop).indices(self.shape[0])
        n = max(high - low, 0)
        values = self._read(self.first + low * self.row_bytes, n * self.row_bytes)
        return values.reshape((n, *self.shape[1:]))

    def _across(self, low: int, high: int) -> NDArray[Any]:
        """Read some rows of an array whose columns lie one after the other."""
        buffer = np.empty((self.row_bytes // max(self.dtype.itemsize, 1), max(high - low, 0)), self.dtype)
        with _opened(self.path, None) as stream:
            for j, column in enumerate(buffer):
                stream.seek(self.first + (j * self.shape[0] + low) * self.dtype.itemsize)
                got = stream.readinto(column.view(np.uint8))  # type: ignore[attr-defined]
                if got != column.nbytes:
                    raise DataError(f"{self.path}: array '{self.name}' ends before its last row; {_NEXT}.")
        return buffer.reshape((*reversed(self.shape[1:]), -1)).transpose()

    def _read(self, at: int, size: int) -> NDArray[Any]:
        buffer, got = np.empty(size, np.uint8), 0
        with _opened(self.path, self.member) as stream:
            stream.seek(at)
            while got < size:  # an archive holds what it reads at once a second time
                new = stream.readinto(buffer[got : got + _PIECE])  # type: ignore[attr-defined]
                if not new:
                    raise DataError(
                        f"{self.path}: array '{self.name}' ends after {got} of {size} bytes; {_NEXT}."
                    )
                got += new
        return buffer.view(self.dtype)


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    if member is None:
        with path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(path) as archive, archive.open(member) as inside:
        yield inside
