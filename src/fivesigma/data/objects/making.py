"""The objects of a table: lists read, members chosen and put in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import expressions
from fivesigma._core.collection import Collection
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.jagged import Jagged
from fivesigma.data.objects.rules import Rules
from fivesigma.data.readers.table import Table

Array = NDArray[Any]


class Fields(Mapping[str, Array]):
    """The fields of all members of a collection by name, each made when it is asked for."""

    def __init__(self, of: Collection) -> None:
        self.of = of

    def __getitem__(self, name: str) -> Array:
        """Return one of them, (n_members,)."""
        if name not in self.of.names:
            raise KeyError(name)
        return self.of.field(name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over their names."""
        return iter(self.of.names)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.of.names)


def objects_of(
    table: Table, rules: Sequence[Rules], codes: Sequence[float | str] = ()
) -> dict[str, Collection]:
    """Return the objects of a table by name, in the order in which the rules stand.

    ``codes`` are values of the lists that mean a missing one.

    Raises
    ------
    InputError
        If a list is not there, lists of one object differ in length, a rule cannot be evaluated, or objects are kept
        away from each other in a circle.
    """
    made: dict[str, Collection] = {}
    for each in _in_order(rules):
        made[each.name] = _made(table, each, made, codes)
    return {each.name: made[each.name] for each in rules}


def _in_order(rules: Sequence[Rules]) -> list[Rules]:
    """Return the rules so that whatever is kept away from another comes after it."""
    left, done = {each.name: each for each in rules}, list[Rules]()
    for each in rules:
        for other in each.away_from:
            if other not in left or other == each.name:
                raise InputError(
                    f"objects.{each.name}.away_from: {other!r} is not another object; expected one of "
                    f"{', '.join(name for name in left if name != each.name) or 'none'}."
                    f"{did_you_mean(other, left)}"
                )
    while left:
        free = [each for each in left.values() if not left.keys() & each.away_from.keys()]
        if not free:
            raise InputError(
                f"objects {', '.join(left)} are kept away from each other in a circle; remove one away_from."
            )
        done += free
        left = {name: each for name, each in left.items() if each not in free}
    return done


def _made(
    table: Table, rules: Rules, others: Mapping[str, Collection], codes: Sequence[float | str]
) -> Collection:
    found = _read(table, rules, codes)
    if rules.select is not None:
        found = found.kept(_mask(found, rules.name, rules.select))
    for other, radius in rules.away_from.items():
        found = found.kept(_apart(found, others[other], radius))
    return found if rules.sort is None else _sorted(found, rules.name, rules.sort)


def _read(table: Table, rules: Rules, codes: Sequence[float | str]) -> Collection:
    for name in rules.lists:
        if name not in table.jagged:
            raise InputError(_absent(table, rules, name))
    lists = table.lists(rules.lists)
    words = (*rules.momentum, *rules.fields)
    fields = {word: lists[name] for word, name in zip(words, rules.lists, strict=True)}
    _check_lengths(rules, fields)
    if codes:
        blanked = {word: kinds.blanked(each.values, codes) for word, each in fields.items()}
        fields = {word: Jagged(blanked[word], each.offsets) for word, each in fields.items()}
    return Collection.of(rules.name, fields, momentum=rules.momentum, mass=rules.mass, fill=float(rules.fill))


def _absent(table: Table, rules: Rules, name: str) -> str:
    if name in table.names:
        return (
            f"objects.{rules.name}: the column {name!r} has one value (or array) an event; expected a list of any "
            "length in each."
        )
    hint = did_you_mean(name, table.jagged)
    listed = f" Lists of the table: {', '.join(table.jagged[:8])}." if table.jagged else ""
    return (
        f"objects.{rules.name}: the table has no list {name!r}.{hint or listed or ' It has no lists at all.'}"
    )


def _check_lengths(rules: Rules, fields: Mapping[str, Jagged]) -> None:
    """Refuse fields whose lists differ in length, or hold no numbers."""
    first = next(iter(fields))
    for word, column in fields.items():
        if column.values.dtype.kind not in "biuf":
            raise InputError(
                f"objects.{rules.name}: {rules.prefix}{word} holds no numbers; leave it out of the fields."
            )
        differ = np.flatnonzero(column.counts != fields[first].counts)
        if len(differ):
            event = int(differ[0])
            raise InputError(
                f"objects.{rules.name}: {rules.prefix}{first} has {fields[first].counts[event]} members in event "
                f"{event} and {rules.prefix}{word} has {column.counts[event]}; lists of one object "
                "have the same lengths: move the other to an object of its own."
            )


def _evaluated(found: Collection, key: str, text: str) -> Array:
    try:
        return expressions.evaluate(text, Fields(found))
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


def _mask(found: Collection, name: str, text: str) -> NDArray[np.bool_]:
    mask = _evaluated(found, f"objects.{name}.select", text)
    if mask.dtype.kind != "b":
        raise InputError(f"objects.{name}.select = {text!r} is not a condition; compare it with something.")
    return mask


def _apart(found: Collection, other: Collection, radius: float) -> NDArray[np.bool_]:
    from fivesigma.data.objects.kernels import apart

    if not other.momentum:
        raise InputError(
            f"objects.{found.name}.away_from: {other.name} has no momentum; add momentum = [...] to it."
        )
    angles = [
        np.ascontiguousarray(each.field(word), np.float64)
        for each in (found, other)
        for word in ("eta", "phi")
    ]
    kept: NDArray[np.bool_] = apart(*angles[:2], found.offsets, *angles[2:], other.offsets, float(radius))
    return kept


def _sorted(found: Collection, name: str, text: str) -> Collection:
    from fivesigma.data.objects.kernels import descending

    keys = _evaluated(found, f"objects.{name}.sort", text)
    if keys.dtype.kind not in "bf":
        raise InputError(f"objects.{name}.sort = {text!r} is no number; sort by a field such as pt.")
    keys = np.ascontiguousarray(np.where(np.isnan(keys), -np.inf, keys), dtype=np.float64)
    return found.take(descending(keys, found.offsets), found.offsets)
