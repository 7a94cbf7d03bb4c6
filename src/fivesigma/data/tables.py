"""Tables of named columns out of files: one path, several, or a glob."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma.data import readers
from fivesigma.data.readers.table import Table, WholeTable
from fivesigma.data.sources import Paths as Paths
from fivesigma.data.sources import Sources
from fivesigma.data.sources import paths as paths
from fivesigma.data.stack import Columns as Columns
from fivesigma.data.stack import Stack


def read_columns(
    path: Paths,
    *,
    format: str | None = None,
    missing: Sequence[str] = (),
    as_text: Sequence[str] = (),
    **format_options: Any,
) -> Columns:
    """Read the columns of one file, of several (one after the other), or of those that fit a glob or lie in a folder.

    Parameters
    ----------
    path : path, glob, folder, or list of these
    format : name of the format, where the suffix does not say it
    missing : words of a text format that mean a missing value, beside the usual ones
    as_text : columns that a text format leaves as they are written, where the file has them
    format_options : options of the format, such as ``separator`` of CSV

    Returns
    -------
    dict of name to (n_rows,) : numbers with NaN where missing, text as objects with None where missing, whole
        numbers with every digit (`fivesigma._core.columns`)

    Raises
    ------
    DataError
        If a file is absent, damaged or of no known format.
    InputError
        If an option is not one of the format, or several files have different columns.
    """
    sources = Sources.of(path)
    held = {"missing": tuple(missing), "text": tuple(as_text)}
    tables = [WholeTable(_read(file, format, held, format_options)) for file in sources.files]
    whole = sources.stacked(tables)
    return whole.columns(whole.names)


@contextmanager
def opened(
    path: Paths | Sources,
    *,
    format: str | None = None,
    missing: Sequence[str] = (),
    as_text: Sequence[str] = (),
    **format_options: Any,
) -> Iterator[Stack]:
    """Open the files that `read_columns` would read with the same arguments, as one table; or those of `Sources`.

    Raises
    ------
    DataError, InputError
        As `read_columns`; what is wrong inside a file may be found when it is read.
    """
    sources = path if isinstance(path, Sources) else Sources.of(path)
    with ExitStack() as held:
        words = {"missing": tuple(missing), "text": tuple(as_text)}
        parts = [held.enter_context(_opened(file, format, words, format_options)) for file in sources.files]
        yield sources.stacked(parts)


@contextmanager
def _opened(
    path: Path, format: str | None, held: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
) -> Iterator[Table]:
    reader, given = _reader_and_options(path, format, held, options)
    with _permitted(path), readers.opened(path, reader, given) as table:
        _refuse_absent_text(path, options, table.names)
        yield table


def format_of(path: Paths, format: str | None, like: Paths) -> str | None:
    """Return the ``format`` that was said of the files ``like`` if it is that of ``path`` too, else None.

    It is where the names end alike, or end in no known way; else the suffix says the format.

    >>> format_of("b.txt", "AHF", "a.txt"), format_of("b.parquet", "AHF", "a.txt")
    ('AHF', None)
    """
    one, other = (Path(str(each)).suffix for each in (_first(path), _first(like)))
    if format is None or one == other:
        return format
    try:
        readers.reader_for(str(_first(path)))
    except DataError:
        return format
    return None


def _first(path: Paths) -> str | PathLike[str]:
    return path if isinstance(path, (str, PathLike)) else next(iter(path))


def read_units(
    path: Paths,
    format: str | None = None,
    *,
    beside: Iterable[Paths] = (),
    given: Collection[str] | None = None,
) -> dict[str, str]:
    """Return the units that files say of their columns, those at ``path`` and those that are read ``beside`` them.

    Raises
    ------
    InputError
        If two files say different units of a column, unless it is one of those whose units are ``given``.
    """
    said = [(file, format_of(file, format, path)) for each in (path, *beside) for file in paths(each)]
    return agreed([(file, units_of(file, own)) for file, own in said], given)


def units_said(
    table: Stack, *, beside: Iterable[Paths] = (), given: Collection[str] | None = None
) -> dict[str, str]:
    """Return the units that open files say of their columns, and those of files that are read ``beside`` them.

    Raises
    ------
    InputError
        If two files say different units of a column, unless it is one of those whose units are ``given``.
    """
    said = [(file, part.units) for file, part in zip(table.files, table.parts, strict=True)]
    return agreed([*said, *said_beside(beside)], given)


def said_beside(beside: Iterable[Paths]) -> list[tuple[Path, dict[str, str]]]:
    """Return the units that files say themselves, by file."""
    return [(file, units_of(file)) for each in beside for file in paths(each)]


def agreed(
    said: Iterable[tuple[Path, Mapping[str, str]]], given: Collection[str] | None = None
) -> dict[str, str]:
    """Return the units that several files say of their columns; refuse two for one column that is not ``given``."""
    found: dict[str, str] = {}
    first: dict[str, Path] = {}
    for file, units in said:
        for name, unit in units.items():
            if found.setdefault(name, unit) != unit and name not in (given or ()):
                raise InputError(
                    f"column {name!r} is in {found[name]} in {first[name]} and in {unit} in {file}; write it in one "
                    "unit, or say which it is in units."
                )
            first.setdefault(name, file)
    return found


def units_of(file: Path, format: str | None = None) -> dict[str, str]:
    """Return the units that a file says itself, by column."""
    units = getattr(readers.reader_for(file, format), "units", None)  # a reader from elsewhere may have none
    return dict(units(file)) if units is not None else {}


def _read(
    path: Path, format: str | None, held: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
) -> Columns:
    """Read one file; ``held`` are words for the options of the same names, of the readers that have them."""
    reader, given = _reader_and_options(path, format, held, options)
    with _permitted(path):
        columns = reader.columns(path, given)
    _refuse_absent_text(path, options, columns)
    return columns


def _reader_and_options(
    path: Path, format: str | None, held: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
) -> tuple[readers.Reader, dict[str, Any]]:
    reader = readers.reader_for(path, format)
    given = {name: value for name, value in options.items() if value is not None}
    readers.check_options(reader, given)
    for name, words in held.items():
        if words and name in reader.options:
            given[name] = (*_listed(given.get(name, ())), *words)
    return reader, given


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read this file; change its mode or its owner.") from error


def _refuse_absent_text(path: Path, options: Mapping[str, Any], columns: Collection[str]) -> None:
    """Refuse a column that was said to be text and is none of the file's."""
    for name in _listed(options.get("text") or ()):
        if name not in columns:
            raise InputError(
                f"{path}: text = {name!r} is not a column of this file.{did_you_mean(name, columns)}"
            )


def _listed(words: Any) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)
