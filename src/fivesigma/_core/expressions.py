"""Expressions over columns: a walk over an allow-list of the syntax tree; nothing in a text is executed.

``log10(M_500)``, ``n_jet >= 2 and met > 30``, ``where(isfinite(z), z, 0)``, ```lepton 1 pT` / 2``,
``species == "Adelie"``, ``run in (1, 2)``. Names with odd characters stand in backquotes. Numbers are float64,
truth values count as 0 and 1 in arithmetic, and a comparison with a missing value is false, as in NumPy. Whole
numbers beyond 2⁵³ (identifiers) keep every digit where they are compared, and in ``+ - * // %``, ``where``,
``min``, ``max`` and ``abs`` of whole numbers; the other functions take them as float64.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import exact as exactly
from fivesigma._core.errors import InputError, WrongTypeError, did_you_mean

MAX_LENGTH = 1000
MAX_DEPTH = 50
MAX_POWER = 64

Value = Any  # an array of float64, bool, text or long whole numbers, or a scalar of these


@dataclass(frozen=True)
class Function:
    """A function of the allow-list, with the fewest and the most arguments it takes."""

    call: Callable[..., Value]
    fewest: int = 1
    most: int = 1


def _repeat(ufunc: np.ufunc) -> Callable[..., Value]:
    return lambda *arguments: functools.reduce(ufunc, arguments)


FUNCTIONS: Mapping[str, Function] = {
    **{
        name: Function(getattr(np, name))
        for name in (
            *("log10", "log", "log2", "log1p", "exp", "expm1", "sqrt", "cbrt", "abs", "sin", "cos", "tan"),
            *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh"),
            *("floor", "ceil", "round", "sign", "isfinite", "isnan"),
        )
    },
    "arctan2": Function(np.arctan2, 2, 2),
    "hypot": Function(np.hypot, 2, 2),
    "min": Function(_repeat(np.minimum), 2, 50),
    "max": Function(_repeat(np.maximum), 2, 50),
    "where": Function(np.where, 3, 3),
}
CONSTANTS: Mapping[str, float] = {
    "pi": float(np.pi),
    "e": float(np.e),
    "nan": float("nan"),
    "inf": float("inf"),
}

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_EXACT_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_EXACT: Mapping[str, Callable[..., Value]] = {
    "abs": abs,
    "min": min,
    "max": max,
}
_COMPARISON: Mapping[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_REFUSED: Mapping[type[ast.AST], str] = {
    ast.Attribute: "a dot after a name",
    ast.Subscript: "square brackets after a name",
    ast.Lambda: "a lambda",
    ast.NamedExpr: "an assignment",
    ast.JoinedStr: "an f-string",
    ast.IfExp: "if ... else (write where(condition, a, b))",
    ast.Starred: "a star",
    ast.BitAnd: "& (write and)",
    ast.BitOr: "| (write or)",
    ast.BitXor: "^ (write ** for a power)",
    ast.Invert: "~ (write not)",
    ast.MatMult: "@",
    ast.Is: "is (write ==)",
    ast.IsNot: "is not (write !=)",
}
_LEGAL = "expected arithmetic, comparisons, and/or/not, numbers, columns and known functions"

_PLACEHOLDER = "fivesigma_column_"
_PIECES = re.compile(r"""("[^"]*"|'[^']*')|`([^`]*)`""")


