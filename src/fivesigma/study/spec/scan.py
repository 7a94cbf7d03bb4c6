"""The section ``[scan]`` of the study file: which places take which values, and how often each point is repeated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Scalar, Whole, as_scalar, shown

MOST_VALUES = 10_000
_WRITE = (
    "write { from = 0, to = 4, step = 0.1 }, { from = 1, to = 100, n = 5, log = true } or a list of values"
)


def as_values(value: Any) -> dict[str, Any] | tuple[Scalar, ...] | str:
    """Return what a scanned place may take: a span of numbers, a list of values, or the name of a place it follows."""
    if isinstance(value, str) and "." in value:
        return value
    if isinstance(value, Mapping):
        span = _span(value)
        values_of(span)
        return span
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(f"{shown(value)} are no values to scan; {_WRITE}")
    found = tuple(as_scalar(each) for each in value)
    if len({repr(each) for each in found}) < len(found):
        raise ValueError(
            f"{shown(list(found))} holds a value twice; write each once (repeats = N repeats all)"
        )
    return found


def _span(value: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(value) - {"from", "to", "step", "n", "log"})
    if unknown or not {"from", "to"} <= set(value):
        what = f"'{unknown[0]}' is unknown" if unknown else "from or to is missing"
        raise ValueError(f"{what}; {_WRITE}")
    log = value.get("log", False)
    if not isinstance(log, bool):
        raise ValueError(f"log = {shown(log)}; write true or false")
    if ("step" in value) == ("n" in value) or (log and "n" not in value):
        raise ValueError(f"a span has either a step or a number n of values (n with log = true); {_WRITE}")
    kept = {key: _number(key, value[key]) for key in ("from", "to", "step") if key in value}
    if "n" in value:
        kept["n"] = _whole(value["n"])
    if kept["from"] >= kept["to"] or kept.get("step", 1) <= 0 or (log and kept["from"] <= 0):
        raise ValueError(
            f"{shown(dict(value))} is no rising span; expected from < to, step > 0, and from > 0 with log = true"
        )
    return kept | ({"log": True} if log else {})


def _number(key: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{key} = {shown(value)} is not a number; write a finite number")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= MOST_VALUES:
        raise ValueError(
            f"n = {shown(value)} is not a number of values; write a whole number from 2 to {MOST_VALUES}"
        )
    return value


def values_of(given: Mapping[str, Any] | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """Return the values of a span or a list; the numbers of a step are those a person would write.

    >>> values_of({"from": 0, "to": 0.4, "step": 0.1})
    (0.0, 0.1, 0.2, 0.3, 0.4)
    >>> values_of({"from": 1, "to": 100, "n": 3, "log": True})
    (1, 10, 100)
    """
    if not isinstance(given, Mapping):
        return tuple(given)
    if "step" in given:
        first, last, step = (Decimal(repr(given[key])) for key in ("from", "to", "step"))
        n = int((last - first) / step) + 1
        if n > MOST_VALUES:
            raise ValueError(f"step = {given['step']} makes {n} values; write at most {MOST_VALUES}")
        whole = all(isinstance(given[key], int) for key in ("from", "step"))
        return tuple(int(first + i * step) if whole else float(first + i * step) for i in range(n))
    return tuple(_spaced(given))


def _spaced(given: Mapping[str, Any]) -> Iterator[int | float]:
    """Yield ``n`` values even in value or in log; whole numbers where both ends are and the value is."""
    first, last, n = given["from"], given["to"], given["n"]
    whole = isinstance(first, int) and isinstance(last, int)
    for i in range(n):
        t = i / (n - 1)
        value = first * (last / first) ** t if given.get("log") else first + (last - first) * t
        if i in (0, n - 1):
            value = first if i == 0 else last
        near = round(value)
        yield near if whole and abs(value - near) < 1e-9 * max(1.0, abs(value)) else float(f"{value:.12g}")


_SCALAR = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_SPAN = {
    "type": "object",
    "properties": {
        "from": {"type": "number"},
        "to": {"type": "number"},
        "step": {"type": "number", "exclusiveMinimum": 0},
        "n": {"type": "integer", "minimum": 2, "maximum": MOST_VALUES},
        "log": {"type": "boolean"},
    },
    "required": ["from", "to"],
}
ScanValues = Annotated[
    Any,
    PlainValidator(as_values),
    PlainSerializer(lambda value: list(value) if isinstance(value, tuple) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": _SCALAR, "minItems": 1},
                _SPAN,
                {"type": "object"},
            ]
        }
    ),
]


class ScanSection(Section):
    """One study at each point of a grid of its own settings; every other key is a dotted place and its values."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ScanValues]

    repeats: Annotated[Whole, Field(ge=1, le=10_000)] = 5
    """Studies at each point, each with a seed of its own."""

    @model_validator(mode="before")
    @classmethod
    def _dotted(cls, section: Any) -> Any:
        """A place may be written with or without quotes: nested tables become dotted keys."""
        return dict(_flat(section)) if isinstance(section, dict) else section

    @model_validator(mode="after")
    def _something(self) -> ScanSection:
        if not self.places:
            raise ValueError('scan names no place; add one, such as "source.rho" = [1, 2, 3]')
        for key, other in self.followers.items():
            if other not in self.places:
                raise ValueError(
                    f"scan.{key}: '{other}' is not scanned; expected one of {', '.join(self.places)}, whose value it "
                    "then has at every point"
                )
        return self

    @property
    def places(self) -> dict[str, tuple[Scalar, ...]]:
        """The values of each scanned place, in the order of the file."""
        return {
            key: values_of(v) for key, v in (self.__pydantic_extra__ or {}).items() if not isinstance(v, str)
        }

    @property
    def followers(self) -> dict[str, str]:
        """The places that have the value of another one at every point."""
        return {key: v for key, v in (self.__pydantic_extra__ or {}).items() if isinstance(v, str)}


def _flat(section: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        place = f"{above}.{key}" if above else str(key)
        inner = isinstance(value, Mapping) and value and not {"from", "to"} & set(value)
        if inner and place != "repeats":
            yield from _flat(value, place)
        else:
            yield place, value
