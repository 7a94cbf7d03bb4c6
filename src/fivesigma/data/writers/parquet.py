"""Parquet, with the units in its metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fivesigma.data import frames
from fivesigma.data.readers.parquet import about


@dataclass(frozen=True)
class ParquetWriter:
    """Each column in its own type."""

    suffixes: tuple[str, ...] = (".parquet",)

    def content(
        self, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str], notes: Mapping[str, str]
    ) -> bytes:
        """Return the bytes of a file."""
        buffer = io.BytesIO()
        frames.table(columns).write_parquet(
            buffer, metadata=about(units, **({"notes": dict(notes)} if notes else {}))
        )
        return buffer.getvalue()


WRITER = ParquetWriter()
