"""One file a format; a new format is one file here and one line in ``_BUILT_IN``.

A reader is any object with a ``name``, its ``suffixes``, the ``options`` it takes, a method ``columns``, and a method
``units`` if its files say any. One whose format can be read in parts, or holds lists, has a method ``open`` too; one
that knows its files by their first bytes has a method ``claims``. In a study file the options are keys of ``[data]``,
in Python words of ``fs.read``.
Other packages bring theirs through the entry point group ``fivesigma.readers`` (an object, or its class).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma.data.readers.table import Table, WholeTable

_BUILT_IN = ("csv", "parquet", "npz", "ahf")

_LATER = {
    ".root": "ROOT",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".fits": "FITS",
    ".fit": "FITS",
    ".feather": "Feather",
    ".arrow": "Arrow",
    ".xlsx": "Excel",
    ".xls": "Excel",
    ".json": "JSON",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "joblib",
}


class Reader(Protocol):
    """What reads one format.

    ``columns`` returns each column as (n_rows,): numbers and truth values in their own type with NaN for a
    missing value, text as objects with None for a missing value. What goes wrong is a `DataError`.
    """

    name: str
    suffixes: tuple[str, ...]
    options: tuple[str, ...]

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the table in ``path``."""
        ...

    def units(self, path: Path) -> Mapping[str, str]:
        """Return the units that the format or the file itself says, by column."""
        ...


@contextmanager
def opened(path: Path, reader: Reader, options: Mapping[str, Any]) -> Iterator[Table]:
    """Open a file: by the reader's own ``open`` (a context of a `Table`), or all of it at once where it has none."""
    own = getattr(reader, "open", None)
    if own is not None:
        with own(path, options) as table:
            yield table
        return
    units = getattr(reader, "units", None)  # a reader from elsewhere may have none
    yield WholeTable(reader.columns(path, options), {} if units is None else dict(units(path)))


def own_readers() -> tuple[Reader, ...]:
    """Return the readers of this package."""
    return tuple(importlib.import_module(f"{__name__}.{name}").READER for name in _BUILT_IN)


@cache
def all_readers() -> tuple[Reader, ...]:
    """Return the readers of this package, then those of others."""
    found = [point.load() for point in entry_points(group="fivesigma.readers")]
    return (*own_readers(), *(reader() if isinstance(reader, type) else reader for reader in found))


def reader_for(path: Path | str, format: str | None = None) -> Reader:
    """Return the reader of ``path`` by its suffix, or the one called ``format``.

    Raises
    ------
    InputError
        If no reader has that name or suffix; the message names what can be read.

    >>> reader_for("events.csv.gz").name
    'CSV'
    """
    readers = all_readers()
    if format is not None:
        named = [reader for reader in readers if reader.name.lower() == format.lower()]
        if not named:
            known = [reader.name for reader in readers]
            raise InputError(
                f"format {format!r} is not known; expected one of {', '.join(known)}." + _hint(format)
            )
        return named[0]
    name = Path(path).name.lower()
    fitting = [(len(s), reader) for reader in readers for s in reader.suffixes if name.endswith(s.lower())]
    if not fitting:
        raise DataError(_unreadable(Path(path)))
    return max(fitting, key=lambda pair: pair[0])[1]


def taken(reader: Reader, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a format has: those of a study are for its own table, and others are read beside it.

    >>> taken(reader_for("a.parquet"), {"separator": ";"}), taken(reader_for("a.csv"), {"separator": ";"})
    ({}, {'separator': ';'})
    """
    return {name: value for name, value in options.items() if name in reader.options}


def check_options(reader: Reader, options: Mapping[str, Any]) -> None:
    """Refuse an option that the format does not have."""
    for option in options:
        if option not in reader.options:
            takes = ", ".join(reader.options) or "none"
            hint = did_you_mean(option, reader.options)
            raise InputError(
                f"{option!r} is not an option of {reader.name} files; expected one of: {takes}.{hint}"
            )


def _hint(format: str) -> str:
    return did_you_mean(format, [reader.name for reader in all_readers()])


def _unreadable(path: Path) -> str:
    suffix = path.suffix.lower()
    readable = ", ".join(suffix for reader in all_readers() for suffix in reader.suffixes)
    what = f"{_LATER[suffix]} files are" if suffix in _LATER else f"the suffix {suffix or '(none)'!r} is"
    return f"{path}: {what} not in this version; readable are {readable}: convert it, or say format = 'CSV'."
