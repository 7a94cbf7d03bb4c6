"""The unit of each node of a checked syntax tree: what may be added, and by which factor it is brought to one unit.

A column has the unit that was declared of it, or none that is known; a number is in the unit of whatever it is added
to or compared with. Only where two known units meet in a sum, a comparison or a choice is anything checked: of one
dimension, the right one is converted to the left one; of two, the expression is refused. Texts that are no known unit
travel, and are the same as themselves.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from fivesigma._core import quantities
from fivesigma._core.errors import InputError
from fivesigma._core.expressions.functions import CONSTANTS, OF_OBJECTS
from fivesigma._core.expressions.grammar import PLACEHOLDER, Parsed, refusal
from fivesigma._core.expressions.values import find

_RAISED = re.compile(r"(?:\((?P<inside>[^()]+)\)|(?P<word>[^\s()/*·^]+?))(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True)
class Unit:
    """A product of powers of unit texts; without any, a pure number that came of units, such as their ratio."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    @classmethod
    def named(cls, text: str) -> Unit:
        """Return the unit of a text; ``GeV²`` is a power of GeV."""
        raised = _RAISED.fullmatch(text)
        if raised is None:
            return cls(((text, Fraction(1)),))
        return cls(((raised["inside"] or raised["word"], Fraction(raised["power"].translate(_DIGITS))),))

    @classmethod
    def of(cls, powers: Mapping[str, Fraction]) -> Unit:
        """Return the unit of these powers, those of 0 left out."""
        return cls(tuple((text, power) for text, power in powers.items() if power))

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """Return the product with another unit, or the quotient."""
        found = dict(self.powers)
        for text, power in other.powers:
            found[text] = found.get(text, Fraction(0)) + sign * power
        return Unit.of(found)

    def to_the(self, power: Fraction) -> Unit:
        """Return a power of the unit."""
        return Unit.of({text: own * power for text, own in self.powers})

    def same_as(self, other: Unit) -> bool:
        """Whether two units are the same by their texts."""
        return dict(self.powers) == dict(other.powers)

    @property
    def text(self) -> str:
        """The unit as `fivesigma._core.quantities` reads it."""
        return " ".join(f"({text})^({power})" for text, power in self.powers) or "1"

    @property
    def shown(self) -> str:
        """The unit for a sentence."""
        return " ".join(_raised(text, power) for text, power in self.powers) or "1"


def _raised(text: str, power: Fraction) -> str:
    if power == 1:
        return text
    return f"({text})^{power}" if re.search(r"[/* ·^]", text) else f"{text}^{power}"


@dataclass(frozen=True)
class Number:
    """What is in the unit of whatever it meets: a cosine, or a number as it is written.

    One that is written may be there to change a unit (``E / 1000``, ``0.7 * M``), and hides that of a product.
    """

    written: bool = False


NUMBER, WRITTEN = Number(), Number(written=True)
DEX = Unit((("dex", Fraction(1)),))
Kind = Unit | Number | None
"""The unit of a node: known, that of a plain number, or None where it is not known."""

