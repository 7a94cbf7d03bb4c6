"""Columns out of a dataframe of any kind (pandas, polars, arrow), through narwhals, and back to polars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.table import WholeTable

if TYPE_CHECKING:
    import polars

_LONG = ("Int128", "UInt128")
_DECIMAL = 38  # digits of a decimal number in Parquet


def columns(frame: Any) -> dict[str, NDArray[Any]]:
    """Return each column of ``frame`` as (n_rows,): numbers with NaN, text as objects with None if missing.

    Whole numbers keep every digit (`fivesigma._core.columns` says how); a name that is no text becomes one.

    Raises
    ------
    WrongTypeError
        If ``frame`` is no dataframe that narwhals knows, or a column holds complex numbers.
    InputError
        If two columns have one name.

    >>> import polars
    >>> columns(polars.DataFrame({"x": [1.5, None], "s": ["a", None]}))
    {'x': array([1.5, nan]), 's': array(['a', None], dtype=object)}
    """
    return {name: _column(series, name) for name, series in _named(frame).items()}


def opened(frame: Any) -> WholeTable:
    """Return a dataframe as a table: columns of lists of numbers are jagged, all others as `columns` returns them.

    Raises
    ------
    WrongTypeError, InputError
        As `columns`.

    >>> import polars
    >>> opened(polars.DataFrame({"x": [1.5, 2.5], "jets": [[31.0, 20.5], None]})).jagged
    ('jets',)
    """
    named = _named(frame)
    lists = {name: found for name, series in named.items() if (found := _lists(series)) is not None}
    plain = {name: _column(series, name) for name, series in named.items() if name not in lists}
    return WholeTable(plain, {}, lists)


def is_frame(what: Any) -> bool:
    """Whether something is a dataframe of a kind that is known.

    >>> import polars
    >>> is_frame(polars.DataFrame({"x": [1]})), is_frame("events.csv")
    (True, False)
    """
    return nw.dependencies.is_into_dataframe(what)


def _lists(series: Any) -> Jagged | None:
    """Return a column of lists of numbers, None where it holds anything else; a missing list is empty."""
    if not isinstance(series.dtype, (nw.List, nw.Array)) and series.dtype not in (nw.Object, nw.Unknown):
        return None
    values = [() if _is_missing(each) else each for each in series.to_list()]
    if not all(isinstance(each, (list, tuple, np.ndarray)) for each in values):
        return None
    parts = [np.array([np.nan if member is None else member for member in each]) for each in values]
    if any(part.ndim != 1 or (part.size and part.dtype.kind not in "biuf") for part in parts):
        return None
    return Jagged.of(parts)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _named(frame: Any) -> dict[str, Any]:
    """Return the columns of a dataframe by name."""
    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise WrongTypeError(
            f"expected a pandas, polars or arrow table, got {type(frame).__name__}; "
            "arrays go through Dataset.from_arrays."
        ) from error
    except nw.exceptions.NarwhalsError as error:
        what = str(error).splitlines()[0]
        raise InputError(
            f"the table is not one of named columns ({what}); rename those that occur twice."
        ) from error
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"the column name {twice!r} occurs twice; rename one of the columns.")
    return dict(zip(names, table.iter_columns(), strict=True))


def consumed(series: list[polars.Series]) -> dict[str, NDArray[Any]]:
    """Return columns of polars as `columns` does; the list is emptied, each let go of as it is taken."""
    taken = {}
    series.reverse()
    while series:
        last = series.pop()
        taken[last.name] = _plain(last)
    return taken


def _plain(series: polars.Series) -> NDArray[Any]:
    """Return a column of polars: numbers that are all there as they lie, without a detour."""
    kind = series.dtype
    if (kind.is_float() or (kind.is_integer() and not series.null_count())) and str(kind) not in _LONG:
        return np.asarray(series.to_numpy())
    return _column(nw.from_native(series, series_only=True), series.name)


def _column(series: Any, name: str) -> NDArray[Any]:
    """Return one column: numbers, truth values, whole numbers with every digit; all else is text."""
    kind = series.dtype
    if kind in (nw.Int128, nw.UInt128):
        return kinds.integers(series.to_list())
    if kind.is_integer():
        return _integers(series, np.dtype(str(kind).lower()))
    if kind.is_float():
        return _floats(series, np.dtype(str(kind).lower()))
    if kind == nw.Decimal:
        return _decimals(series)
    if kind == nw.Boolean:
        return kinds.gapped(np.asarray(series.fill_null(False).to_numpy(), dtype=bool), _absent(series))
    if kind in (nw.String, nw.Categorical, nw.Enum):
        return kinds.texts(series.to_list())
    return _odd(series, name)


def _absent(series: Any) -> NDArray[np.bool_]:
    return np.asarray(series.is_null().to_numpy(), dtype=bool)


def _integers(series: Any, kind: np.dtype[Any]) -> NDArray[Any]:
    if series.null_count() == 0:
        return np.asarray(series.to_numpy(), dtype=kind)
    return kinds.gapped(np.asarray(series.fill_null(0).to_numpy(), dtype=kind), _absent(series))


def _floats(series: Any, kind: np.dtype[Any]) -> NDArray[Any]:
    return np.asarray(series.to_numpy(), dtype=kind)


def _decimals(series: Any) -> NDArray[Any]:
    """Return decimal numbers as whole ones if all are, digit by digit where float64 would lose some."""
    floats = _floats(series.cast(nw.Float64), np.dtype(np.float64))
    there = floats[~np.isnan(floats)]
    if not np.array_equal(there, np.round(there)):
        return floats
    return kinds.of_objects(series.to_list())


def _odd(series: Any, name: str) -> NDArray[Any]:
    """Return a column of objects, or of a type that narwhals does not know (sparse, complex)."""
    try:
        dense = np.asarray(series.to_native()) if series.dtype == nw.Unknown else None
        if dense is not None and dense.dtype.kind in "biuf":
            return dense
        return kinds.of_objects(series.to_list())
    except WrongTypeError as error:
        raise WrongTypeError(f"column {name!r}: {error}") from None


def table(columns: Mapping[str, NDArray[Any]], *, nan_to_null: bool = True) -> polars.DataFrame:
    """Return named columns as a polars table in which nothing lost a digit or became a number.

    Parameters
    ----------
    columns : name -> (n_rows,)
    nan_to_null : bool
        Whether NaN among real numbers is written as a missing value; among whole numbers it always is.

    >>> table({"id": np.array([2**63 + 1], dtype=np.uint64), "x": np.array([np.nan])}).rows()
    [(9223372036854775809, None)]
    """
    import polars

    for name, column in columns.items():
        if column.ndim > 1:
            raise InputError(
                f"column {name!r} is an array {column.shape[1:]} in each event; only single values are written."
            )
    return polars.DataFrame([_series(name, column, nan_to_null) for name, column in columns.items()])


def _series(name: str, column: NDArray[Any], nan_to_null: bool) -> polars.Series:
    import polars

    if isinstance(column, kinds.Gapped):
        whole = polars.Int64 if column.holds == "number" else polars.Boolean
        return polars.Series(name, np.asarray(column), nan_to_null=True).cast(whole)
    if column.dtype.kind != "O":
        return polars.Series(name, column, nan_to_null=nan_to_null)
    if kinds.is_text(column):
        return polars.Series(name, column.tolist(), dtype=polars.String)
    return _long(name, column.tolist())


def _long(name: str, values: list[int | None]) -> polars.Series:
    """Return whole numbers in the plainest type that every reader of Parquet knows."""
    import polars

    present = [value for value in values if value is not None]
    for kind, low, high in ((polars.Int64, -(2**63), 2**63), (polars.UInt64, 0, 2**64)):
        if low <= min(present) and max(present) < high:
            return polars.Series(name, values, dtype=kind)
    if max(map(abs, present)) < 10**_DECIMAL:
        return polars.Series(name, values, dtype=polars.Decimal(_DECIMAL, 0))
    return polars.Series(name, [None if value is None else str(value) for value in values])
