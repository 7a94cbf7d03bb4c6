"""One sentence for the first thing wrong with a study file, in the words of the file."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fivesigma._core.errors import did_you_mean
from fivesigma.study.spec.values import shown

_EXPECTED = {
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "tuple_type": "expected a list [...]",
    "dict_type": "expected a table {{ key = value }}",
    "model_type": "expected a table {{ key = value }}",
    "model_attributes_type": "expected a table {{ key = value }}",
    "literal_error": "expected {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected {le} or less",
    "string_too_short": "expected some text",
    "string_too_long": "expected at most {max_length} letters",
    "string_pattern_mismatch": "expected letters, digits, spaces and . _ + - only",
    "finite_number": "expected a finite number",
}


def sentence(error: ValidationError, document: Mapping[str, Any], root: type[BaseModel]) -> str:
    """Return the sentence for the first error of a document; an unknown key goes before all others.

    A misspelt key often leaves its right spelling missing, and the misspelling is what the user can mend.
    """
    errors = error.errors(include_url=False)
    first = next((item for item in errors if item["type"] == "extra_forbidden"), errors[0])
    kind = first["type"]
    keys = tuple(_in_document(first["loc"], document))
    if kind == "extra_forbidden":
        return unknown_key(keys, root)
    if kind == "missing":
        return _missing_key(first, keys)
    if kind == "value_error":
        return _own_words(first, keys)
    expected = _EXPECTED.get(kind, first["msg"][0].lower() + first["msg"][1:])
    if kind == "string_pattern_mismatch" and str(first.get("ctx", {}).get("pattern", "")).startswith("^[^:"):
        expected = "expected some text without a colon or control characters"
    got = shown(first["input"])
    return f"{dotted(keys)}: got {got}, {expected.format(**first.get('ctx', {}))}.{_suggestion(first)}"


def _suggestion(error: ErrorDetails) -> str:
    if error["type"] != "literal_error" or not isinstance(error["input"], str):
        return ""
    expected = str(error.get("ctx", {}).get("expected", "")).replace("'", "")
    return did_you_mean(error["input"], expected.replace(" or ", ", ").split(", "))


def _own_words(error: ErrorDetails, keys: tuple[int | str, ...]) -> str:
    message = str(error.get("ctx", {}).get("error", error["msg"]))
    where = dotted(keys)
    section = where.partition(".")[0].partition("[")[0]
    named = section and message.startswith((f"{section}.", f"{section}[", f"{section}:"))
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end}" if named or not where else f"{where}: {message}{end}"


def _missing_key(error: ErrorDetails, keys: tuple[int | str, ...]) -> str:
    name = str(error["loc"][-1])
    if keys and keys[-1] == name:
        keys = keys[:-1]
    if not keys and name == "data":
        return "the section [data] is missing; it names the table (path) and the column to predict (target)."
    remedy = "`fivesigma models` lists them" if name == "kind" else "add it"
    return f"{dotted((*keys, name))} is missing; {remedy}."


def unknown_key(keys: tuple[int | str, ...], root: type[BaseModel], options: Sequence[str] = ()) -> str:
    """Return the sentence for a key that no section knows; ``options`` are those of a reader beside it."""
    *parents, name = keys
    section = _section(root, parents)
    here = [*section.model_fields, *options]
    hint = did_you_mean(str(name), here) or f" Expected one of {', '.join(here)}."
    return f"{dotted(keys)}: unknown key.{_elsewhere(str(name), root, section) or hint}"


def _elsewhere(name: str, root: type[BaseModel], section: type[BaseModel]) -> str:
    """A key may be spelt right and stand in the wrong table."""
    if "params" in section.model_fields:
        near = did_you_mean(name, section.model_fields)
        return near or f" Settings of a kind go into params = {{ {name} = ... }}."
    for title, field in root.model_fields.items():
        other = _model_in(field.annotation)
        if other is not None and name in other.model_fields:
            return f" It belongs in [{title}]." if title != "models" else " It belongs in [[models]]."
    return ""


def _section(root: type[BaseModel], keys: list[int | str]) -> type[BaseModel]:
    """The section model that the keys lead to."""
    model = root
    for key in keys:
        field = model.model_fields.get(str(key))
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first section model inside a type such as ``tuple[ModelSection, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


def _in_document(location: tuple[int | str, ...], document: Any) -> Iterator[int | str]:
    """The part of an error's location that the user wrote; names of our types are left out."""
    node = document
    for key in location:
        if isinstance(node, Mapping) and key in node:
            node = node[str(key)]
            yield key
        elif isinstance(node, (list, tuple)) and isinstance(key, int) and key < len(node):
            node = node[key]
            yield key


def dotted(keys: tuple[int | str, ...]) -> str:
    """Return keys as a place in the file.

    >>> dotted(("models", 1, "kind"))
    'models[1].kind'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")
