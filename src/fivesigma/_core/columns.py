"""What a column of a table can hold, and how it keeps every digit.

A column is an array ``(n,)`` of one of four kinds: real numbers (float64, NaN where missing), truth values,
text (objects, None where missing), or whole numbers. Whole numbers are an integer array; with gaps a `Gapped`
array, a float64 that knows what it holds, as long as a float64 holds every digit (up to 2⁵³); else objects:
Python's own integers, None where missing. So an identifier of 64 bits is never a float64 on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, WrongTypeError

Column = NDArray[Any]

EXACT = 2**53
"""The whole numbers up to here are all float64."""

TRUTHS = {"true": True, "false": False}
"""The words of a truth value, in whatever case."""

_SPAN = {np.dtype(np.int64): (-(2**63), 2**63 - 1), np.dtype(np.uint64): (0, 2**64 - 1)}
_MOST_DIGITS = 2**128  # what is longer is no identifier, and a real number if it is one at all


class Gapped(np.ndarray[Any, np.dtype[np.float64]]):
    """Whole numbers or truth values of which some are missing: float64 with NaN, each value exact.

    What is computed from it is a plain array.

    Parameters
    ----------
    values : (n,) float64, whole numbers up to 2⁵³ or NaN
    holds : ``"number"`` or ``"truth"``

    >>> gaps = Gapped(np.array([3.0, np.nan]))
    >>> gaps.holds, type(gaps + 1).__name__, type(gaps[:1]).__name__
    ('number', 'ndarray', 'Gapped')
    """

    holds: str

    def __new__(cls, values: NDArray[np.float64], holds: str = "number") -> Gapped:
        """View ``values`` as a column that knows what it ``holds``."""
        new = np.asarray(values, dtype=np.float64).view(cls)
        new.holds = holds
        return new

    def __array_finalize__(self, parent: NDArray[Any] | None) -> None:
        """Hand on what the column holds to its parts."""
        self.holds = getattr(parent, "holds", "number")

    def __array_wrap__(self, array: NDArray[Any], context: Any = None, return_scalar: bool = False) -> Any:
        """Return what is computed as a plain array."""
        plain = np.asarray(array)
        return plain[()] if return_scalar or plain.ndim == 0 else plain


def is_text(column: Column) -> bool:
    """Whether a column holds text; one of missing values alone counts as text.

    >>> is_text(np.array(["a", None], dtype=object)), is_text(np.array([2**70, None], dtype=object))
    (True, False)
    """
    if column.dtype.kind != "O":
        return column.dtype.kind in "SUT"
    return not isinstance(next((value for value in column.flat if value is not None), ""), int)


def is_whole(column: Column) -> bool:
    """Whether a column is one of whole numbers, in any of their forms.

    >>> is_whole(np.array([1])), is_whole(np.array([1.0])), is_whole(np.array([2**70, None], dtype=object))
    (True, False, True)
    """
    if isinstance(column, Gapped):
        return column.holds == "number"
    return column.dtype.kind in "iu" or (column.dtype.kind == "O" and not is_text(column))


def is_truth(column: Column) -> bool:
    """Whether a column holds truth values, some of which may be missing."""
    return column.dtype.kind == "b" or (isinstance(column, Gapped) and column.holds == "truth")


def kind_of(column: Column) -> str:
    """Return how a column is read: ``"text"``, ``"truth"`` or ``"number"``."""
    return "text" if is_text(column) else "truth" if is_truth(column) else "number"


def missing(column: Column) -> NDArray[np.bool_]:
    """Mark the missing entries of a column: NaN among numbers, None among objects."""
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column), dtype=bool)
    if column.dtype.kind == "O":
        return np.fromiter((value is None or value != value for value in column), bool, len(column))
    return np.zeros(len(column), dtype=bool)


def numbers(column: Column) -> NDArray[np.float64]:
    """Return whole numbers, truth values and numbers as float64, NaN where missing.

    >>> numbers(np.array([2**53 + 1, None], dtype=object))
    array([9.00719925e+15,            nan])
    """
    if column.dtype.kind != "O":
        return np.asarray(column).astype(np.float64, copy=False)
    return np.fromiter((np.nan if value is None else float(value) for value in column), float, len(column))


def beyond_double(column: Column) -> bool:
    """Whether a column of whole numbers has one that a float64 may not hold.

    >>> beyond_double(np.array([2**53])), beyond_double(np.array([2**53 + 1]))
    (False, True)
    """
    if column.dtype.kind == "O":
        return any(value is not None and abs(value) > EXACT for value in column.flat)
    if column.dtype.kind not in "iu" or column.dtype.itemsize < 8 or column.size == 0:
        return False
    return int(column.max()) > EXACT or int(column.min()) < -EXACT


def integers(values: Sequence[int | None]) -> Column:
    """Return whole numbers, None where missing, as the plainest column that keeps every digit.

    >>> integers([1, 2]), integers([2**63, 1]).dtype, integers([1, None]), integers([2**53 + 1, None])
    (array([1, 2]), dtype('uint64'), Gapped([ 1., nan]), array([9007199254740993, None], dtype=object))
    """
    present = [value for value in values if value is not None]
    low, high = min(present, default=0), max(present, default=0)
    if len(present) < len(values):
        small = low >= -EXACT and high <= EXACT and present
        floats = [np.nan if value is None else value for value in values] if small else []
        return Gapped(np.array(floats, dtype=np.float64)) if small else objects(values)
    for kind, (least, most) in _SPAN.items():
        if least <= low and high <= most:
            return np.array(values, dtype=kind)
    return objects(values)


def gapped(values: Column, absent: NDArray[np.bool_]) -> Column:
    """Return the whole numbers or truth values ``values`` without those that are ``absent``.

    >>> gapped(np.array([1, -999]), np.array([False, True]))
    Gapped([ 1., nan])
    """
    if not absent.any():
        return values
    if values.dtype.kind == "b" or not beyond_double(values[~absent]):
        holds = "truth" if values.dtype.kind == "b" else "number"
        return Gapped(np.where(absent, np.nan, numbers(values)), holds)
    return objects([None if gone else value for value, gone in zip(values.tolist(), absent, strict=True)])


def objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return ``values`` as an array of objects ``(n,)``, whatever they are."""
    held = list(values)
    result = np.empty(len(held), dtype=object)
    result[:] = held  # numpy would otherwise make sequences of one length two-dimensional
    return result


