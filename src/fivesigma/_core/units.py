"""Units as text that travels with a column: read from a heading, shown on an axis, and that of an expression."""

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
    """Return the unit of a column or expression: its own if named, ``dex`` of a log10, else as products have it.

    The units of the fields of objects are called as in ``muon.pt``. None where a column has none that is known, and of
    a product with a number, which may be there to change the unit.

    >>> known = {"pt": "GeV", "px": "GeV", "m": "Msun"}
    >>> unit_of("pt", known), unit_of("log10(m)", known), unit_of("pt * px", known)
    ('GeV', 'dex', 'GeV²')
    >>> unit_of("sqrt(pt**2 + px**2)", known), unit_of("mass(l0 + l1)", {"l0.pt": "GeV"})
    ('GeV', 'GeV')
    >>> unit_of("pt / 1000", known), unit_of("pt * x", known), unit_of("pt / px", known)
    (None, None, None)
    """
    if text in units:
        return units[text]
    if expressions.is_decimal_logarithm(text):
        return "dex"
    objects = {name.partition(".")[0] for name in units if "." in name} - units.keys()
    found = expressions.unit(text, units, objects) if units else None
    return None if found is None else written(found)


def with_expressions(units: Mapping[str, str], made: Mapping[str, str]) -> dict[str, str]:
    """Return units of columns with those of the columns ``made`` by expressions, which may use each other in order.

    >>> with_expressions({"px": "GeV", "py": "GeV"}, {"p2": "px**2 + py**2", "p": "sqrt(p2)", "x": "sin(px)"})["p"]
    'GeV'
    """
    found = dict(units)
    for name, text in made.items():
        if name not in found and (unit := unit_of(text, found)) is not None:
            found[name] = unit
    return found


def written(unit: expressions.Unit) -> str | None:
    """Return a unit as it stands on an axis; None of a pure number.

    >>> from fractions import Fraction
    >>> written(expressions.Unit((("km/s", Fraction(2)), ("g", Fraction(1)), ("mm", Fraction(-1)))))
    '((km/s)² g)/mm'
    """
    if any(power.denominator > 1 for _, power in unit.powers):
        return " ".join(
            f"{_bracketed(text)}^({power})" if power != 1 else text for text, power in unit.powers
        )
    above = [text for text, power in unit.powers for _ in range(int(power))]
    below = [text for text, power in unit.powers for _ in range(-int(power))]
    return quotient(product(above) or None, below)


def _bracketed(text: str) -> str:
    return f"({text})" if _COMPOUND.search(text) else text
