"""The JSON schema of ``results.json``, for whoever reads runs with other tools.

``python -m fivesigma.record.schema`` writes ``results.schema.json`` anew after a change of the records.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from fivesigma.record.document import Sections, is_optional, is_union, keys, present
from fivesigma.record.results import SCHEMA, VERDICTS, Results
from fivesigma.record.sections import SECTIONS

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


def json_schema(sections: Sections = SECTIONS) -> dict[str, Any]:
    """Return the JSON schema of ``results.json``: every record has the keys that stand here and no more.

    Parameters
    ----------
    sections : those that may stand beside the keys of the results, a model, the data and the split; with those of
        other distributions, the schema allows theirs too

    >>> json_schema()["properties"]["schema"]
    {'enum': ['fivesigma.results/2']}
    >>> "path" in json_schema(())["$defs"]["ModelRecord"]["properties"]
    False
    """
    made = _Definitions(sections)
    made.reference(Results)
    draft = "https://json-schema.org/draft/2020-12/schema"
    top = made.found.pop("Results")
    return {"$schema": draft, "title": "The results of a fivesigma run", **top, "$defs": made.found}


def text() -> str:
    """Return the schema as the text of ``results.schema.json``."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _Definitions:
    """The definitions of all records that one record holds."""

    def __init__(self, sections: Sections) -> None:
        self.sections = sections
        self.found: dict[str, dict[str, Any]] = {}
        self._names: dict[type, str] = {}

    def reference(self, record: type) -> dict[str, Any]:
        """Add ``record`` and all it holds; return the reference to it."""
        if record not in self._names:
            taken = record.__name__ in self.found
            name = f"{record.__module__}.{record.__name__}" if taken else record.__name__
            self._names[record] = name
            self.found[name] = {}  # so that a record may hold its own kind
            self.found[name] = self._definition(record)
        return {"$ref": f"#/$defs/{self._names[record]}"}

    def _definition(self, record: type) -> dict[str, Any]:
        hints, about = get_type_hints(record), {"description": (record.__doc__ or "").splitlines()[0]}
        own = {
            key: self._key(record, field, hints[field.name], optional=is_optional(field))
            for key, field in keys(record).items()
        }
        if getattr(record, "inline", False):
            return about | next(iter(own.values()))
        holds = getattr(record, "holds", None)
        others = {each.key: self.reference(each) for each in self.sections if each.of == holds}  # type: ignore[attr-defined]
        return about | {
            "type": "object",
            "properties": own | others,
            "required": [key for key, field in keys(record).items() if not is_optional(field)],
            "additionalProperties": False,
        }

    def _key(
        self, record: type, field: dataclasses.Field[Any], hint: Any, *, optional: bool
    ) -> dict[str, Any]:
        words = _WORDS.get((record.__name__, field.name))
        return {"enum": list(words)} if words else self._type(present(hint) if optional else hint)

    def _type(self, hint: Any) -> dict[str, Any]:
        """Return the schema of what a type hint of the records allows."""
        if hint in _SIMPLE:
            return dict(_SIMPLE[hint])
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.reference(hint)
        inner = get_args(hint)
        if is_union(hint):
            return {"anyOf": [self._type(each) for each in inner]}
        if get_origin(hint) is tuple:
            return {"type": "array", "items": self._type(inner[0])}
        return {"type": "object", "additionalProperties": self._type(inner[1])}


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
