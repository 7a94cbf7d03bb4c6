"""One file a format that is written; a new format is one file here and one line in ``_BUILT_IN``.

A writer is an object with its ``suffixes`` and a method ``content``: the bytes of a file of named columns.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from fivesigma._core.errors import InputError

_BUILT_IN = ("csv", "parquet", "root", "fits", "hdf5")

Columns = Mapping[str, NDArray[Any]]


class Writer(Protocol):
    """What writes one format."""

    suffixes: tuple[str, ...]

    def content(self, columns: Columns, units: Mapping[str, str], notes: Mapping[str, str]) -> bytes:
        """Return the bytes of a file of ``columns``, each (n_rows,), no digit lost, with the ``units`` of some.

        Where the format has a place for them it holds the ``notes``, texts by a word, too.
        """
        ...


@cache
def writers() -> dict[str, Writer]:
    """Return the writer of each suffix."""
    each = [importlib.import_module(f"{__name__}.{name}").WRITER for name in _BUILT_IN]
    return {suffix: writer for writer in each for suffix in writer.suffixes}


def writer_for(path: Path) -> Writer:
    """Return what writes a file of that suffix.

    Raises
    ------
    InputError
        If there is none.

    >>> writer_for(Path("split.parquet")).suffixes
    ('.parquet',)
    """
    known = writers()
    if path.suffix not in known:
        raise InputError(
            f"{path}: the table to write is named {', '.join('*' + s for s in list(known)[:-1])} or "
            f"*{list(known)[-1]}."
        )
    return known[path.suffix]


def refuse_arrays(columns: Columns) -> None:
    """Raise `InputError` for a column that holds an array in each event."""
    for name, column in columns.items():
        if column.ndim > 1:
            raise InputError(
                f"column {name!r} is an array {column.shape[1:]} in each event; only single values are written."
            )
