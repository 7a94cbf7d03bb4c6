"""Catalogues of Amiga's Halo Finder (``*.AHF_halos``): one header line of numbered names, one line a halo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import DataError
from fivesigma.data import frames
from fivesigma.data.readers.border import border, refuse_promise
from fivesigma.data.readers.frame_table import FrameTable
from fivesigma.data.readers.table import Table, WholeTable

if TYPE_CHECKING:
    import polars

_NEXT = "get the catalogue again from its source"
_BEGINS = re.compile(rb"#\s*ID\(1\)\s")
_ONE_TAB, _AT_ENDS = re.compile(rb"[ \t]+"), re.compile(rb"(?m)^[ \t]+|[ \t\r]+$")
_INTEGER = re.compile(rb"[+-]?\d+").fullmatch
_NUMBERED = re.compile(r"^(?P<name>.*?)\(\d+\)$")
_WHOLE = ("ID", "hostHalo", "numSubStruct", "npart", "nbins", "n_gas", "n_star")
_PARTS = ("", "_gas", "_star")

#: AHF writes masses in Msun/h, lengths in comoving kpc/h and velocities in km/s
UNITS: dict[str, str] = (
    dict.fromkeys(("Mvir", "Mhalo", "M_gas", "M_star"), "Msun/h")
    | dict.fromkeys(
        ("Xc", "Yc", "Zc", "Rvir", "Rhalo", "Rmax", "r2", "mbp_offset", "com_offset"), "comoving kpc/h"
    )
    | dict.fromkeys(("VXc", "VYc", "VZc", "Vmax", "v_esc", "sigV"), "km/s")
    | {f"{energy}{part}": "Msun/h (km/s)^2" for energy in ("Ekin", "Epot") for part in _PARTS}
    | {"SurfP": "Msun/h (km/s)^2", "Phi0": "(km/s)^2"}
)


@dataclass(frozen=True)
class AhfReader:
    """AHF catalogues: names without their numbers (``Mvir(4)`` is ``Mvir``), with AHF's units."""

    name: str = "AHF"
    suffixes: tuple[str, ...] = (".AHF_halos",)
    options: tuple[str, ...] = ()

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins with AHF's numbered names."""
        return _BEGINS.match(head) is not None

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the catalogue in ``path``; counts and identifiers are int64, all else float64."""
        with border(path, self.name, _NEXT):
            table = _table(path)
            return table.columns(table.names)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[Table]:
        """Open the catalogue in ``path``: its text is parsed at once, its columns are made when they are asked for."""
        with border(path, self.name, _NEXT):
            table = _table(path)
        yield table

    def units(self, path: Path) -> Mapping[str, str]:
        """Return AHF's units."""
        return UNITS


def _table(path: Path) -> Table:
    """Parse all lines at once; where one of them is odd, one by one, so that a message can name it."""
    refuse_promise(path, "AHF", 4 * path.stat().st_size)
    text = path.read_bytes()
    below = text.find(b"\n") + 1 or len(text)
    names = _names(path, text[:below].decode())
    frame = _parsed(path, text, below, names)
    if frame is None:
        columns = _by_line(path, text[below:].decode(), names)
        return WholeTable(columns, {name: UNITS[name] for name in names if name in UNITS})
    return FrameTable(path, "AHF", _NEXT, frame, frame.height, UNITS)


def _names(path: Path, head: str) -> list[str]:
    """Return the names of the columns."""
    if not head.startswith("#"):
        raise DataError(
            f"{path}: the first line does not start with '#ID(1)'; an AHF catalogue begins with its names."
        )
    matches = [_NUMBERED.match(word) for word in head.lstrip("# ").split()]
    names = [match["name"] for match in matches if match]
    if len(names) != len(matches) or not names:
        raise DataError(f"{path}: the names in the first line carry no numbers, as in 'Mvir(4)'; {_NEXT}.")
    if repeated := [name for i, name in enumerate(names) if name in names[:i]]:
        raise DataError(f"{path}: the column name {repeated[0]!r} occurs twice; {_NEXT}.")
    return names


def _parsed(path: Path, text: bytes, below: int, names: Sequence[str]) -> polars.DataFrame | None:
    """Return the lines from ``below`` on as polars reads them; None where one is no line of numbers of all names."""
    import polars

    first = text[below : text.find(b"\n", below) + 1]
    if b" " in first or first.startswith(b"\t") or first.rstrip(b"\r\n").endswith(b"\t"):
        text = _ONE_TAB.sub(b"\t", _AT_ENDS.sub(b"", text))
    whole = {
        name for name, word in zip(names, first.split(), strict=False) if name in _WHOLE and _INTEGER(word)
    }
    for kind in (polars.Int64, polars.String):  # text where a number is too long, or is none after all
        frame = _read(text, {name: kind if name in whole else polars.Float64 for name in names})
        if frame is not None:
            break
    if frame is None or not frame.height or any(series.null_count() for series in frame.get_columns()):
        return None
    beyond = frame.select(polars.selectors.float().abs().max() >= kinds.EXACT)
    if long := [name for name in beyond.columns if beyond[name].any()]:
        again = _read(text, dict.fromkeys(names, polars.String))
        assert again is not None
        frame = frame.with_columns(again.select(long).get_columns())
    return frame.with_columns(
        [_exact(path, series) for series in frame.get_columns() if series.dtype == polars.String]
    )


def _exact(path: Path, words: polars.Series) -> polars.Series:
    """Return words as numbers that keep every digit."""
    import polars

    for kind in (polars.Int64, polars.UInt64):
        whole = words.cast(kind, strict=False)
        if not whole.null_count():
            return whole
    exact = _numbers(path, words.name, tuple(words.to_list()))
    return frames.table({words.name: exact}, nan_to_null=False).to_series()


def _read(text: bytes, schema: Mapping[str, Any]) -> polars.DataFrame | None:
    """Return the lines below the first with these types; None where a word is not of its column's."""
    import polars

    try:
        return polars.read_csv(
            text,
            separator="\t",
            has_header=False,
            skip_lines=1,
            schema=schema,
            comment_prefix="#" if text.find(b"#", 1) > 0 else None,  # which makes a parser slower
            quote_char=None,
        )
    except polars.exceptions.PolarsError:
        return None


def _by_line(path: Path, body: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the columns, each line looked at by itself."""
    lines = [
        (number, line.split())
        for number, line in enumerate(body.splitlines(), 2)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise DataError(f"{path}: the catalogue has names and no haloes; give one with a line for each halo.")
    for number, row in lines:
        if len(row) != len(names):
            raise DataError(
                f"{path}: line {number} has {len(row)} of {len(names)} columns; it is cut short or broken there: "
                f"{_NEXT}."
            )
    columns = zip(*(row for _, row in lines), strict=True)
    return {name: _numbers(path, name, column) for name, column in zip(names, columns, strict=True)}


def _numbers(path: Path, name: str, words: tuple[str, ...]) -> NDArray[Any]:
    """One column; an identifier keeps every digit, whatever its size and its name."""
    try:
        floats = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path}: column '{name}' holds what is not a number ({error}); {_NEXT}.") from error
    if name not in _WHOLE and not np.any(np.abs(floats) >= kinds.EXACT):
        return floats
    try:
        return _whole(words)
    except ValueError:
        return floats


def _whole(words: tuple[str, ...]) -> NDArray[Any]:
    """Return whole numbers: int64 where that holds them, else the next type that does."""
    try:
        return np.array(words, dtype=np.int64)
    except OverflowError:
        return kinds.integers([int(word) for word in words])


READER = AhfReader()
