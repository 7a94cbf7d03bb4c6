"""What differs between the studies of two runs, in words: their files, settings, models, columns and versions."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from fivesigma._core.errors import FivesigmaError
from fivesigma.study.finished.entrant import Entrant, same_file
from fivesigma.study.spec.document import Spec

_UNSAID = frozenset({"study.question", "study.answer", "data.path", "models"})
_LONGEST = 60
_PACKAGES = 3  # so many packages of other versions are named


def changes(a: Entrant, b: Entrant) -> list[str]:
    """Return what is otherwise in the study of ``b`` than in that of ``a``, in a few words each."""
    mine, other = (_document(each) for each in (a, b))
    settings = list(_settings(_flat(mine), _flat(other)))
    models = list(_models(mine.get("models", ()), other.get("models", ())))
    return [*_files(a, b), *settings, *_columns(a, b, settings), *models, *_versions(a, b)]


def _document(entrant: Entrant) -> dict[str, Any]:
    """Return a study with its defaults of today; as it was written, where today's code cannot read it."""
    try:
        return Spec.read(entrant.folder.study).to_document()
    except FivesigmaError:
        return tomllib.loads(entrant.folder.study.read_text(encoding="utf-8"))


def _flat(document: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Return the settings by their dotted keys.

    >>> _flat({"study": {"seed": 1}, "models": []})
    {'study.seed': 1}
    """
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = f"{place}.{key}" if place else key
        if name in _UNSAID:
            continue
        found |= _flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def _files(a: Entrant, b: Entrant) -> Iterator[str]:
    if same_file(a, b):
        return
    names = [
        ", ".join(PurePath(str(each["path"])).name for each in entrant.manifest.get("data", ()))
        for entrant in (a, b)
    ]
    if a.result.results.data.sha256 != b.result.results.data.sha256 and names[0] == names[1]:
        yield f"{names[0] or 'its data'} has another content"
    elif names[0] != names[1]:
        yield f"its data are {names[1]}, in place of {names[0]}"


def _settings(mine: Mapping[str, Any], other: Mapping[str, Any], of: str = "") -> Iterator[str]:
    """Yield the settings that are of another value, more, or no longer there."""
    for key in [*mine, *(key for key in other if key not in mine)]:
        if key in mine and key in other and mine[key] == other[key]:
            continue
        yield of + _one(key, mine.get(key), other.get(key), key in mine, key in other)


def _one(key: str, mine: Any, other: Any, was: bool, is_there: bool) -> str:
    if was and is_there and isinstance(mine, list) and isinstance(other, list):
        return f"{key} {_listed(mine, other)}"
    if was and is_there:
        return f"{key} = {_shown(other)} in place of {_shown(mine)}"
    return f"{key} = {_shown(other)} is new" if is_there else f"{key} = {_shown(mine)} is not given"


def _listed(mine: Sequence[Any], other: Sequence[Any]) -> str:
    """Return how a list changed: what is more, what is less, or its order.

    >>> _listed(["a", "b"], ["b", "c"]), _listed(["a", "b"], ["b", "a"])
    ("also has 'c'; lacks 'a'", 'is in another order')
    """
    more, less = ([x for x in one if x not in two] for one, two in ((other, mine), (mine, other)))
    said = [f"also has {', '.join(map(repr, more))}"] if more else []
    said += [f"lacks {', '.join(map(repr, less))}"] if less else []
    return "; ".join(said) or "is in another order"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _columns(a: Entrant, b: Entrant, settings: Sequence[str]) -> Iterator[str]:
    """Yield how the columns that models saw differ, where no setting has said it."""
    mine, other = ([each.name for each in entrant.result.results.data.features] for entrant in (a, b))
    if mine != other and not any(each.startswith("data.features") for each in settings):
        yield f"its columns: {_listed(mine, other)}"


def _models(mine: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the models that are more, less, or of other settings, by name."""
    ours, theirs = (
        {str(each.get("name", each.get("kind"))): each for each in every} for every in (mine, other)
    )
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name in ours and name in theirs:
            yield from _settings(_flat(ours[name]), _flat(theirs[name]), of=f"{name}: ")
        else:
            yield f"{name} is {'one model more' if name in theirs else 'not among its models'}"


def _versions(a: Entrant, b: Entrant) -> Iterator[str]:
    mine, other = (dict(entrant.manifest.get("versions", {})) for entrant in (a, b))
    changed = [name for name in other if name in mine and mine[name] != other[name]]
    for name in changed[:_PACKAGES]:
        yield f"{name} {other[name]} in place of {mine[name]}"
    if len(changed) > _PACKAGES:
        yield f"{len(changed) - _PACKAGES} more packages of other versions"