def blanked(column: Column, codes: Sequence[float | str]) -> Column:
    """Return a column in which the ``codes`` of a missing value, numbers or words, are missing.

    >>> blanked(np.array(["a", "?"], dtype=object), ["?"])
    array(['a', None], dtype=object)
    >>> blanked(np.array([1, -999]), [-999]), blanked(np.array([0.5, -999]), [-999])
    (Gapped([ 1., nan]), array([0.5, nan]))
    """
    if column.ndim > 1:
        numbers_only = [code for code in codes if not isinstance(code, str)]
        coded = np.isin(column, numbers_only)
        return np.where(coded, np.nan, column) if coded.any() and column.dtype.kind != "b" else column
    if is_text(column):
        coded = np.isin(column, [code for code in codes if isinstance(code, str)])
        result = column.copy()
        result[coded] = None
        return result if coded.any() else column
    coded = _coded(column, [code for code in codes if not isinstance(code, str)])
    if column.dtype.kind == "b" or not coded.any():
        return column
    if column.dtype.kind == "f":
        blank = np.where(coded, np.nan, np.asarray(column))
        return Gapped(blank, column.holds) if isinstance(column, Gapped) else blank
    return gapped(column, coded)


def _coded(column: Column, codes: Sequence[float]) -> NDArray[np.bool_]:
    """Mark the numbers that are a code, whole ones compared digit by digit."""
    found = np.zeros(len(column), dtype=bool)
    for code in codes:
        whole = column.dtype.kind in "iuO" and float(code).is_integer()
        found |= np.asarray(column == (_fitting(int(code), column) if whole else code), dtype=bool)
    return found


