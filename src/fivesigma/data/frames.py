"""Columns out of a dataframe of any kind (pandas, polars, arrow), through narwhals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, WrongTypeError

if TYPE_CHECKING:
    import polars


def columns(frame: Any) -> dict[str, NDArray[Any]]:
    """Return each column of ``frame`` as (n_rows,): numbers with NaN, text as objects with None if missing.

    Raises
    ------
    WrongTypeError
        If ``frame`` is no dataframe that narwhals knows.

    >>> import polars
    >>> columns(polars.DataFrame({"x": [1, None], "s": ["a", None]}))
    {'x': array([ 1., nan]), 's': array(['a', None], dtype=object)}
    """
    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise WrongTypeError(
            f"expected a pandas, polars or arrow table, got {type(frame).__name__}; "
            "arrays go through Dataset.from_arrays."
        ) from error
    names = [str(name) for name in table.columns]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the column name {repeated[0]!r} occurs twice; rename one of the columns.")
    return {str(name): _values(table[name]) for name in table.columns}


def consumed(frame: polars.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the columns of a polars table as `columns` does, and let go of each as it is taken."""
    return {
        name: _values(nw.from_native(frame.drop_in_place(name), series_only=True))
        for name in list(frame.columns)
    }


def _values(series: Any) -> NDArray[Any]:
    """Return one column: its own type if nothing is missing, else float64 with NaN; all else is text."""
    kind = series.dtype
    if kind.is_integer() and kind.is_numeric() and kind not in (nw.Int128, nw.UInt128):
        return _numbers(series, np.dtype(str(kind).lower()))
    if kind.is_float():
        return _numbers(series, np.dtype(str(kind).lower()))
    if kind.is_numeric():
        return _numbers(series.cast(nw.Float64), np.dtype("float64"))
    if kind == nw.Boolean:
        return _numbers(series, np.dtype(bool))
    if kind in (nw.String, nw.Categorical, nw.Enum):
        return _text(series.to_list())
    return _text([None if value is None else str(value) for value in series.to_list()])


def _numbers(series: Any, kind: np.dtype[Any]) -> NDArray[Any]:
    if series.null_count():
        return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    return np.asarray(series.to_numpy(), dtype=kind)


def _text(values: list[Any]) -> NDArray[Any]:
    # an array of objects filled from a list: numpy would otherwise make equal-length lists two-dimensional
    result = np.empty(len(values), dtype=object)
    result[:] = [None if value is None or value != value else str(value) for value in values]
    return result
