"""Units as text that travels with a column: read from a heading, shown on an axis; nothing is converted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fivesigma._core import expressions

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


def unit_of(text: str, units: Mapping[str, str]) -> str | None:
    """Return the unit of a column or expression: its own if named, ``dex`` of a log10, else None.

    A sum or difference of columns in one unit keeps that unit; of anything else nothing is guessed.

    >>> unit_of("pt", {"pt": "GeV"}), unit_of("log10(m)", {"m": "Msun"}), unit_of("pt * pt", {"pt": "GeV"})
    ('GeV', 'dex', None)
    """
    if text in units:
        return units[text]
    return "dex" if expressions.is_decimal_logarithm(text) else None
