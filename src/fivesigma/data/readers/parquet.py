"""Parquet, by polars."""

from __future__ import annotations

import json
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
from fivesigma.data.readers.parquet_pages import checking

ABOUT = "fivesigma"
"""Key of the metadata in which this package says what it wrote: among it ``units``, by column."""

_NEXT = "write it again with its source, and check it with a checksum"


def about(units: Mapping[str, str], **more: object) -> dict[str, str]:
    """Return the metadata of a Parquet file whose columns have these ``units``, and what ``more`` is said of it.

    >>> about({"pt": "GeV"}, seed=3)
    {'fivesigma': '{"seed": 3, "units": {"pt": "GeV"}}'}
    """
    return {ABOUT: json.dumps({**more, "units": dict(units)}, sort_keys=True)}


@dataclass(frozen=True)
class ParquetReader:
    """Parquet tables: columns of single values, and lists of numbers; what else is nested is read as text."""

    name: str = "Parquet"
    suffixes: tuple[str, ...] = (".parquet", ".pq")
    options: tuple[str, ...] = ()

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as Parquet's do."""
        return head.startswith(b"PAR1")

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the columns of single values in ``path``."""
        with self.open(path, options) as table:
            return table.columns(table.names)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[FrameTable]:
        """Open ``path``: its columns are read when they are asked for."""
        import polars

        with border(path, self.name, _NEXT):
            check, groups = checking(path)
            lazy = polars.scan_parquet(path, glob=False)
            n_rows = int(lazy.select(polars.len()).collect().item())
            width = len(lazy.collect_schema())
            refuse_promise(path, self.name, n_rows * width * 8)
            if n_rows == 0 or width == 0:
                raise DataError(
                    f"{path}: this Parquet file holds {n_rows} rows and {width} columns; give one with rows."
                )
            table = FrameTable(path, self.name, _NEXT, lazy, n_rows, self.units(path), check, groups)
        yield table

    def units(self, path: Path) -> Mapping[str, str]:
        """Return the units in the file's metadata: those this package wrote, then those of Arrow's fields."""
        import polars

        with border(path, self.name, _NEXT):
            about = polars.read_parquet_metadata(path)
            ours = json.loads(about.get(ABOUT, "{}")).get("units", {})
            own = {str(name): str(unit).strip() for name, unit in ours.items() if unit}
            return units_in(about.get("ARROW:schema", "")) | own


READER = ParquetReader()
