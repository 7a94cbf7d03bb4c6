"""Where the rows of a table come from: files, globs and folders, and what is known of each file beside its columns."""

from __future__ import annotations

import dataclasses
import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fivesigma._core.errors import DataError, FivesigmaError, InputError, did_you_mean
from fivesigma.data import readers
from fivesigma.data.readers.table import Table
from fivesigma.data.stack import INTERNAL, Stack

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

CLASS = "class"
"""Name of the column that says of which class a file is, where there is one a class."""
GROUP = INTERNAL + "group"
"""Name of the column of a group that the path of a file names."""
_NOTHING = "__HIVE_DEFAULT_PARTITION__"
_PARTITION = re.compile(r"([^=]+)=(.*)")


@dataclass(frozen=True)
class Sources:
    """Files, and columns that have one value in all rows of a file: the parts of a folder, a class, a group."""

    files: tuple[Path, ...]
    marks: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    folders: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Columns that the folders of a partitioned table name, where the files have none of that name themselves."""

    @classmethod
    def of(cls, path: Paths) -> Sources:
        """Find the files meant by a path, a glob, a folder or a list of these.

        The folders of a partitioned table, such as ``year=2012/part-0.parquet``, are columns.

        Raises
        ------
        DataError
            If there is no such file.
        InputError
            If there is none at all, or files of one table lie in folders that name different columns.
        """
        found = list(_files(path))
        if not found:
            raise InputError("data.path is an empty list; name at least one file.")
        files = tuple(file for file, _ in found)
        _refuse_twice(files)
        return cls(files, folders=_partitions(files, [_named(file, top) for file, top in found]))

    @classmethod
    def by_class(cls, classes: Mapping[str, Paths]) -> Sources:
        """Find the files of each class; column `CLASS` says of which one a row is.

        Raises
        ------
        DataError, InputError
            As `of`; or if a file is of two classes.
        """
        if not classes:
            raise InputError("the files by class are empty; name a file, glob or folder of each class.")
        each = {name: cls.of(path) for name, path in classes.items()}
        owner: dict[Path, str] = {}
        for name, sources in each.items():
            for file in sources.files:
                if owner.setdefault(file.resolve(), name) != name:
                    raise InputError(
                        f"{file}: is named for the class {owner[file.resolve()]!r} and for {name!r}; keep one."
                    )
        files = tuple(file for sources in each.values() for file in sources.files)
        found = [_marks_of(sources) for sources in each.values()]
        labels = tuple(name for name, sources in each.items() for _ in sources.files)
        parted = _partitions(files, [marks for part in found for marks in part])
        return cls(files, folders=parted).marked({CLASS: labels})

    def stacked(self, tables: Sequence[Table]) -> Stack:
        """Return the ``tables`` in the files as one."""
        own = set(tables[0].names)
        folders = {name: values for name, values in self.folders.items() if name not in own}
        return Stack(tables, self.files, {**folders, **self.marks})

    def marked(self, marks: Mapping[str, Sequence[Any]]) -> Sources:
        """Return the same files with more ``marks``, one value a file."""
        return dataclasses.replace(
            self, marks={**self.marks, **{name: tuple(each) for name, each in marks.items()}}
        )

    def grouped(self, pattern: str) -> Sources:
        """Return the same files with the group `GROUP` that ``pattern``, with one part in brackets, finds in each path.

        Raises
        ------
        InputError
            If the pattern is none, or the path of a file does not fit it.

        >>> Sources((Path("a/CLUSTER_007.txt"),)).grouped(r"CLUSTER_(\\d+)").marks[GROUP]
        ('007',)
        """
        fitting = pattern_of(pattern)
        found = [fitting.search(file.as_posix()) for file in self.files]
        for file, match in zip(self.files, found, strict=True):
            if match is None or match[1] is None:
                raise InputError(
                    f"{file}: the group pattern {pattern!r} fits nothing in this path; mend it, or leave the file out."
                )
        return self.marked({GROUP: [match[1] for match in found if match is not None]})


def pattern_of(text: str) -> re.Pattern[str]:
    """Return the pattern of a group in a path; `InputError` unless it is one with one part in brackets."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise InputError(
            f"the group pattern {text!r} is no regular expression ({error}); mend it, such as 'CLUSTER_(\\\\d+)'."
        ) from None
    if pattern.groups != 1:
        raise InputError(
            f"the group pattern {text!r} has {pattern.groups} parts in brackets; expected one, the group, such as "
            "'CLUSTER_(\\\\d+)'."
        )
    return pattern


