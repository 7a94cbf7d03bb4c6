"""Tables that are written out for others to read: CSV or Parquet, by the suffix."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.data import frames
from fivesigma.data.readers import parquet
from fivesigma.record.store import write_bytes

SUFFIXES = (".csv", ".parquet")


def refuse_other_suffix(path: Path) -> None:
    """Raise `InputError` for a file that is neither CSV nor Parquet.

    >>> refuse_other_suffix(Path("split.parquet"))
    """
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{path}: the table to write is named {' or '.join('*' + suffix for suffix in SUFFIXES)}."
        )


def write_table(
    path: Path, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str] | None = None
) -> None:
    """Write columns of (n_rows,) each, no digit lost; what is missing is empty. Parquet keeps their ``units``.

    Raises
    ------
    InputError
        For another suffix.
    DataError
        Where the file cannot be written.
    """
    refuse_other_suffix(path)
    frame, buffer = frames.table(columns), io.BytesIO()
    if path.suffix == ".csv":
        frame.write_csv(buffer)
    else:
        frame.write_parquet(buffer, metadata=parquet.about(units or {}))
    write_bytes(path, buffer.getvalue())
