"""JSON with one item a line, as the standard library indents it, by its encoder in C, which cannot indent.

What holds no other list or object is written by the encoder at once, with line breaks for separators; it is nearly
all of a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

_FLAT = frozenset({str, int, float, bool, type(None)})


def written(document: Any) -> str:
    """Return ``json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)``, sooner.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON does not have.

    >>> print(written({"a": [1, 2.5], "b": {}}))
    {
     "a": [
      1,
      2.5
     ],
     "b": {}
    }
    """
    return "".join(_parts(document, 1))


def _parts(value: Any, depth: int) -> Iterator[str]:
    """Write a value whose items stand behind ``depth`` blanks."""
    if not isinstance(value, (dict, list, tuple)) or not value:
        yield _encoder(depth).encode(value)
        return
    ends, items = ("{}", value.values()) if isinstance(value, dict) else ("[]", value)
    line = "\n" + " " * depth
    yield ends[0]
    if set(map(type, items)) <= _FLAT:
        yield line + _encoder(depth).encode(value)[1:-1]
    else:
        keys = (
            [_encoder(depth).encode({key: 0})[1:-1].removesuffix("0") for key in value]
            if ends == "{}"
            else None
        )
        for place, item in enumerate(items):
            yield (line if place == 0 else "," + line) + (keys[place] if keys else "")
            yield from _parts(item, depth + 1)
    yield line[:-1] + ends[1]


@cache
def _encoder(depth: int) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",\n" + " " * depth, ": "))
