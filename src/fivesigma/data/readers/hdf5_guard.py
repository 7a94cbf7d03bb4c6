"""The bytes of an HDF5 file on their way to the library, which some damaged ones would keep busy for ever.

Values of variable length stand in global heaps (HDF5 file format specification, version 3.0, III.E): a header of
16 bytes, then objects one after the other. Where one says that it takes no room, HDF5 1.14 looks at it again and again.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SIGNATURE = b"GCOL\x01"
_HEADER, _OBJECT = 16, 16
_METADATA = 1 << 20  # bytes: the library reads its own tables in pieces of this size at the most


class GuardedFile(io.RawIOBase):
    """A file that is read only, and in which each global heap is looked at before the library walks along it.

    Raises
    ------
    ValueError
        In ``readinto``, for a heap along which no walk ends.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._sound: set[int] = set()

    def readinto(self, buffer: Any, /) -> int:
        """Read into ``buffer`` from where the file stands."""
        at = self._file.tell()
        count = self._file.readinto(buffer)
        for heap in self._heaps(memoryview(buffer).cast("B")[:count], at):
            if heap not in self._sound:
                self._check(heap)
                self._sound.add(heap)
        return count

    def _heaps(self, read: memoryview, at: int) -> Iterator[int]:
        """Yield where heaps begin in what was read, also one that stands across its ends."""
        edge = len(_SIGNATURE) - 1
        if len(read) > _METADATA:  # a large piece is data, or one heap from its beginning on
            yield from (at for _ in (0,) if read[: len(_SIGNATURE)] == _SIGNATURE)
            return
        first = max(at - edge, 0)
        text = b"".join([self._at(first, at - first), read, self._at(at + len(read), edge)])
        found = text.find(_SIGNATURE)
        while found >= 0:
            yield first + found
            found = text.find(_SIGNATURE, found + 1)

    def _at(self, place: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, place) if size > 0 else b""

    def _check(self, heap: int) -> None:
        """Walk along a heap as the library does."""
        (size,) = struct.unpack("<Q", self._at(heap + 8, 8).ljust(8, b"\0"))
        content, place = self._at(heap, min(size, os.fstat(self._file.fileno()).st_size)), _HEADER
        while place + _OBJECT <= len(content):
            number, length = struct.unpack_from("<H6xQ", content, place)
            step = _OBJECT + -(-length // 8) * 8 if number else length
            if step == 0:
                raise ValueError("a heap of values of variable length is damaged")
            place += step

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return where the file stands."""
        return self._file.tell()

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether it has places."""
        return True

    def close(self) -> None:
        """Close it."""
        self._file.close()
        super().close()
