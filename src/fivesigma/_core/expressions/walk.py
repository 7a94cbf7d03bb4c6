"""The value of each node of a checked syntax tree, by NumPy."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import exact as exactly
from fivesigma._core.collection import Collection, Declared
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.expressions import objects
from fivesigma._core.expressions.functions import (
    ARITHMETIC,
    COMPARISON,
    CONSTANTS,
    EXACT,
    EXACT_ARITHMETIC,
    FUNCTIONS,
    OF_OBJECTS,
    Value,
)
from fivesigma._core.expressions.grammar import PLACEHOLDER, Parsed, refusal
from fivesigma._core.expressions.values import as_column, find, is_long, is_text, with_every_digit

MAX_POWER = 64


@dataclass(frozen=True)
class Walk:
    """The value of each node of a checked tree, by NumPy."""

    parsed: Parsed
    columns: Mapping[str, NDArray[Any]]
    objects: Declared = field(default_factory=dict)
    members: Collection | None = None
    """Where set, values are those of its members, and what is one an event is repeated."""

    def value(self, node: ast.AST) -> Value:
        """Return the value of ``node``, which is no object."""
        return objects.plain(self, self.thing(node), node)

    def thing(self, node: ast.AST) -> Value:
        """Return the value of ``node``, which may be an object or a four-vector."""
        return _VALUES[type(node)](self, node) if type(node) in _VALUES else self._misplaced()

    def number(self, node: ast.AST) -> Value:
        return self.as_number(self.value(node), node)

    def as_number(self, value: Value, node: ast.AST) -> Value:
        """Return the value of ``node`` as real numbers."""
        if is_text(value):
            what = (
                ast.unparse(node) if isinstance(node, ast.Constant) else f"the text column {self.shown(node)}"
            )
            raise self.refusal(f"{what} stands where a number is needed; text is only compared by == or !=")
        if is_long(value):
            return kinds.numbers(value) if isinstance(value, np.ndarray) else np.float64(value)
        return value * 1.0 if np.asarray(value).dtype.kind == "b" else value

    def condition(self, node: ast.AST) -> Value:
        value = self.value(node)
        if np.asarray(value).dtype.kind == "b":
            return value
        if not is_text(value) and np.isin(value, (0.0, 1.0)).all():
            return value == 1.0
        raise self.refusal(
            f"{self.shown(node)} is not a condition (neither a comparison nor a column of 0 and 1); "
            "compare it with something"
        )

    def within(self, members: Collection) -> Walk:
        """Return the same walk over the members of a collection."""
        return replace(self, members=members)

    def refusal(self, reason: str, hint: str = "") -> InputError:
        return refusal(self.parsed.text, reason, hint)

    def shown(self, node: ast.AST) -> str:
        text = ast.unparse(node)
        for i, name in enumerate(self.parsed.backquoted):
            text = text.replace(f"{PLACEHOLDER}{i}", f"`{name}`")
        return text

    def _misplaced(self) -> Value:
        raise self.refusal("a list of values stands only to the right of 'in'")

    def name(self, node: ast.Name) -> Value:
        column = self.parsed.column(node.id)
        if column is None and node.id in self.objects:
            return objects.named(self, self.objects[node.id])
        found = find(column or node.id, self.columns)
        if found is not None and self.columns[found].ndim > 1:
            shape = self.columns[found].shape[1:]
            raise self.refusal(f"{found!r} is an array {shape} in each event; expressions take single values")
        if found is not None:
            return objects.repeated(self, as_column(self.columns[found]))
        if column is None and node.id in CONSTANTS:
            return np.float64(CONSTANTS[node.id])
        if column is None and (node.id in FUNCTIONS or (self.objects and node.id in OF_OBJECTS)):
            raise self.refusal(f"{node.id} is a function; write {node.id}(x)")
        raise self._unknown(column or node.id)

    def _unknown(self, word: str) -> InputError:
        options = [*self.objects, *self.columns]
        listed = f" Columns: {', '.join(list(self.columns)[:8])}." if self.columns else ""
        what = "neither a column nor an object" if self.objects else "not a column"
        return self.refusal(f"{word!r} is {what}", did_you_mean(word, options) or listed)

    def constant(self, node: ast.Constant) -> Value:
        value: Any = node.value
        long = isinstance(value, int) and abs(value) > kinds.EXACT
        return value if isinstance(value, (str, bool)) or long else np.float64(value)

    def binary(self, node: ast.BinOp) -> Value:
        things = self.thing(node.left), self.thing(node.right)
        if (both := objects.combined(self, things, node)) is not None:
            return both
        pairs = zip(things, (node.left, node.right), strict=True)
        sides = [objects.plain(self, thing, side) for thing, side in pairs]
        if type(node.op) in EXACT_ARITHMETIC:
            exact = with_every_digit(ARITHMETIC[type(node.op)], sides)
            if exact is not None:
                return exact
        left, right = self.as_number(sides[0], node.left), self.as_number(sides[1], node.right)
        if isinstance(node.op, ast.Pow) and np.ndim(right) == 0 and not abs(right) <= MAX_POWER:
            raise self.refusal(f"the power {float(right):g} is beyond {MAX_POWER}")
        return ARITHMETIC[type(node.op)](left, right)

    def unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return np.logical_not(self.condition(node.operand))
        operation = operator.neg if isinstance(node.op, ast.USub) else operator.pos
        value = self.value(node.operand)
        exact = with_every_digit(operation, [value])
        return operation(self.as_number(value, node.operand)) if exact is None else exact

    def logical(self, node: ast.BoolOp) -> Value:
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return functools.reduce(join, [self.condition(operand) for operand in node.values])

    def compare(self, node: ast.Compare) -> Value:
        """``a < b < c`` is ``a < b and b < c``, element by element."""
        operands = [node.left, *node.comparators]
        pairs = zip(operands[:-1], node.ops, operands[1:], strict=True)
        return functools.reduce(np.logical_and, [self._pair(left, op, right) for left, op, right in pairs])

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Value:
        if isinstance(op, (ast.In, ast.NotIn)):
            any_of = [self._pair(left, ast.Eq(), item) for item in right.elts]  # type: ignore[attr-defined]
            found = functools.reduce(np.logical_or, any_of, np.False_)
            return found if isinstance(op, ast.In) else np.logical_not(found)
        a, b = self.value(left), self.value(right)
        if is_text(a) != is_text(b):
            text, other = (left, right) if is_text(a) else (right, left)
            raise self.refusal(
                f"{self.shown(text)} is text and {self.shown(other)} is not, so they never compare"
            )
        if is_text(a) and not isinstance(op, (ast.Eq, ast.NotEq)):
            raise self.refusal("text is only compared by == or !=")
        if is_long(a) or is_long(b):
            return exactly.compared(COMPARISON[type(op)], a, b)
        return np.asarray(COMPARISON[type(op)](a, b), dtype=bool)

    def call(self, node: ast.Call) -> Value:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if self.parsed.objects and name in OF_OBJECTS and (name not in FUNCTIONS or len(node.args) == 1):
            return objects.called(self, name, node.args)
        if name in ("isnan", "isfinite") and np.asarray(text := self.value(node.args[0])).dtype.kind in "OU":
            absent = np.array([value is None for value in np.atleast_1d(text)])
            return absent if name == "isnan" else ~absent
        if name == "where":
            return self._where(*node.args)
        values = [self.value(argument) for argument in node.args]
        if name in EXACT and (exact := with_every_digit(EXACT[name], values)) is not None:
            return exact
        pairs = zip(values, node.args, strict=True)
        return FUNCTIONS[name].call(*[self.as_number(value, argument) for value, argument in pairs])

    def _where(self, condition: ast.expr, yes: ast.expr, no: ast.expr) -> Value:
        chosen, a, b = self.condition(condition), self.value(yes), self.value(no)
        exact = exactly.chosen(chosen, a, b) if is_long(a) or is_long(b) else None
        return (
            np.where(chosen, self.as_number(a, yes), self.as_number(b, no))
            if exact is None
            else as_column(exact)
        )


_VALUES: Mapping[type[ast.AST], Callable[[Walk, Any], Value]] = {
    ast.Name: Walk.name,
    ast.Constant: Walk.constant,
    ast.BinOp: Walk.binary,
    ast.UnaryOp: Walk.unary,
    ast.BoolOp: Walk.logical,
    ast.Compare: Walk.compare,
    ast.Call: Walk.call,
    ast.Attribute: objects.field_of,
    ast.Subscript: objects.member,
}
