"""The kinds of value a key of the study file may hold, each refused in one sentence when it is not one."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from fivesigma.study.toml import value_text

Scalar = str | int | float | bool

_SCALAR_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}


def as_scalar(value: Any) -> Scalar:
    """Return ``value`` if it is text, a finite number, or true or false; `ValueError` otherwise."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number; write a number")
    if isinstance(value, (str, int, float, bool)):
        return value
    raise ValueError(f"{shown(value)} is not a single value; expected text, a number, true or false")


def as_label(value: Any) -> str:
    """Return the text of a class label: ``1`` and ``1.0`` are both ``'1'``.

    >>> as_label(1.0), as_label("b"), as_label(True)
    ('1', 'b', 'True')
    """
    scalar = as_scalar(value)
    if isinstance(scalar, float) and scalar.is_integer():
        return str(int(scalar))
    return str(scalar)


def as_many(value: Any) -> Any:
    """One value, or a list of them, as a list."""
    return value if isinstance(value, (list, tuple)) else [value]


def as_search(value: Any) -> bool | dict[str, tuple[Scalar, ...]]:
    """Return what ``tune`` may be: true, false, or lists of what to try by parameter."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is neither true nor a table; write {{ max_depth = [2, 100] }}")
    return {key: _searched(key, item) for key, item in value.items()}


def _searched(key: str, item: Any) -> tuple[Scalar, ...]:
    if not isinstance(item, (list, tuple)) or len(item) < 2:
        raise ValueError(f"{key} = {shown(item)} leaves nothing to try; write [from, to] or a list of values")
    return tuple(as_scalar(each) for each in item)


def shown(value: Any, limit: int = 60) -> str:
    """Return ``value`` short enough to stand in a sentence."""
    try:
        text = repr(value) if isinstance(value, str) else value_text(value)
    except TypeError:  # dates and times, which TOML has and a study has no use for
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=1000)]
Sentence = Annotated[str, Strict(), StringConstraints(max_length=1000)]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Value = Annotated[Scalar, PlainValidator(as_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
Label = Annotated[str, PlainValidator(as_label), WithJsonSchema(_SCALAR_SCHEMA)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(as_many)]
Values = Annotated[tuple[Value, ...], BeforeValidator(as_many)]
Search = Annotated[
    bool | dict[str, tuple[Scalar, ...]],
    PlainValidator(as_search),
    PlainSerializer(lambda value: value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "boolean"},
                {"type": "object", "additionalProperties": {"type": "array", "items": _SCALAR_SCHEMA}},
            ]
        }
    ),
]