def _refuse_twice(files: Sequence[Path]) -> None:
    """Refuse a file that is named twice, or by two globs: its rows would count twice."""
    seen: set[Path] = set()
    for file in files:
        if file.resolve() in seen:
            raise InputError(f"{file}: is named twice, and its rows would count twice; name it once.")
        seen.add(file.resolve())


def paths(path: Paths) -> list[Path]:
    """Return the files meant by a path, a glob, a folder or a list of these, sorted within each glob or folder."""
    return list(Sources.of(path).files)


def _files(path: Paths) -> Iterable[tuple[Path, Path | None]]:
    """Yield the files, and of each the folder that was named, if one was."""
    if not isinstance(path, (str, os.PathLike)):
        for entry in path:
            yield from _files(entry)
        return
    plain = Path(path).expanduser()
    if plain.is_file():
        yield plain, None
    elif plain.is_dir():
        yield from ((file, plain) for file in _within(plain))
    else:
        fitting = sorted(Path(file) for file in glob.glob(str(plain), recursive=True))
        if not fitting:
            raise DataError(_absent(plain))
        for each in fitting:
            yield from _files(each)


def _within(folder: Path) -> list[Path]:
    """Return the tables in a folder and in those below it, all of one format; what begins with . or _ is none."""
    entries = sorted(folder.rglob("*"))
    shown = [each for each in entries if not any(part[0] in "._" for part in each.relative_to(folder).parts)]
    formats: dict[str, list[Path]] = {}
    for file in shown:
        if file.is_file() and (name := _format_of(file)) is not None:
            formats.setdefault(name, []).append(file)
    if not formats:
        raise DataError(
            f"{folder}: this folder holds no table; name a file, or a folder of files of one format."
        )
    if len(formats) > 1:
        some = " and ".join(f"{name} ({files[0].name})" for name, files in formats.items())
        raise DataError(
            f"{folder}: this folder holds tables of several formats, {some}; name those of one by a glob, such as "
            f"{folder / ('*' + next(iter(formats.values()))[0].suffix)}."
        )
    return next(iter(formats.values()))


def _format_of(file: Path) -> str | None:
    try:
        return readers.reader_for(file).name
    except FivesigmaError:
        return None


def _named(file: Path, top: Path | None) -> dict[str, str | None]:
    """Return the columns that the folders between ``top`` and a file name, as in ``year=2012``."""
    between = () if top is None else file.relative_to(top).parts[:-1]
    matches = [match for part in between if (match := _PARTITION.fullmatch(part)) is not None]
    return {unquote(match[1]): None if match[2] == _NOTHING else unquote(match[2]) for match in matches}


def _partitions(files: Sequence[Path], named: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return the columns that folders name; whole numbers and numbers where all values are."""
    for file, each in zip(files, named, strict=True):
        if set(each) != set(named[0]):
            one = sorted(set(each) ^ set(named[0]))[0]
            raise InputError(
                f"{file}: {one!r} is not named by the folders of both this file and {files[0]}; files that are read "
                "together have the same columns."
            )
    return {name: _typed([each[name] for each in named]) for name in named[0]}


def _typed(words: Sequence[Any]) -> tuple[Any, ...]:
    for kind in (int, float):
        try:
            values = tuple(kind(word) for word in words)
        except (TypeError, ValueError):
            continue
        if kind is float or all(str(value) == str(word) for value, word in zip(values, words, strict=True)):
            return values
    return tuple(words)


def _marks_of(sources: Sources) -> list[dict[str, Any]]:
    return [
        {name: None if values[i] is None else str(values[i]) for name, values in sources.folders.items()}
        for i in range(len(sources.files))
    ]


def _absent(path: Path) -> str:
    if not path.parent.is_dir():
        return f"{path}: no such file (the folder {path.parent} does not exist either); check the path."
    neighbours = sorted(entry.name for entry in path.parent.iterdir())
    return f"{path}: no such file; check the path.{did_you_mean(path.name, neighbours)}"
