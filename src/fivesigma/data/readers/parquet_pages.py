"""What a Parquet file declares of its pages, checked before a library takes memory for it.

The footer and the headers of pages are structs of Thrift's compact protocol: fields of a number and a type, one after
the other (https://github.com/apache/parquet-format, ``parquet.thrift``). polars believes the counts in them, and an
allocation that fails ends the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fivesigma._core.errors import DataError
from fivesigma.data.readers.border import refuse_promise

_DEEPEST = 24  # structs inside of structs
_HEADER = 1 << 12  # bytes in which a header is looked for first: statistics of long texts make it longer
_LONGEST_HEADER = 1 << 24
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DICTIONARY, _DATA, _DATA_V2 = 7, 5, 8  # fields of a page's header that are the header of its kind


class _Broken(Exception):
    """The bytes are no struct."""


@dataclass(frozen=True)
class Chunk:
    """One column in one row group: where its pages begin, their bytes, and how many values they hold."""

    start: int
    size: int
    values: int


def checking(path: Path) -> tuple[Callable[[Sequence[str]], None], tuple[int, ...]]:
    """Return a function that checks the pages of some columns of a file, each column once; and the rows of its groups.

    Raises
    ------
    DataError
        If the footer, or in the function the header of a page, declares what the file cannot hold.
    """
    groups = _groups(path)
    chunks = _chunks(path, groups)

    def check(names: Sequence[str]) -> None:
        wanted = [chunk for name in names for chunk in chunks.pop(name, ())]
        with path.open("rb") as stream:
            for chunk in wanted:
                _check_pages(path, stream, chunk)

    return check, tuple(rows for group in groups if isinstance(rows := group.get(3), int))


def _groups(path: Path) -> list[dict[int, Any]]:
    """Return what the footer says of each group of rows."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(size - 8, 0))
        length = int.from_bytes(stream.read(4), "little")
        if size < 12 or length > size - 12:
            raise _refusal(path, f"its footer of {length} bytes does not fit into {size}")
        stream.seek(size - 8 - length)
        return _listed(_struct_in(path, stream.read(length), "footer")[0].get(4))


def _chunks(path: Path, groups: Sequence[Mapping[int, Any]]) -> dict[str, list[Chunk]]:
    """Return the chunks of each column of the table."""
    size = path.stat().st_size
    found: dict[str, list[Chunk]] = {}
    for group in groups:
        for column in _listed(group.get(1)):
            if isinstance(about := column.get(3), Mapping):
                name, chunk = _chunk(path, about, size)
                found.setdefault(name, []).append(chunk)
    return found


def _listed(found: Any) -> list[dict[int, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _chunk(path: Path, about: Mapping[int, Any], size: int) -> tuple[str, Chunk]:
    """Return the name of a column and its chunk, by the metadata of the chunk."""
    words = about.get(3)
    values, length, data = (about.get(field, 0) for field in (5, 7, 9))
    start = min(data, about.get(11, data) or data) if data else data
    if not (isinstance(words, list) and words and min(values, length, start) >= 0 and start + length <= size):
        raise _refusal(path, "a column lies beyond its end")
    refuse_promise(path, "Parquet", 8 * values)
    return bytes(words[0]).decode("utf-8", "replace"), Chunk(start, length, values)


def _check_pages(path: Path, stream: IO[bytes], chunk: Chunk) -> None:
    """Refuse pages that declare more values than their column has, or bytes beyond its end."""
    at, end, values = chunk.start, chunk.start + chunk.size, 0
    while at < end and values < chunk.values:
        header, length = _header(path, stream, at, end)
        unpacked, packed = header.get(2, -1), header.get(3, -1)
        counts = [_count(header.get(field)) for field in (_DATA, _DATA_V2) if field in header]
        words = [_count(header[_DICTIONARY])] if _DICTIONARY in header else []
        at += length + packed
        values += sum(counts)
        if min(unpacked, packed, *counts, *words, 0) < 0 or at > end or values > chunk.values:
            raise _refusal(path, "a page declares more than its column holds")
        if any(word > unpacked for word in words):
            raise _refusal(path, "a dictionary declares more words than it has bytes")
        refuse_promise(path, "Parquet", unpacked)


def _count(header: Any) -> int:
    return int(header.get(1, -1)) if isinstance(header, dict) else -1


def _header(path: Path, stream: IO[bytes], at: int, end: int) -> tuple[dict[int, Any], int]:
    """Return the header of a page at ``at``, and its length."""
    room = _HEADER
    while True:
        stream.seek(at)
        raw = stream.read(min(room, end - at))
        try:
            return _struct_in(path, raw, "header of a page")
        except DataError:
            if room >= min(_LONGEST_HEADER, end - at):
                raise
            room *= 16


def _refusal(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: not readable as Parquet ({what}); write it again with its source, and check it with a checksum."
    )


def _struct_in(path: Path, raw: bytes, what: str) -> tuple[dict[int, Any], int]:
    try:
        return _struct(raw, 0, 0)
    except (_Broken, IndexError) as error:
        raise _refusal(path, f"its {what} is damaged") from error


def _struct(raw: bytes, at: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a struct by their numbers, and where it ends."""
    if depth > _DEEPEST:
        raise _Broken
    found: dict[int, Any] = {}
    number = 0
    while kind := raw[at] & 15:
        step = raw[at] >> 4
        at += 1
        if step:
            number += step
        else:
            number, at = _integer(raw, at)
        if kind <= _FALSE:
            found[number] = kind == _TRUE
        else:
            found[number], at = _value(raw, at, kind, depth)
    return found, at + 1


def _value(raw: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    """Return a value of some type, and where it ends."""
    if kind in (_I16, _I32, _I64):
        return _integer(raw, at)
    if kind == _STRUCT:
        return _struct(raw, at, depth + 1)
    if kind in (_LIST, _SET):
        return _list(raw, at, depth)
    if kind == _BINARY:
        size, at = _varint(raw, at)
    elif kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
        size = 8 if kind == _DOUBLE else 1
    else:  # there are no maps in Parquet
        raise _Broken
    if at + size > len(raw):
        raise _Broken
    return raw[at : at + size], at + size


def _list(raw: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    size, kind = raw[at] >> 4, raw[at] & 15
    at += 1
    if size == 15:
        size, at = _varint(raw, at)
    if size > len(raw) - at:
        raise _Broken
    found = []
    for _ in range(size):
        value, at = _value(raw, at, kind, depth + 1)
        found.append(value)
    return found, at


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    byte = raw[at]
    if byte < 128:
        return byte, at + 1
    value, shift = byte & 127, 7
    while True:
        at += 1
        byte = raw[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at + 1
        shift += 7
        if shift > 70:
            raise _Broken


def _integer(raw: bytes, at: int) -> tuple[int, int]:
    """Return a whole number whose sign is its last bit."""
    value, at = _varint(raw, at)
    return (value >> 1) ^ -(value & 1), at
