"""The ``[objects.NAME]`` sections of a starter study: what the names of lists speak of, tried on some events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fivesigma._core.documentation import see
from fivesigma._core.errors import InputError
from fivesigma.data import tables
from fivesigma.data.objects.making import objects_of
from fivesigma.data.objects.recognised import recognised
from fivesigma.data.objects.rules import Rules
from fivesigma.data.readers.table import Table, WholeTable
from fivesigma.study.spec.toml import key_text, value_text

MOST_OBJECTS = 8
MOST_FIELDS = 8
_TRIED = 1000  # events whose lists are read


def objects_in(path: str | Path, options: Mapping[str, Any] | None = None) -> tuple[Rules, ...]:
    """Return the objects that the lists of a table speak of, those that can be made of its first events.

    ``options`` are those of the table's format.
    """
    with tables.opened(path, **(options or {})) as table:
        found = (_made(table, each) for each in recognised(table.jagged))
        return tuple(each for each in found if each is not None)[:MOST_OBJECTS]


def _made(table: Table, rules: Rules) -> Rules | None:
    """Return the rules with the fields that hold numbers; None where the lists are no object."""
    some = table.lists(rules.lists, 0, min(_TRIED, table.n_rows))
    numeric = {name for name, each in some.items() if each.values.dtype.kind in "biuf"}
    fields = tuple(word for word in rules.fields if f"{rules.prefix}{word}" in numeric)
    told = sorted(fields, key=lambda word: word.lower() != "charge")
    kept = replace(rules, fields=tuple(told[:MOST_FIELDS]))
    try:
        objects_of(WholeTable({}, {}, some), [kept])
    except InputError:
        return None
    return kept


def sections(rules: Sequence[Rules]) -> Iterator[str]:
    """Yield the lines of the sections, and of what else may be said where there are objects."""
    for each in rules:
        yield f"[objects.{key_text(each.name)}]"
        yield f"prefix = {value_text(each.prefix)}"
        yield f"momentum = {value_text(list(each.momentum))}"
        if each.fields:
            yield f"fields = {value_text(list(each.fields))}"
        yield 'sort = "pt"'
        yield f'# select = "pt > 10 and abs(eta) < 2.4" # {each.name}s that count'
        yield ""
    if rules:
        first = rules[0].name
        yield "# [cuts] # in order; the cut flow stands on the page"
        yield f'# two = "count({first}) >= 2"'
        yield ""


def observables(rules: Sequence[Rules]) -> Iterator[str]:
    """Yield the line of ``[features]`` that says what can be computed of objects."""
    if rules:
        name = rules[0].name
        said = [f"count({name})", f"{name}[0].pt", f"mass({name}[0] + {name}[1])"]
        yield f"# observables = {value_text(said)} # features of objects; {see('kinematics')}"
