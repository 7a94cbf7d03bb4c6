"""Catalogues of Amiga's Halo Finder (``*.AHF_halos``): one header line of numbered names, one line a halo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import DataError
from fivesigma.data.readers.block_table import BlockTable, taken
from fivesigma.data.readers.border import border
from fivesigma.data.readers.number_lines import read_lines
from fivesigma.data.readers.table import Table, WholeTable

_NEXT = "get the catalogue again from its source"
_BEGINS = re.compile(rb"#\s*ID\(1\)\s")
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
            return taken(table) if isinstance(table, BlockTable) else table.columns(table.names)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[Table]:
        """Open the catalogue in ``path``: all of it is read, and rows are let go of as they are taken."""
        with border(path, self.name, _NEXT):
            table = _table(path)
        yield table

    def units(self, path: Path) -> Mapping[str, str]:
        """Return AHF's units."""
        return UNITS


def _table(path: Path) -> BlockTable | WholeTable:
    """Read all lines at once; where one of them is odd, one by one, so that a message can name it."""
    with path.open("rb") as stream:
        names = _names(path, stream.readline().decode())
        found = read_lines(stream, len(names), [name in _WHOLE for name in names])
    units = {name: UNITS[name] for name in names if name in UNITS}
    if found is None or not any(block.size for block in found.blocks if block is not None):
        text = path.read_bytes()
        below = text.find(b"\n") + 1 or len(text)
        return WholeTable(_by_line(path, text[below:].decode(), names), units)
    return BlockTable({name: found.kind(j) for j, name in enumerate(names)}, found.blocks, units)


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
