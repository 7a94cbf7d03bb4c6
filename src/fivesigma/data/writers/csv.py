"""CSV: a line of names, then one row a line; what is missing is empty."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fivesigma.data import frames


@dataclass(frozen=True)
class CsvWriter:
    """Text, which says no units."""

    suffixes: tuple[str, ...] = (".csv",)

    def content(
        self, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str], notes: Mapping[str, str]
    ) -> bytes:
        """Return the bytes of a file."""
        buffer = io.BytesIO()
        frames.table(columns).write_csv(buffer)
        return buffer.getvalue()


WRITER = CsvWriter()