def _fitting(code: int, column: Column) -> Any:
    """Return a whole number in the type of ``column`` if it fits there, so that no comparison rounds."""
    if column.dtype.kind == "O":
        return code
    span = np.iinfo(column.dtype)
    return column.dtype.type(code) if span.min <= code <= span.max else np.nan


def of(values: Any) -> Column:
    """Return what Python holds as a column: lists, arrays (masked ones too), series of a table.

    Objects are looked at one by one: truth values, whole numbers, numbers, or else text. A masked entry is
    missing.

    >>> of([2**63 + 1, 1]).dtype, of([1, None]), of([True, None]).holds, of(["a", None])
    (dtype('uint64'), Gapped([ 1., nan]), 'truth', array(['a', None], dtype=object))
    """
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values)
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values
    if isinstance(values, (list, tuple)):
        return of_objects(values) if np.ndim(objects(values)) == 1 and _flat(values) else np.asarray(values)
    array = np.asarray(values)
    return of_objects(array.tolist()) if array.dtype.kind == "O" and array.ndim == 1 else array


def floats(values: Any) -> NDArray[np.float64]:
    """Return an array of any shape as float64, NaN where it is masked or an object says that it is missing.

    >>> floats(np.ma.array([[1, 2]], mask=[[False, True]]))
    array([[ 1., nan]])
    """
    array = np.asarray(values.data if isinstance(values, np.ma.MaskedArray) else values)
    absent = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    if array.dtype.kind == "O":
        said = np.asarray(np.frompyfunc(_absent, 1, 1)(array), dtype=bool)
        absent = said if absent is None else absent | said
        array = np.where(absent, np.nan, array)
    result = np.asarray(array, dtype=np.float64)
    return result if absent is None or not absent.any() else np.where(absent, np.nan, result)


def _flat(values: Sequence[Any]) -> bool:
    return not any(isinstance(value, (list, tuple, np.ndarray)) for value in values)


def _unmasked(values: np.ma.MaskedArray[Any, Any]) -> Column:
    """Return a masked array as a plain one, missing where it is masked."""
    absent, plain = np.ma.getmaskarray(values), np.asarray(values.data)
    if values.dtype.kind in "biu" and values.ndim == 1:
        return gapped(plain, absent)
    if values.dtype.kind in "biuf":
        return np.where(absent, np.nan, plain.astype(np.float64))
    return of_objects([None if gone else value for value, gone in zip(plain.tolist(), absent, strict=True)])


def of_objects(values: Iterable[Any]) -> Column:
    """Return Python objects as a column of the kind that they all are.

    >>> of_objects([1, 2.5, None]), of_objects([Decimal("12"), None]), of_objects([1, "a"])
    (array([1. , 2.5, nan]), Gapped([12., nan]), array(['1', 'a'], dtype=object))
    """
    held = [None if _absent(value) else value for value in values]
    kinds = {type(value) for value in held if value is not None}
    if kinds and all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return gapped(np.array([bool(v) for v in held]), np.array([v is None for v in held]))
    if kinds and all(issubclass(kind, (int, float, complex, np.number, Decimal, np.bool_)) for kind in kinds):
        return _of_numbers(held, kinds)
    return texts(held)


