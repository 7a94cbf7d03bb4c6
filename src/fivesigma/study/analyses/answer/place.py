"""Whether a dotted place of ``results.json`` can be in the record of a study, by the types of the record alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import did_you_mean
from fivesigma.record.leaderboard import CROSSFIT
from fivesigma.record.schema import json_schema
from fivesigma.study.finished.brought import record_sections
from fivesigma.study.prepared import Prepared

SHOWN = 12
"""Names that a sentence lists."""
_ANSWERS = ("Score", "ScanScore")
"""Records that a sentence can say as a whole."""


@dataclass(frozen=True)
class _Node:
    """What stands at a place: its schema, and the keys that led there, names of this study as ``*``."""

    schema: Mapping[str, Any]
    trail: tuple[str, ...] = ()


class Places:
    """The places of the results that a study will have."""

    def __init__(self, prepared: Prepared) -> None:
        self._schema = json_schema(record_sections())
        self._names = _names(prepared)

    def wrong(self, place: str) -> str:
        """Return what is wrong with a place; empty where the record of the study can hold it, as a number or text."""
        node, rest = _Node(self._schema), place
        while rest:
            node = self._resolved(node)
            known = self._keys(node, rest)
            key = next(
                (k for k in sorted(known, key=len, reverse=True) if f"{rest}.".startswith(f"{k}.")), None
            )
            if key is None:
                return self._unknown(rest, place.removesuffix(rest).rstrip("."), known)
            node, rest = self._below(node, key), rest[len(key) + 1 :]
        node = self._resolved(node)
        kept = _is_plain(node.schema) or node.schema.get("title") in _ANSWERS
        return "" if kept else self._unknown("", place, self._keys(node, ""))

    def _unknown(self, rest: str, above: str, known: Sequence[str]) -> str:
        """Return the sentence on a name that is not there, or on a place that holds more than one thing."""
        wrong = rest.partition(".")[0]
        listed = ", ".join(known[:SHOWN]) + (" or another" if len(known) > SHOWN else "")
        where = f"'{above}'" if above else "results.json"
        if not rest:
            behind = (
                f"expected one of {listed} behind it" if known else f"name one of them, such as {above}.0"
            )
            return f"{where} holds more than one number; {behind}"
        here = f"; expected one of {listed}" if known else ""
        if not known:
            return f"nothing stands below {where}; leave out '{wrong}'"
        return f"{where} has no '{wrong}' in this study{here}.{did_you_mean(wrong, known)}"

    def _resolved(self, node: _Node) -> _Node:
        """Return a node behind references, and what it is where it may also be null."""
        schema = node.schema
        for _ in range(8):
            forms = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                schema = {"title": name, **self._schema["$defs"][name]}
            elif forms:
                schema = forms[0]
        return _Node(schema, node.trail)

    def _keys(self, node: _Node, rest: str) -> list[str]:
        """Return the keys of a node; of a list any number, and of what nobody named before the run the ``rest``."""
        if "properties" in node.schema:
            return list(node.schema["properties"])
        if node.trail in self._names:
            return list(self._names[node.trail])
        first = rest.partition(".")[0]
        if "items" in node.schema:
            return [first] if first.isdigit() else []
        return [rest] if "additionalProperties" in node.schema and rest else []

    def _below(self, node: _Node, key: str) -> _Node:
        if "properties" in node.schema:
            return _Node(node.schema["properties"][key], (*node.trail, key))
        below = node.schema.get("items") or node.schema.get("additionalProperties") or {}
        return _Node(below, (*node.trail, "*"))


def _is_plain(schema: Mapping[str, Any]) -> bool:
    free = set(schema) <= {"description"}
    return free or schema.get("type") in ("string", "number", "integer", "boolean") or "enum" in schema


def _names(prepared: Prepared) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the names that this study has in the place of each ``*``."""
    models = tuple(entry.name for entry in prepared.plan.entries)
    crossfit = (CROSSFIT,) if prepared.spec.evaluate.crossfit else ()
    parts = ("train", "validation", *crossfit, *prepared.split.tests)
    metrics = tuple(metric.name for metric in prepared.metrics)
    model = ("models", "*")
    methods = (
        "permutation",
        "drop_column",
        "impurity",
        "shap",
        "integrated_gradients",
        "drop_best",
        "forward",
        "effects",
    )
    return {
        ("models",): models,
        (*model, "scores"): parts,
        (*model, "scores", "*"): metrics,
        (*model, "versus_baseline"): metrics,
        (*model, "versus_best"): metrics,
        ("data", "features"): prepared.data.names,
        **{("explain", method): models for method in methods},
    }
