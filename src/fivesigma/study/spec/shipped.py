"""The studies that ship with the package, and how a study is found by name or path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, InputError, did_you_mean, one_of

FOLDER = Path(__file__).resolve().parents[2] / "studies"


@dataclass(frozen=True)
class BuiltIn:
    """A study of the package: its name, its question, its file, and whether the user supplies the table."""

    name: str
    question: str
    path: Path
    needs_data: bool

    @property
    def readme(self) -> str:
        """The text of its README: question, data, what to expect, source."""
        return self.path.with_name("README.md").read_text(encoding="utf-8")


def built_in() -> tuple[BuiltIn, ...]:
    """Return the studies of the package, by name.

    >>> [study.name for study in built_in()][:2]
    ['adelie-chinstrap', 'cluster-mass']
    """
    return tuple(_opened(path) for path in sorted(FOLDER.glob("*/study.toml")))


def _opened(path: Path) -> BuiltIn:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    study = document["study"]
    data = document["data"]
    made = "path" in data or str(data.get("source", "")).startswith("simulate:")
    return BuiltIn(study["name"], study["question"], path, not made)


def called(name: str) -> BuiltIn:
    """Return the built-in study ``name``; `InputError` where there is none.

    >>> called("penguins-mass").needs_data
    False
    """
    found = {study.name: study for study in built_in()}
    return found[one_of(name, found, "built-in study")]


def copy(name: str, folder: str | Path) -> tuple[Path, ...]:
    """Copy a built-in study with its README and the tables that ship with it, and return the files, the study first.

    The copy reads its own tables, and the openings of its test are counted beside it.

    Raises
    ------
    InputError
        There is no such study, or a file of that name is there already; then nothing is written.
    DataError
        The folder cannot be made, or a file not written.
    """
    study, into = called(name), Path(folder)
    text = study.path.read_text(encoding="utf-8")
    tables = _shipped_with(study.path.parent, tomllib.loads(text))
    for written in tables:
        text = text.replace(f'"{written}"', f'"{Path(written).name}"')
    made = {into / "study.toml": text.encode(), into / "README.md": study.readme.encode()}
    beside = {table.with_name("LICENSE.txt") for table in tables.values()}
    shipped = [*tables.values(), *(path for path in sorted(beside) if path.is_file())]
    made |= {into / path.name: path.read_bytes() for path in shipped}
    if there := next((path for path in made if path.exists()), None):
        raise InputError(f"{there}: exists and is not overwritten; give --copy another folder.")
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path, content in made.items():
            path.write_bytes(content)
    except OSError as error:
        raise DataError(f"{into}: cannot be written ({error.strerror}); choose another folder.") from error
    return tuple(made)


def _shipped_with(home: Path, node: Any) -> dict[str, Path]:
    """Return the files of the package that a study names, as it writes them."""
    if isinstance(node, str):
        path = (home / node).resolve()
        inside = bool(node) and path.is_file() and path.is_relative_to(FOLDER)
        return {node: path} if inside else {}
    below = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return {written: path for each in below for written, path in _shipped_with(home, each).items()}


def is_built_in(path: Path) -> bool:
    """Whether a study file is one of the package, so that nothing may be written beside it."""
    return path.resolve().is_relative_to(FOLDER)


def find(study: str | Path) -> Path:
    """Return the file of a study given by path, by its folder, or by the name of a built-in one.

    Raises
    ------
    DataError
        There is no such study; the message suggests the nearest name.

    Examples
    --------
    >>> find("penguins-mass").name
    'study.toml'
    """
    path = Path(study).expanduser()
    if path.is_file():
        return path
    shipped = FOLDER / path.name / "study.toml"
    if len(path.parts) == 1 and shipped.is_file():
        return shipped
    if (path / "study.toml").is_file():
        return path / "study.toml"
    if path.suffix == ".toml" or len(path.parts) != 1:
        raise DataError(f"{path}: there is no such study file; `fivesigma init FILE` writes one.")
    names = [each.name for each in built_in()]
    hint = did_you_mean(str(study), names) or f" Expected one of {', '.join(names)}."
    raise DataError(f"'{study}' is neither a study file nor a built-in study.{hint}")
