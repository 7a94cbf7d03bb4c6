"""``[data.files]``: one file, glob or folder a class; and the group that the path of a file names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.sources import CLASS, pattern_of
from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Text, Texts, shown


def _at_least_two(files: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Refuse fewer than two classes, and one without a file."""
    if len(files) < 2:
        raise ValueError(
            f"files names {len(files)} class{'' if len(files) == 1 else 'es'}; expected two or more, one line a class, "
            "the signal last"
        )
    for name, paths in files.items():
        if not paths:
            raise ValueError(f"files.{name} is an empty list; name a file, a glob or a folder")
    return files


Files = Annotated[dict[Text, Texts], AfterValidator(_at_least_two)]


class PathGroup(Section):
    """A group that the path of a file names: the part in brackets of a regular expression."""

    path: Text
    """A regular expression with one part in brackets, which is the group: "CLUSTER_(\\\\d+)"."""


def as_group(value: Any) -> Any:
    """Return the group that a path names; what is no such table is left as it is."""
    if not isinstance(value, Mapping):
        return value
    if set(value) != {"path"} or not isinstance(value["path"], str):
        raise ValueError(f'{shown(value)} is no group; expected a column, or {{ path = "CLUSTER_(\\\\d+)" }}')
    try:
        pattern_of(value["path"])
    except FivesigmaError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return PathGroup(path=value["path"])


Group = Annotated[Text | PathGroup, BeforeValidator(as_group)]


def with_classes(section: Any) -> Any:
    """Return ``[data]`` with the target and the classes that its files say.

    >>> with_classes({"files": {"b": "b.csv", "s": "s.csv"}})["classes"]
    ['b', 's']
    """
    files = section.get("files") if isinstance(section, Mapping) else None
    if not isinstance(files, Mapping):
        return section
    if section.get("target") not in (None, CLASS):
        raise ValueError(
            f"data.target: {shown(section['target'])} is given, and data.files says the class of each row; remove one"
        )
    said = {**section, "target": CLASS}
    return said if section.get("classes") is not None else {**said, "classes": list(files)}


def replaced(section: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return ``[data]`` with the files that the command line names, ``CLASS=PATH`` in place of those of a class.

    A path alone is a table that holds the classes itself, in its column ``class``.

    >>> replaced({"files": {"b": "b.csv", "s": "s.csv"}}, ["s=/d/other.csv"])
    {'files': {'b': 'b.csv', 's': ['/d/other.csv']}}
    """
    files = section.get("files")
    named = [each.partition("=") for each in given]
    if isinstance(files, Mapping) and all(equal and name in files for name, equal, _ in named):
        new: dict[str, list[str]] = {}
        for name, _, path in named:
            new.setdefault(name, []).append(_absolute(path))
        return {**section, "files": {**files, **new}}
    said = with_classes(section)
    kept = {key: value for key, value in said.items() if key not in ("source", "files")}
    return {**kept, "path": [_absolute(path) for path in given]}


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
