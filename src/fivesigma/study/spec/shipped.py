"""The studies that ship with the package, and how a study is found by name or path."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from fivesigma._core.errors import DataError, did_you_mean

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
