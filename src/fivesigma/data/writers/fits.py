"""FITS: one binary table, ``EVENTS``, with TUNIT and TNULL. Astropy writes the headers; rows are put together here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, require
from fivesigma.data.writers import refuse_arrays
from fivesigma.data.writers.plain import plain

HDU = "EVENTS"
_BLOCK = 2880
_CODES = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}


@dataclass(frozen=True)
class _Field:
    """What stands in the rows, and how the header says it."""

    code: str
    raw: NDArray[Any]
    zero: int | None = None
    null: int | None = None


@dataclass(frozen=True)
class FitsWriter:
    """A column of a table each; text in UTF-8."""

    suffixes: tuple[str, ...] = (".fits",)

    def content(
        self, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str], notes: Mapping[str, str]
    ) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        InputError
            For a name that is not of ASCII, which a header cannot hold.
        MissingExtraError
            Without astropy.
        """
        fits = require("astropy.io.fits", "fits")
        refuse_arrays(columns)
        for name in columns:
            if not (name.isascii() and name.isprintable()):
                raise InputError(f"column {name!r}: names in FITS are of ASCII; rename the column.")
        found = {name: _field(column) for name, column in columns.items()}
        rows = np.rec.fromarrays([field.raw for field in found.values()]) if found else np.empty(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a unit that the standard does not know is a unit all the same
            header = _header(fits, found, units)
        for word, note in notes.items():
            header["COMMENT"] = f"{word}: {note}".encode("ascii", "replace").decode("ascii")
        header["NAXIS1"], header["NAXIS2"] = rows.dtype.itemsize, len(rows)
        data = rows.tobytes()
        parts = (fits.PrimaryHDU().header.tostring(), header.tostring())
        return b"".join([*(part.encode("ascii") for part in parts), data, bytes(-len(data) % _BLOCK)])


def _header(fits: Any, found: Mapping[str, _Field], units: Mapping[str, str]) -> Any:
    columns = [
        fits.Column(name, field.code, unit=_unit(units.get(name, "")), null=field.null, bzero=field.zero)
        for name, field in found.items()
    ]
    return fits.BinTableHDU.from_columns(columns, nrows=0, name=HDU).header


def _unit(unit: str) -> str | None:
    return unit if unit and unit.isascii() and unit.isprintable() else None


def _field(column: NDArray[Any]) -> _Field:
    """Return a column as FITS has it: whole numbers with gaps stay whole, TNULL is a number that none of them is."""
    absent = kinds.missing(column)
    if isinstance(column, kinds.Gapped) and column.holds == "truth":
        return _Field(
            "L", np.where(absent, 0, np.where(kinds.numbers(column) == 1, ord("T"), ord("F"))).astype("u1")
        )
    if kinds.is_whole(column) and absent.any():
        whole = kinds.integers(
            [0 if gone else int(v) for v, gone in zip(column.tolist(), absent, strict=True)]
        )
        return _numbers(whole, absent) if whole.dtype.kind in "iu" else _text(column)
    if column.dtype.kind == "O" or column.dtype.kind in "US":
        return _text(column)
    if column.dtype.kind == "b":
        return _Field("L", np.where(column, ord("T"), ord("F")).astype("u1"))
    return _numbers(plain(column), None)


def _text(column: NDArray[Any]) -> _Field:
    words = np.array([word.encode("utf-8") for word in plain(column).tolist()] or [b""])
    width = max(1, words.dtype.itemsize)
    return _Field(f"{width}A", words[: len(column)].astype(f"S{width}"))


def _numbers(values: NDArray[Any], absent: NDArray[np.bool_] | None) -> _Field:
    """Return numbers in the byte order of FITS, unsigned ones less half of their span (section 5.2.5)."""
    if values.dtype == np.int8:
        values = values.astype(np.int16)
    zero = None
    if values.dtype.kind == "u" and values.dtype.itemsize > 1:
        size = values.dtype.itemsize
        zero = 1 << (8 * size - 1)
        values = (values ^ values.dtype.type(zero)).view(f"i{size}")
    null = None
    if absent is not None:
        null = _unused(values[~absent])
        values = np.where(absent, values.dtype.type(null), values)
    code = _CODES[f"{values.dtype.kind}{values.dtype.itemsize}"]
    return _Field(code, values.astype(values.dtype.newbyteorder(">")), zero, null)


def _unused(values: NDArray[Any]) -> int:
    """Return a number that is none of ``values``: the least of their type, or the next one that is free."""
    taken = set(values.tolist())
    candidate = int(np.iinfo(values.dtype).min)
    while candidate in taken:
        candidate += 1
    return candidate


WRITER = FitsWriter()
