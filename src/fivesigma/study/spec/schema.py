"""The JSON schema of the study file: editors complete and check with it as one types.

``python -m fivesigma.study.spec.schema`` writes ``spec.schema.json`` anew after a change of the sections.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fivesigma.data import readers
from fivesigma.study.spec.document import Spec

PATH = Path(__file__).with_name("spec.schema.json")


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the study file.

    >>> json_schema()["title"]
    'A fivesigma study'
    """
    schema = Spec.model_json_schema(mode="validation")
    schema["$defs"]["ModelSection"]["required"] = ["kind"]  # the name is filled in from the kind
    for section, key in (("DataSection", "path"), ("DataSection", "missing"), ("TestRows", "value")):
        _one_or_many(schema["$defs"][section]["properties"][key])
    for section in ("DataSection", "Join"):
        _options_of_readers(schema["$defs"][section])
    _forms_of_test(schema["$defs"]["SplitSection"]["properties"]["test"])
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, **schema, "title": "A fivesigma study"}


def _options_of_readers(section: dict[str, Any]) -> None:
    """The keys that no field claims are options of the table's reader: here those of the formats of this package."""
    for reader in readers.own_readers():
        for option in reader.options:
            section["properties"].setdefault(option, {"description": f"Option of {reader.name} files."})
    section["additionalProperties"] = False


def _one_or_many(key: dict[str, Any]) -> None:
    """A list of one may be written without its brackets."""
    lists = [form for form in key.get("anyOf", [key]) if form.get("type") == "array"]
    rest = {name: value for name, value in key.items() if name in ("default", "description", "title")}
    items = lists[0]["items"]
    key.clear()
    key.update(rest, anyOf=[items, {"type": "array", "items": items}])


def _forms_of_test(key: dict[str, Any]) -> None:
    """``split.test`` may be one test set without a name, or false for none."""
    forms = key.get("anyOf") or key["oneOf"]
    key.pop("oneOf", None)
    key["anyOf"] = [*forms, {"$ref": "#/$defs/TestRows"}, {"const": False}]


def text() -> str:
    """Return the schema as the text of ``spec.schema.json``."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
