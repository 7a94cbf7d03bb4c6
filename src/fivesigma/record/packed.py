"""Arrays as the bytes of an NPZ file that is not compressed, and back.

The files of tasks and rows are read by the hundred: an array is found by the archive's list and taken from the bytes as
they are, and of headers, which are alike, each is parsed once.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_LOCAL = struct.Struct("<6xH18xHH")
"""Of a member's own header: flags, and the lengths of name and extras, which follow it."""
_UTF8 = 0x800  # the flag of a name that is not of the old characters
_FIRST = b"\x93NUMPY\x01\x00"  # of an array whose header is read here; NumPy reads the others
_SUFFIX = ".npy"


def pack(arrays: Arrays) -> bytes:
    """Return ``arrays`` as the bytes of an uncompressed NPZ, the same for the same arrays (no dates inside).

    >>> pack({"a": np.arange(3)}) == pack({"a": np.arange(3)})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}{_SUFFIX}", (1980, 1, 1, 0, 0, 0)), member.getvalue())
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of `pack`; `ValueError` where one is damaged, or holds Python objects.

    >>> unpack(pack({"a": np.arange(3)}))
    {'a': array([0, 1, 2])}
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                each.filename.removesuffix(_SUFFIX): _member(content, each) for each in archive.infolist()
            }
    except (zipfile.BadZipFile, NotImplementedError, struct.error, EOFError) as error:
        raise ValueError(f"no arrays, or damaged ones: {error}") from None


def _member(content: bytes, info: zipfile.ZipInfo) -> NDArray[Any]:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    flags, *lengths = _LOCAL.unpack_from(content, info.header_offset)
    begin = info.header_offset + _LOCAL.size
    name = content[begin : begin + lengths[0]].decode("utf-8" if flags & _UTF8 else "cp437")
    if name != info.orig_filename:
        raise ValueError(f"{info.filename} is called {name} where it stands")
    start = begin + sum(lengths)
    written = memoryview(content)[start : start + info.file_size]
    if zlib.crc32(written) != info.CRC:
        raise ValueError(f"{info.filename} has another checksum")
    if bytes(written[: len(_FIRST)]) != _FIRST:
        found: NDArray[Any] = np.lib.format.read_array(io.BytesIO(written), allow_pickle=False)
        return found
    begin = len(_FIRST) + 2 + int.from_bytes(written[len(_FIRST) : len(_FIRST) + 2], "little")
    shape, by_columns, dtype = _header(bytes(written[:begin]))
    if dtype.hasobject:
        raise ValueError(f"{info.filename} holds Python objects")
    order: Any = "F" if by_columns else "C"
    return np.ndarray(shape, dtype, written, begin, order=order).copy(order)


@lru_cache(maxsize=256)
def _header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and type that the header of an array tells."""
    read: tuple[tuple[int, ...], bool, np.dtype[Any]] = np.lib.format.read_array_header_1_0(
        io.BytesIO(header[len(_FIRST) :])
    )
    return read
