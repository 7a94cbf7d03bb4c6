"""The functions and constants of the allow-list."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Value = Any  # an array of float64, bool, text or long whole numbers, a scalar of these, or an object


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
OF_OBJECTS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("count", "sum", "any", "all", "min", "max"), (1, 1)),
    **dict.fromkeys(("mass", "pt", "eta", "phi", "rapidity", "energy", "px", "py", "pz"), (1, 1)),
    **dict.fromkeys(("deltaR", "deltaphi", "boost"), (2, 2)),
    **dict.fromkeys(("costheta", "transverse_mass"), (1, 2)),
    **dict.fromkeys(("met", "HT"), (1, 50)),
}
"""The fewest and the most arguments of the functions of objects and four-vectors, known where any is declared."""

ARITHMETIC: Mapping[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
EXACT_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
EXACT: Mapping[str, Callable[..., Value]] = {
    "abs": abs,
    "min": min,
    "max": max,
}
COMPARISON: Mapping[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
