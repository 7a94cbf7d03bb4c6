"""Values inside an expression: float64, truth values, text, and whole numbers where they are long."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import exact as exactly
from fivesigma._core.expressions.functions import Value


def find(name: str, columns: Mapping[str, Any]) -> str | None:
    """Return the column called ``name``, exactly or after the normalisation that the text went through."""
    if name in columns:
        return name
    if name.isascii() and all(column.isascii() for column in columns):
        return None
    return next((column for column in columns if unicodedata.normalize("NFKC", column) == name), None)


def as_column(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column as float64, bool, objects (text), or whole numbers if one is beyond 2⁵³."""
    array = np.asarray(values)
    if kinds.is_whole(array) and kinds.beyond_double(array):
        return array
    if array.dtype.kind in "iuf" or kinds.is_whole(array):
        return kinds.numbers(array)
    return array if array.dtype.kind in "bO" else array.astype(object)


def is_text(value: Value) -> bool:
    """Whether a value is one of text."""
    return isinstance(value, str) or (isinstance(value, np.ndarray) and kinds.is_text(value))


def is_long(value: Value) -> bool:
    """Whether a value is one of whole numbers beyond 2⁵³; all shorter ones are float64 here."""
    return type(value) is int or (isinstance(value, np.ndarray) and kinds.is_whole(value))


def with_every_digit(operation: Callable[..., Value], values: Sequence[Value]) -> Value | None:
    """Return the operation with every digit if a long whole number takes part; None if that cannot be."""
    if not any(map(is_long, values)) or any(map(is_text, values)):
        return None
    found = exactly.combined(operation, *values)
    if found is None:
        return None
    return as_column(found) if any(map(np.ndim, values)) else found.tolist()[0]
