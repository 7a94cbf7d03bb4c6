"""Tables of named columns out of files: one path, several, or a glob."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import exact
from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma.data import readers

Columns = dict[str, NDArray[Any]]
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def read_columns(
    path: Paths,
    *,
    format: str | None = None,
    missing: Sequence[str] = (),
    as_text: Sequence[str] = (),
    **format_options: Any,
) -> Columns:
    """Read the columns of one file, of several (one after the other), or of those that fit a glob.

    Parameters
    ----------
    path : path, glob, or list of these
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
    files = paths(path)
    held = {"missing": tuple(missing), "text": tuple(as_text)}
    tables = [_read(file, format, held, format_options) for file in files]
    return tables[0] if len(tables) == 1 else stacked(tables, files)


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


def _first(path: Paths) -> str | os.PathLike[str]:
    return path if isinstance(path, (str, os.PathLike)) else next(iter(path))


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
    found: dict[str, str] = {}
    first: dict[str, Path] = {}
    said = [(file, format_of(file, format, path)) for each in (path, *beside) for file in paths(each)]
    for file, own in said:
        for name, unit in units_of(file, own).items():
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


def paths(path: Paths) -> list[Path]:
    """Return the files meant by a path, a glob or a list of these, sorted within each glob."""
    if not isinstance(path, (str, os.PathLike)):
        found = [file for entry in path for file in paths(entry)]
        if not found:
            raise InputError("data.path is an empty list; name at least one file.")
        return found
    plain = Path(path).expanduser()
    if plain.is_file():
        return [plain]
    if plain.is_dir():
        raise DataError(f"{plain}: this is a folder; name a file in it, or a glob such as {plain / '*.csv'}.")
    if fitting := sorted(file for file in glob.glob(str(plain)) if Path(file).is_file()):
        return [Path(file) for file in fitting]
    raise DataError(_absent(plain))


def _absent(path: Path) -> str:
    if not path.parent.is_dir():
        return f"{path}: no such file (the folder {path.parent} does not exist either); check the path."
    neighbours = sorted(entry.name for entry in path.parent.iterdir())
    return f"{path}: no such file; check the path.{did_you_mean(path.name, neighbours)}"


def _read(
    path: Path, format: str | None, held: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
) -> Columns:
    """Read one file; ``held`` are words for the options of the same names, of the readers that have them."""
    reader = readers.reader_for(path, format)
    given = {name: value for name, value in options.items() if value is not None}
    readers.check_options(reader, given)
    own = _listed(given.get("text", ()))
    for name, words in held.items():
        if words and name in reader.options:
            given[name] = (*_listed(given.get(name, ())), *words)
    try:
        columns = reader.columns(path, given)
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read this file; change its mode or its owner.") from error
    for name in own:
        if name not in columns:
            raise InputError(
                f"{path}: text = {name!r} is not a column of this file.{did_you_mean(name, columns)}"
            )
    return columns


def _listed(words: Any) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def stacked(tables: Sequence[Columns], files: Sequence[Path]) -> Columns:
    """Put tables of the same columns under each other."""
    for table, file in zip(tables, files, strict=True):
        if different := sorted(set(table) ^ set(tables[0])):
            raise InputError(
                f"{file}: column {different[0]!r} is not in both this file and {files[0]}; "
                "files that are read together have the same columns."
            )
    return {name: _joined_column(name, [table[name] for table in tables], files) for name in tables[0]}


def _joined_column(name: str, parts: list[NDArray[Any]], files: Sequence[Path]) -> NDArray[Any]:
    """Join the parts of one column; text that is all missing joins numbers as NaN."""
    for part, file in zip(parts, files, strict=True):
        if part.shape[1:] != parts[0].shape[1:]:
            raise InputError(
                f"column {name!r} has the shape {part.shape[1:]} in {file} and {parts[0].shape[1:]} in {files[0]}; "
                "files that are read together have events of one shape."
            )
    text = [kinds.is_text(part) for part in parts]
    if any(text) and not all(text):
        blank = [bool(kinds.missing(part).all()) for part in parts]
        if full := [
            i for i, (is_text, empty) in enumerate(zip(text, blank, strict=True)) if is_text and not empty
        ]:
            raise InputError(
                f"column {name!r} is text in {files[full[0]]} and numbers in {files[text.index(False)]}; "
                "files that are read together have the same kinds of columns."
            )
        parts = [
            kinds.Gapped(np.full(len(part), np.nan)) if is_text else part
            for part, is_text in zip(parts, text, strict=True)
        ]
    return exact.stacked(parts)