def evaluate(text: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Evaluate ``text`` over ``columns``, each of shape (n,); return float64, bool or text of shape (n,).

    A text that is itself the name of a column is that column. Whole numbers beyond 2⁵³ stay what they are.

    Raises
    ------
    InputError
        If the text holds anything but the allowed syntax, an unknown column or function, or text where a
        number is needed.

    >>> evaluate("log10(m) > 1 and kind == 's'", {"m": np.array([5.0, 50.0]), "kind": np.array(["s", "s"])})
    array([False,  True])
    >>> evaluate("2 * `lepton 1 pT`", {"lepton 1 pT": np.array([1.0, 2.0])})
    array([2., 4.])
    """
    if isinstance(text, str) and text.strip() in columns and columns[text.strip()].ndim == 1:
        return np.array(_column(columns[text.strip()]))
    parsed = _parse(text)
    if not _names(parsed, columns):
        raise _refusal(parsed.text, "it uses no column; expected at least one")
    with np.errstate(all="ignore"):
        result = np.asarray(_Walk(parsed, columns).value(parsed.tree))
    size = max(len(column) for column in columns.values())
    return np.array(np.broadcast_to(result, (size,)))  # a copy: never a view of a column


def names(text: str, columns: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the columns that ``text`` uses, in order of appearance.

    ``pi``, ``e``, ``nan`` and ``inf`` are constants unless ``columns`` holds such a name.

    >>> names("sqrt(px**2 + py**2) / `p T` * pi")
    ('px', 'py', 'p T')
    """
    if isinstance(text, str) and columns is not None and text.strip() in columns:
        return (text.strip(),)
    return _names(_parse(text), columns or {})


def is_decimal_logarithm(text: str) -> bool:
    """Whether ``text`` is a log10, or a sum or difference of log10s and constants: its errors are in dex.

    >>> is_decimal_logarithm("log10(M_500) - 14"), is_decimal_logarithm("M_500")
    (True, False)
    """
    try:
        return _is_dex(_parse(text).tree)
    except InputError:
        return False  # a column whose name is no expression, such as "lepton 1 pT"


def quoted(name: str) -> str:
    """Return ``name`` as it must stand in an expression.

    >>> quoted("x"), quoted("lepton 1 pT")
    ('x', '`lepton 1 pT`')
    """
    return name if name.isidentifier() and name not in CONSTANTS else f"`{name}`"


@dataclass(frozen=True)
class _Parsed:
    text: str
    tree: ast.expr
    backquoted: tuple[str, ...]

    def column(self, identifier: str) -> str | None:
        """Return the column that stood in backquotes where ``identifier`` stands now."""
        if identifier.startswith(_PLACEHOLDER):
            return self.backquoted[int(identifier.removeprefix(_PLACEHOLDER))]
        return None


@functools.lru_cache(maxsize=256)
def _parse(text: str) -> _Parsed:
    """Parse and check everything that can be checked without the columns."""
    if not isinstance(text, str):
        raise WrongTypeError(f"an expression must be text, got {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"the expression {text[:30]!r}... has {len(text)} characters; at most {MAX_LENGTH} are read."
        )
    plain = unicodedata.normalize("NFKC", text).strip()
    code, backquoted = _without_backquotes(plain)
    parsed = _Parsed(plain, _tree(plain, code), backquoted)
    _check(parsed)
    return parsed


def _without_backquotes(text: str) -> tuple[str, tuple[str, ...]]:
    """Put an identifier in place of each name in backquotes (those inside quotes are text, and stay)."""
    found: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        found.append(match[2])
        return f" {_PLACEHOLDER}{len(found) - 1} "

    if _PLACEHOLDER in text or "\\" in text:
        raise _refusal(text, "it holds a backslash or a reserved name")
    if "`" in _PIECES.sub("", text):
        raise _refusal(text, "a backquote is not closed")
    return _PIECES.sub(replace, text), tuple(found)


def _tree(text: str, code: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is too deep or holds odd characters"
        raise _refusal(text, f"{reason}; names with spaces or odd characters go in backquotes") from None


def _check(parsed: _Parsed) -> None:
    """Refuse every node that is not on the list, before anything is computed."""
    for node, depth in _descend(parsed.tree):
        if depth > MAX_DEPTH:
            raise _refusal(parsed.text, f"it is nested deeper than {MAX_DEPTH} levels")
        if type(node) in _REFUSED:
            raise _refusal(parsed.text, f"{_REFUSED[type(node)]} is not allowed; {_LEGAL}")
        checker = _CHECKS.get(type(node))
        if checker is None:
            raise _refusal(parsed.text, f"{type(node).__name__} is not allowed; {_LEGAL}")
        checker(node, parsed)


def _descend(root: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Yield each node with its depth, without recursion; a called name is the call's own matter."""
    stack = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        children: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):
            children = list(node.args)
        stack += [(child, depth + 1) for child in reversed(children) if not isinstance(child, ast.Load)]


def _check_nothing(node: ast.AST, parsed: _Parsed) -> None:
    """Allow the node; what is below it is looked at in its turn."""


def _check_number(node: ast.AST, parsed: _Parsed) -> None:
    value = node.value  # type: ignore[attr-defined]
    if isinstance(value, (bool, str)):
        return
    if not isinstance(value, (int, float)):
        raise _refusal(parsed.text, f"{type(value).__name__} values are not allowed; {_LEGAL}")
    if not abs(value) <= sys.float_info.max:  # Python compares its long integers exactly
        raise _refusal(parsed.text, "it holds a number too large for double precision")


def _check_call(node: ast.AST, parsed: _Parsed) -> None:
    assert isinstance(node, ast.Call)
    if not isinstance(node.func, ast.Name):
        raise _refusal(parsed.text, f"only a function of the list can be called; {_LEGAL}")
    name = parsed.column(node.func.id) or node.func.id
    if name not in FUNCTIONS:
        hint = did_you_mean(name, FUNCTIONS) or f" Functions: {', '.join(FUNCTIONS)}."
        raise _refusal(parsed.text, f"{name!r} is not a known function", hint)
    function = FUNCTIONS[name]
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise _refusal(parsed.text, f"{name} takes plain arguments only, no keywords and no stars")
    if not function.fewest <= len(node.args) <= function.most:
        takes = str(function.fewest) if function.fewest == function.most else f"at least {function.fewest}"
        raise _refusal(parsed.text, f"{name} takes {takes} argument(s), got {len(node.args)}")


def _check_comparison(node: ast.AST, parsed: _Parsed) -> None:
    """Refuse a list anywhere but on the right of ``in``, and anything but constants inside it."""
    assert isinstance(node, ast.Compare)
    for relation, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(relation, (ast.In, ast.NotIn)) and not _is_list(right):
            raise _refusal(parsed.text, "the right of 'in' must be a list of values, such as (1, 2)")
        if _is_list(right) and not isinstance(relation, (ast.In, ast.NotIn)):
            raise _refusal(parsed.text, "a list of values stands only to the right of 'in'")


def _is_list(node: ast.AST) -> bool:
    return isinstance(node, (ast.Tuple, ast.List)) and all(map(_is_single, node.elts))


def _is_single(node: ast.AST) -> bool:
    """Whether a node is one value, or minus one."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return isinstance(node.operand if negative else node, ast.Constant)  # type: ignore[attr-defined]


_CHECKS: Mapping[type[ast.AST], Callable[[ast.AST, _Parsed], None]] = {
    **dict.fromkeys(
        (
            ast.BinOp,
            ast.UnaryOp,
            ast.BoolOp,
            ast.Name,
            ast.Load,
            ast.USub,
            ast.UAdd,
            ast.Not,
            ast.And,
            ast.Or,
        ),
        _check_nothing,
    ),
    **dict.fromkeys((*_ARITHMETIC, *_COMPARISON, ast.In, ast.NotIn, ast.Tuple, ast.List), _check_nothing),
    ast.Constant: _check_number,
    ast.Call: _check_call,
    ast.Compare: _check_comparison,
}


@dataclass(frozen=True)
class _Walk:
    """The value of each node of a checked tree, by NumPy."""

    parsed: _Parsed
    columns: Mapping[str, NDArray[Any]]

    def value(self, node: ast.AST) -> Value:
        return _VALUES[type(node)](self, node) if type(node) in _VALUES else self._misplaced()

    def number(self, node: ast.AST) -> Value:
        return self._float(self.value(node), node)

    def _float(self, value: Value, node: ast.AST) -> Value:
        """Return the value of ``node`` as real numbers."""
        if _is_text(value):
            what = (
                ast.unparse(node)
                if isinstance(node, ast.Constant)
                else f"the text column {self._shown(node)}"
            )
            raise self.refusal(f"{what} stands where a number is needed; text is only compared by == or !=")
        if _is_long(value):
            return kinds.numbers(value) if isinstance(value, np.ndarray) else np.float64(value)
        return value * 1.0 if np.asarray(value).dtype.kind == "b" else value

    def condition(self, node: ast.AST) -> Value:
        value = self.value(node)
        if np.asarray(value).dtype.kind == "b":
            return value
        if not _is_text(value) and np.isin(value, (0.0, 1.0)).all():
            return value == 1.0
        raise self.refusal(
            f"{self._shown(node)} is not a condition (neither a comparison nor a column of 0 and 1); "
            "compare it with something"
        )

    def refusal(self, reason: str, hint: str = "") -> InputError:
        return _refusal(self.parsed.text, reason, hint)

    def _shown(self, node: ast.AST) -> str:
        text = ast.unparse(node)
        for i, name in enumerate(self.parsed.backquoted):
            text = text.replace(f"{_PLACEHOLDER}{i}", f"`{name}`")
        return text

    def _misplaced(self) -> Value:
        raise self.refusal("a list of values stands only to the right of 'in'")

    def name(self, node: ast.Name) -> Value:
        column = self.parsed.column(node.id)
        found = _find(column or node.id, self.columns)
        if found is not None and self.columns[found].ndim > 1:
            shape = self.columns[found].shape[1:]
            raise self.refusal(f"{found!r} is an array {shape} in each event; expressions take single values")
        if found is not None:
            return _column(self.columns[found])
        if column is None and node.id in CONSTANTS:
            return np.float64(CONSTANTS[node.id])
        if column is None and node.id in FUNCTIONS:
            raise self.refusal(f"{node.id} is a function; write {node.id}(x)")
        raise self.refusal(
            f"{column or node.id!r} is not a column", _suggest(column or node.id, self.columns)
        )

    def constant(self, node: ast.Constant) -> Value:
        value: Any = node.value
        long = isinstance(value, int) and abs(value) > kinds.EXACT
        return value if isinstance(value, (str, bool)) or long else np.float64(value)

    def binary(self, node: ast.BinOp) -> Value:
        sides = self.value(node.left), self.value(node.right)
        if type(node.op) in _EXACT_ARITHMETIC:
            exact = _exactly(_ARITHMETIC[type(node.op)], sides)
            if exact is not None:
                return exact
        left, right = self._float(sides[0], node.left), self._float(sides[1], node.right)
        if isinstance(node.op, ast.Pow) and np.ndim(right) == 0 and not abs(right) <= MAX_POWER:
            raise self.refusal(f"the power {float(right):g} is beyond {MAX_POWER}")
        return _ARITHMETIC[type(node.op)](left, right)

    def unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return np.logical_not(self.condition(node.operand))
        operation = operator.neg if isinstance(node.op, ast.USub) else operator.pos
        value = self.value(node.operand)
        exact = _exactly(operation, [value])
        return operation(self._float(value, node.operand)) if exact is None else exact

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
        if _is_text(a) != _is_text(b):
            text, other = (left, right) if _is_text(a) else (right, left)
            raise self.refusal(
                f"{self._shown(text)} is text and {self._shown(other)} is not, so they never compare"
            )
        if _is_text(a) and not isinstance(op, (ast.Eq, ast.NotEq)):
            raise self.refusal("text is only compared by == or !=")
        if _is_long(a) or _is_long(b):
            return exactly.compared(_COMPARISON[type(op)], a, b)
        return np.asarray(_COMPARISON[type(op)](a, b), dtype=bool)

    def call(self, node: ast.Call) -> Value:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name in ("isnan", "isfinite") and np.asarray(text := self.value(node.args[0])).dtype.kind in "OU":
            absent = np.array([value is None for value in np.atleast_1d(text)])
            return absent if name == "isnan" else ~absent
        if name == "where":
            return self._where(*node.args)
        values = [self.value(argument) for argument in node.args]
        if name in _EXACT and (exact := _exactly(_EXACT[name], values)) is not None:
            return exact
        pairs = zip(values, node.args, strict=True)
        return FUNCTIONS[name].call(*[self._float(value, argument) for value, argument in pairs])

    def _where(self, condition: ast.expr, yes: ast.expr, no: ast.expr) -> Value:
        chosen, a, b = self.condition(condition), self.value(yes), self.value(no)
        exact = exactly.chosen(chosen, a, b) if _is_long(a) or _is_long(b) else None
        return np.where(chosen, self._float(a, yes), self._float(b, no)) if exact is None else _column(exact)


_VALUES: Mapping[type[ast.AST], Callable[[_Walk, Any], Value]] = {
    ast.Name: _Walk.name,
    ast.Constant: _Walk.constant,
    ast.BinOp: _Walk.binary,
    ast.UnaryOp: _Walk.unary,
    ast.BoolOp: _Walk.logical,
    ast.Compare: _Walk.compare,
    ast.Call: _Walk.call,
}


def _names(parsed: _Parsed, columns: Mapping[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node, _ in _descend(parsed.tree):
        if isinstance(node, ast.Name):
            column = parsed.column(node.id)
            name = _find(column or node.id, columns) or column or node.id
            if column is not None or name in columns or name not in CONSTANTS:
                found[name] = None
    return tuple(found)


def _find(name: str, columns: Mapping[str, Any]) -> str | None:
    """Return the column called ``name``, exactly or after the normalisation that the text went through."""
    if name in columns:
        return name
    if name.isascii() and all(column.isascii() for column in columns):
        return None
    return next((column for column in columns if unicodedata.normalize("NFKC", column) == name), None)


def _column(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column as float64, bool, objects (text), or whole numbers if one is beyond 2⁵³."""
    array = np.asarray(values)
    if kinds.is_whole(array) and kinds.beyond_double(array):
        return array
    if array.dtype.kind in "iuf" or kinds.is_whole(array):
        return kinds.numbers(array)
    return array if array.dtype.kind in "bO" else array.astype(object)


def _is_text(value: Value) -> bool:
    return isinstance(value, str) or (isinstance(value, np.ndarray) and kinds.is_text(value))


def _is_long(value: Value) -> bool:
    """Whether a value is one of whole numbers beyond 2⁵³; all shorter ones are float64 here."""
    return type(value) is int or (isinstance(value, np.ndarray) and kinds.is_whole(value))


def _exactly(operation: Callable[..., Value], values: Sequence[Value]) -> Value | None:
    """Return the operation with every digit if a long whole number takes part; None if that cannot be."""
    if not any(map(_is_long, values)) or any(map(_is_text, values)):
        return None
    found = exactly.combined(operation, *values)
    if found is None:
        return None
    return _column(found) if any(map(np.ndim, values)) else found.tolist()[0]


def _is_dex(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        sides = (node.left, node.right)
        return any(_is_dex(s) for s in sides) and all(
            _is_dex(s) or isinstance(s, ast.Constant) for s in sides
        )
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log10"


def _suggest(word: str, options: Mapping[str, Any]) -> str:
    return did_you_mean(word, options) or (f" Columns: {', '.join(list(options)[:8])}." if options else "")


def _refusal(text: str, reason: str, hint: str = "") -> InputError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return InputError(f"the expression {shown!r} is refused: {reason}.{hint}")