def texts(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return words as a column of text, whatever says that one is missing.

    >>> texts(["a", None, float("nan"), 2])
    array(['a', None, None, '2'], dtype=object)
    """
    return objects(value if type(value) is str else _said(value) for value in values)


def _said(value: Any) -> str | None:
    if _absent(value):
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _absent(value: Any) -> bool:
    """Whether an object says that a value is missing: None, NaN, and the words of pandas and NumPy for it."""
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return isinstance(value, (float, np.floating, Decimal, np.datetime64)) and bool(value != value)


def _of_numbers(held: Sequence[Any], kinds: Iterable[type]) -> Column:
    """Return whole numbers if all are and one of them is of a type of whole numbers, else float64."""
    if any(issubclass(kind, (complex, np.complexfloating)) for kind in kinds):
        raise WrongTypeError("a column holds complex numbers; expected real ones: take their parts apart.")
    exact = any(issubclass(kind, (int, np.integer, Decimal)) for kind in kinds)
    if exact and all(map(_is_whole_number, held)):
        return integers([None if value is None else int(value) for value in held])
    try:
        return np.array([np.nan if value is None else float(value) for value in held], dtype=np.float64)
    except OverflowError as error:
        raise InputError(
            "a column holds a whole number beyond the range of double precision; write its logarithm."
        ) from error


def _is_whole_number(value: Any) -> bool:
    """Whether a number is whole and no longer than an identifier can be; None is."""
    return value is None or (abs(value) < _MOST_DIGITS and bool(value == int(value)))


def read_as(column: Column, kind: str) -> Column:
    """Return a column as one of the ``kind`` (number, text or truth) that it had in another table.

    Raises
    ------
    InputError
        With the first value that is not of that kind.

    >>> read_as(np.array([1, 2]), "text"), read_as(np.array(["1.5", None], dtype=object), "number")
    (array(['1', '2'], dtype=object), array([1.5, nan]))
    >>> read_as(np.array(["True", "false"], dtype=object), "truth")
    array([ True, False])
    """
    if not is_text(column):
        return objects(words(column)) if kind == "text" else column
    if kind == "text":
        return column
    return _truths(column) if kind == "truth" else _numbers_of(column)


def _numbers_of(column: Column) -> Column:
    """Return the numbers that words are: whole ones if all are."""
    values = [_number(value) for value in column]
    for value, number in zip(column, values, strict=True):
        if value is not None and number is None:
            raise InputError(f"holds text ({value!r}), and a number is expected")
    if all(value is None or isinstance(value, int) for value in values) and any(values):
        return integers(values)  # type: ignore[arg-type]
    return np.array([np.nan if value is None else float(value) for value in values])


def typed(column: Column) -> Column:
    """Return text as numbers if no character is lost by it: ``01`` stays text.

    >>> typed(np.array(["1", "20"], dtype=object)), typed(np.array(["01"], dtype=object))
    (array([ 1, 20]), array(['01'], dtype=object))
    """
    if not is_text(column) or missing(column).all():
        return column
    values = [_number(word) for word in column]
    present = [(word, value) for word, value in zip(column, values, strict=True) if word is not None]
    if all(isinstance(value, float) or str(value) == word for word, value in present):
        return read_as(column, "number")
    return column


def _number(word: Any) -> int | float | None:
    for kind in (int, float):
        try:
            return None if word is None or "_" in word else kind(word)
        except ValueError:
            continue
    return None


def _truths(column: Column) -> Column:
    found = [None if word is None else _truth(str(word)) for word in column]
    return gapped(np.array([bool(value) for value in found]), np.array([value is None for value in found]))


def _truth(word: str) -> bool:
    """Return the truth value of a word, or of the numbers 0 and 1."""
    known = TRUTHS | {"0": False, "1": True, "0.0": False, "1.0": True}
    if word.strip().lower() not in known:
        raise InputError(f"holds {word!r}, and true or false is expected")
    return known[word.strip().lower()]


def words(column: Column) -> list[str | None]:
    """Return each value as text, whole numbers without a decimal point, None where it is missing.

    >>> words(np.array([2**63 + 1], dtype=np.uint64)), words(Gapped(np.array([1.0, np.nan])))
    (['9223372036854775809'], ['1', None])
    """
    if isinstance(column, Gapped) and column.holds == "truth":
        return [None if value != value else str(bool(value)) for value in column.tolist()]
    return [None if value is None or value != value else label(value) for value in column.tolist()]


def label(value: object) -> str:
    """Return a value as text: whole numbers without a decimal point.

    >>> label(1.0), label(2), label("s"), label(True), label(0.5)
    ('1', '2', 's', 'True', '0.5')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
