"""Columns keep every digit: however whole numbers come, are joined, compared or written, they are what they were."""

from __future__ import annotations

import math
import operator
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core import columns
from fivesigma._core.columns import EXACT, Gapped
from fivesigma._core.errors import InputError, WrongTypeError

WHOLE = st.one_of(
    st.none(), st.integers(-(2**70), 2**70), st.sampled_from([EXACT, EXACT + 1, -EXACT - 1, 2**63])
)
LISTS = st.lists(WHOLE, min_size=1, max_size=6)


def spoken(values):
    return [None if value is None else str(value) for value in values]


@given(LISTS)
@settings(max_examples=200, deadline=None)
def test_whole_numbers_of_any_length_are_written_as_they_came(values):
    column = columns.integers(values)
    assert columns.words(column) == spoken(values)
    if any(value is not None for value in values):
        assert columns.is_whole(column)
        assert columns.kind_of(column) == "number"
    assert columns.missing(column).tolist() == [value is None for value in values]
    assert columns.words(columns.of(values)) == spoken(values)


@given(LISTS, LISTS)
@settings(max_examples=200, deadline=None)
def test_columns_under_each_other_keep_every_digit(one, other):
    if all(value is None for value in one) or all(value is None for value in other):
        return  # a column of nothing counts as text
    both = columns.stacked([columns.integers(one), columns.integers(other)])
    assert columns.words(both) == spoken(one + other)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5), st.integers(-(2**65), 2**65))
@settings(max_examples=200, deadline=None)
def test_comparisons_and_sums_are_those_of_pythons_integers(values, other):
    column = np.array(values, dtype=np.int64)
    for relation in (operator.eq, operator.lt, operator.ge):
        expected = [relation(value, other) for value in values]
        assert columns.compared(relation, column, other).tolist() == expected
        assert columns.compared(relation, columns.objects(values), other).tolist() == expected
    assert columns.compared(operator.eq, column, column).all()
    assert columns.words(columns.combined(operator.add, column, other)) == spoken(v + other for v in values)
    assert columns.words(columns.chosen(column > 0, column, other)) == spoken(
        value if value > 0 else other for value in values
    )


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_double_and_what_it_loses_are_the_number(values):
    lost = columns.lost_digits(np.array(values, dtype=np.uint64)).tolist()
    assert [(int(float(value)) + rest) % 2**64 for value, rest in zip(values, lost, strict=True)] == values
    assert columns.lost_digits(columns.objects([*values, None])).tolist()[:-1] == lost


def test_what_is_not_whole_has_no_exact_sum():
    assert columns.combined(operator.add, np.array([0.5]), 1) is None
    assert columns.combined(operator.floordiv, np.array([1]), 0) is None
    assert columns.chosen(np.array([True]), np.array([0.5]), 1) is None
    assert columns.words(columns.combined(operator.add, Gapped(np.array([1.0, np.nan])), 1)) == ["2", None]
    assert columns.compared(operator.eq, columns.objects([None, 1]), 1).tolist() == [False, True]


def test_a_part_of_a_gapped_column_is_one_and_what_is_computed_is_not():
    gaps = Gapped(np.array([1.0, np.nan]), "truth")
    assert gaps[:1].holds == "truth"
    assert type(gaps * 2) is np.ndarray
    assert type(gaps.sum()) is np.float64
    assert columns.is_truth(gaps)
    assert not columns.is_whole(gaps)
    assert columns.words(gaps) == ["True", None]


@pytest.mark.parametrize(
    ("values", "kind", "written"),
    [
        (["a", None, 2, b"x", float("nan")], "text", ["a", None, "2", "x", None]),
        ([True, None, np.bool_(False)], "truth", ["True", None, "False"]),
        ([1, 2.5, Decimal("3"), None], "number", ["1", "2.5", "3", None]),
        ([Decimal(2**60 + 1), None, Decimal("nan")], "number", [str(2**60 + 1), None, None]),
        ([np.float32(1.0), np.int64(2)], "number", ["1", "2"]),
        ([1, True], "number", ["1", "1"]),
        ([None, None], "text", [None, None]),
        (np.ma.array([1, 2**60 + 1], mask=[True, False]), "number", [None, str(2**60 + 1)]),
        (np.ma.array([0.5, 1.0], mask=[True, False]), "number", [None, "1"]),
        (np.ma.array(["a", "b"], mask=[True, False]), "text", [None, "b"]),
        (np.ma.array([True, False], mask=[True, False]), "truth", [None, "False"]),
        ((1, 2), "number", ["1", "2"]),
    ],
)
def test_what_python_holds_becomes_a_column_of_its_kind(values, kind, written):
    column = columns.of(values)
    assert columns.kind_of(column) == kind
    assert columns.words(column) == written


