"""Writing TOML: the standard library reads it, a run folder needs it written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(document: Mapping[str, Any]) -> str:
    """Return ``document`` as TOML that `tomllib.loads` reads back as the same document.

    Top-level mappings become ``[sections]``, lists of mappings ``[[sections]]``, deeper mappings inline
    tables; ``None`` (which TOML cannot say) is left out.

    Raises
    ------
    TypeError
        For a value that TOML has no word for.

    Examples
    --------
    >>> print(write_toml({"study": {"seed": 0}, "models": [{"kind": "tree", "params": {"max depth": 2}}]}))
    [study]
    seed = 0
    <BLANKLINE>
    [[models]]
    kind = "tree"
    params = { "max depth" = 2 }
    <BLANKLINE>
    """
    plain = {key: value for key, value in document.items() if not _is_section(value)}
    blocks = ["\n".join(_lines(plain))] if plain else []
    for name, value in document.items():
        if isinstance(value, Mapping):
            blocks.append("\n".join([f"[{key_text(name)}]", *_lines(value)]))
        elif _is_section(value):
            blocks.extend("\n".join([f"[[{key_text(name)}]]", *_lines(table)]) for table in value)
    return "\n\n".join(blocks) + "\n"


def _is_section(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return _is_list(value) and len(value) > 0 and all(isinstance(item, Mapping) for item in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if value is not None:
            yield f"{key_text(key)} = {value_text(value)}"


def key_text(key: str) -> str:
    """Return a key as TOML writes it: bare where it may be, quoted otherwise.

    >>> key_text("lepton 1 pT")
    '"lepton 1 pT"'
    """
    return key if _BARE.fullmatch(key) else _text(key)


def value_text(value: Any) -> str:
    """Return a value as TOML writes it on one line.

    >>> value_text({"a": [1, 2.5, True], "b": "x"})
    '{ a = [1, 2.5, true], b = "x" }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_lines(value)) + " }" if value else "{}"
    if _is_list(value):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    raise TypeError(f"TOML has no word for a {type(value).__name__}")


def _text(value: str) -> str:
    """JSON's string escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
