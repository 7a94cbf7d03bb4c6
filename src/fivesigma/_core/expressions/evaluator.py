"""What evaluates the nodes of an expression, as the rules of its objects see it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from fivesigma._core.collection import Collection, Declared
from fivesigma._core.errors import InputError
from fivesigma._core.expressions.functions import Value
from fivesigma._core.expressions.grammar import Parsed


class Evaluator(Protocol):
    """The value of each node of a checked tree over columns and objects."""

    @property
    def parsed(self) -> Parsed:
        """The text and its tree."""
        ...

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """The columns, each (n,)."""
        ...

    @property
    def objects(self) -> Declared:
        """Objects and four-vectors by name."""
        ...

    @property
    def members(self) -> Collection | None:
        """The objects over whose members it goes; None where it goes over events."""
        ...

    def within(self, members: Collection) -> Self:
        """Return the same over the members of a collection."""
        ...

    def thing(self, node: ast.expr) -> Value:
        """Return the value of a node, objects as they are."""
        ...

    def value(self, node: ast.expr) -> Value:
        """Return the value of a node that is no object."""
        ...

    def as_number(self, value: Value, node: ast.AST) -> Value:
        """Return a value as real numbers."""
        ...

    def condition(self, node: ast.expr) -> Value:
        """Return the truth of a node."""
        ...

    def shown(self, node: ast.AST) -> str:
        """Return a node as it was written."""
        ...

    def refusal(self, reason: str, hint: str = "") -> InputError:
        """Return the sentence that refuses the expression."""
        ...
