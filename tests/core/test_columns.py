"""Columns: four kinds, each kept exactly, and what is asked of them the same for all forms of one."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma._core import columns as kinds
from fivesigma._core import exact
from fivesigma._core.errors import InputError, WrongTypeError

WHOLE = st.one_of(st.integers(-(2**70), 2**70), st.integers(-9, 9), st.integers(2**53 - 2, 2**53 + 2))
GAPS = st.lists(st.one_of(st.none(), WHOLE), min_size=1, max_size=8)


def _values(column: np.ndarray) -> list[Any]:
    return [None if value is None or value != value else int(value) for value in column.tolist()]


@given(GAPS)
def test_whole_numbers_come_back_as_they_were(values: list[int | None]) -> None:
    column = kinds.integers(values)
    assert _values(column) == values
    assert kinds.missing(column).tolist() == [value is None for value in values]
    if any(value is not None for value in values):
        assert kinds.is_whole(column)
        assert not kinds.is_text(column)
        assert kinds.kind_of(column) == "number"
        assert kinds.words(column) == [None if value is None else str(value) for value in values]
        floats = [np.nan if value is None else float(value) for value in values]
        np.testing.assert_array_equal(kinds.numbers(column), floats)


@given(GAPS, GAPS)
def test_stacked_parts_keep_every_digit(one: list[int | None], other: list[int | None]) -> None:
    parts = [kinds.integers(values) for values in (one, other)]
    if any(map(kinds.is_text, parts)):
        return  # a part without a number says nothing of its kind; the reader of several files knows what to do
    assert _values(exact.stacked(parts)) == one + other


@given(st.lists(WHOLE, min_size=1, max_size=6), WHOLE)
def test_comparisons_and_sums_are_those_of_python(values: list[int], other: int) -> None:
    column = kinds.integers(values)
    for relation in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        assert exact.compared(relation, column, other).tolist() == [relation(v, other) for v in values]
        assert exact.compared(relation, other, column).tolist() == [relation(other, v) for v in values]
        assert exact.compared(relation, column, column).tolist() == [relation(v, v) for v in values]
    for operation in (operator.add, operator.sub, operator.mul):
        found = exact.combined(operation, column, other)
        assert found is not None
        assert _values(found) == [operation(v, other) for v in values]


def test_a_missing_value_compares_as_nan_does() -> None:
    column = kinds.integers([2**60, None])
    assert exact.compared(operator.eq, column, 2**60).tolist() == [True, False]
    assert exact.compared(operator.ne, column, 5).tolist() == [True, True]
    assert exact.compared(operator.lt, column, np.array([2.0**61, 1.0])).tolist() == [True, False]
    assert _values(exact.combined(operator.add, column, 1)) == [2**60 + 1, None]


def test_what_is_not_whole_is_left_to_floats() -> None:
    column = np.array([2**60])
    assert exact.combined(operator.add, column, np.array([0.5])) is None
    assert exact.combined(operator.floordiv, column, 0) is None
    assert exact.chosen(np.array([True]), column, 0.5) is None
    assert exact.chosen(np.array([True, False]), np.array([2**60, 1]), 7).tolist() == [2**60, 7]


@given(st.lists(WHOLE, min_size=1, max_size=6))
def test_a_float_and_what_it_loses_are_the_number(values: list[int]) -> None:
    column = kinds.integers(values)
    lost = exact.lost_digits(column).tolist()
    assert lost == [(v - int(float(v))) % 2**64 for v in values]


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_the_ends_of_64_bits_lose_what_they_lose(kind: type) -> None:
    span = np.iinfo(kind)
    values = [span.max, span.max - 1, span.max - 1024, span.min]
    lost = exact.lost_digits(np.array(values, dtype=kind)).tolist()
    assert lost == [(int(v) - int(float(v))) % 2**64 for v in values]


CODED = [
    (np.array([1, -999, 3]), [-999], [1, None, 3]),
    (np.array([2**63 - 1, 2**63 - 2]), [2**63 - 1], [None, 2**63 - 2]),
    (np.array([1, 2], dtype=np.uint8), [-999, 300], [1, 2]),
    (np.array([1.5, -999.0]), [-999], [1.5, None]),
    (kinds.objects([2**70, 5, None]), [2**70], [None, 5, None]),
    (kinds.Gapped(np.array([1.0, np.nan, 7.0])), [7], [1, None, None]),
    (np.array([1, 2]), [1.5], [1, 2]),
    (kinds.objects(["a", "?", None]), ["?", -999], ["a", None, None]),
    (np.array([True, False]), [1], [True, False]),
]


@pytest.mark.parametrize(("column", "codes", "expected"), CODED)
def test_codes_are_missing_and_nothing_else(
    column: np.ndarray, codes: list[Any], expected: list[Any]
) -> None:
    before = column.tolist()
    found = kinds.blanked(column, codes).tolist()
    assert [None if value is None or value != value else value for value in found] == expected
    assert repr(column.tolist()) == repr(before)  # the given column is left as it was


def test_codes_in_arrays_of_events() -> None:
    images = np.array([[[1, -9], [2, 3]]])
    assert np.isnan(kinds.blanked(images, [-9, "?"])).sum() == 1
    assert kinds.blanked(images, [-8]) is images


OBJECTS = [
    ([True, None, False], "truth", [1.0, np.nan, 0.0]),
    ([np.int8(3), 4], "number", [3, 4]),
    ([1, 2.0, None], "number", [1.0, 2.0, np.nan]),
    ([1, 2.5], "number", [1.0, 2.5]),
    ([Decimal("1.5"), Decimal("NaN")], "number", [1.5, np.nan]),
    ([True, 2], "number", [1, 2]),
    ([10**60, 1], "number", [1e60, 1.0]),
    ([float("inf"), 1], "number", [np.inf, 1.0]),
    ([None, float("nan")], "text", [np.nan, np.nan]),
]


@pytest.mark.parametrize(("held", "kind", "values"), OBJECTS)
def test_objects_are_the_kind_that_they_all_are(held: list[Any], kind: str, values: list[float]) -> None:
    column = kinds.of(held)
    assert kinds.kind_of(column) == kind
    if kind != "text":
        np.testing.assert_array_equal(kinds.numbers(column), values)


def test_objects_that_are_mixed_are_text() -> None:
    assert kinds.of([1, "a", b"b", None]).tolist() == ["1", "a", "b", None]
    assert kinds.of(np.array([["a"]])).shape == (1, 1)
    assert kinds.of([[1, 2], [3, 4]]).shape == (2, 2)
    with pytest.raises(WrongTypeError, match="complex"):
        kinds.of([1j, 2])
    with pytest.raises(InputError, match="beyond the range of double precision"):
        kinds.of([10**400, 1])


def test_masked_arrays_of_every_kind() -> None:
    mask = [False, True]
    assert _values(kinds.of(np.ma.array([2**60 + 1, 5], mask=mask))) == [2**60 + 1, None]
    assert kinds.of(np.ma.array([True, False], mask=mask)).tolist()[0] == 1.0
    assert np.isnan(kinds.of(np.ma.array([0.5, 1.5], mask=mask))[1])
    assert kinds.of(np.ma.array(["a", "b"], mask=mask)).tolist() == ["a", None]
    assert np.isnan(kinds.floats(np.ma.array([[1, 2]], mask=[mask]))).tolist() == [mask]
    assert np.isnan(kinds.floats(np.array([[1, None]], dtype=object))).tolist() == [mask]


def test_what_is_computed_of_a_gapped_column_is_plain() -> None:
    gaps = kinds.Gapped(np.array([1.0, np.nan]), "truth")
    assert (gaps[:1].holds, gaps[[1, 0]].holds, exact.stacked([gaps, gaps]).holds) == ("truth",) * 3
    assert type(gaps * 2) is np.ndarray
    assert isinstance(gaps.max(), float)
    assert kinds.is_truth(gaps)
    assert kinds.words(gaps) == ["True", None]
    assert kinds.kind_of(gaps) == "truth"


def test_stacked_kinds() -> None:
    text, whole = kinds.objects(["a"]), np.array([1])
    assert exact.stacked([text, whole]).tolist() == ["a", 1]
    assert exact.stacked([whole, np.array([0.5])]).tolist() == [1.0, 0.5]
    assert exact.stacked([np.array([2**60 + 1]), np.array([2.0])]).tolist() == [2**60 + 1, 2]
    assert exact.stacked([np.array([2**60 + 1]), np.array([0.5])]).tolist() == [2.0**60, 0.5]
    assert exact.stacked([whole, kinds.Gapped(np.array([np.nan]))]).holds == "number"  # type: ignore[attr-defined]


READ = [
    (np.array([1, 20]), "text", ["1", "20"]),
    (kinds.objects(["01", None]), "text", ["01", None]),
    (kinds.objects(["01", None]), "number", [1, None]),
    (kinds.objects([str(2**63 + 1), "3"]), "number", [2**63 + 1, 3]),
    (kinds.objects(["1.5", " 2 "]), "number", [1.5, 2.0]),
    (kinds.objects(["True", "false", None]), "truth", [1, 0, None]),
    (kinds.objects(["1", "0.0"]), "truth", [1, 0]),
    (np.array([True, False]), "truth", [1, 0]),
    (np.array([True, False]), "text", ["True", "False"]),
    (np.array([0.5, np.nan]), "number", [0.5, None]),
    (kinds.objects([None, None]), "number", [None, None]),
]


@pytest.mark.parametrize(("column", "kind", "expected"), READ)
def test_a_column_is_read_as_another_kind(column: np.ndarray, kind: str, expected: list[Any]) -> None:
    found = kinds.read_as(column, kind).tolist()
    assert [None if value is None or value != value else value for value in found] == expected


@pytest.mark.parametrize(
    ("word", "kind", "words"),
    [("x", "number", "text .'x'."), ("1_000", "number", "text .'1_000'."), ("2", "truth", "true or false")],
)
def test_what_is_not_of_the_kind_is_named(word: str, kind: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        kinds.read_as(kinds.objects([None, word]), kind)


@pytest.mark.parametrize(
    ("held", "typed"),
    [
        (["1", "20"], [1, 20]),
        (["01", "2"], ["01", "2"]),
        (["1.50", "2"], [1.5, 2.0]),
        (["a", "2"], ["a", "2"]),
        ([None, None], [None, None]),
    ],
)
def test_text_becomes_numbers_where_no_character_is_lost(held: list[Any], typed: list[Any]) -> None:
    assert kinds.typed(kinds.objects(held)).tolist() == typed
    assert kinds.typed(np.array([1.5])).tolist() == [1.5]
