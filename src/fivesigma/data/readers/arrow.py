"""Arrow files (Feather, version 2): columns in memory as on disk, by polars; units from the metadata of the fields."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma.data.readers.arrow_schema import units_in
from fivesigma.data.readers.border import border, refuse_promise
from fivesigma.data.readers.frame_table import FrameTable

_NEXT = "write it again with its source, and check it with a checksum"
_MAGIC, _CONTINUED = b"ARROW1\x00\x00", b"\xff\xff\xff\xff"
_LONGEST_SCHEMA = 1 << 26  # bytes


@dataclass(frozen=True)
class ArrowReader:
    """Arrow files: columns of single values, and lists of numbers; what else is nested is read as text."""

    name: str = "Arrow"
    suffixes: tuple[str, ...] = (".arrow", ".feather", ".ipc")
    options: tuple[str, ...] = ()

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as Arrow's do."""
        return head.startswith(_MAGIC[:6])

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the columns of single values in ``path``."""
        with self.open(path, options) as table:
            return table.columns(table.names)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[FrameTable]:
        """Open ``path``: its columns are read when they are asked for."""
        import polars

        with border(path, self.name, _NEXT):
            units = self.units(path)
            lazy = polars.scan_ipc(path, glob=False)
            n_rows = int(lazy.select(polars.len()).collect().item())
            width = len(lazy.collect_schema())
            refuse_promise(path, self.name, n_rows * width)
            if n_rows == 0 or width == 0:
                raise DataError(
                    f"{path}: this Arrow file holds {n_rows} rows and {width} columns; give one with rows."
                )
            table = FrameTable(path, self.name, _NEXT, lazy, n_rows, units)
        yield table

    def units(self, path: Path) -> Mapping[str, str]:
        """Return the units in the metadata of the file's fields."""
        with border(path, self.name, _NEXT), path.open("rb") as stream:
            start = stream.read(len(_MAGIC) + 8)
            if not start.startswith(_MAGIC[:6]):
                raise DataError(f"{path}: is no Arrow file (it does not begin with ARROW1); {_NEXT}.")
            size = start[len(_MAGIC) :]
            long = size[4:] if size.startswith(_CONTINUED) else size[:4]  # before 0.15 the length stood alone
            length = struct.unpack("<i", long)[0] if len(long) == 4 else 0
            if not 0 < length <= _LONGEST_SCHEMA:
                return {}
            stream.seek(len(_MAGIC))
            return units_in(base64.b64encode(stream.read(8 + length)).decode())


READER = ArrowReader()
