"""Expressions over columns: a walk over an allow-list of the syntax tree; nothing in a text is executed.

``log10(M_500)``, ``n_jet >= 2 and met > 30``, ``where(isfinite(z), z, 0)``, ```lepton 1 pT` / 2``,
``species == "Adelie"``, ``run in (1, 2)``. Names with odd characters stand in backquotes. Numbers are float64,
truth values count as 0 and 1 in arithmetic, and a comparison with a missing value is false, as in NumPy. Whole
numbers beyond 2⁵³ (identifiers) keep every digit where they are compared, and in ``+ - * // %``, ``where``,
``min``, ``max`` and ``abs`` of whole numbers; the other functions take them as float64.

Where objects or four-vectors are declared, ``muon[0].pt``, ``count(muon)``, ``sum(jet.pt)``, ``mass(l0 + l1)`` are
allowed too (``docs/kinematics.md``).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.collection import NOTHING, Declared
from fivesigma._core.errors import InputError
from fivesigma._core.expressions.dimensions import Unit, converted
from fivesigma._core.expressions.dimensions import unit as unit_of_tree
from fivesigma._core.expressions.functions import CONSTANTS, FUNCTIONS, Function
from fivesigma._core.expressions.grammar import MAX_DEPTH, MAX_LENGTH, Parsed, descend, parse, refusal
from fivesigma._core.expressions.grammar import is_decimal_logarithm as dex
from fivesigma._core.expressions.values import as_column, find
from fivesigma._core.expressions.walk import MAX_POWER, Walk

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_POWER",
    "Function",
    "Unit",
    "evaluate",
    "is_azimuth",
    "is_decimal_logarithm",
    "names",
    "quoted",
    "unit",
]


def evaluate(
    text: str,
    columns: Mapping[str, NDArray[Any]],
    objects: Declared = NOTHING,
    units: Mapping[str, str] | None = None,
) -> NDArray[Any]:
    """Evaluate ``text`` over ``columns``, each of shape (n,); return float64, bool or text of shape (n,).

    ``objects`` are the objects and four-vectors of the same events by name. Where ``units`` of columns are given, what
    is added or compared is brought to one unit, that of what stands first (`fivesigma._core.expressions.dimensions`).

    A text that is itself the name of a column is that column. Whole numbers beyond 2⁵³ stay what they are.

    Raises
    ------
    InputError
        If the text holds anything but the allowed syntax, an unknown column or function, text where a number is
        needed, or units of different dimensions where one is.

    >>> evaluate("log10(m) > 1 and kind == 's'", {"m": np.array([5.0, 50.0]), "kind": np.array(["s", "s"])})
    array([False,  True])
    >>> evaluate("2 * `lepton 1 pT`", {"lepton 1 pT": np.array([1.0, 2.0])})
    array([2., 4.])
    >>> evaluate("a + b", {"a": np.array([1.0]), "b": np.array([500.0])}, units={"a": "GeV", "b": "MeV"})
    array([1.5])
    """
    if isinstance(text, str) and text.strip() in columns and columns[text.strip()].ndim == 1:
        return np.array(as_column(columns[text.strip()]))
    parsed = parse(text, bool(objects))
    used = _names(parsed, columns, objects)
    if not used:
        raise refusal(parsed.text, "it uses no column; expected at least one")
    if units:
        parsed = converted(parsed, units, objects)
    with np.errstate(all="ignore"):
        result = np.asarray(Walk(parsed, columns, objects).value(parsed.tree))
    size = max(len(objects[name] if name in objects else columns[name]) for name in used)
    return np.array(np.broadcast_to(result, (size,)))  # a copy: never a view of a column


def names(
    text: str, columns: Mapping[str, Any] | None = None, objects: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the columns that ``text`` uses, and those of the ``objects`` that it does, in order of appearance.

    ``pi``, ``e``, ``nan`` and ``inf`` are constants unless ``columns`` holds such a name.

    >>> names("sqrt(px**2 + py**2) / `p T` * pi")
    ('px', 'py', 'p T')
    """
    if isinstance(text, str) and columns is not None and text.strip() in columns:
        return (text.strip(),)
    return _names(parse(text, bool(objects)), columns or {}, objects)


def is_decimal_logarithm(text: str) -> bool:
    """Whether ``text`` is a log10, or a sum or difference of log10s and constants: its errors are in dex.

    >>> is_decimal_logarithm("log10(M_500) - 14"), is_decimal_logarithm("M_500")
    (True, False)
    """
    try:
        return dex(parse(text, objects=True).tree)
    except InputError:
        return False  # a column whose name is no expression, such as "lepton 1 pT"


def unit(text: str, units: Mapping[str, str], objects: Collection[str] = ()) -> Unit | None:
    """Return the unit of an expression of columns that have ``units``; None where it is not known.

    ``units`` may hold those of the fields of ``objects``, called as in ``muon.pt``.

    >>> unit("sqrt(px**2 + py**2)", {"px": "GeV", "py": "GeV"}).text
    '(GeV)^(1)'
    """
    try:
        return unit_of_tree(parse(text, objects=True), units, objects)
    except InputError:
        return None


def is_azimuth(text: str) -> bool:
    """Whether ``text`` is the azimuth of a four-vector, or a difference of two: an angle in (-π, π].

    >>> is_azimuth("muon[0].phi"), is_azimuth("deltaphi(l0, l1)"), is_azimuth("phi(l0) > 1")
    (True, True, False)
    """
    try:
        node = parse(text, objects=True).tree
    except InputError:
        return False
    if isinstance(node, ast.Attribute):
        return node.attr == "phi"
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("phi", "deltaphi")
    )


def quoted(name: str) -> str:
    """Return ``name`` as it must stand in an expression.

    >>> quoted("x"), quoted("lepton 1 pT")
    ('x', '`lepton 1 pT`')
    """
    return name if name.isidentifier() and name not in CONSTANTS else f"`{name}`"


def _names(parsed: Parsed, columns: Mapping[str, Any], objects: Collection[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node, _ in descend(parsed.tree):
        if isinstance(node, ast.Name):
            column = parsed.column(node.id)
            name = find(column or node.id, columns) or column or node.id
            if column is not None or name in columns or name in objects or name not in CONSTANTS:
                found[name] = None
    return tuple(found)
