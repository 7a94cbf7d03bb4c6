"""Checks of arrays at the border: a float64 table, vector or weight comes in, or a sentence says why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns
from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, WrongTypeError

SMALLEST, LARGEST = 1e-140, 1e140
"""Between these lies the largest number of a target or of weights: the square of a sum of such stays in float64."""
_BLOCK = 16_384  # rows looked at together: temporaries stay in the cache, whatever the size of the table


def as_table(X: Any, *, what: str = "X") -> NDArray[np.float64]:
    """Return ``X`` as float64 of shape (n_samples, *shape); no copy if it is that already.

    Raises
    ------
    WrongTypeError
        If the values are not numbers.
    InputError
        If there is no row, no column or only one dimension.

    >>> as_table([[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    array = as_numbers(X, what=what)
    if array.ndim < 2:
        raise InputError(
            f"{what} has shape {array.shape}; expected (n_samples, n_features): "
            f"for a single feature pass {what}.reshape(-1, 1)."
        )
    if array.size == 0:
        raise InputError(f"{what} is empty (shape {array.shape}); expected at least one row and one column.")
    return array


def _one_array(values: Any, what: str) -> NDArray[Any]:
    """Return ``values`` as an array; `InputError` where its rows differ in shape, as images of several sizes do."""
    try:
        return np.asarray(values)
    except ValueError:
        shapes = sorted({np.shape(each) for each in values if _is_even(each)})
        told = " and ".join(str(shape) for shape in shapes[:2]) or "no shape at all"
        raise InputError(
            f"{what} has rows of different shapes ({told}); expected one: cut or pad what is too large or too small."
        ) from None


def _is_even(value: Any) -> bool:
    try:
        np.shape(value)
    except ValueError:
        return False
    return True


def as_numbers(values: Any, *, what: str) -> NDArray[np.float64]:
    """Return ``values`` as a float64 array, or raise `WrongTypeError` if they are not real numbers."""
    array = values if isinstance(values, np.ma.MaskedArray) else _one_array(values, what)
    text = array.dtype.kind == "O" and array.ndim == 1 and columns.is_text(array)
    if array.dtype.kind not in "fiubO" or (text and not columns.missing(array).all()):
        held = "values that are not numbers (text)" if text else f"{array.dtype} values"
        raise WrongTypeError(f"{what} holds {held}; expected real numbers: convert or drop them.")
    try:
        return columns.floats(array)
    except (TypeError, ValueError) as error:
        raise WrongTypeError(
            f"{what} holds values that are not real numbers ({error}); convert or drop them."
        ) from error


def as_column(values: Any, n_samples: int, *, what: str) -> NDArray[Any]:
    """Return ``values`` as a one-dimensional array of ``n_samples`` entries of any type."""
    array = columns.of(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n_samples,):
        raise InputError(f"{what} has shape {array.shape}; expected ({n_samples},), one value a row of X.")
    return array


def as_weights(
    w: Any, n_samples: int, *, what: str = "weights", rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return ``w`` as float64 of shape (n_samples,): finite, of either sign, of positive sum.

    Raises
    ------
    InputError
        With the number of weights that are missing or infinite, their sum where it is not positive, or the largest
        where it is extreme.

    >>> as_weights([1, 0, 2], 3)
    array([1., 0., 2.])
    """
    weights = as_numbers(as_column(w, n_samples, what=what), what=what)
    for bad, word in ((np.isnan(weights), "missing"), (np.isinf(weights), "infinite")):
        if count := int(np.count_nonzero(bad)):
            raise InputError(
                f"{what}: {count} of {n_samples} weights are {word} (first in row {_row(bad, rows)}); "
                "expected finite numbers: drop those rows with select, or mend the weights."
            )
    refuse_extreme(weights, what=what)
    if not (total := float(weights.sum())) > 0:
        raise InputError(
            f"{what}: the weights sum to {total or 'zero':.4}; expected a positive sum: is it the right column?"
        )
    return weights


def refuse_extreme(values: NDArray[np.float64], *, what: str) -> None:
    """Raise `InputError` where squares of ``values``, of any shape and some unit, leave float64.

    >>> refuse_extreme(np.array([0.0, 1e160]), what="target 'y'")
    Traceback (most recent call last):
        ...
    fivesigma._core.errors.InputError: target 'y': the largest number is 1e+160, and its square leaves float64; \
expected 1e-140 to 1e+140: give it in another unit.
    """
    top = float(np.abs(values).max(initial=0.0))
    if top > LARGEST or 0.0 < top < SMALLEST:
        raise InputError(
            f"{what}: the largest number is {top:.3g}, and its square leaves float64; "
            f"expected {SMALLEST:g} to {LARGEST:g}: give it in another unit."
        )


def refuse_infinite(
    X: NDArray[np.float64], names: Sequence[str], *, rows: NDArray[np.int64] | None = None
) -> None:
    """Raise `InputError` naming the first column of the table ``X`` that holds an infinite value."""
    for start in range(0, len(X), _BLOCK):
        infinite = np.isinf(X[start : start + _BLOCK])
        if infinite.any():
            column = int(np.argmax(infinite.reshape(len(infinite), -1).any(axis=0)))
            _raise_infinite(X, column, names, rows)


def _raise_infinite(
    X: NDArray[np.float64], column: int, names: Sequence[str], rows: NDArray[np.int64] | None
) -> None:
    """Name ``column`` (of the flattened event), count its infinite values, say what to do."""
    infinite = np.isinf(X.reshape(len(X), -1)[:, column])
    name = names[column] if column < len(names) else f"number {column}"
    quoted = name if name.isidentifier() else f"`{name}`"
    raise InputError(
        f"feature '{name}' has {counted(int(infinite.sum()), 'infinite value')} (first in row {_row(infinite, rows)}); "
        f'expected finite numbers: mend them, or drop these rows with select = "isfinite({quoted})".'
    )


def _row(bad: NDArray[np.bool_], rows: NDArray[np.int64] | None) -> int:
    """Return the number in the input of the first bad row."""
    first = int(np.argmax(bad))
    return first if rows is None else int(rows[first])
