"""The kinds of value a key of the study file may hold, each refused in one sentence when it is not one."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from fivesigma._core.errors import one_of
from fivesigma.features.images.families import FAMILIES, family
from fivesigma.features.reduction import KINDS, RANKS, Reduction
from fivesigma.study.spec.toml import value_text

Scalar = str | int | float | bool

MOST_LAMBDAS = 1000

_SCALAR_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_SETTINGS_BY_COLUMN = {"type": "object", "additionalProperties": _SCALAR_SCHEMA}
_SETTINGS_IN_ORDER = {
    "type": "array",
    "items": {"anyOf": [*_SCALAR_SCHEMA["anyOf"], {"type": "array", "items": _SCALAR_SCHEMA}]},
}


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


def as_grid(value: Any) -> bool | dict[str, float] | tuple[Scalar, ...]:
    """Return the values of a setting that a curve is drawn over: a list, a span even in log, or true."""
    if value is True:
        return True
    if isinstance(value, dict):
        if not {"from", "to"} <= set(value) <= {"from", "to", "n"}:
            raise ValueError(f"{shown(value)} is not a span; write {{ from = 1, to = 100, n = 12 }}")
        n = value.get("n", 12)
        if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= MOST_LAMBDAS:
            raise ValueError(f"n = {shown(n)}; write a whole number from 2 to {MOST_LAMBDAS}")
        low, high = (_positive(value[end], "the end of a span even in log") for end in ("from", "to"))
        return {"from": low, "to": high, "n": n}
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise ValueError(f"{shown(value)} makes no curve; write a list of values, a span, or true")
    return tuple(as_scalar(each) for each in value)


def as_lambdas(value: Any) -> dict[str, float] | tuple[float, ...]:
    """Return what ``lambdas`` may be: a span even in log, or numbers, positive and sorted."""
    if isinstance(value, dict):
        return _span(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(
            f"{shown(value)} are no λ; write {{ from = 1e-2, to = 1e5, n = 50 }} or a list of numbers"
        )
    found = tuple(_positive(each) for each in value)
    steps = [b - a for a, b in pairwise(found)]
    if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        raise ValueError("λ are not sorted, or one is repeated; write them rising or falling")
    return found


def _span(value: dict[str, Any]) -> dict[str, float]:
    if unknown := sorted(set(value) - {"from", "to", "n"}) or not {"from", "to"} <= set(value):
        what = f"'{unknown[0]}' is unknown" if isinstance(unknown, list) else "from or to is missing"
        raise ValueError(f"{what}; write {{ from = 1e-2, to = 1e5, n = 50 }}")
    n = value.get("n", 50)
    if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= MOST_LAMBDAS:
        raise ValueError(
            f"n = {shown(n)} is not a number of λ; write a whole number from 2 to {MOST_LAMBDAS}"
        )
    low, high = _positive(value["from"]), _positive(value["to"])
    if low == high:
        raise ValueError(f"from and to are both {low:g}; write two different λ, or a list of one")
    return {"from": low, "to": high, "n": n}


def _positive(value: Any, what: str = "a λ") -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{shown(value)} is not {what}; write positive numbers")
    return float(value)


def as_loss(value: Any) -> str | dict[str, str | float]:
    """Return what ``loss`` may be: a name, or a table of a name and its settings."""
    if isinstance(value, str) and value:
        return value
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ValueError(f"{shown(value)} is not a loss; write a name, or {{ name = 'huber', delta = 1.0 }}")
    rest = {key: _positive_setting(key, each) for key, each in value.items() if key != "name"}
    return {"name": value["name"], **rest}


def _positive_setting(key: str, value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{key} = {shown(value)}; write a positive number")
    return float(value)


def as_setting(value: Any) -> Scalar | dict[str, Scalar] | list[Any]:
    """Return what a fixed setting may be: a single value, a table of them by column, or a list of them.

    >>> as_setting([[50, 20], [100]])
    [[50, 20], [100]]
    """
    if isinstance(value, dict):
        return {str(key): as_scalar(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [list(map(as_scalar, each)) if isinstance(each, list) else as_scalar(each) for each in value]
    return as_scalar(value)


def as_reduce(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the steps of ``reduce``: false for none, a table, or a list of tables.

    >>> as_reduce({"kind": "pca", "n": 5})
    ({'kind': 'pca', 'n': 5},)
    """
    if value is False:
        return ()
    steps = [value] if isinstance(value, dict) else value
    if not isinstance(steps, (list, tuple)) or not all(isinstance(each, dict) for each in steps):
        raise ValueError(
            f"{shown(value)} is no step; write {{ kind = 'pca', n = 5 }}, a list of these, or false"
        )
    return tuple(_step(each) for each in steps)


