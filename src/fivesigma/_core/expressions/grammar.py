"""What an expression may be written as: every node of its syntax tree is on a list, or the text is refused."""

from __future__ import annotations

import ast
import functools
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fivesigma._core.errors import InputError, WrongTypeError, did_you_mean
from fivesigma._core.expressions.functions import ARITHMETIC, COMPARISON, FUNCTIONS, OF_OBJECTS

MAX_LENGTH = 1000
MAX_DEPTH = 50
MOST_PLACES = 1000

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

PLACEHOLDER = "fivesigma_column_"
_PIECES = re.compile(r"""("[^"]*"|'[^']*')|`([^`]*)`""")


@dataclass(frozen=True)
class Parsed:
    """A text, its checked syntax tree, the names that stood in backquotes, and whether it may speak of objects."""

    text: str
    tree: ast.expr
    backquoted: tuple[str, ...]
    objects: bool = False

    def column(self, identifier: str) -> str | None:
        """Return the column that stood in backquotes where ``identifier`` stands now."""
        if identifier.startswith(PLACEHOLDER):
            return self.backquoted[int(identifier.removeprefix(PLACEHOLDER))]
        return None


@functools.lru_cache(maxsize=256)
def parse(text: str, objects: bool = False) -> Parsed:
    """Parse and check everything that can be checked without the columns.

    ``objects`` says that some are declared: then places, fields and their functions are allowed.
    """
    if not isinstance(text, str):
        raise WrongTypeError(f"an expression must be text, got {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"the expression {text[:30]!r}... has {len(text)} characters; at most {MAX_LENGTH} are read."
        )
    plain = unicodedata.normalize("NFKC", text).strip()
    code, backquoted = _without_backquotes(plain)
    parsed = Parsed(plain, _tree(plain, code), backquoted, objects)
    _check(parsed)
    return parsed


def _without_backquotes(text: str) -> tuple[str, tuple[str, ...]]:
    """Put an identifier in place of each name in backquotes (those inside quotes are text, and stay)."""
    found: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        found.append(match[2])
        return f" {PLACEHOLDER}{len(found) - 1} "

    if PLACEHOLDER in text or "\\" in text:
        raise refusal(text, "it holds a backslash or a reserved name")
    if "`" in _PIECES.sub("", text):
        raise refusal(text, "a backquote is not closed")
    return _PIECES.sub(replace, text), tuple(found)


