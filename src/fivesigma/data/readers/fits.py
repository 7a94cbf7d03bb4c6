"""FITS: binary and ASCII tables, and stacks of images, by astropy, also gzipped.

Astropy reads the headers. The bytes of a table are taken apart here: integers stay integers, unsigned ones too, and
only the columns and rows that are asked for are touched.
"""

from __future__ import annotations

import gzip
import mmap
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma._core.errors import DataError, require
from fivesigma.data.readers import fits_fields as fields
from fivesigma.data.readers.border import border, refuse_promise
from fivesigma.data.readers.fits_fields import Field
from fivesigma.data.readers.part_table import PartTable, all_columns
from fivesigma.data.readers.parts import agreed, chosen
from fivesigma.data.readers.table import Table

_NEXT = "get the file again from its source, and check it with a checksum"
_MAGIC = b"SIMPLE  ="
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_ROWS = 1 << 22  # bytes of rows that are read together
_PIXELS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True)
class FitsReader:
    """One HDU of a FITS file: a table, or a stack of images as one column (n, channels, height, width)."""

    name: str = "FITS"
    suffixes: tuple[str, ...] = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz")
    options: tuple[str, ...] = ("hdu",)

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as FITS does, or what is gzipped in it."""
        if not head.startswith(_GZIP):
            return head.startswith(_MAGIC)
        try:
            return zlib.decompressobj(wbits=31).decompress(head, len(_MAGIC)).startswith(_MAGIC)
        except zlib.error:
            return False

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[Table]:
        """Open one HDU of a file."""
        with ExitStack() as stack:
            with border(path, self.name, _NEXT):
                file = stack.enter_context(_opened(path))
                table = _table(file, _asked(file, options.get("hdu")))
            yield table

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read every column of single values or of arrays."""
        with self.open(path, options) as table:
            return all_columns(table, path)

    def units(self, path: Path) -> Mapping[str, str]:
        """Return the units of the tables in a file, of the columns whose name has but one unit."""
        with border(path, self.name, _NEXT), _opened(path) as file:
            return agreed([_units(hdu) for hdu in file.hdus.values()])

    def parts(self, path: Path) -> Mapping[str, str]:
        """Return the tables and images of a file, by name where it is of one alone, else by number."""
        with border(path, self.name, _NEXT), _opened(path) as file:
            return file.said


@dataclass(frozen=True)
class _File:
    """An open file: its bytes, gzipped no more, and its tables and images by name."""

    path: Path
    content: NDArray[np.uint8]
    hdus: Mapping[str, Any]
    numbers: Mapping[int, str]
    mapped: mmap.mmap | None = None

    def let_go(self) -> None:
        """Let go of the pages of the file that were read; those that are asked for again are read again."""
        if self.mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.mapped.madvise(mmap.MADV_DONTNEED)

    @property
    def said(self) -> dict[str, str]:
        return {name: _said(hdu) for name, hdu in self.hdus.items()}


@contextmanager
def _opened(path: Path) -> Iterator[_File]:
    fits = require("astropy.io.fits", "fits")
    with path.open("rb") as file:
        gzipped = file.read(len(_GZIP)) == _GZIP
    raw = _unzipped(path) if gzipped else None
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")  # what is odd in a header is no harm; what is wrong is an error below
        hdus = stack.enter_context(fits.open(path if raw is None else BytesIO(raw), memmap=False))
        mapped = _mapped(path) if raw is None else None
        content = np.frombuffer(raw or mapped or b"", np.uint8)
        held = {number: hdu for number, hdu in enumerate(hdus) if _is_table(hdu) or hdu.shape}
        names = [hdu.name for hdu in held.values()]
        numbers = {
            number: hdu.name if hdu.name and names.count(hdu.name) == 1 else str(number)
            for number, hdu in held.items()
        }
        yield _File(path, content, {numbers[number]: hdu for number, hdu in held.items()}, numbers, mapped)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unzipped(path: Path) -> bytes:
    """Return what is gzipped in a file, unless it is far more than such a file can hold."""
    found = bytearray()
    with gzip.open(path) as stream:
        while block := stream.read(_BLOCK):
            found += block
            refuse_promise(path, "FITS", len(found))
    return bytes(found)


def _is_table(hdu: Any) -> bool:
    return hasattr(hdu, "columns")


def _said(hdu: Any) -> str:
    shape = " × ".join(map(str, hdu.shape or ())) if not _is_table(hdu) else ""
    return f"image of {shape}" if shape else counted(int(hdu.header["NAXIS2"]), "row")


def _units(hdu: Any) -> dict[str, str]:
    if not _is_table(hdu):
        unit = str(hdu.header.get("BUNIT", "")).strip()
        return {_image_name(hdu): unit} if unit else {}
    columns = {str(column.name): str(column.unit or "").strip() for column in hdu.columns}
    return {name: unit for name, unit in columns.items() if unit}


def _asked(file: _File, asked: Any) -> Any:
    """Return the HDU that is asked for by name or number; without, the only table, or the only image of no table."""
    if isinstance(asked, int) and not isinstance(asked, bool):
        return file.hdus[chosen(file.path, "hdu", file.said, file.numbers.get(asked, str(asked)))]
    if isinstance(asked, str):
        named = {name.upper(): name for name in file.hdus}
        asked = named.get(asked.strip().upper(), file.numbers.get(int(asked)) if asked.isdecimal() else asked)
    tables = {name: said for name, said in file.said.items() if _is_table(file.hdus[name])}
    return file.hdus[chosen(file.path, "hdu", tables if tables and asked is None else file.said, asked)]


