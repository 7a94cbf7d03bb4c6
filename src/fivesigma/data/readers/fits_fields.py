"""The columns of FITS tables: where their bytes stand in a row, and what they mean.

After the FITS standard, version 4.0 (2018), sections 7.2 (ASCII tables) and 7.3 (binary tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.jagged import Jagged

_FORMAT = re.compile(r"(?P<count>\d*)(?P<code>[LXBIJKAEDCMPQ])(?P<of>[LXBIJKAEDCM]?)")
_ASCII = re.compile(r"(?P<code>[AIFED])(?P<width>\d+)(\.\d+)?")
_TYPES = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_POINTERS = {"P": ">i4", "Q": ">i8"}
_BLOCK = 2048  # rows taken apart together, so that they stay in the cache

Bytes = NDArray[np.uint8]


class NotRead(Exception):
    """Why a column is left out."""


@dataclass(frozen=True)
class Field:
    """One column of a table: ``at`` its first byte in a row, ``dtype`` and ``shape`` of what stands there.

    ``code`` is the letter of the standard, ``of`` that of the members of a list; ``ascii`` numbers are written out.
    """

    name: str
    at: int
    code: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()
    of: str = ""
    scale: float = 1
    zero: float = 0
    null: Any = None
    ascii: bool = False
    bits: int = 0

    @property
    def jagged(self) -> bool:
        """Whether each row holds a list; one of letters is text."""
        return bool(self.of) and self.of != "A"

    @property
    def size(self) -> int:
        """Bytes of it in each row."""
        return self.dtype.itemsize * int(np.prod(self.shape, dtype=object))


def binary_fields(columns: Any) -> Iterator[tuple[str, Field | str]]:
    """Yield the columns of a binary table by name, in place of one that is left out the reason."""
    at = 0
    for number, column in enumerate(columns, 1):
        name = str(column.name or f"col{number}")
        match = _FORMAT.match(str(column.format))
        if match is None:
            raise ValueError(f"column {name!r} has the format {column.format!r}")
        count = int(match["count"] or 1)
        try:
            yield name, _binary(column, name, at, match["code"], count, match["of"])
        except NotRead as reason:
            yield name, str(reason)
        at += _width(match["code"], count)


def _width(code: str, count: int) -> int:
    sizes = {
        "X": (count + 7) // 8,
        "A": count,
        "C": 8 * count,
        "M": 16 * count,
        "P": 8 * count,
        "Q": 16 * count,
    }
    return sizes[code] if code in sizes else np.dtype(_TYPES[code]).itemsize * count


def _binary(column: Any, name: str, at: int, code: str, count: int, of: str) -> Field:
    if count == 0:
        raise NotRead("it has no element")
    numbers = {"scale": column.bscale or 1, "zero": column.bzero or 0, "null": column.null}
    if code in _POINTERS:
        if of not in _TYPES and of != "A":
            raise NotRead(f"it holds lists of format {of!r}")
        return Field(name, at, code, np.dtype(_POINTERS[code]), (2,), of, **numbers)
    if code == "A":
        if _dimensions(column.dim) and len(_dimensions(column.dim)) > 1:
            raise NotRead("it holds an array of texts")
        return Field(name, at, code, np.dtype(f"S{count}"))
    if code == "X":
        return Field(name, at, code, np.dtype("u1"), (_width(code, count),), bits=count)
    if code not in _TYPES:
        raise NotRead("it holds complex numbers")
    shape = () if count == 1 else _dimensions(column.dim) or (count,)
    if int(np.prod(shape, dtype=object)) != count:
        shape = (count,)
    return Field(name, at, code, np.dtype(_TYPES[code]), shape, **numbers)


def _dimensions(said: Any) -> tuple[int, ...]:
    """Return the shape that TDIM says, the last dimension of which varies fastest here and the first one there."""
    words = re.fullmatch(r"\(\s*\d+\s*(,\s*\d+\s*)*\)", str(said or ""))
    return tuple(int(word) for word in reversed(re.findall(r"\d+", words[0]))) if words else ()


def ascii_fields(columns: Any) -> Iterator[tuple[str, Field | str]]:
    """Yield the columns of an ASCII table by name, in place of one that is left out the reason."""
    for number, column in enumerate(columns, 1):
        name = str(column.name or f"col{number}")
        match = _ASCII.match(str(column.format))
        if match is None or int(match["width"]) == 0:
            yield name, f"its format is {column.format!r}"
            continue
        numbers = {"scale": column.bscale or 1, "zero": column.bzero or 0, "null": column.null}
        dtype = np.dtype(f"S{match['width']}")
        yield name, Field(name, int(column.start) - 1, match["code"], dtype, ascii=True, **numbers)


def taken_apart(
    content: Bytes, at: int, width: int, fields: Sequence[Field], rows: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    """Return what stands in each field, in the byte order of the machine, rows ``rows[0]`` to ``rows[1]``.

    Parameters
    ----------
    content : the bytes of the file
    at : where the first row begins
    width : bytes of a row
    """
    start, stop = rows
    found = {
        field.name: np.empty((stop - start, *field.shape), field.dtype.newbyteorder("=")) for field in fields
    }
    for first in range(start, stop, _BLOCK):
        last = min(first + _BLOCK, stop)
        for field in fields:
            shape = (last - first, *field.shape)
            inner = np.empty(field.shape, field.dtype).strides
            there: NDArray[Any] = np.ndarray(
                shape, field.dtype, content.data, at + first * width + field.at, (width, *inner)
            )
            found[field.name][first - start : last - start] = there
    return found


def column(field: Field, raw: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a field (n_rows, \\*shape) from what stands there."""
    if field.ascii:
        return _written(field, raw)
    if field.code == "A":
        return texts(raw)
    if field.code == "L":
        return _truths(raw)
    if field.code == "X":
        bits = np.unpackbits(raw, axis=1)[:, : field.bits].astype(bool)
        return bits[:, 0] if field.bits == 1 else bits
    return numbers(raw, scale=field.scale, zero=field.zero, null=field.null)


