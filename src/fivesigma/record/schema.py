"""The JSON schema of ``results.json``, for whoever reads runs with other tools.

``python -m fivesigma.record.schema`` writes ``results.schema.json`` anew after a change of the records.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from fivesigma.record.results import SCHEMA, VERDICTS, Results

PATH = Path(__file__).with_name("results.schema.json")

_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Results", "schema"): (SCHEMA,),
    ("ModelRecord", "status"): ("ok", "failed", "skipped"),
    ("Audit", "status"): ("ok", "warning", "failed"),
    ("Claim", "verdict"): VERDICTS,
}
"""Keys that hold one of a few words, by record and name."""

_SIMPLE: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of ``results.json``.

    A record that capabilities add sections to is open; every other one has the keys that stand here and no more.

    >>> json_schema()["properties"]["schema"]
    {'enum': ['fivesigma.results/1']}
    """
    definitions: dict[str, Any] = {}
    _define(Results, definitions)
    draft = "https://json-schema.org/draft/2020-12/schema"
    top = definitions.pop("Results")
    return {"$schema": draft, "title": "The results of a fivesigma run", **top, "$defs": definitions}


def text() -> str:
    """Return the schema as the text of ``results.schema.json``."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _define(record: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Add ``record`` and all it holds to the definitions; return the reference to it."""
    if record.__name__ not in definitions:
        definitions[record.__name__] = {}  # so that a record may hold its own kind
        hints = get_type_hints(record)
        names = [field.name for field in dataclasses.fields(record)]
        keys = {name: _key(record, name, hints[name], definitions) for name in names if name != "sections"}
        definitions[record.__name__] = {
            "type": "object",
            "description": (record.__doc__ or "").splitlines()[0],
            "properties": keys,
            "required": list(keys),
            "additionalProperties": "sections" in names,
        }
    return {"$ref": f"#/$defs/{record.__name__}"}


def _key(record: type, name: str, hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    words = _WORDS.get((record.__name__, name))
    return {"enum": list(words)} if words else _type(hint, definitions)


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what a type hint of the records allows."""
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _define(hint, definitions)
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_type(each, definitions) for each in inner]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _type(inner[0], definitions)}
    return {"type": "object", "additionalProperties": _type(inner[1], definitions)}


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