def test_tables_pass_as_they_are_and_masks_of_any_shape_are_gaps():
    table = np.ones((2, 2))
    assert columns.of(table) is table
    assert columns.of([[1, 2], [3, 4]]).shape == (2, 2)
    masked = np.ma.array(np.array([[1, None]], dtype=object), mask=[[True, False]])
    assert np.isnan(columns.floats(masked)).all()
    assert columns.floats(np.array([[1, None]], dtype=object)).tolist()[0][0] == 1.0
    assert columns.floats([[1, 2]]).dtype == np.float64
    assert np.isnan(columns.of(np.ma.array([[1.0, 2.0]], mask=[[True, False]]))[0, 0])


def test_numbers_that_are_none_are_refused_in_a_sentence():
    with pytest.raises(WrongTypeError, match="complex"):
        columns.of([1, 1j])
    with pytest.raises(InputError, match="beyond the range of double precision"):
        columns.of([10**400, 0.5])


@pytest.mark.parametrize(
    ("column", "codes", "written"),
    [
        (np.array([1, -999]), [-999], ["1", None]),
        (np.array([1, -999]), [-999.5, "?"], ["1", "-999"]),
        (np.array([1, 200], np.uint8), [-999, 300], ["1", "200"]),
        (np.array([2**60 + 1, 2**60]), [2**60], [str(2**60 + 1), None]),
        (columns.objects([2**70, 2**70 + 1]), [2**70], [None, str(2**70 + 1)]),
        (np.array([0.5, -999.0]), [-999], ["0.5", None]),
        (Gapped(np.array([1.0, 2.0])), [2], ["1", None]),
        (np.array([True, False]), [0], ["True", "False"]),
        (columns.objects(["a", "?"]), ["?", -999], ["a", None]),
        (columns.objects(["a", "b"]), ["?"], ["a", "b"]),
    ],
)
def test_codes_of_a_missing_value_are_missing_and_nothing_else(column, codes, written):
    assert columns.words(columns.blanked(column, codes)) == written


def test_codes_are_found_in_tables_too():
    table = np.array([[1.0, -999.0]])
    assert np.isnan(columns.blanked(table, [-999])[0, 1])
    assert columns.blanked(table, [5]) is table


@pytest.mark.parametrize(
    ("column", "kind", "written"),
    [
        (np.array([1, 2]), "text", ["1", "2"]),
        (columns.objects(["01", None]), "text", ["01", None]),
        (columns.objects(["1", str(2**60 + 1)]), "number", ["1", str(2**60 + 1)]),
        (columns.objects(["1.5", None]), "number", ["1.5", None]),
        (columns.objects(["True", "0", None]), "truth", ["True", "False", None]),
        (np.array([1.0, 0.0]), "truth", ["1", "0"]),
        (np.array([1.5]), "number", ["1.5"]),
    ],
)
def test_a_column_is_read_as_another_was(column, kind, written):
    assert columns.words(columns.read_as(column, kind)) == written


@pytest.mark.parametrize(("kind", "word"), [("number", "number"), ("truth", "true or false")])
def test_what_cannot_be_read_so_is_named(kind, word):
    with pytest.raises(InputError, match=f"'many'.*{word} is expected"):
        columns.read_as(columns.objects(["1", "many"]), kind)


@pytest.mark.parametrize("words", [["1", "20"], ["0.5", "1"], ["-3"]])
def test_text_that_loses_nothing_as_numbers_becomes_numbers(words):
    assert columns.kind_of(columns.typed(columns.objects(words))) == "number"


@pytest.mark.parametrize("words", [["01"], ["1", "x"], ["1_000"], [None, None], ["+1"]])
def test_text_that_would_lose_a_character_stays_text(words):
    assert columns.kind_of(columns.typed(columns.objects(words))) == "text"
    assert columns.words(columns.typed(columns.objects(words))) == words


def test_columns_of_different_kinds_are_stacked_as_the_wider_one():
    truth, gaps = np.array([True]), Gapped(np.array([np.nan, 0.0]), "truth")
    assert columns.words(columns.stacked([truth, gaps])) == ["True", None, "False"]
    assert columns.kind_of(columns.stacked([columns.objects(["a"]), np.array([1])])) == "text"
    mixed = columns.stacked([np.array([2**60 + 1]), np.array([0.5])])
    assert mixed.dtype == np.float64
    assert columns.words(columns.stacked([np.array([2**60 + 1]), np.array([1.0, np.nan])])) == [
        *(str(2**60 + 1), "1", None)
    ]
    assert columns.words(columns.stacked([np.array([1], np.int8), Gapped(np.array([np.nan]))])) == ["1", None]
    assert columns.words(columns.stacked([np.array([2**60 + 1]), np.array([True])])) == [str(2**60 + 1), "1"]
    assert columns.stacked([np.array([1]), np.array([2])]).dtype == np.int64


def test_a_number_is_written_without_a_needless_point():
    assert [columns.label(value) for value in (np.float64(2.0), np.int8(1), math.inf, "1.0")] == [
        "2",
        "1",
        "inf",
        "1.0",
    ]
