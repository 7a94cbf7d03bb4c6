"""One file a format; a new format is one file here and one line in ``_BUILT_IN``.

A reader is any object with a ``name``, its ``suffixes``, the ``options`` it takes, a method ``columns``, and a method
``units`` if its files say any. One whose format can be read in parts, or holds lists, has a method ``open`` too; one
that knows its files by their first bytes has a method ``claims``. In a study file the options are keys of ``[data]``,
in Python words of ``fs.read``.
Other packages bring theirs through the entry point group ``fivesigma.readers`` (an object, or its class).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma._core.outside import entry_points
from fivesigma.data.readers.table import Table, WholeTable

_BUILT_IN = (
    "parquet",
    "arrow",
    "npz",
    "ahf",
    "root",
    "fits",
    "hdf5",
    "csv",
)  # text last: it claims what no other does

_HEAD = 2880  # bytes that a reader is shown: the first block of FITS

_LATER = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsb"), "Excel"),
    ".ods": "OpenDocument",
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "JSON"),
    **dict.fromkeys((".pkl", ".pickle"), "pickle"),
    ".joblib": "joblib",
    ".mat": "MATLAB",
    **dict.fromkeys((".rds", ".rdata"), "R"),
    ".dta": "Stata",
    ".sav": "SPSS or IDL",
    **dict.fromkeys((".vot", ".votable", ".xml"), "XML and VOTable"),
    **dict.fromkeys((".sqlite", ".db"), "SQLite"),
    **dict.fromkeys((".orc", ".avro"), "ORC and Avro"),
    **dict.fromkeys((".lhe", ".hepmc"), "LHE and HepMC"),
}
"""Suffixes of formats that have no reader yet, with their names."""


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
    """Return the reader called ``format``, or that of ``path``: by its first bytes, and else by its suffix.

    A path of which there is no file yet has a suffix only. A reader of another package whose suffix fits, and which
    does not look at bytes, comes before those that do: its format may be one of ours inside.

    Raises
    ------
    InputError
        If no reader has that name.
    DataError
        If none knows the file; the message names what can be read.

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
    return _by_content(Path(path)) or _by_suffix(Path(path), readers)


def _by_suffix(path: Path, readers: Iterable[Reader]) -> Reader:
    name = path.name.lower()
    fitting = [(len(s), reader) for reader in readers for s in reader.suffixes if name.endswith(s.lower())]
    if not fitting:
        raise DataError(_unreadable(path))
    return max(fitting, key=lambda pair: pair[0])[1]


def _by_content(path: Path) -> Reader | None:
    """Return the first reader that knows the file by its first bytes, None where there is no file or no such reader."""
    head = first_bytes(path)
    if head is None:
        return None
    brought = [reader for reader in all_readers() if not type(reader).__module__.startswith(__name__)]
    name = path.name.lower()
    for reader in brought:
        if not hasattr(reader, "claims") and name.endswith(tuple(s.lower() for s in reader.suffixes)):
            return reader
    return next((reader for reader in (*brought, *own_readers()) if _claims(reader, path, head)), None)


def _claims(reader: Reader, path: Path, head: bytes) -> bool:
    claims = getattr(reader, "claims", None)
    return claims is not None and bool(claims(path, head))


def is_named_for_another(path: Path, own: str) -> bool:
    """Whether the name of a file is that of a known format which is not the reader's ``own``.

    >>> is_named_for_another(Path("a.AHF_halos"), "CSV"), is_named_for_another(Path("a.out"), "CSV")
    (True, False)
    """
    others = [suffix.lower() for reader in all_readers() if reader.name != own for suffix in reader.suffixes]
    return path.name.lower().endswith((*others, *_LATER))


def first_bytes(path: Path) -> bytes | None:
    """Return the first bytes of a file, None where there is none that can be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return None


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
    readable = ", ".join(f"{reader.name} ({reader.suffixes[0]})" for reader in all_readers())
    if suffix in _LATER:
        return f"{path}: {_LATER[suffix]} files are not in this version; write it as one of {readable}."
    but = ", or say format = 'CSV' of a table of text (--option format=CSV)" if _is_text(path) else ""
    return f"{path}: the suffix {suffix or '(none)'!r} is not in this version; write it as one of {readable}{but}."


def _is_text(path: Path) -> bool:
    """Whether a file begins as text does, or is not there to say."""
    head = first_bytes(path)
    # the last character may be cut off
    return head is None or not {"\0", "\N{REPLACEMENT CHARACTER}"} & set(head[:-3].decode("utf-8", "replace"))