_KEEPS = ("abs", "floor", "ceil", "round")
_JOINS = ("min", "max", "hypot")
_OF_MOMENTA = ("mass", "pt", "energy", "px", "py", "pz", "transverse_mass", "met", "HT")
_OVER_MEMBERS = ("sum", "min", "max", "count", "any", "all")
_OF_ANGLES = ("sin", "cos", "tan")
_DEGREES = ("deg", "degree", "degrees", "°", "arcmin", "arcsec")
_ROOTS = {"sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3)}
_NUMBERS = ("sign", "isfinite", "isnan", "sin", "cos", "tan", "sinh", "cosh", "tanh")


def converted(parsed: Parsed, units: Mapping[str, str], objects: Collection[str] = ()) -> Parsed:
    """Return the expression with what is added or compared brought to one unit, that of what stands first.

    Raises
    ------
    InputError
        Where units of different dimensions meet.
    """
    return replace(parsed, tree=_Units(parsed, units, objects).of(parsed.tree)[0])


def unit(parsed: Parsed, units: Mapping[str, str], objects: Collection[str] = ()) -> Unit | None:
    """Return the unit of an expression; None where it is not known.

    ``units`` may hold those of the fields of objects, called as in ``muon.pt``.
    """
    try:
        found = _Units(parsed, units, objects).of(parsed.tree)[1]
    except InputError:
        return None
    return found if isinstance(found, Unit) else None


Known = tuple[ast.expr, Kind]


@dataclass(frozen=True)
class _Units:
    """The walk: each node anew, with its unit."""

    parsed: Parsed
    units: Mapping[str, str]
    objects: Collection[str]

    def of(self, node: ast.expr) -> Known:
        """Return a node with its conversions, and its unit."""
        walk = _OF.get(type(node))
        return (node, None) if walk is None else walk(self, node)

    def name(self, node: ast.Name) -> Known:
        column = self.parsed.column(node.id)
        if column is None and node.id in self.objects:
            return node, None
        found = find(column or node.id, self.units)
        if found is not None:
            return node, Unit.named(self.units[found])
        return node, NUMBER if column is None and node.id in CONSTANTS else None

    def constant(self, node: ast.Constant) -> Known:
        return node, None if isinstance(node.value, str) else WRITTEN

    def binary(self, node: ast.BinOp) -> Known:
        (left, a), (right, b) = self.of(node.left), self.of(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mod)):
            [left, right], kind = self.joined([(left, a), (right, b)], [node.left, node.right])
        elif isinstance(node.op, ast.Pow):
            kind = _power(a, b, node.right)
        else:
            kind = _product(a, b, sign=1 if isinstance(node.op, ast.Mult) else -1)
        return ast.BinOp(left=left, op=node.op, right=right), kind

    def unary(self, node: ast.UnaryOp) -> Known:
        operand, kind = self.of(node.operand)
        return ast.UnaryOp(op=node.op, operand=operand), NUMBER if isinstance(node.op, ast.Not) else kind

    def logical(self, node: ast.BoolOp) -> Known:
        return ast.BoolOp(op=node.op, values=[self.of(each)[0] for each in node.values]), NUMBER

    def compare(self, node: ast.Compare) -> Known:
        sides = [node.left, *node.comparators]
        listed = [isinstance(each, (ast.Tuple, ast.List)) for each in sides]
        known = [
            (each, None) if of_list else self.of(each) for each, of_list in zip(sides, listed, strict=True)
        ]
        first, *others = self.joined(known, sides)[0]
        return ast.Compare(left=first, ops=node.ops, comparators=others), NUMBER

    def call(self, node: ast.Call) -> Known:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if self.parsed.objects and name in OF_OBJECTS and (name not in _JOINS or len(node.args) == 1):
            return self.of_objects(node, name)
        known = [self.of(each) for each in node.args]
        args, kinds = [each for each, _ in known], [kind for _, kind in known]
        if name in (*_JOINS, "arctan2"):
            args, kind = self.joined(known, node.args)
            kinds = [NUMBER if name == "arctan2" else kind]
        elif name in _OF_ANGLES:
            args = [_in_radians(each, kind) for each, kind in known]
        elif name == "where":
            chosen, kind = self.joined(known[1:], node.args[1:])
            args, kinds = [args[0], *chosen], [kind]
        return ast.Call(func=node.func, args=args, keywords=[]), _of_function(name, kinds[0])

    def of_objects(self, node: ast.Call, name: str) -> Known:
        """Return a call of a function of objects: of a momentum the unit of the first that stands in it."""
        if name in _OF_MOMENTA:
            return node, self._of_field(node.args[0], "pt")
        if name not in _OVER_MEMBERS:
            return node, None
        made, kind = self.of(node.args[0])
        counted = name in ("count", "any", "all")
        return ast.Call(func=node.func, args=[made], keywords=[]), NUMBER if counted else kind

    def attribute(self, node: ast.Attribute) -> Known:
        """Return ``muon[0].pt``, which has the unit of ``muon.pt``."""
        return node, self._of_field(node.value, node.attr)

    def _of_field(self, node: ast.expr, field: str) -> Kind:
        """Return the unit of a field of the first object in ``node``: of a sum the fields of a four-vector alone."""
        words = [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in self.objects]
        found = self.units.get(f"{words[0]}.{field}") if words else None
        return None if found is None else Unit.named(found)

    def joined(self, known: Sequence[Known], nodes: Sequence[ast.expr]) -> tuple[list[ast.expr], Kind]:
        """Return nodes brought to the unit of the first that has one, and that unit."""
        first = next((i for i, (_, kind) in enumerate(known) if isinstance(kind, Unit)), None)
        if first is None:
            plain = all(isinstance(kind, Number) for _, kind in known)
            return [node for node, _ in known], (known[0][1] if plain else None)
        unit = known[first][1]
        assert isinstance(unit, Unit)
        found = [
            self._in_unit(each, unit, nodes[first], node) for each, node in zip(known, nodes, strict=True)
        ]
        return found, unit if all(_alike(kind, unit) for _, kind in known) else None

    def _in_unit(self, known: Known, unit: Unit, first: ast.expr, node: ast.expr) -> ast.expr:
        """Return a node in the unit of the ``first`` that has one; a refusal where it is of another dimension."""
        made, own = known
        if not isinstance(own, Unit) or own.same_as(unit):
            return made
        mine, wanted = quantities.meaning(own.text), quantities.meaning(unit.text)
        if mine is None or wanted is None:
            return made
        factor = quantities.ratio(own.text, unit.text)
        if factor is None:
            raise refusal(
                self.parsed.text,
                f"{self._shown(first)} is in {unit.shown} and {self._shown(node)} in {own.shown}, which are of "
                f"different dimensions{_why(mine, wanted)}",
            )
        return made if factor == 1 else ast.BinOp(left=made, op=ast.Mult(), right=ast.Constant(value=factor))

    def _shown(self, node: ast.expr) -> str:
        text = ast.unparse(node)
        for i, name in enumerate(self.parsed.backquoted):
            text = text.replace(f"{PLACEHOLDER}{i}", f"`{name}`")
        return text


