"""The JSON schema of the study file: editors complete and check with it as one types.

``python -m fivesigma.study.spec.schema`` writes ``spec.schema.json`` anew after a change of the sections.
"""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from fivesigma.data import readers
from fivesigma.study.spec.document import Spec

PATH = Path(__file__).with_name("spec.schema.json")


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the study file.

    >>> json_schema()["title"]
    'A fivesigma study'
    """
    schema = Spec.model_json_schema(mode="validation")
    for each in _sections(Spec):
        _describe(schema if each is Spec else schema["$defs"].get(each.__name__, {}), each, schema["$defs"])
    schema["$defs"]["ModelSection"]["required"] = ["kind"]  # the name is filled in from the kind
    for section, key in (("DataSection", "path"), ("DataSection", "missing"), ("TestRows", "value")):
        _one_or_many(schema["$defs"][section]["properties"][key])
    for section in ("DataSection", "Join"):
        _options_of_readers(schema["$defs"][section])
    _forms_of_test(schema["$defs"]["SplitSection"]["properties"]["test"])
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, **schema, "title": "A fivesigma study"}


def _sections(section: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a section with those that it holds, each once."""
    found = [section]
    for each in found:
        held = (one for field in each.model_fields.values() for one in _within(field.annotation))
        found.extend(one for one in dict.fromkeys(held) if one not in found)
    return found


def _within(hint: Any) -> list[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [one for part in get_args(hint) for one in _within(part)]


def _describe(document: dict[str, Any], section: type[BaseModel], others: dict[str, Any]) -> None:
    """Put the texts under the fields of a section, and of those that it builds on, where ``others`` do not say it."""
    for kind in reversed(section.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            for name, text in _texts(kind).items():
                key = section.model_fields[name].alias or name
                place = document.get("properties", {}).get(key, {})
                if others.get(str(place.get("$ref")).rpartition("/")[2], {}).get("description") != text:
                    place["description"] = text


def _texts(section: type[BaseModel]) -> dict[str, str]:
    """Return the text that stands under each field."""
    body = ast.parse(inspect.getsource(section)).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


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
