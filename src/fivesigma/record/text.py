"""Documents as JSON text with a line for each value, as `json.dumps` writes it with ``indent=1``.

The standard library has a compiled writer of lines without indent only. Here that writes each list of numbers or texts,
and each list of such lists, at the depth at which it stands; a quarter of the time.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import chain
from typing import Any

_SCALARS = frozenset({str, int, float, bool, type(None)})
_LISTS = frozenset({list, tuple})


def indented(document: Any) -> str:
    """Return ``document`` as JSON text without NaN or infinity, keys in the order given; `ValueError` of those.

    >>> print(indented({"a": [1, 2.5], "b": {}}))
    {
     "a": [
      1,
      2.5
     ],
     "b": {}
    }
    """
    return _text(document, 0)


def _text(value: Any, depth: int) -> str:
    """Return a value that stands ``depth`` levels deep."""
    if isinstance(value, dict) and value:
        if set(map(type, value)) != {str}:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).replace(
                "\n", _line(depth)
            )
        if set(map(type, value.values())) <= _SCALARS:
            return _spread(_writer(depth + 1).encode(value), depth)
        items = (f"{_writer(0).encode(key)}: {_text(item, depth + 1)}" for key, item in value.items())
        return _spread(f"{{{f',{_line(depth + 1)}'.join(items)}}}", depth)
    if isinstance(value, (list, tuple)) and value:
        kinds = set(map(type, value))
        if kinds <= _SCALARS:
            return _spread(_writer(depth + 1).encode(value), depth)
        if kinds <= _LISTS and all(value) and set(map(type, chain.from_iterable(value))) <= _SCALARS:
            return _of_lists(value, depth)
        return _spread(f"[{f',{_line(depth + 1)}'.join(_text(item, depth + 1) for item in value)}]", depth)
    return _writer(0).encode(value)


def _of_lists(value: Any, depth: int) -> str:
    """Return a list of lists of scalars: no text holds the end of a line, so that one between two lists is told."""
    inner, outer = _line(depth + 2), _line(depth + 1)
    written = _writer(depth + 2).encode(value)[2:-2].replace(f"],{inner}[", f"{outer}],{outer}[{inner}")
    return f"[{outer}[{inner}{written}{outer}]{_line(depth)}]"


def _spread(written: str, depth: int) -> str:
    """Let the brackets of what is written stand on lines of their own."""
    return f"{written[0]}{_line(depth + 1)}{written[1:-1]}{_line(depth)}{written[-1]}"


def _line(depth: int) -> str:
    return "\n" + " " * depth


@cache
def _writer(depth: int) -> json.JSONEncoder:
    """Return what writes scalars, and those of a list at ``depth`` on a line each."""
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(f",{_line(depth)}", ": "))