def numbers(raw: NDArray[Any], *, scale: float, zero: float, null: Any) -> NDArray[Any]:
    """Return numbers as they are meant: ``zero + scale * raw``, those that are ``null`` missing.

    Whole numbers with half of their span as ``zero`` are unsigned (section 5.2.5), and so exact.

    >>> numbers(np.array([-(2**63), 1]), scale=1, zero=2**63, null=None)
    array([                  0, 9223372036854775809], dtype=uint64)
    """
    if raw.dtype.kind == "f":
        return raw if scale == 1 and zero == 0 else raw.astype(np.float64) * scale + zero
    whole = _shifted(raw, zero) if scale == 1 else None
    values = raw.astype(np.float64) * scale + zero if whole is None else whole
    if null is None:
        return values
    absent = (raw == null) | (values == null if zero and whole is not None else False)
    if not absent.any():
        return values
    if whole is not None and raw.ndim == 1:
        return kinds.gapped(values, absent)
    return np.where(absent, np.nan, values)


def _shifted(raw: NDArray[Any], zero: float) -> NDArray[Any] | None:
    """Return unsigned whole numbers, or signed ones of a byte; None where ``zero`` is another number."""
    half = 1 << (8 * raw.dtype.itemsize - 1)
    if zero == 0:
        return raw
    if raw.dtype.kind == "i" and zero == half:
        unsigned = np.dtype(f"u{raw.dtype.itemsize}")
        return np.asarray(raw.view(unsigned) ^ unsigned.type(half))
    if raw.dtype == np.uint8 and zero == -half:
        return np.asarray(raw ^ np.uint8(half)).view(np.int8)
    return None


def _truths(raw: NDArray[Any]) -> NDArray[Any]:
    """Return truth values: T and F, and 0 where one is missing."""
    absent = raw == 0
    if absent.any() and raw.ndim > 1:
        return np.where(absent, np.nan, raw == ord("T"))
    return kinds.gapped(raw == ord("T"), absent)


def texts(raw: NDArray[Any]) -> NDArray[Any]:
    """Return texts without the blanks that fill them up; a blank one is missing, as no format of FITS tells them apart.

    >>> texts(np.array([b"muon  ", b"", b" e"])).tolist()
    ['muon', None, ' e']
    """
    return kinds.texts(word.split(b"\0", 1)[0].rstrip(b" ") or None for word in raw.tolist())


def _written(field: Field, raw: NDArray[Any]) -> NDArray[Any]:
    """Return what is written out in an ASCII table; a blank number is missing."""
    null = str(field.null).strip().encode() if field.null is not None else None
    words = [word.strip(b" \0") for word in raw.tolist()]
    kept = [None if not word or word == null else word for word in words]
    if field.code == "A":
        return kinds.texts(
            None if gone is None else word.rstrip(b" \0")
            for word, gone in zip(raw.tolist(), kept, strict=True)
        )
    if field.code == "I" and field.scale == 1 and field.zero == 0:
        return kinds.integers([None if word is None else int(word) for word in kept])
    plain = [np.nan if word is None else float(word.replace(b"D", b"E").replace(b"d", b"e")) for word in kept]
    return np.array(plain, dtype=np.float64) * field.scale + field.zero


# --- lists


def members_of(field: Field, pointers: NDArray[Any], heap: Bytes) -> Jagged | NDArray[Any]:
    """Return the lists to which the rows point in the ``heap``; lists of letters as text."""
    dtype = np.dtype("u1") if field.of == "A" else np.dtype(_TYPES[field.of])
    counts, starts = pointers[:, 0].astype(np.int64), pointers[:, 1].astype(np.int64)
    ends = starts + counts * dtype.itemsize
    if len(counts) and (counts.min() < 0 or starts.min() < 0 or ends[counts > 0].max(initial=0) > len(heap)):
        raise ValueError("a list ends beyond the file")
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    raw = _gathered(heap, starts, counts * dtype.itemsize).view(dtype).astype(dtype.newbyteorder("="))
    if field.of == "A":
        whole, at = raw.tobytes(), offsets.tolist()
        words = (whole[a:b].rstrip(b" \0") or None for a, b in pairwise(at))
        return kinds.texts(words)
    if field.of == "L":
        return Jagged(raw == ord("T"), offsets)
    return Jagged(numbers(raw, scale=field.scale, zero=field.zero, null=field.null), offsets)


def _gathered(heap: Bytes, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Bytes:
    """Return pieces of the heap one after the other; at once where they stand so."""
    there = sizes > 0
    starts, sizes = starts[there], sizes[there]
    if not len(starts):
        return np.empty(0, np.uint8)
    if np.array_equal(starts[1:], starts[:-1] + sizes[:-1]):
        return np.array(heap[starts[0] : starts[-1] + sizes[-1]])
    return np.concatenate(
        [heap[a : a + size] for a, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
    )


def n_bytes(field: Field, pointers: NDArray[Any]) -> int:
    """Return how many bytes the lists claim to have, before any is read."""
    size = 1 if field.of == "A" else np.dtype(_TYPES[field.of]).itemsize
    return int(pointers[:, 0].astype(object).sum()) * size if len(pointers) else 0
