"""What is done with whole numbers digit by digit: put together, compared, combined, and what float64 loses of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.columns import (
    Column,
    Gapped,
    beyond_double,
    gapped,
    integers,
    is_text,
    is_truth,
    is_whole,
    missing,
    numbers,
    objects,
)


def stacked(parts: Sequence[Column]) -> Column:
    """Put columns under each other; whole numbers of different types keep every digit.

    >>> stacked([np.array([10**18 + 1]), np.array([2**63 + 1], dtype=np.uint64)])
    array([1000000000000000001, 9223372036854775809], dtype=uint64)
    """
    if len({part.dtype for part in parts}) == 1 and not any(isinstance(part, Gapped) for part in parts):
        return np.concatenate(parts)
    if any(map(is_text, parts)):
        return np.concatenate([part.astype(object) for part in parts])
    if all(map(is_truth, parts)):
        absent = np.concatenate([missing(part) for part in parts])
        return gapped(np.concatenate([numbers(part) == 1.0 for part in parts]), absent)
    return _stacked_numbers(parts)


def _stacked_numbers(parts: Sequence[Column]) -> Column:
    """Put numbers under each other: long whole numbers exactly, where the others are whole too."""
    if any(map(_is_long, parts)):
        whole = [_whole(part) for part in parts]
        if all(values is not None for values in whole):
            return integers([value for values in whole for value in values or ()])
    plain = np.concatenate([numbers(part) for part in parts])
    return Gapped(plain) if all(map(is_whole, parts)) else plain


def _is_long(column: Column) -> bool:
    return is_whole(column) and beyond_double(np.asarray(column))


def _whole(column: Column) -> list[int | None] | None:
    """Return the numbers of a column as integers, None where one is missing; None if one is not whole."""
    if column.dtype.kind != "f":
        return column.tolist() if column.dtype.kind != "b" else [int(value) for value in column]
    plain = np.asarray(column)
    if not np.all(np.isnan(plain) | (np.isfinite(plain) & (plain == np.round(plain)))):
        return None
    return [None if value != value else int(value) for value in plain.tolist()]


def compared(relation: Callable[[Any, Any], Any], left: Any, right: Any) -> NDArray[np.bool_]:
    """Compare whole numbers with numbers, digit by digit; a missing value compares as NaN does.

    >>> import operator
    >>> compared(operator.eq, np.array([2**60 + 1, 2**60]), 2**60 + 1)
    array([ True, False])
    """
    same = isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.dtype == right.dtype
    if same and left.dtype.kind in "iu":
        return np.asarray(relation(left, right))
    if isinstance(left, np.ndarray) and left.dtype.kind in "iu" and isinstance(right, int):
        span = np.iinfo(left.dtype)
        if span.min <= right <= span.max:
            return np.asarray(relation(left, left.dtype.type(right)))

    def pair(a: Any, b: Any) -> bool:
        return bool(relation(np.nan if a is None else a, np.nan if b is None else b))

    return _elementwise(pair, left, right).astype(bool)


def combined(operation: Callable[..., Any], *operands: Any) -> Column | None:
    """Return ``operation`` of whole numbers, exactly; None where an operand is not whole or it fails.

    >>> import operator
    >>> combined(operator.sub, np.array([10**18 + 1]), 10**18)
    array([1])
    """
    whole = [operand if isinstance(operand, int) else _whole_array(operand) for operand in operands]
    if any(operand is None for operand in whole):
        return None

    def each(*values: Any) -> Any:
        return None if any(value is None for value in values) else operation(*values)

    try:
        return integers(np.atleast_1d(_elementwise(each, *whole)).tolist())
    except (ArithmeticError, TypeError):
        return None


def chosen(condition: Any, yes: Any, no: Any) -> Column | None:
    """Return ``yes`` where the condition holds, else ``no``, exactly; None where one is not whole."""
    both = [side if isinstance(side, int) else _whole_array(side) for side in (yes, no)]
    if any(side is None for side in both):
        return None
    objects_of_both = [np.asarray(side, dtype=object) for side in both]
    return integers(np.atleast_1d(np.where(condition, *objects_of_both)).tolist())


def _whole_array(value: Any) -> Any:
    """Return a number or column as Python's integers, None where it is not whole."""
    found = _whole(np.atleast_1d(np.asarray(value)))
    if found is None:
        return None
    return objects(found) if np.ndim(value) else found[0]


def _elementwise(function: Callable[..., Any], *operands: Any) -> NDArray[Any]:
    plain = [np.asarray(operand).astype(object) for operand in operands]
    with np.errstate(invalid="ignore"):  # a NaN that is compared is no accident
        return np.asarray(np.frompyfunc(function, len(plain), 1)(*plain))


def lost_digits(column: Column) -> NDArray[np.uint64]:
    """Return what float64 loses of each whole number, modulo 2⁶⁴: 0 up to 2⁵³, and for what is missing.

    >>> lost_digits(np.array([2**53, 2**53 + 1])).tolist()
    [0, 1]
    """
    if not beyond_double(column):
        return np.zeros(len(column), dtype=np.uint64)
    if column.dtype.kind == "O":
        lost = (0 if value is None else (value - int(float(value))) % 2**64 for value in column)
        return np.fromiter(lost, np.uint64, len(column))
    kept = column.astype(np.float64)
    high = np.floor(kept / 2.0**32)  # two halves: 2⁶⁴ itself is no uint64, and wraps as it should
    low = (kept - high * 2.0**32).astype(np.uint64)
    return column.astype(np.uint64) - ((high.astype(np.int64).astype(np.uint64) << np.uint64(32)) + low)
