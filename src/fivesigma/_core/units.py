"""Units as text that travels with a column: read from a heading, shown on an axis; nothing is converted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from fivesigma._core import expressions

_COMPOUND = re.compile(r"[/* ·^]")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_HEADING = re.compile(r"^\s*(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]*)\]\s*$")


def split_unit(heading: str) -> tuple[str, str | None]:
    """Split a heading into the name and the unit in square brackets at its end.

    >>> split_unit("pt [GeV]"), split_unit("eta"), split_unit("ratio []")
    (('pt', 'GeV'), ('eta', None), ('ratio', None))
    """
    match = _HEADING.match(heading)
    if match is None:
        return heading.strip(), None
    return match["name"], match["unit"].strip() or None


def label(name: str, unit: str | None = None) -> str:
    """Return what stands on an axis: the name, and the unit in square brackets if there is one.

    >>> label("pt", "GeV"), label("eta")
    ('pt [GeV]', 'eta')
    """
    return f"{name} [{unit}]" if unit else name


def power(unit: str, exponent: int) -> str:
    """Return a unit to a power.

    >>> power("mm", 2), power("km/s", 2), power("g", 1)
    ('mm²', '(km/s)²', 'g')
    """
    if exponent == 1:
        return unit
    return f"{f'({unit})' if _COMPOUND.search(unit) else unit}{str(exponent).translate(_SUPERSCRIPT)}"


def product(units: Sequence[str]) -> str:
    """Return the unit of a product, equal ones as a power; "" of none.

    >>> product(["mm", "g"]), product(["mm", "mm"]), product(["km/s", "mm"]), product([])
    ('mm g', 'mm²', '(km/s) mm', '')
    """
    times = Counter(units)
    alone = len(times) == 1
    return " ".join(
        f"({unit})" if n == 1 and not alone and _COMPOUND.search(unit) else power(unit, n)
        for unit, n in times.items()
    )


def quotient(unit: str | None, of: Sequence[str]) -> str | None:
    """Return ``unit`` over the product of the units ``of``; None where there is none of them.

    >>> quotient("g", ["mm"]), quotient("g", ["mm", "mm"]), quotient("g", ["mm", "s"]), quotient("g", ["km/h"])
    ('g/mm', 'g/mm²', 'g/(mm s)', 'g/(km/h)')
    >>> quotient("g", ["km/h", "km/h"])
    'g/(km/h)²'
    >>> quotient(None, ["mm"]), quotient("km/h", ["mm"]), quotient("g", []), quotient(None, [])
    ('1/mm', '(km/h)/mm', 'g', None)
    """
    below = product(of)
    if not below:
        return unit
    alone = len(set(of)) == 1 and len(of) > 1  # a power of one unit, which has its own brackets
    over = f"({unit})" if unit and _COMPOUND.search(unit) else unit or "1"
    return f"{over}/{f'({below})' if _COMPOUND.search(below) and not alone else below}"


def unit_of(text: str, units: Mapping[str, str]) -> str | None:
    """Return the unit of a column or expression: its own if named, ``dex`` of a log10, else None.

    Of any other expression nothing is guessed.

    >>> unit_of("pt", {"pt": "GeV"}), unit_of("log10(m)", {"m": "Msun"}), unit_of("pt * pt", {"pt": "GeV"})
    ('GeV', 'dex', None)
    """
    if text in units:
        return units[text]
    return "dex" if expressions.is_decimal_logarithm(text) else None