def _step(table: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(table) - {"kind", "n", "rank"}):
        raise ValueError(f"'{unknown[0]}' is unknown in a step; expected kind, n or rank")
    if missing := [key for key in ("kind", "n") if key not in table]:
        raise ValueError(f"{missing[0]} is missing in a step; write {{ kind = 'pca', n = 5 }}")
    n = tuple(table["n"]) if isinstance(table["n"], list) else table["n"]
    step = Reduction(**{**table, "n": n})
    kept = {"kind": step.kind, "n": list(n) if isinstance(n, tuple) else n}
    return kept | ({"rank": step.rank} if step.kind == "rfe" else {})


def as_families(value: Any) -> tuple[str | dict[str, Any], ...]:
    """Return the families of image features that are asked for: names, or tables with a kind and its settings.

    >>> as_families("gini"), as_families([{"kind": "power"}])
    (('gini',), ({'kind': 'power'},))
    """
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    if not several or not all(isinstance(each, (str, dict)) for each in several):
        raise ValueError(
            f"{shown(value)} is no family of image features; write a list such as ['moments', 'power']"
        )
    for each in several:
        if isinstance(each, dict):
            family(each)
        else:
            one_of(each, FAMILIES, "family of image features")
    return tuple(several)


Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=1000)]
Sentence = Annotated[str, Strict(), StringConstraints(max_length=1000)]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Value = Annotated[Scalar, PlainValidator(as_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
Setting = Annotated[
    Scalar | dict[str, Scalar] | list[Any],
    PlainValidator(as_setting),
    PlainSerializer(lambda value: value),
    WithJsonSchema({"anyOf": [*_SCALAR_SCHEMA["anyOf"], _SETTINGS_BY_COLUMN, _SETTINGS_IN_ORDER]}),
]
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
Grid = Annotated[
    bool | dict[str, float] | tuple[Scalar, ...],
    PlainValidator(as_grid),
    PlainSerializer(lambda value: list(value) if isinstance(value, tuple) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": True},
                {"type": "array", "items": _SCALAR_SCHEMA, "minItems": 2},
                {
                    "type": "object",
                    "properties": {
                        "from": {"type": "number"},
                        "to": {"type": "number"},
                        "n": {"type": "integer"},
                    },
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
_NUMBERS = {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}, "minItems": 1}
_SPAN = {
    "type": "object",
    "properties": {
        "from": {"type": "number", "exclusiveMinimum": 0},
        "to": {"type": "number", "exclusiveMinimum": 0},
        "n": {"type": "integer", "minimum": 2, "maximum": MOST_LAMBDAS},
    },
    "required": ["from", "to"],
    "additionalProperties": False,
}
Lambdas = Annotated[
    dict[str, float] | tuple[float, ...],
    PlainValidator(as_lambdas),
    PlainSerializer(lambda value: value if isinstance(value, dict) else list(value)),
    WithJsonSchema({"anyOf": [_SPAN, _NUMBERS]}),
]
LossName = Annotated[
    str | dict[str, str | float],
    PlainValidator(as_loss),
    PlainSerializer(lambda value: value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "properties": {"name": {"type": "string"}},
                    "required": ["name"],
                    "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                },
            ]
        }
    ),
]
_STEP = {
    "type": "object",
    "properties": {
        "kind": {"enum": list(KINDS)},
        "n": {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
                {"const": "tuned"},
            ]
        },
        "rank": {"enum": list(RANKS)},
    },
    "required": ["kind", "n"],
    "additionalProperties": False,
}
_FAMILY = {
    "anyOf": [
        {"enum": list(FAMILIES)},
        {"type": "object", "properties": {"kind": {"enum": list(FAMILIES)}}, "required": ["kind"]},
    ]
}
ImageFamilies = Annotated[
    tuple[Any, ...],
    PlainValidator(as_families),
    PlainSerializer(list),
    WithJsonSchema({"anyOf": [_FAMILY, {"type": "array", "items": _FAMILY, "minItems": 1}]}),
]
Reduce = Annotated[
    tuple[dict[str, Any], ...],
    PlainValidator(as_reduce),
    PlainSerializer(lambda value: [dict(each) for each in value]),
    WithJsonSchema({"anyOf": [_STEP, {"type": "array", "items": _STEP}, {"const": False}]}),
]
