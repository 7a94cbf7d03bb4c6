"""Tables that are written out for others to read, in the format of their suffix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fivesigma.data.writers import writer_for
from fivesigma.record.store import write_bytes


def refuse_other_suffix(path: Path) -> None:
    """Raise `InputError` for a file that no format is written to.

    >>> refuse_other_suffix(Path("split.parquet"))
    """
    writer_for(path)


def write_table(
    path: Path,
    columns: Mapping[str, NDArray[Any]],
    units: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write columns of (n_rows,) each, no digit lost; what is missing is empty.

    ``units``, and ``notes`` by a word, stay where a format has a place for them (Parquet, FITS, HDF5).

    Raises
    ------
    InputError
        For another suffix.
    DataError
        Where the file cannot be written.
    MissingExtraError
        Without the package that writes the format.
    """
    write_bytes(path, writer_for(path).content(columns, units or {}, notes or {}))