def _table(file: _File, hdu: Any) -> PartTable:
    return _of_rows(file, hdu) if _is_table(hdu) else _of_images(file, hdu)


# --- tables


def _of_rows(file: _File, hdu: Any) -> PartTable:
    """Return a binary or ASCII table."""
    path, content = file.path, file.content
    at, width, n_rows = hdu.fileinfo()["datLoc"], int(hdu.header["NAXIS1"]), int(hdu.header["NAXIS2"])
    is_ascii = type(hdu).__name__ == "TableHDU"
    found: dict[str, Field] = {}
    left_out: dict[str, str] = {}
    for name, field in (fields.ascii_fields if is_ascii else fields.binary_fields)(hdu.columns):
        if isinstance(field, str) or name in found:
            left_out[name] = field if isinstance(field, str) else "its name occurs twice"
        elif field.at < 0 or field.at + field.size > width:
            left_out[name] = "it stands beyond the end of a row"
        else:
            found[name] = field
    if n_rows < 0 or width < 0 or at + n_rows * width > len(content):
        raise DataError(
            f"{path}: this table declares {n_rows} rows of {width} bytes, and the file ends before; {_NEXT}."
        )
    heap = content[at + int(hdu.header.get("THEAP", n_rows * width)) :]

    def read(names: Sequence[str], start: int, stop: int) -> Iterable[tuple[str, Any]]:
        asked = [found[name] for name in names]
        raw = fields.taken_apart(content, at, width, asked, (start, stop))
        for field in asked:
            if field.of:
                refuse_promise(path, "FITS", fields.n_bytes(field, raw[field.name]))
                yield field.name, fields.members_of(field, raw.pop(field.name), heap)
            else:
                yield field.name, fields.column(field, raw.pop(field.name))
        file.let_go()

    step = max(_ROWS // max(width, 1), 1)
    blocks = [(first, min(first + step, n_rows)) for first in range(0, n_rows, step)]
    names = tuple(name for name, field in found.items() if not field.jagged)
    jagged = tuple(name for name, field in found.items() if field.jagged)
    table = PartTable(path, "FITS", _NEXT, n_rows, read, names, jagged, _units(hdu), left_out)
    return replace(table, row_blocks=blocks)


# --- images


def _of_images(file: _File, hdu: Any) -> PartTable:
    """Return a stack of images as one column.

    Four dimensions are (n, channels, height, width), three (n, height, width) with one channel, two are one image, and
    one is a column of numbers.
    """
    shape = tuple(int(length) for length in hdu.shape)
    if len(shape) > 4 or min(shape) < 1:
        raise DataError(
            f"{file.path}: this image has the shape {shape}; expected (n, channels, height, width), (n, height, width) "
            "or (height, width)."
        )
    stack = (1, *shape) if len(shape) == 2 else shape
    part = _packed(file, hdu, shape) if type(hdu).__name__ == "CompImageHDU" else _plain(file, hdu, stack)
    name = _image_name(hdu)

    def read(names: Sequence[str], start: int, stop: int) -> Iterable[tuple[str, Any]]:
        values = part(start, stop)
        yield name, values[:, None] if values.ndim == 3 else values

    return PartTable(file.path, "FITS", _NEXT, stack[0], read, (name,), (), _units(hdu))


def _image_name(hdu: Any) -> str:
    return "image" if hdu.name in ("", "PRIMARY") else str(hdu.name)


def _plain(file: _File, hdu: Any, stack: tuple[int, ...]) -> Callable[[int, int], NDArray[Any]]:
    """Return what reads images whose bytes stand in the file as they are."""
    dtype, at = np.dtype(_PIXELS[int(hdu.header["BITPIX"])]), hdu.fileinfo()["datLoc"]
    image = dtype.itemsize * int(np.prod(stack[1:], dtype=object))
    if at + stack[0] * image > len(file.content):
        raise DataError(
            f"{file.path}: this image declares the shape {stack}, and the file ends before; {_NEXT}."
        )
    words = hdu.header
    meant = {"scale": words.get("BSCALE", 1), "zero": words.get("BZERO", 0), "null": words.get("BLANK")}

    def read(start: int, stop: int) -> NDArray[Any]:
        there = file.content[at + start * image : at + stop * image].view(dtype)
        raw = there.astype(dtype.newbyteorder("=")).reshape(stop - start, *stack[1:])
        return fields.numbers(raw, **meant)

    return read


def _packed(file: _File, hdu: Any, shape: tuple[int, ...]) -> Callable[[int, int], NDArray[Any]]:
    """Return what reads compressed images."""
    refuse_promise(file.path, "FITS", 8 * int(np.prod(shape, dtype=object)))

    def read(start: int, stop: int) -> NDArray[Any]:
        found = hdu.data[None] if len(shape) == 2 else hdu.section[start:stop]
        values = np.asarray(found)[: stop - start]
        return values.astype(values.dtype.newbyteorder("="))

    return read


READER = FitsReader()
