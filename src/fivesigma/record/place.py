"""A dotted place in a document of results: keys, names of what stands in lists, or their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def at(document: Any, place: str) -> tuple[tuple[str, ...], Any] | None:
    """Return the keys of a dotted ``place`` and what stands there; None where the document has no such place.

    Names may hold dots: the longest that fits is taken first.

    >>> at({"models": [{"name": "lasso 0.1", "scores": {"r2": 0.5}}]}, "models.lasso 0.1.scores.r2")
    (('models', 'lasso 0.1', 'scores', 'r2'), 0.5)
    >>> at({"models": []}, "models.lasso") is None
    True
    """
    if not place:
        return (), document
    for key, below in sorted(_named(document), key=lambda pair: -len(pair[0])):
        if f"{place}.".startswith(f"{key}."):
            found = at(below, place[len(key) + 1 :])
            if found is not None:
                return (key, *found[0]), found[1]
    return None


def _named(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what stands below a node, by key, name or number."""
    if isinstance(node, Mapping):
        yield from node.items()
    elif isinstance(node, list):
        for number, each in enumerate(node):
            yield str(number), each
            if isinstance(each, Mapping) and isinstance(each.get("name"), str):
                yield each["name"], each