def _alike(kind: Kind, unit: Unit) -> bool:
    """Whether what has a unit of this ``kind`` is sure to be in ``unit`` now."""
    if not isinstance(kind, Unit):
        return isinstance(kind, Number)
    return kind.same_as(unit) or None not in (quantities.meaning(kind.text), quantities.meaning(unit.text))


def _why(a: quantities.Meaning, b: quantities.Meaning) -> str:
    """Return what makes them different, where it is h or the scale factor alone."""
    one, other = dict(a.dimension), dict(b.dimension)
    differ = {base for base in {*one, *other} if one.get(base) != other.get(base)}
    words = {"[little_h]": "little h", "[comoving]": "the scale factor (comoving or physical)"}
    if differ and differ <= words.keys():
        return (
            f": they differ by {' and '.join(words[base] for base in sorted(differ))}; say which value it has"
        )
    return ""


def _product(a: Kind, b: Kind, *, sign: int) -> Kind:
    """Return the unit of a product or a quotient; a number that is written may be there to change it."""
    if a is None or b is None:
        return None
    written = WRITTEN in (a, b)
    if isinstance(a, Number) and isinstance(b, Number):
        return WRITTEN if written else NUMBER
    one, other = (Unit() if isinstance(each, Number) else each for each in (a, b))
    return None if written else one.times(other, sign)


def _power(base: Kind, exponent: Kind, node: ast.expr) -> Kind:
    if isinstance(base, Number) and isinstance(exponent, Number):
        return base
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    number = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(base, Unit) or not isinstance(number, ast.Constant):
        return None
    power = Fraction(number.value).limit_denominator(100)  # type: ignore[arg-type]
    return base.to_the(-power if negative else power)


def _of_function(name: str, kind: Kind) -> Kind:
    """Return the unit of a function of what has a unit."""
    if name in (*_KEEPS, *_JOINS, "where"):
        return kind
    if name in _ROOTS and isinstance(kind, Unit):
        return kind.to_the(_ROOTS[name])
    if name in (*_NUMBERS, "arctan2") or isinstance(kind, Number):
        return NUMBER
    return DEX if name == "log10" else None


_OF: Mapping[type[ast.AST], Callable[[_Units, Any], Known]] = {
    ast.Name: _Units.name,
    ast.Constant: _Units.constant,
    ast.BinOp: _Units.binary,
    ast.UnaryOp: _Units.unary,
    ast.BoolOp: _Units.logical,
    ast.Compare: _Units.compare,
    ast.Call: _Units.call,
    ast.Attribute: _Units.attribute,
}


def _in_radians(node: ast.expr, kind: Kind) -> ast.expr:
    """Return a node that is in degrees, or in parts of them, in radians; any other as it is."""
    if not isinstance(kind, Unit) or len(kind.powers) != 1 or kind.powers[0][1] != 1:
        return node
    text = kind.powers[0][0]
    degrees = quantities.ratio(text, "deg") if text in _DEGREES else None
    if degrees is None:
        return node
    return ast.BinOp(left=node, op=ast.Mult(), right=ast.Constant(value=degrees * math.pi / 180.0))
