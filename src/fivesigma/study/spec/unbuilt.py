"""What the study file will be able to say and cannot yet: refused by name, never ignored.

Whoever builds the machinery of a key deletes its line here and adds the key to `fivesigma.study.spec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma._core.errors import StudyError

KEYS: dict[str, str] = {}
"""Dotted key (list positions left out) and the beginning of the sentence that refuses it, such as "ROOT files are"."""

KINDS: tuple[str, ...] = ()
METRICS: tuple[str, ...] = ()
"""Names that later versions will know; the registry and the table of metrics are asked first."""


def refuse_unbuilt(document: Mapping[str, Any], place: str) -> None:
    """Raise `StudyError` for the first thing in ``document`` that this version cannot do."""
    for dotted, what in KEYS.items():
        found = _find(document, dotted.split("."), "")
        if found:
            raise StudyError(f"{place}: {found}: {what} not in this version; remove the key.")


def _find(node: Any, keys: list[str], path: str) -> str:
    """Return the place of the dotted key in the document, or an empty string."""
    if isinstance(node, list):
        hits = (_find(item, keys, f"{path}[{i}]") for i, item in enumerate(node))
        return next((hit for hit in hits if hit), "")
    if not isinstance(node, Mapping) or keys[0] not in node:
        return ""
    here = f"{path}.{keys[0]}" if path else keys[0]
    return _find(node[keys[0]], keys[1:], here) if keys[1:] else here