def _tree(text: str, code: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is too deep or holds odd characters"
        raise refusal(text, f"{reason}; names with spaces or odd characters go in backquotes") from None


def _check(parsed: Parsed) -> None:
    """Refuse every node that is not on the list, before anything is computed."""
    for node, depth in descend(parsed.tree):
        if depth > MAX_DEPTH:
            raise refusal(parsed.text, f"it is nested deeper than {MAX_DEPTH} levels")
        checker = _OF_OBJECTS.get(type(node)) if parsed.objects else None
        if type(node) in _REFUSED and checker is None:
            raise refusal(parsed.text, f"{_REFUSED[type(node)]} is not allowed; {_LEGAL}")
        checker = checker or _CHECKS.get(type(node))
        if checker is None:
            raise refusal(parsed.text, f"{type(node).__name__} is not allowed; {_LEGAL}")
        checker(node, parsed)


def descend(root: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Yield each node with its depth, without recursion; a called name is the call's own matter."""
    stack = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        children: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):
            children = list(node.args)
        stack += [(child, depth + 1) for child in reversed(children) if not isinstance(child, ast.Load)]


def _check_nothing(node: ast.AST, parsed: Parsed) -> None:
    """Allow the node; what is below it is looked at in its turn."""


def _check_number(node: ast.AST, parsed: Parsed) -> None:
    value = node.value  # type: ignore[attr-defined]
    if isinstance(value, (bool, str)):
        return
    if not isinstance(value, (int, float)):
        raise refusal(parsed.text, f"{type(value).__name__} values are not allowed; {_LEGAL}")
    if not abs(value) <= sys.float_info.max:  # Python compares its long integers exactly
        raise refusal(parsed.text, "it holds a number too large for double precision")


def _check_call(node: ast.AST, parsed: Parsed) -> None:
    assert isinstance(node, ast.Call)
    if not isinstance(node.func, ast.Name):
        raise refusal(parsed.text, f"only a function of the list can be called; {_LEGAL}")
    name = parsed.column(node.func.id) or node.func.id
    known = _known(parsed)
    if name not in known:
        hint = did_you_mean(name, known) or f" Functions: {', '.join(known)}."
        raise refusal(parsed.text, f"{name!r} is not a known function", hint)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise refusal(parsed.text, f"{name} takes plain arguments only, no keywords and no stars")
    fewest, most = known[name]
    if not fewest <= len(node.args) <= most:
        takes = _takes(fewest, most)
        raise refusal(parsed.text, f"{name} takes {takes} argument(s), got {len(node.args)}")


def _takes(fewest: int, most: int) -> str:
    if fewest == most:
        return str(fewest)
    return f"{fewest} or {most}" if most == fewest + 1 else f"at least {fewest}"


@functools.cache
def _arities(objects: bool) -> dict[str, tuple[int, int]]:
    plain = {name: (each.fewest, each.most) for name, each in FUNCTIONS.items()}
    both = {name: (1, plain[name][1]) for name in plain.keys() & OF_OBJECTS.keys()}
    return {**plain, **OF_OBJECTS, **both} if objects else plain


def _known(parsed: Parsed) -> dict[str, tuple[int, int]]:
    """Return the fewest and the most arguments of every function that the text may call."""
    return _arities(parsed.objects)


def _check_place(node: ast.AST, parsed: Parsed) -> None:
    """Allow ``muon[0]`` alone: a place among the members of an object."""
    assert isinstance(node, ast.Subscript)
    place = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if not isinstance(node.value, ast.Name):
        raise refusal(parsed.text, "square brackets stand after the name of an object only, as in muon[0]")
    if type(place) is not int or place >= MOST_PLACES:
        raise refusal(
            parsed.text, "a place in square brackets is a whole number from 0 (the first), as in muon[0]"
        )


def _check_comparison(node: ast.AST, parsed: Parsed) -> None:
    """Refuse a list anywhere but on the right of ``in``, and anything but constants inside it."""
    assert isinstance(node, ast.Compare)
    for relation, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(relation, (ast.In, ast.NotIn)) and not _is_list(right):
            raise refusal(parsed.text, "the right of 'in' must be a list of values, such as (1, 2)")
        if _is_list(right) and not isinstance(relation, (ast.In, ast.NotIn)):
            raise refusal(parsed.text, "a list of values stands only to the right of 'in'")


def _is_list(node: ast.AST) -> bool:
    return isinstance(node, (ast.Tuple, ast.List)) and all(map(_is_single, node.elts))


def _is_single(node: ast.AST) -> bool:
    """Whether a node is one value, or minus one."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return isinstance(node.operand if negative else node, ast.Constant)  # type: ignore[attr-defined]


_CHECKS: Mapping[type[ast.AST], Callable[[ast.AST, Parsed], None]] = {
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
    **dict.fromkeys((*ARITHMETIC, *COMPARISON, ast.In, ast.NotIn, ast.Tuple, ast.List), _check_nothing),
    ast.Constant: _check_number,
    ast.Call: _check_call,
    ast.Compare: _check_comparison,
}
_OF_OBJECTS: Mapping[type[ast.AST], Callable[[ast.AST, Parsed], None]] = {
    ast.Attribute: _check_nothing,
    ast.Subscript: _check_place,
}


def is_decimal_logarithm(node: ast.AST) -> bool:
    """Whether a node is a log10, or a sum or difference of log10s and constants."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        sides = (node.left, node.right)
        return any(map(is_decimal_logarithm, sides)) and all(
            is_decimal_logarithm(side) or isinstance(side, ast.Constant) for side in sides
        )
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log10"


def refusal(text: str, reason: str, hint: str = "") -> InputError:
    """Return (not raise) the error that refuses ``text``."""
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return InputError(f"the expression {shown!r} is refused: {reason}.{hint}")
