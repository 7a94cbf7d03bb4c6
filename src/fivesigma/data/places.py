"""Where each row of a table stands: what it is known by where the row holds lists, which its columns do not tell."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fivesigma._core.errors import DataError
from fivesigma.data.join import Joined
from fivesigma.data.readers.table import Table
from fivesigma.data.stack import Stack, Window
from fivesigma.risk.row_hashes import Hashes, place_hash


def places(table: Table) -> Hashes | None:
    """Return a hash of each row of ``table`` by the content of its file, the names in it and the row's number there.

    None where the table is of no file. Two events may have the same number of jets and of muons, and be others; which
    of their lists are read depends on what is asked, so these have no say in who an event is.
    """
    if isinstance(table, Joined):
        return places(table.left)
    if isinstance(table, Window):
        whole = places(table.table)
        return None if whole is None else whole[table.start : table.stop]
    if isinstance(table, Stack):
        each = [_of_part(part, file) for part, file in zip(table.parts, table.files, strict=True)]
        found = [own for own in each if own is not None]
        return np.concatenate(found) if len(found) == len(each) else None
    return None


def _of_part(part: Table, file: Path) -> Hashes | None:
    if isinstance(part, (Joined, Window, Stack)):
        return places(part)
    return place_hash([_content(file), *_names(part)], np.arange(part.n_rows)) if file.is_file() else None


def _names(table: Table) -> Sequence[str]:
    """Return the names in a table, which tell the trees of one file apart."""
    return sorted((*table.names, *table.jagged))


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check path and rights.") from None
